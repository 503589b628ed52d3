"""A file of an earlier run that is gone, cut or altered is one line, with what recreates it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kedro.io import DatasetError

from colonnade.cli.messages import plain_message
from tests.conftest import make_project, session_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.io import CatalogProtocol

TABLE = "regression"
# what one node writes and another (or a hook) reads: where it lies, and the node that recreates it
READ_AGAIN = {
    "primary": ("03_primary/regression/table.parquet", "ingest.ingest"),
    "source": ("03_primary/regression/source.json", "ingest.ingest"),
    "split": ("05_model_input/regression/split.parquet", "prepare.split_rows"),
    "split_params": ("05_model_input/regression/split.json", "prepare.split_rows"),
    "train": ("05_model_input/regression/train.parquet", "prepare.standardize"),
    "validation": ("05_model_input/regression/validation.parquet", "prepare.standardize"),
    "test": ("05_model_input/regression/test.parquet", "prepare.standardize"),
    "standardizer": ("06_models/regression/standardizer.json", "prepare.standardize"),
    "cross_validation": (
        "07_model_output/regression/cross_validation.json",
        "evaluate.cross_validate",
    ),
    "history": ("08_reporting/regression/history.csv", "train.train"),
    "evaluated": ("07_model_output/regression/evaluated.parquet", "evaluate.evaluate"),
    "metrics": ("08_reporting/regression/metrics.json", "evaluate.evaluate"),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) * 6 // 10],
    "emptied": lambda _: b"",
    "overwritten": lambda content: bytes(range(256)) * (len(content) // 256 + 1),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CatalogProtocol]:
    """A project in which the table has run, and its catalog."""
    folder = make_project(tmp_path_factory.mktemp("damaged") / "project", tracked=False)
    quick = {TABLE: {"training": {"epochs": 1}, "evaluation": {"baselines": [], "explain": False}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with session_in(folder, runtime_params=quick) as session:
            session.run(pipeline_names=[TABLE])
        with session_in(folder) as session:
            return folder, session.load_context().catalog


def error_of(catalog: CatalogProtocol, name: str) -> str:
    with pytest.raises(DatasetError) as caught:
        catalog.load(f"{TABLE}.{name}")
    return plain_message(caught.value) or ""


@pytest.fixture
def damaged(finished, monkeypatch, request) -> tuple[CatalogProtocol, Path]:
    folder, catalog = finished
    monkeypatch.chdir(folder)
    file = folder / "data" / READ_AGAIN[request.param][0]
    content = file.read_bytes()
    yield catalog, file
    file.write_bytes(content)
    catalog.load(f"{TABLE}.{request.param}")


def test_the_list_above_holds_all_that_is_read_again(finished):
    from kedro.framework.project import pipelines

    pipeline = pipelines[TABLE]
    written = {name for node in pipeline.nodes for name in node.outputs}
    read = {name for node in pipeline.nodes for name in node.inputs}
    known = {f"{TABLE}.{name}" for name in READ_AGAIN}
    read.add(f"{TABLE}.split_params")  # by the hook that compares it with the YAML
    assert written & read == known | {f"{TABLE}.model"}  # which test_storage damages


@pytest.mark.parametrize("damaged", READ_AGAIN, indirect=True)
def test_a_damaged_or_missing_file_is_one_line_with_what_recreates_it(damaged, request):
    catalog, file = damaged
    name = request.node.callspec.params["damaged"]
    path, maker = READ_AGAIN[name]
    again = f"Recreate it: kedro run --pipeline {TABLE} --from-nodes {TABLE}.{maker}"
    content = file.read_bytes()
    for how, damage in DAMAGES.items():
        file.write_bytes(damage(content))
        message = error_of(catalog, name)
        assert message.startswith(
            f"{TABLE}: data/{path} cannot be read: it is damaged or truncated ("
        )
        assert message.endswith(f"). {again}"), how
        assert "\n" not in message
    file.unlink()
    assert error_of(catalog, name) == f"{TABLE}: data/{path} is missing. {again}"


@pytest.mark.parametrize("damaged", ["train"], indirect=True)
def test_a_flipped_bit_in_a_table_is_found(damaged):
    catalog, file = damaged
    content = bytearray(file.read_bytes())
    place = content.index(b"PAR1") + 60  # among the first column's numbers
    content[place] ^= 1
    file.write_bytes(content)
    assert "CRC checksum verification failed" in error_of(catalog, "train")
