"""`kedro table list` and `kedro table remove`."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader

from colonnade.cli.table_yaml.configured_table import show_table
from colonnade.cli.table_yaml.known_tables import listed_tables, remove_table
from colonnade.cli.table_yaml.new_table import add_table
from colonnade.errors import ParameterError
from colonnade.settings import CONFIG_LOADER_ARGS

CONF = Path("conf")


@pytest.fixture(autouse=True)
def in_project(project, monkeypatch):
    """A project with a table of the user's own beside those that ship, entered."""
    monkeypatch.chdir(project)
    Path("shop.csv").write_text(
        "age,bought\n" + "".join(f"{k * 7 % 50},{k % 2}\n" for k in range(90))
    )
    add_table(CONF / "local", "shop", Path("shop.csv"), "bought", others=["wine"])


def loader() -> OmegaConfigLoader:
    return OmegaConfigLoader("conf", **CONFIG_LOADER_ARGS)


def files() -> dict[str, str]:
    return {str(path): path.read_text() for path in CONF.rglob("*.yml")}


def test_every_table_is_listed_with_what_it_predicts_and_reads():
    lines = [line.split("  ") for line in listed_tables(loader(), CONF).splitlines()]
    listed = {line[0]: [cell.strip() for cell in line[1:] if cell] for line in lines}
    assert listed["table"] == ["predicts", "reads", "listed in"]
    assert listed["wine"] == ["target (classification)", "load_wine", "conf/base"]
    assert listed["shop"] == ["bought (classification)", "shop.csv", "conf/local"]
    assert listed["phone_price"][1] == "data/01_raw/phone_price_sample.csv"
    assert len(listed) == 8


def test_a_table_is_shown_by_the_words_of_its_yaml():
    lines = show_table(loader(), "shop").splitlines()
    assert lines[0] == "shop.csv: 90 rows, 2 columns"
    assert lines[2].startswith("bought  classification")
    assert lines[-1].endswith("Not trained yet.")


def test_removing_undoes_adding():
    before = files()
    changed = remove_table(loader(), CONF, "shop", shared=False)
    assert [path.name for path in changed] == [
        "parameters_shop.yml", "catalog_shop.yml", "tables.yml"
    ]  # fmt: skip
    assert files() == {path: text for path, text in before.items() if Path(path) not in changed}
    assert Path("shop.csv").exists()


def test_the_other_tables_of_a_list_stay_as_they_are_written():
    tables = CONF / "local/tables.yml"
    tables.write_text("# mine\nshop:\nshop_2:\n")
    remove_table(loader(), CONF, "shop", shared=False)
    assert tables.read_text() == "# mine\nshop_2:\n"


def test_a_table_of_everyone_is_removed_only_when_it_is_meant():
    with pytest.raises(
        ParameterError, match=r"wine is listed in conf/base/tables.yml. Use --shared"
    ):
        remove_table(loader(), CONF, "wine", shared=False)
    remove_table(loader(), CONF, "wine", shared=True)
    assert "wine" not in loader()["tables"]
    assert "wine" not in loader()["parameters"]
    with pytest.raises(ParameterError, match=r"no such table: wine\. "):
        remove_table(loader(), CONF, "wine", shared=True)


def test_a_table_that_another_file_speaks_of_is_kept_whole():
    (CONF / "local/parameters_mine.yml").write_text("shop: {training: {epochs: 3}}\n")
    before = files()
    with pytest.raises(ParameterError) as caught:
        remove_table(loader(), CONF, "shop", shared=False)
    assert str(caught.value) == (
        "conf/local/parameters_mine.yml: remove `shop` there, too, and repeat the command."
    )
    assert files() == before
