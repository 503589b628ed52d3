"""Runs side by side, and the gate of the registry."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.comparison.compare import Comparison, compare_runs
from colonnade.tracking.comparison.ranking import headline, higher_is_better
from colonnade.tracking.comparison.registry import register
from colonnade.tracking.comparison.run_parameters import differing, worth_recording
from colonnade.tracking.recording.recorder import Recorder, RunStart
from colonnade.tracking.tracking_params import GateParams, TrackingParams
from tests.loopback import listening

from .conftest import client_of, journals, runs_of, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own
    pytest.mark.xdist_group("compare"),  # the champion of one test is found by the next
]
INPUTS = pd.DataFrame({"size": [1, 2]})
OUTPUTS = pd.DataFrame({"prediction": [0, 1]})
SOURCE = {"name": "phones.csv", "rows": 2, "columns": 2, "sha256": "0123456789abcdef" * 4}
RUNS = {  # oldest first: learning rate, test accuracy
    "a": (0.1, 0.80),
    "b": (0.2, 0.90),
    "c": (0.4, 0.85),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("compared")
    (project / "model").mkdir()
    (project / "model/model.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        recorders = []
        for name, (lr, accuracy) in RUNS.items():
            parameters = {"training.optimizer.lr": lr, "training.epochs": 5, "training.seed": 0}
            start = RunStart("phones", name, parameters)
            recorders.append(Recorder.start(project, TrackingParams(), start))
            recorders[-1].tags({"verdict": "Better: so it is."})
            recorders[-1].dataset(SOURCE)
            recorders[-1].metrics({"test/accuracy": accuracy, "test/log_loss": 1 - accuracy})
            recorders[-1].model(project / "model", INPUTS, OUTPUTS)
        unmeasured = Recorder.start(project, TrackingParams(), RunStart("cars", "d"))
        for recorder in [*recorders, unmeasured]:
            recorder.finish()
    return project


def test_runs_are_ranked_by_the_deciding_metric(project: Path) -> None:
    compared = compare_runs(project, TrackingParams(), "phones")
    assert compared.runs["name"].to_list() == ["b", "c", "a"]
    assert compared.hyperparameters == ["training.optimizer.lr"]
    assert compared.runs["training.optimizer.lr"].to_list() == [0.2, 0.4, 0.1]
    assert compared.runs["test/accuracy"].to_list() == [0.9, 0.85, 0.8]
    assert compared.runs["status"].to_list() == ["finished"] * 3


def test_table_of_runs_reads_well(project: Path) -> None:
    lines = compare_runs(project, TrackingParams(), "phones").text().splitlines()
    assert lines[0] == "phones: 3 runs by test/accuracy, best first"
    assert lines[1].split() == ["run", "test/accuracy", "lr", "started"]
    assert lines[2].split()[1:3] == ["0.9000", "0.2"]
    assert lines[5].startswith("`make ui` shows them at http://127.0.0.1:5000/#/experiments/")


WORDS: dict[str, list[object]] = {  # of four runs; the last one's network has no hidden layer
    "model.kind": ["mlp", "mlp", "mlp", "linear"],
    "model.hidden": ["128x256", "256x256x256", "128x256", None],
    "training.loss.name": ["cross_entropy", "focal", "cross_entropy", "ordinal"],
    "training.optimizer.name": ["adamw", "adam", "sgd", "adamw"],
    "training.optimizer.lr": [0.2, 0.001, 0.05, 0.2],
    "training.scheduler.name": ["cosine", "none", "none", "one_cycle"],
    "training.epochs": [20, 50, 200, 5],
}


def four_runs() -> Comparison:
    runs = pd.DataFrame({"run": ["11aa22bb", "22bb33cc", "33cc44dd", "44dd55ee"], **WORDS})
    runs["test/accuracy"] = [0.9725, 0.96, 0.95, float("nan")]
    runs["test/accuracy_low"] = [0.955, 0.94, float("nan"), float("nan")]
    runs["test/accuracy_high"] = [0.985, 1.0, float("nan"), float("nan")]
    runs["test/log_loss"] = [0.1, 0.2, 0.3, float("nan")]
    runs["started"] = pd.Timestamp("2026-01-31 12:00", tz="UTC")
    runs["champion"] = [False, True, False, False]
    runs = runs.assign(rows=0, data="", seconds=1.5, name="a name", status="finished")
    runs.loc[3, "status"] = "failed"
    return Comparison("t", runs, list(WORDS), ["test/accuracy", "test/log_loss"], "here")


def test_interval_champion_and_what_a_run_does_not_use_stand_in_its_line() -> None:
    lines = four_runs().text(100).splitlines()
    assert lines[0] == "t: 4 runs by test/accuracy, best first (*: the champion)"
    assert lines[2].startswith("   11aa22bb  0.9725 (0.955 to 0.985)  mlp     128x256      cross")
    assert lines[3].startswith("*  22bb33cc  0.9600 (0.940 to 1.00)   mlp     256x256x256  focal")
    assert lines[4].startswith("   33cc44dd  0.9500                   mlp     128x256      cross")
    assert lines[5].startswith("   44dd55ee  - (failed)               linear  -            ordinal")


@pytest.mark.parametrize(
    ("width", "left"),
    [(100, "scheduler, epochs"), (80, "optimizer, lr, scheduler, epochs")],
)
def test_a_table_that_is_too_wide_names_what_it_leaves_out(width: int, left: str) -> None:
    compared = replace(four_runs(), url="http://127.0.0.1:5000/#/experiments/12/runs?here")
    lines = compared.text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert f"   left out for width: {left} (--wide)" in lines
    assert lines[-1].endswith("http://127.0.0.1:5000/#/experiments/12/runs?here")


def test_a_wide_table_leaves_nothing_out() -> None:
    heading = four_runs().text(None).splitlines()[1].split()
    assert heading[:4] == ["run", "test/accuracy", "model", "hidden"]
    assert heading[-6:] == ["epochs", "started", "test/log_loss", "seconds", "status", "name"]


def test_hyperparameters_differ_only_between_runs_that_use_them() -> None:
    linear = {"model.kind": "linear", "training.epochs": "9", "training.threads": "1"}
    mlp = {"model.kind": "mlp", "model.hidden": "[8]", "model.dropout": "0.0"}
    mlp |= {"training.epochs": "9", "schema.task": "ordinal"}
    assert differing([linear, mlp]) == ["model.kind"]
    assert differing([mlp, {**mlp, "model.dropout": "0.2"}]) == ["model.dropout"]
    weak = {"training.l1.strength": "0.0", "training.l1.adaptive": "false"}
    strong = {"training.l1.strength": "auto", "training.l1.adaptive": "true"}
    assert differing([weak, strong]) == ["training.l1.strength"]


def test_a_run_records_what_matters_and_what_is_set_and_at_most_forty() -> None:
    parameters: dict[str, object] = {"model.kind": "linear", "model.hidden": [8], "split.seed": 1}
    parameters |= {"training.epochs": 5, **{f"model.word_{k}": k for k in range(60)}}
    recorded = worth_recording(parameters, ["model.word_3", "split.seed"])
    assert list(recorded) == ["model.kind", "training.epochs", "split.seed", "model.word_3"]
    assert len(worth_recording(parameters, parameters)) == 40


@pytest.mark.slow
def test_of_model_auto_only_what_is_written_for_all_candidates_is_recorded() -> None:
    parameters = {"model.kind": "auto", "model.folds": 8, "training.seed": 0, "training.epochs": 50}
    parameters |= {"training.optimizer.name": "adam", "training.optimizer.lr": 0.001}
    assert list(worth_recording(parameters)) == ["model.kind", "model.folds", "training.seed"]
    assert list(worth_recording(parameters, ["training.optimizer.lr"])) == [
        "model.kind",
        "model.folds",
        "training.optimizer.name",
        "training.optimizer.lr",
        "training.seed",
    ]


def test_a_default_is_read_from_what_a_run_recorded_in_full(tmp_path: Path) -> None:
    document = "t:\n  model: {kind: mlp, dropout: 0.0}\n"
    for dropout in ({}, {"model.dropout": 0.2}):
        start = RunStart("t", "a", {"model.kind": "mlp", **dropout}, document=document)
        Recorder.start(tmp_path, TrackingParams(), start).finish()
    found = compare_runs(tmp_path, TrackingParams(), "t")
    assert found.hyperparameters == ["model.dropout"]
    assert sorted(found.runs["model.dropout"]) == [0.0, 0.2]


class Pages(BaseHTTPRequestHandler):
    """What answers at the address of MLflow's pages: MLflow itself, or another program."""

    code = 200

    def do_GET(self) -> None:
        self.send_response(self.code if self.path == "/version" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Others(Pages):
    code = 403


def test_an_address_is_given_as_open_only_where_mlflow_answers(project: Path) -> None:
    with listening(Pages) as address:
        text = compare_runs(project, TrackingParams(ui=address), "phones").text()
        assert f"\nIn MLflow: {address}/#/experiments/" in text
    with listening(Others) as address:
        text = compare_runs(project, TrackingParams(ui=address), "phones").text()
        assert f"\n`make ui` shows them at {address}/#/experiments/" in text


def test_only_the_last_runs_are_compared(project: Path) -> None:
    compared = compare_runs(project, TrackingParams(), "phones", last=2)
    assert compared.runs["name"].to_list() == ["b", "c"]


def test_figure_has_a_panel_for_each_hyperparameter(project: Path) -> None:
    figure = compare_runs(project, TrackingParams(), "phones").figure()
    [panel] = figure.axes
    assert panel.get_xlabel() == "optimizer.lr"
    assert panel.get_ylabel() == "test/accuracy"
    title = "phones: test/accuracy by hyperparameter, 3 runs (diamond: the best)"
    assert [text.get_text() for text in figure.texts] == [title]


def comparison(**hyperparameters: list[object]) -> Comparison:
    names = [f"training.{name}" for name in hyperparameters]
    runs = pd.DataFrame(dict(zip(names, hyperparameters.values(), strict=True)))
    runs["test/accuracy"] = [k / 10 for k in range(len(runs))]
    runs["rows"] = 0
    return Comparison("t", runs, names, ["test/accuracy"], "")


def test_words_in_the_figure_never_touch() -> None:
    optimizers = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "lbfgs"]
    two = ["ordinal", "cross_entropy"] * 3
    epochs = [20, 60, 100, 20, 60, 100]
    for n_panels in (1, 2, 3, 5):
        hyperparameters = {
            "name": optimizers,
            "loss": two,
            "epochs": epochs,
            "a": optimizers,
            "b": two,
        }
        figure = comparison(**dict(list(hyperparameters.items())[:n_panels])).figure()
        figure.canvas.draw()
        for ax in figure.axes:
            boxes = [tick.get_window_extent() for tick in ax.get_xticklabels() if tick.get_text()]
            assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
            below = [ax.xaxis.label.get_window_extent().y1, *(box.y0 for box in boxes)]
            assert min(below[1:], default=below[0]) >= below[0]
            assert ax.xaxis.label.get_window_extent().y0 >= 0


