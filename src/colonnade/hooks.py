"""What happens around a run: names are checked before it, and MLflow is told of it."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.errors import ParameterError, UserError
from colonnade.pipeline_registry import remember, table_names

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from colonnade.tracking.recorder import Recorder, RunStart, Status

logger = logging.getLogger(__name__)

RUN_WORDS = ("raw", "rows", "encoding", "resume")
ARTIFACTS = ("report", "model_card", "metrics", "history", "evaluated", "learning_curve", "fit")


class NameHooks:
    """Refuses names that nothing would read, before anything runs."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Hand the loader to the registry and check every parameter's table and group."""
        remember(context.config_loader)
        check_names(context.config_loader["parameters"], table_names(context.config_loader))

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Refuse a file that no dataset of this run, or more than one, would read."""
        words = run_params["runtime_params"] or {}
        for word in ("raw", "rows"):
            if word in words:
                check_file_word(word, words[word], pipeline, catalog)


class LogHooks:
    """Says in one line each what a run reads, what each node took and what came of it."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the node's clock."""
        self._started[node.name] = time.perf_counter()

    @hook_impl
    def after_node_run(self, node: Node, catalog: DataCatalog, outputs: dict[str, Any]) -> None:
        """Tell the node's time, where the table came from, and whether the model is good."""
        seconds = time.perf_counter() - self._started.pop(node.name)
        logger.info("%-40s %6.2f s", node.name, seconds)
        for name, data in outputs.items():
            table, _, kind = name.partition(".")
            if kind == "source":
                from colonnade.tables.source import Source

                logger.info("%s: read %s", table, Source.model_validate(data).describe())
            if kind == "metrics":
                from colonnade.evaluation.verdict import verdict

                judged = verdict(data, catalog.load(f"params:{table}.schema").task)
                logger.info("%s: %s. %s", table, judged.headline, judged.sentence)
            if kind == "report":
                logger.info("%s: report in %s", table, file_of(catalog, name))

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Say of which table a user's mistake is."""
        if isinstance(error, UserError):
            error.table = (node.namespace or "").split(".")[0]


class TrackingHooks:
    """Records each table of a run as a run of its own in MLflow."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._recorders: dict[str, Recorder] = {}
        self._started = 0.0

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context: where the project stands and what `mlflow.yml` says."""
        self._context = context

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Begin a record for each table, so that MLflow is imported while the table is trained."""
        from colonnade.tracking.params import TrackingParams
        from colonnade.tracking.recorder import Recorder

        assert self._context is not None
        self._started = time.time()
        tracking = TrackingParams.model_validate(self._context.config_loader["mlflow"])
        for table in tables_in(pipeline, stages=("train", "evaluate")):
            run = describe_run(table, catalog.load(f"params:{table}"), run_params)
            self._recorders[table] = Recorder.start(self._context.project_path, tracking, run)

    @hook_impl
    def after_pipeline_run(self, catalog: DataCatalog) -> None:
        """Hand over what the run has written, and say where it is found."""
        self._finish(catalog, "FINISHED")

    @hook_impl
    def on_pipeline_error(self, catalog: DataCatalog) -> None:
        """Record a failed run as failed, with what it had written."""
        self._finish(catalog, "FAILED")

    def _finish(self, catalog: DataCatalog, status: Status) -> None:
        recorders, self._recorders = self._recorders, {}
        for table, recorder in recorders.items():
            hand_over(recorder, table, catalog, since=self._started)
            recorded = recorder.finish(status)
            if recorded is not None and status == "FINISHED":
                logger.info("%s: tracked as %s", table, recorded.url)


def tables_in(pipeline: Pipeline, stages: tuple[str, ...]) -> list[str]:
    """The tables that pass through one of the stages in a pipeline, in its order."""
    places = [(node.namespace or "").partition(".") for node in pipeline.nodes]
    return list(dict.fromkeys(table for table, _, stage in places if stage in stages))


def check_names(parameters: dict[str, Any], tables: list[str]) -> None:
    """Refuse a table, a group or a run word that nothing would read.

    Raises: ParameterError naming every one of them, with the nearest known name.
    """
    from colonnade.parameters import nearest
    from colonnade.pipelines.table.parameters import GROUPS

    problems = []
    for name, groups in parameters.items():
        if name in RUN_WORDS:
            continue
        if name not in tables:
            known = [*tables, *RUN_WORDS]
            problems.append(f"parameter `{name}`: no such table or word. {nearest(name, known)}")
            continue
        problems += [
            f"parameter `{name}.{group}`: no such group. {nearest(group, list(GROUPS))}"
            for group in groups or {}
            if group not in GROUPS
        ]
    if problems:
        raise ParameterError(problems)


def check_file_word(word: str, path: str, pipeline: Pipeline, catalog: DataCatalog) -> None:
    """Refuse `raw` or `rows` where it would be ignored, or read as many tables.

    Raises: ParameterError.
    """
    readers = [name for name in pipeline.inputs() if name.endswith(f".{word}")]
    if not readers:
        other = "NAME_predict" if word == "rows" else "NAME"
        raise ParameterError(f"`{word}` is not read by this pipeline. Say --pipeline {other}.")
    if len(readers) > 1:
        tables = sorted(name.partition(".")[0] for name in readers)
        raise ParameterError(
            f"`{word}` names one file, but this run has {len(tables)} tables "
            f"({', '.join(tables)}). Say which: --pipeline {tables[0]}."
        )
    file = file_of(catalog, readers[0])
    if file is None or file.name != Path(path).name:
        raise ParameterError(
            f"`{word}`: {readers[0]} does not read a file. Give it a `filepath` in "
            "conf/local/catalog.yml."
        )


def file_of(catalog: DataCatalog, name: str) -> Path | None:
    """Where a dataset keeps its file; Kedro has no public word for it."""
    path = getattr(catalog[name], "_filepath", None)
    return None if path is None else Path(path)


def describe_run(table: str, groups: dict[str, Any], run_params: dict[str, Any]) -> RunStart:
    """What MLflow shows of a run: every parameter, and a name for what is special about it."""
    from colonnade.tracking.naming import flatten, run_name
    from colonnade.tracking.recorder import RunStart

    words = run_params["runtime_params"] or {}
    named = {"env": run_params["env"]} if run_params["env"] not in (None, "local") else {}
    plain = {name: group.model_dump(mode="json") for name, group in groups.items()}
    parameters = {**flatten(plain), **named}
    special = [*named, *flatten(words.get(table, {}))]
    return RunStart(table, run_name(parameters, special), parameters)


def hand_over(recorder: Recorder, table: str, catalog: DataCatalog, since: float) -> None:
    """Tell a record what this run has written; what an earlier run left is not of this run."""

    def written(name: str) -> Path | None:
        path = file_of(catalog, f"{table}.{name}")
        if path is None:
            return None
        file = path / "model.json" if name == "model" else path
        return path if file.exists() and file.stat().st_mtime >= int(since) else None

    if written("source"):
        recorder.dataset(catalog.load(f"{table}.source"))
    if written("history"):
        recorder.epochs(catalog.load(f"{table}.history"))
    if written("metrics"):
        recorder.metrics(catalog.load(f"{table}.metrics"))
    for name in ARTIFACTS:
        path = written(name)
        if path is not None:
            recorder.artifact(path, "figures" if path.suffix == ".png" else "")
    folder = written("model")
    if folder is not None:
        model = catalog.load(f"{table}.model")
        rows = catalog.load(f"{table}.primary").head(5)[model.standardizer.inputs]
        recorder.model(folder, rows, model.predict(rows))
