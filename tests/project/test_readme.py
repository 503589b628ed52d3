"""Every command that the README and the pages of the docs show does what it is shown for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY, kedro_in, make_project

README = REPOSITORY / "README.md"
PAGES = REPOSITORY / "docs/pages"
TEXTS = {
    str(path.relative_to(REPOSITORY)): path.read_text("utf-8")
    for path in (README, *sorted(PAGES.rglob("*.md")))
}
COMMANDS = {
    name: [
        line.split("#")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    for name, text in TEXTS.items()
}
WITH_COMMANDS = [
    name for name, lines in COMMANDS.items() if any(line.startswith("kedro ") for line in lines)
]
# What make docs writes beside the pages.
GENERATED = re.compile(r"(figures/\w+\.svg|lessons/\w+\.html)$")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with the files that the pages speak of, and short trainings."""
    folder = make_project(tmp_path_factory.mktemp("stranger") / "project", quick=True)
    sample = folder / "data/01_raw/phone_price_sample.csv"
    shutil.copy(sample, folder / "train.csv")
    pd.read_csv(sample).drop(columns="price_range").to_csv(folder / "rows.csv", index=False)
    kedro_in(folder)("run", "--pipeline", "phone_price")
    return folder


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_kedro_command_of_a_page_works_in_its_order(stranger, name):
    kedro = kedro_in(stranger)
    if list(stranger.glob("conf/*/parameters_penguins.yml")):  # of the page before
        kedro("table", "remove", "penguins")
    for command in COMMANDS[name]:
        if command.startswith("kedro "):
            kedro(*command.split()[1:])


def test_every_file_of_the_commands_is_in_a_fresh_clone():
    commands = [line for lines in COMMANDS.values() for line in lines]
    named = {word for line in commands for word in line.split() if word.startswith("data/")}
    assert named
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_the_pages_show_commands():
    commands = [line for lines in COMMANDS.values() for line in lines]
    shown = {line.split()[1] for line in commands if line.startswith("kedro ")}
    assert {"table", "run", "compare", "register", "graph"} <= shown


def test_the_readme_fits_on_one_screen():
    assert len(README.read_text("utf-8").splitlines()) <= 80


@pytest.mark.parametrize("name", TEXTS)
def test_every_make_target_exists(name):
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    asked = set(re.findall(r"(?:`|^)make ([\w-]+)", TEXTS[name], re.MULTILINE))
    assert asked <= targets


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_and_picture_is_there(name):
    folder = (REPOSITORY / name).parent
    links = [
        link for link in re.findall(r"\]\(([^)#]+)", TEXTS[name]) if not GENERATED.search(link)
    ]
    assert [link for link in links if "://" not in link and not (folder / link).exists()] == []


def test_every_page_is_in_the_sites_navigation():
    config = (REPOSITORY / "docs/mkdocs.yml").read_text("utf-8")
    listed = set(re.findall(r"[\w-]+(?:/[\w-]+)*\.md", str(yaml.safe_load(config)["nav"])))
    assert listed == {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.md")}


def test_every_figure_of_a_page_is_drawn():
    code = "import figures; print(*(one.__name__ for one in figures.FIGURES))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    shown = {one for text in TEXTS.values() for one in re.findall(r"figures/(\w+)\.svg", text)}
    assert shown == set(done.stdout.split())


def test_the_hyperparameters_of_the_docs_are_those_of_the_code():
    from tests.hyperparameter_table import PAGE, written

    assert written(PAGE.read_text("utf-8")) == PAGE.read_text("utf-8"), "run: make reference"


def test_the_table_of_hyperparameters_lacks_no_word():
    from colonnade.pipelines.table.parameter_groups import GROUPS
    from colonnade.training.networks.model_params import KINDS
    from tests.hyperparameter_table import table

    shown = table()
    classes = [*GROUPS.values(), *(kind.params for kind in KINDS.values())]
    fields = {name for group in classes for name in group.model_fields}
    assert {name for name in fields if f"`{name}" not in shown} == set()
    for word in ("gelu", "xavier_normal", "huber", "rmsprop", "coslog4", "realmlp", "thermometer"):
        assert f"`{word}`" in shown