def test_a_wide_range_has_plain_numbers() -> None:
    [panel] = comparison(lr=[0.001, 0.01, 0.2]).figure().axes
    panel.figure.canvas.draw()
    assert {"0.001", "0.01", "0.1"} <= {tick.get_text() for tick in panel.get_xticklabels()}


@pytest.mark.slow
def test_options_that_another_word_brings_are_no_hyperparameter(tmp_path: Path) -> None:
    runs = [{"name": "sgd", "lr": 0.1}, {"name": "adam", "lr": 0.1, "eps": 1e-8}]
    recorders = []
    for words in (*runs, {"name": "adam", "lr": 0.2, "eps": 1e-8}):
        parameters = {f"training.optimizer.{key}": value for key, value in words.items()}
        recorders.append(Recorder.start(tmp_path, TrackingParams(), RunStart("t", "a", parameters)))
    for recorder in recorders:
        recorder.finish()
    found = compare_runs(tmp_path, TrackingParams(), "t")
    assert found.hyperparameters == ["training.optimizer.name", "training.optimizer.lr"]


@pytest.fixture(scope="module")
def two_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one table, oldest first: three judged by some rows, then two by others."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "model").mkdir()
    (folder / "model/model.json").write_text("{}")
    old, new = ("synthetic sample: sample.csv", "aaaa"), ("train.csv", "bbbb")
    runs = {"a": (old, 0.99), "b": (old, 0.97), "c": (old, 0.98), "d": (new, 0.8), "e": (new, 0.7)}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        recorders = []
        for k, (name, ((data, rows), accuracy)) in enumerate(runs.items()):
            tags = {"data": f"{data}, 2,000 rows, sha256 0123456789ab", "test_rows": rows}
            start = RunStart("t", name, {"training.epochs": k, "split.seed": 1}, tags=tags)
            recorders.append(Recorder.start(folder, TrackingParams(), start))
            recorders[-1].metrics({"test/accuracy": accuracy})
            time.sleep(0.002)  # MLflow tells the newest by milliseconds
            recorders[-1].model(folder / "model", INPUTS, OUTPUTS)
        for recorder in recorders:
            recorder.finish()
    return folder


