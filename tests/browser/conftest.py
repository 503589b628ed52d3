"""A project in which several runs have been made, its servers, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.servers import find_chromium, kedro_viz, mlflow_ui
from tests.conftest import kedro_in, make_project
from tests.loopback import files_of, listening

HYPERPARAMETERS = ["lr=0.2", "lr=0.02", "name=adam"]


@pytest.fixture(scope="session")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three different phone_price runs, and one of regression."""
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    folder = make_project(tmp_path_factory.mktemp("toured") / "project", quick=True)
    kedro = kedro_in(folder)
    kedro("run", "--pipeline", "regression")
    for hyperparameter in HYPERPARAMETERS:
        kedro(
            "run", "--pipeline", "phone_price",
            "--params", f"phone_price.training.optimizer.{hyperparameter}",
        )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def viz(toured: Path) -> Iterator[str]:
    with kedro_viz(toured) as address:
        yield address


@pytest.fixture(scope="session")
def mlflow(toured: Path) -> Iterator[str]:
    with mlflow_ui(toured) as address:
        yield address


@pytest.fixture(scope="session")
def exported(toured: Path) -> Iterator[str]:
    """The graph as static pages; nothing of the project runs behind them."""
    kedro_in(toured)("graph")
    with listening(files_of(toured / "data/08_reporting/graph")) as address:
        yield address
