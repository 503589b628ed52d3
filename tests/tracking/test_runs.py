"""What a finished run looks like in the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.comparison.chosen_model import ChosenModel, choose_model
from colonnade.tracking.comparison.registry import register
from colonnade.tracking.naming import run_name
from colonnade.tracking.recording.recorder import Recorded, Recorder, RunStart
from colonnade.tracking.tracking_params import TrackingParams
from colonnade.training.models.storage import load_model

from .conftest import answers, client_of, free_port, journals, runs_of, wait_for

if TYPE_CHECKING:
    from mlflow.entities import Run

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

ROWS = pd.DataFrame(
    {
        "size": [1, 2, 3, 4, 5, 6, 7, 8],
        "weight": [0.1, 0.2, 0.35, 0.4, 0.5, 0.6, 0.75, 0.8],
        "kind": list("aabbaabb"),
        "new": ["yes", "no"] * 4,
        "sold": ["03/04/2024", "13/04/2024", "01/02/2023", "30/06/2023"] * 2,
        "label": ["low"] * 4 + ["high"] * 4,
    }
)
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "lr": [0.3, 0.2, 0.1],
        "train_loss": [0.9, 0.5, 0.4],
        "validation_loss": [float("nan")] * 3,
        "seconds": [1.0, 2.0, 3.0],
    }
)
SOURCE = {
    "name": "phones_sample.csv",
    "rows": 2000,
    "columns": 21,
    "sha256": "0123456789abcdef" * 4,
    "note": "synthetic sample",
    "types": {
        "size": "int64",
        "weight": "double",
        "sold": "timestamp[us]",
        "new": "bool",
        "a": "x",
    },
}
DOCUMENT = "phones:\n  schema: {columns: {屏幕 (px): {kind: numeric}}}\n"
PARAMETERS = {
    "training.loss": "ordinal",
    "training.optimizer.name": "adamw",
    "training.optimizer.lr": 0.2,
    "training.seed": 42,
    "schema.columns.屏幕 (px).kind": "numeric",
    "model.hidden": [128, 256],
    **{f"schema.columns.c{i}.kind": "numeric" for i in range(150)},
}
METRICS = {"test/accuracy": 0.75, "test/log_loss": 0.5}


@dataclass
class Store:
    project: Path
    recorded: list[Recorded]
    runs: list[Run]
    predictions: pd.DataFrame


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    project = tmp_path_factory.mktemp("project")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=project, check=True)
    _git(project, "commit", "-q", "--allow-empty", "-m", "first")
    model, sent, predictions = _train(project / "model")
    (project / "figure.png").write_bytes(b"picture")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        starts = [
            RunStart(
                "phones", run_name(PARAMETERS), PARAMETERS, command="kedro run", document=DOCUMENT
            ),
            RunStart("phones", "second", {**PARAMETERS, "training.optimizer.lr": 0.1}),
            RunStart("cars", "third", {"training.epochs": 1}),
        ]
        recorders = [Recorder.start(project, TrackingParams(), start) for start in starts]
        first = recorders[0]
        first.verdict("yes", "test accuracy 75 %. The model beats logistic.")
        first.metrics({**METRICS, "test/top_k": float("nan"), "baseline/logistic/accuracy": 0.7})
        first.epochs(HISTORY)
        first.dataset(SOURCE, location="data/phones_sample.csv")
        first.artifact(project / "figure.png", "figures")
        first.model(model, sent, predictions.head(2))
        recorders[1].model(model, sent, predictions.head(2))
        recorders[1].metrics({"test/accuracy": 0.5, "test/log_loss": 0.75})
        recorded = [recorder.finish() for recorder in recorders[:2]]
        recorders[2].artifact(project / "figure.png")
        recorders[2].finish("FAILED")
    wait_for(lambda: not journals(project))  # a failed run does not wait for its record
    runs = [client_of(project).get_run(found.run_id) for found in recorded if found]
    runs += runs_of(project, "cars")
    return Store(project, [found for found in recorded if found], runs, predictions)


def _git(project: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=project, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _train(folder: Path) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
    from colonnade.tables.schema.ingest import ingest_table
    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.training.fit import train_model
    from colonnade.training.models.storage import save_model
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams

    columns: dict[str, Any] = {
        "size": {},
        "weight": {},
        "kind": {"kind": "categorical"},
        "new": {"kind": "boolean"},
        "sold": {"kind": "datetime", "format": "%d/%m/%Y"},
    }
    schema = SchemaParams.model_validate(
        {"target": "label", "task": "classification", "columns": columns}
    )
    table = ingest_table(ROWS, schema)
    standardizer = fit_standardizer(table, schema, StandardizeParams())
    rows = standardizer.transform(table)
    training = TrainingParams.model_validate({"epochs": 2})
    model = train_model(rows, rows.head(0), standardizer, ModelParams(), training).model
    save_model(model, folder)
    (folder / "checkpoint.safetensors").write_bytes(b"as training leaves one beside its model")
    sent = standardizer.as_written(table[standardizer.inputs].head(2))
    return folder, sent, model.predict(table)


def test_each_table_is_an_experiment(store: Store) -> None:
    first, second, third = store.runs
    assert first.info.experiment_id == second.info.experiment_id != third.info.experiment_id
    assert client_of(store.project).get_experiment(third.info.experiment_id).name == "cars"


def test_run_has_name_and_status(store: Store) -> None:
    first, _, third = store.runs
    assert first.info.run_name == "0.750 better ordinal adamw lr=0.2 seed=42"
    assert store.recorded[0].name == first.info.run_name
    assert first.info.status == "FINISHED"
    assert third.info.status == "FAILED"


def test_parameters_are_recorded_and_all_of_them_as_a_file(store: Store) -> None:
    parameters = store.runs[0].data.params
    assert len(parameters) == len(PARAMETERS)
    assert parameters["training.optimizer.lr"] == "0.2"
    assert parameters["model.hidden"] == "[128, 256]"
    assert parameters["schema.columns.屏幕 _px_.kind"] == "numeric"
    file = client_of(store.project).download_artifacts(store.recorded[0].run_id, "parameters.yml")
    assert Path(file).read_text(encoding="utf-8") == DOCUMENT


def test_final_metrics_keep_their_names(store: Store) -> None:
    metrics = store.runs[0].data.metrics
    assert {name: metrics[name] for name in METRICS} == METRICS
    assert "test/top_k" not in metrics
    assert "baseline/logistic/accuracy" not in metrics  # the charts are of the model
    assert store.runs[0].data.tags["baseline/logistic"] == "accuracy 0.7"
    history = client_of(store.project).get_metric_history(store.recorded[0].run_id, "test/accuracy")
    assert [(point.step, point.value) for point in history] == [(0, 0.75)]


def test_losses_and_rate_are_metrics_by_epoch(store: Store) -> None:
    history = client_of(store.project).get_metric_history
    run_id = store.recorded[0].run_id
    losses = history(run_id, "Loss/train")
    assert [(point.step, point.value) for point in losses] == [(1, 0.9), (2, 0.5), (3, 0.4)]
    assert [point.timestamp - losses[0].timestamp for point in losses] == [0, 1000, 2000]
    assert [point.value for point in history(run_id, "learning_rate")] == [0.3, 0.2, 0.1]
    assert history(run_id, "Loss/validation") == []
    sections = sorted({name.rpartition("/")[0] for name in store.runs[0].data.metrics} - {""})
    assert sections == ["Loss", "test"]  # as MLflow sorts its charts


def test_dataset_is_recorded_with_digest_and_note(store: Store) -> None:
    [used] = store.runs[0].inputs.dataset_inputs
    assert used.dataset.name == "phones_sample.csv"
    assert used.dataset.digest == "0123456789ab"
    assert json.loads(used.dataset.source) == {"uri": "data/phones_sample.csv"}
    assert json.loads(used.dataset.profile) == {"num_rows": 2000, "num_columns": 21}
    columns = json.loads(used.dataset.schema)["mlflow_colspec"]
    assert {column["name"]: column["type"] for column in columns} == {
        "size": "long",
        "weight": "double",
        "sold": "datetime",
        "new": "boolean",
        "a": "string",
    }
    said = "synthetic sample: phones_sample.csv, 2,000 rows, sha256 0123456789ab"
    assert store.runs[0].data.tags["data"] == said


def test_commit_user_and_command_are_recorded(store: Store) -> None:
    tags = store.runs[0].data.tags
    assert tags["mlflow.source.git.commit"] == _git(store.project, "rev-parse", "HEAD")
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.dirty"] == "false"
    assert tags["mlflow.source.type"] == "PROJECT"
    assert tags["mlflow.source.name"] == "kedro run"
    assert tags["mlflow.user"]


def test_description_gives_verdict_and_baselines(store: Store) -> None:
    assert store.runs[0].data.tags["mlflow.note.content"] == (
        "Better: test accuracy 75 %. The model beats logistic.\n\n"
        "| &emsp;| accuracy&emsp;| log_loss |\n|---|---|---|\n"
        "| test&emsp;| 0.75&emsp;| 0.5 |\n"
        "| baseline logistic&emsp;| 0.7&emsp;|  |\n\n"
        "Data: synthetic sample: phones_sample.csv, 2,000 rows, sha256 0123456789ab\n\n"
        "Command: `kedro run`"
    )


def test_artifacts_are_recorded(store: Store) -> None:
    run_id = store.recorded[0].run_id
    [figure] = client_of(store.project).list_artifacts(run_id, "figures")
    assert (figure.path, figure.file_size) == ("figures/figure.png", 7)


def test_links_open_the_view_for_training(store: Store) -> None:
    first = store.recorded[0]
    assert first.url == (
        f"http://127.0.0.1:5000/#/experiments/{first.experiment_id}/runs/{first.run_id}"
        "?workflowType=machine_learning"
    )
    assert first.runs_url == (
        f"http://127.0.0.1:5000/#/experiments/{first.experiment_id}/runs"
        "?workflowType=machine_learning&orderByKey=metrics.%60test%2Faccuracy%60&orderByAsc=false"
    )


def test_a_tables_page_explains_the_names_and_holds_no_state_of_mlflows_pages(store: Store) -> None:
    experiment = client_of(store.project).get_experiment(store.recorded[0].experiment_id)
    assert experiment.tags["mlflow.note.content"].endswith("`kedro compare phones`")
    assert not [tag for tag in experiment.tags if "ViewState" in tag]


@pytest.mark.slow
def test_a_run_of_the_yaml_as_it_is_is_named_by_what_has_changed_in_it(tmp_path: Path) -> None:
    lr, epochs = "training.optimizer.lr", "training.epochs"
    runs = [  # parameters, and whether the command named them
        ({lr: 0.1, epochs: 5}, False),
        ({lr: 0.4, epochs: 5}, True),
        ({lr: 0.1, epochs: 9}, False),
    ]
    recorded = []
    for parameters, named in runs:
        start = RunStart("t", run_name(parameters), parameters, named=named)
        recorder = Recorder.start(tmp_path, TrackingParams(), start)
        recorded.append(recorder.finish())
    assert [one.name for one in recorded if one] == ["lr=0.1", "lr=0.4", "epochs=9 lr=0.1"]


def test_delivered_journals_are_gone(store: Store) -> None:
    assert journals(store.project) == []


def test_logged_model_predicts_as_trained_without_pickle(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _loaded(store, monkeypatch)
    rows = ROWS.drop(columns="label")
    pd.testing.assert_frame_equal(model.predict(rows), store.predictions, check_dtype=False)
    assert [column.name for column in model.metadata.get_input_schema()] == list(rows.columns)
    pd.testing.assert_frame_equal(
        model.predict(model.input_example), store.predictions.head(2), check_dtype=False
    )
    folder = Path(model.metadata.artifact_path)
    assert sorted(file.name for file in folder.rglob("*") if file.is_file()) == [
        "MLmodel",
        "code.zip",
        "input_example.json",
        "model.json",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
        next((folder / "data/model").glob("weights-*.safetensors")).name,
    ]


def test_whole_numbers_and_fractions_are_taken_alike_in_columns_of_whole_numbers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input

    model = _loaded(store, monkeypatch)
    schema = model.metadata.get_input_schema()
    assert dict(zip(schema.input_names(), map(str, schema.input_types()), strict=True)) == {
        "size": "DataType.double",
        "weight": "DataType.double",
        **dict.fromkeys(("kind", "new", "sold"), "DataType.string"),
    }
    rows = ROWS.drop(columns="label").assign(size=[842.9, *range(2, 9)])
    expected = load_model(store.project / "model").predict_quietly(rows)
    before = store.predictions
    assert (expected["probability_low"] != before["probability_low"]).tolist() == [True] + [
        False
    ] * 7
    sent = {"dataframe_records": rows.to_dict(orient="records")}
    for parsed in (
        rows,
        infer_and_parse_data(sent, schema),
        parse_csv_input(StringIO(rows.to_csv(index=False)), schema),
    ):
        pd.testing.assert_frame_equal(model.predict(parsed), expected, check_dtype=False)
    whole = ROWS.drop(columns="label")
    for dtype in ("int64", "int32", "uint8", "Int64", "object"):
        frame = whole.astype({"size": dtype})
        pd.testing.assert_frame_equal(model.predict(frame), store.predictions, check_dtype=False)
        assert frame.dtypes["size"] == dtype
    with pytest.raises(MlflowException, match="Can not safely convert int64 to float64"):
        model.predict(whole.assign(size=2**53 + 1))


@pytest.mark.slow
def test_logged_model_brings_the_code_that_it_needs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _loaded(store, monkeypatch).metadata.artifact_path
    code = (
        "import mlflow\n"
        f"model = mlflow.pyfunc.load_model({str(folder)!r})\n"
        "import colonnade\n"
        "print(len(model.predict(model.input_example)), colonnade.__file__)"
    )
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"2 {folder}/code.zip/colonnade/__init__.py\n"


def test_logged_model_shows_its_runs_metrics_and_description(store: Store) -> None:
    for run, expected in zip(store.runs[:2], (METRICS, {"test/accuracy": 0.5}), strict=True):
        [output] = run.outputs.model_outputs
        model = client_of(store.project).get_logged_model(output.model_id)
        found = {metric.key: metric.value for metric in model.metrics}
        assert {name: found[name] for name in expected} == expected
        description = run.data.tags["mlflow.note.content"]
        assert model.tags["mlflow.note.content"] == description
        assert (
            "| test&emsp;| 0.5&emsp;|" in description or "| test&emsp;| 0.75&emsp;|" in description
        )


def test_logged_model_refuses_numbers_that_are_not_finite(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    model = _loaded(store, monkeypatch)
    rows = ROWS.drop(columns="label").head(2)
    with pytest.raises(MlflowException, match="Infinite values in weight"):
        model.predict(rows.assign(weight=[0.1, float("inf")]))
    predictions = model.predict(rows.assign(weight=[0.1, float("nan")]))
    assert predictions["outside"].tolist() == ["", "weight missing"]


def _loaded(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    import mlflow

    from colonnade.tracking.store import as_default

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with as_default(f"sqlite:///{store.project / 'mlflow.db'}"):
        return mlflow.pyfunc.load_model(f"runs:/{store.recorded[0].run_id}/model")


@pytest.mark.slow
def test_logged_model_is_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _loaded(store, monkeypatch).metadata.artifact_path
    register(store.project, TrackingParams(), "phones")
    port = free_port()
    words = ["-m", "models:/phones@champion", "--env-manager", "local", "--port", str(port)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # for uvicorn
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", "--workers", "1", *words],
        cwd=store.project,
        env={
            **os.environ,
            "PATH": path,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(url), 90)
        example = json.loads((Path(folder) / "serving_input_example.json").read_text())
        rows = ROWS.drop(columns="label").head(2)
        records = rows.to_dict(orient="records")
        expected = store.predictions.head(2).to_dict(orient="records")
        for question in (
            example,
            {"dataframe_records": records},
            {"inputs": records},
            {"dataframe_records": [{**row, "size": float(row["size"])} for row in records]},
            {"inputs": rows.to_dict(orient="list")},
            rows.to_csv(index=False),
        ):
            code, reply = _ask(url, question)
            assert code == 200
            assert reply["predictions"] == [pytest.approx(row) for row in expected]
        cut = [{**row, "size": 842.9} for row in records]
        _, reply = _ask(url, {"dataframe_records": cut})
        predicted = load_model(store.project / "model").predict_quietly(pd.DataFrame(cut))
        expected = predicted.to_dict(orient="records")
        assert reply["predictions"] == [pytest.approx(row) for row in expected]
        _, reply = _ask(url, {"dataframe_records": [{**records[0], "weight": None}]})
        assert [row["outside"] for row in reply["predictions"]] == ["weight missing"]
        for column, value, problem in (
            ("weight", "Infinity", "Infinite values in weight."),
            ("sold", "2024-04-03", "'2024-04-03' is not a date written like the others."),
            ("new", "maybe", "'maybe' is neither true nor false."),
        ):
            wrong = [records[0], {**records[1], column: value}]
            code, reply = _ask(url, {"dataframe_records": wrong})
            assert code == 400
            assert problem in reply["message"]
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


def _ask(url: str, question: dict[str, Any] | str) -> tuple[int, Any]:
    is_csv = isinstance(question, str)
    body = question if is_csv else json.dumps(question)
    kind = {"Content-Type": "text/csv" if is_csv else "application/json"}
    request = urllib.request.Request(f"{url}/invocations", body.encode(), kind)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_champion_predicts_or_what_is_asked_for(store: Store) -> None:
    first, second = (run.info.run_id for run in store.runs[:2])

    def chosen(word: str = "") -> ChosenModel | None:
        return choose_model(store.project, TrackingParams(), "phones", word)

    register(store.project, TrackingParams(), "phones", first)
    champion = chosen()
    assert champion is not None
    assert champion == chosen("champion")
    assert champion.title == f"the champion, version {champion.title.split()[-1]}"
    assert champion.run.startswith(first[:8])
    assert champion.verdict == "Better: test accuracy 75 %. The model beats logistic."
    assert load_model(champion.folder).predict(ROWS).equals(store.predictions)
    assert chosen(champion.title.split()[-1]).folder == champion.folder
    assert chosen("latest") is None
    other = chosen(second[:9])
    assert (other.folder != champion.folder, other.score) == (True, "test/accuracy 0.5")
    assert other.describe() == f"the model of run {second[:9]}, predicts. test/accuracy 0.5"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("best", "is no model of phones. Write champion, latest"),
        ("999", "there is no version 999"),
        ("0123456789abcdef", "no run begins with 0123456789abcdef"),
    ],
)
def test_a_model_that_is_not_there_is_named(store: Store, word: str, message: str) -> None:
    with pytest.raises(TrackingError, match=message):
        choose_model(store.project, TrackingParams(), "phones", word)


def test_without_a_store_the_latest_predicts(tmp_path: Path) -> None:
    assert choose_model(tmp_path, TrackingParams(), "phones") is None
    with pytest.raises(TrackingError, match="no runs yet"):
        choose_model(tmp_path, TrackingParams(), "phones", "champion")
    off = TrackingParams(mode="off")
    assert choose_model(tmp_path, off, "phones") is None


def test_a_store_that_is_away_is_no_lack_of_a_champion(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = TrackingParams(uri=f"http://127.0.0.1:{free_port()}")
    assert choose_model(tmp_path, away, "phones") is None
    assert "phones: it is not known whether there is a champion: " in caplog.text
    with pytest.raises(TrackingError):
        choose_model(tmp_path, away, "phones", "champion")