@pytest.mark.slow
def test_runs_that_other_rows_judged_are_not_ranked_with_the_newest(two_tables: Path) -> None:
    found = compare_runs(two_tables, TrackingParams(), "t")
    assert found.runs["name"].to_list() == ["d", "e", "a", "c", "b"]
    lines = found.text().splitlines()
    assert lines[0] == "t: 2 runs by test/accuracy, best first"
    other = "Evaluated on other rows, not comparable with these (sample.csv 012345):"
    assert [lines.index(line) for line in lines if "0.9900" in line] == [lines.index(other) + 2]
    [panel] = found.figure().axes
    assert len(panel.collections[0].get_offsets()) == 2


@pytest.mark.slow
def test_the_best_of_comparable_runs_is_registered_and_not_over_one_of_other_rows(
    two_tables: Path,
) -> None:
    ids = dict(compare_runs(two_tables, TrackingParams(), "t").runs[["name", "run"]].to_numpy())

    def promote(run: str = "") -> str:
        return register(two_tables, TrackingParams(), "t", run).reason

    best = f"run {ids['d']} (d), the best of 2 on its rows,"
    assert promote() == f"t: {best} is the champion now (version 1), by test/accuracy 0.8."
    assert promote() == f"t: {best} is already the champion."
    # 0.97 is no gain over 0.8: other rows are easier
    assert promote(ids["b"]) == (
        f"t: run {ids['b']} (b) is the champion now (version 2), by test/accuracy 0.97; "
        f"run {ids['d']} (d), the champion before, was evaluated on other rows."
    )
    assert promote() == (
        f"t: not promoted: {best} was evaluated on other rows than the champion (run {ids['b']} "
        "(b)): neither is known to be better. To promote it anyway: "
        f"kedro register t --run {ids['d']}"
    )
    assert promote(ids["a"]).endswith("(version 3), by test/accuracy 0.99 over 0.97.")


