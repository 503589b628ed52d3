"""Every command that the README shows does what it is shown for."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import REPOSITORY, kedro_in, make_project

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with the files that the README speaks of, and short trainings."""
    folder = make_project(tmp_path_factory.mktemp("stranger") / "project", quick=True)
    sample = folder / "data/01_raw/phone_price_sample.csv"
    shutil.copy(sample, folder / "train.csv")
    pd.read_csv(sample).drop(columns="price_range").to_csv(folder / "rows.csv", index=False)
    kedro_in(folder)("run", "--pipeline", "phone_price")
    return folder


@pytest.mark.slow
def test_every_kedro_command_of_the_readme_works_in_its_order(stranger):
    for command in COMMANDS:
        if command.startswith("kedro "):
            kedro_in(stranger)(*command.split()[1:])


def test_every_file_of_the_readmes_first_commands_is_in_a_fresh_clone():
    named = {word for line in COMMANDS for word in line.split() if word.startswith("data/")}
    assert named
    assert [path for path in named if not (REPOSITORY / path).exists()] == []
    assert "customers.csv" not in " ".join(COMMANDS)


def test_the_readme_shows_commands():
    shown = {line.split()[1] for line in COMMANDS if line.startswith("kedro ")}
    assert {"table", "run", "compare", "register"} <= shown


def test_every_make_target_of_the_readme_exists():
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    asked = set(re.findall(r"make (\w+)", README)) - {"and"}
    assert asked <= targets


def test_every_link_and_picture_of_the_readme_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [link for link in links if "://" not in link and not (REPOSITORY / link).exists()]
    assert missing == []


def test_the_readmes_hyperparameters_are_those_of_the_code():
    from tests.hyperparameter_table import written

    assert written(README) == README, "run: make readme"


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