@pytest.mark.slow
def test_records_of_an_earlier_version_are_distinguished_by_data_and_split(tmp_path: Path) -> None:
    recorders = []
    for seed, folds in ((1, 0), (1, 5), (2, 0)):
        start = RunStart(
            "t",
            f"seed {seed} folds {folds}",
            {"split.seed": seed, "split.folds": folds},
            tags={"data": "train.csv, 2,000 rows, sha256 0123456789ab"},
        )
        recorders.append(Recorder.start(tmp_path, TrackingParams(), start))
        recorders[-1].metrics({"test/accuracy": 0.9 - seed / 10})
        time.sleep(0.002)
    for recorder in recorders:
        recorder.finish()
    found = compare_runs(tmp_path, TrackingParams(), "t")
    assert found.runs["name"].to_list() == ["seed 2 folds 0", "seed 1 folds 5", "seed 1 folds 0"]
    assert "not comparable with these (another split):" in found.text()


def test_runs_without_metrics_are_shown_but_not_drawn(project: Path) -> None:
    compared = compare_runs(project, TrackingParams(), "cars")
    assert compared.text().startswith("cars: 1 run by time: no test metrics yet")
    with pytest.raises(
        TrackingError, match="cars: no two finished runs differ in a hyperparameter"
    ):
        compared.figure()


def test_unknown_table_is_refused_with_the_nearest(project: Path, tmp_path: Path) -> None:
    with pytest.raises(TrackingError) as caught:
        compare_runs(project, TrackingParams(), "phonez")
    assert str(caught.value) == "phonez: no runs of this table. Did you mean `phones`?"
    with pytest.raises(TrackingError) as caught:
        compare_runs(tmp_path, TrackingParams(), "phones")
    assert str(caught.value) == "phones: no runs yet. Start one: kedro run --pipeline phones."
    assert list(tmp_path.iterdir()) == []


def test_metrics_point_the_right_way() -> None:
    assert headline(["test/log_loss", "test/accuracy", "train/loss"])[0] == "test/accuracy"
    assert headline(["test/rmse", "test/r2"])[0] == "test/rmse"
    assert higher_is_better("test/accuracy")
    assert higher_is_better("test/roc_auc")
    assert not higher_is_better("test/log_loss")
    assert not higher_is_better("test/rmse")


def test_model_is_promoted_only_if_it_beats_the_champion(project: Path) -> None:
    ids = dict(compare_runs(project, TrackingParams(), "phones").runs[["name", "run"]].to_numpy())

    def promote(name: str, gate: GateParams | None = None) -> str:
        params = TrackingParams(gates={"phones": gate} if gate else {})
        return register(project, params, "phones", ids[name]).reason

    assert promote("a", GateParams(bar=0.95)) == (
        "phones: not promoted: test/accuracy is 0.8, and the gate requires 0.95 or more."
    )
    assert promote("a") == (
        f"phones: run {ids['a']} (a) is the champion now (version 1), by test/accuracy 0.8."
    )
    assert promote("a") == f"phones: run {ids['a']} (a) is already the champion."
    assert promote("c") == (
        f"phones: run {ids['c']} (c) is the champion now (version 2), "
        "by test/accuracy 0.85 over 0.8."
    )
    assert promote("a") == (
        "phones: not promoted: test/accuracy 0.8 does not beat the champion's 0.85 "
        f"(run {ids['c']} (c); more is better)."
    )
    assert promote("b", GateParams(margin=0.1)) == (
        "phones: not promoted: test/accuracy 0.9 does not beat the champion's 0.85 by 0.1 "
        f"(run {ids['c']} (c); more is better)."
    )
    assert promote("b", GateParams(metric="test/log_loss")).endswith(
        "(version 3), by test/log_loss 0.1 over 0.15."
    )


def test_champion_is_found_by_its_alias(project: Path) -> None:
    from .conftest import client_of

    assert "MLFLOW_TRACKING_URI" not in os.environ  # where MLflow likes to leave its choice

    verdict = register(project, TrackingParams(gates={"phones": GateParams(margin=0.5)}), "phones")
    assert not verdict.promoted
    version = client_of(project).get_model_version_by_alias("phones", "champion")
    assert version.source.startswith("models:/m-")
    assert version.tags["test/log_loss"] == "0.1"
    assert version.tags["verdict"] == "Better: so it is."
    assert version.tags["data"] == "phones.csv, 2 rows, sha256 0123456789ab"
    assert "| test&emsp;| 0.9&emsp;| 0.1 |" in version.description
    model = client_of(project).get_registered_model("phones")
    versions = {alias: int(version) for alias, version in model.aliases.items()}
    assert versions == {"champion": 3, "previous": 2}


def test_store_that_is_read_only_is_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = project / "mlflow.db"
    monkeypatch.setattr(os, "access", lambda place, _: place != store)  # root may write anything
    with pytest.raises(TrackingError) as caught:
        register(project, TrackingParams(), "phones")
    message = f"The tracking store {store} cannot be written: {store} is read-only."
    assert str(caught.value) == message


def test_run_that_cannot_be_promoted_says_why(project: Path) -> None:
    with pytest.raises(TrackingError, match=r"phones: no finished run zzz\."):
        register(project, TrackingParams(), "phones", "zzz")
    other = client_of(project).search_runs(["1", "2"], filter_string="run_name = 'd'")[0]
    run = other.info.run_id[:8]
    with pytest.raises(TrackingError) as caught:
        register(project, TrackingParams(), "phones", run)
    message = f"phones: run {run} (d) is of cars: kedro register cars --run {run}."
    assert str(caught.value) == message
    failed = Recorder.start(project, TrackingParams(), RunStart("cars", "e"))
    failed.finish("FAILED")
    wait_for(lambda: not journals(project))
    [run] = [one.info.run_id for one in runs_of(project, "cars") if one.info.run_name == "e"]
    with pytest.raises(TrackingError, match=r"\(e\) is failed: only a finished run is promoted"):
        register(project, TrackingParams(), "cars", run)
    with pytest.raises(TrackingError, match=r"cars: run \w{8} \(d\) has no model"):
        register(project, TrackingParams(), "cars")
