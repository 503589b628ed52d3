"""What a run sends to MLflow: how it began, and each result once it is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from colonnade.hooks.names import file_of
from colonnade.hooks.reporters.kept_reports import keep_report
from colonnade.tables.source import Source, part_digest
from colonnade.tracking.comparison.ranking import TEST_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from kedro.io import DataCatalog
    from kedro.pipeline.node import Node

    from colonnade.tracking.recording.recorder import Recorded, Recorder, RunStart

ARTIFACTS = ("report", "model_card", "metrics", "history", "evaluated_csv", "learning_curve", "fit")
KEPT = ("report", "model_card", "metrics")
REUSED = "reused"  # the tag that names stages whose results are of earlier runs
# The curves come after the final metrics, which a run's page lists in the order logged.
IN_ORDER = ("source", "model", "metrics", "history", *ARTIFACTS)


def describe_run(
    table: str,
    groups: dict[str, Any],
    run_params: dict[str, Any],
    *,
    document: bool = True,
    beside: Collection[str] = (),
) -> RunStart:
    """What MLflow shows of a run: the parameters that matter, and a name for what is special.

    Args: document: whether all parameters are written out, too. beside: parameters that matter in
        runs beside this one.
    """
    from colonnade.tracking.comparison.run_parameters import worth_recording
    from colonnade.tracking.naming import flatten, run_name
    from colonnade.tracking.recording.recorder import RunStart

    words = run_params["runtime_params"] or {}
    named = {"env": run_params["env"]} if run_params["env"] not in (None, "local") else {}
    whole = {name: _dumped(name, groups) for name in groups}
    changed = {
        name: group.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        for name, group in groups.items()
    }
    parameters = {**named, **_loss_of_task(groups), **flatten(whole)}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    special = [*named, *flatten(words.get(table, {}))]
    told = tuple(f"{word}." for word in special)
    recorded = worth_recording(parameters, flatten(changed))
    recorded |= {name: parameters[name] for name in beside if name in parameters}
    return RunStart(
        table,
        run_name(
            {**recorded, **{k: v for k, v in parameters.items() if f"{k}.".startswith(told)}},
            special,
        ),
        recorded,
        named=bool(special),
        document=_as_yaml(table, whole) if whole and document else "",
    )


def _loss_of_task(groups: dict[str, Any]) -> dict[str, str]:
    """The loss that the task chooses where nobody has named one."""
    from colonnade.training.components.losses.loss_params import DEFAULT_LOSS

    known = {"training", "schema"} <= groups.keys()
    if not known or groups["training"].loss or _is_blend(groups):
        return {}
    return {"training.loss.name": DEFAULT_LOSS[groups["schema"].task]}


def _is_blend(groups: dict[str, Any]) -> bool:
    """Whether candidates have words of their own where `training` has none."""
    return "model" in groups and groups["model"].kind == "auto"


def _dumped(name: str, groups: dict[str, Any]) -> dict[str, Any]:
    # there, null is a word: it takes back what the kind of network would ask for
    training = name == "training"
    dumped: dict[str, Any] = groups[name].model_dump(
        mode="json", exclude_none=not training, exclude_unset=training and _is_blend(groups)
    )
    return dumped


def _as_yaml(table: str, groups: dict[str, Any]) -> str:
    """Every parameter as `parameters_<table>.yml` would say it."""
    import yaml

    return str(yaml.safe_dump({table: groups}, sort_keys=False, allow_unicode=True, width=100))


class RunReporter:
    """Reports to MLflow what one run writes of one table.

    Args: since: when the run began, in seconds; what an earlier one left is not of it.
    """

    def __init__(self, table: str, recorder: Recorder, catalog: DataCatalog, since: float) -> None:
        self.table, self.since = table, since
        self.recorder, self.catalog = recorder, catalog
        self._sent: set[str] = set()
        self._standing: set[str] = set()
        self._process = os.getpid()

    def reuse(self, nodes: Iterable[Node]) -> None:
        """Take what these nodes made in earlier runs as of this run, and note of which stages."""
        own = [node for node in nodes if str(node.namespace).startswith(f"{self.table}.")]
        stages = dict.fromkeys(str(node.namespace).rpartition(".")[2] for node in own)
        self._standing = {name.partition(".")[2] for node in own for name in node.outputs}
        if stages:
            self.recorder.tags({REUSED: ", ".join(stages)})

    def saved(self, name: str) -> None:
        """Record a dataset that was just saved."""
        # a worker of ParallelRunner holds a copy: it would record what `rest` records again
        if name == "history" or os.getpid() != self._process:
            return
        self._tell(name)
        if name == "metrics":
            self._tell("history")

    def rest(self) -> None:
        """Record all else that this run has written, as when it ran in other processes."""
        for name in dict.fromkeys(IN_ORDER):
            self._tell(name)

    def note(self, recorded: Recorded) -> None:
        """Keep the report as this run's, and tell the model, if it has trained it, whose it is."""
        from colonnade.training.models.storage import note_run

        written = [path for name in KEPT if (path := self._written(name)) is not None]
        keep_report(written, recorded.run_id)

        if "model" not in self._standing and (folder := self._written("model")):
            note_run(folder, recorded.run_id, recorded.name)

    def _tell(self, name: str) -> None:
        path = None if name in self._sent or name not in IN_ORDER else self._written(name)
        if path is None:
            return
        self._sent.add(name)
        dataset = f"{self.table}.{name}"
        if name == "source":
            self.recorder.dataset({**self.catalog.load(dataset), "types": self._types()})
        elif name == "metrics":
            self.recorder.tags({TEST_ROWS: self._test_rows()})
            self._tell_metrics(self.catalog.load(dataset))
        elif name == "history":
            self.recorder.epochs(self.catalog.load(dataset))
        elif name == "model":
            self._tell_model(path)
        if name in ARTIFACTS:
            self.recorder.artifact(path, "figures" if path.suffix == ".png" else "")

    def _tell_metrics(self, values: dict[str, float]) -> None:
        from colonnade.evaluation.metrics.groups import Metrics
        from colonnade.evaluation.metrics.verdict import verdict

        schema = self.catalog.load(f"params:{self.table}.schema")
        judged = verdict(Metrics.from_flat(values), schema.task)
        self.recorder.verdict(judged.word, f"{judged.headline}. {judged.sentence}")
        self.recorder.metrics(values)

    def _written(self, name: str) -> Path | None:
        path = file_of(self.catalog, f"{self.table}.{name}")
        if path is None:
            return None
        file = path / "model.json" if name == "model" else path
        if not file.exists():
            return None
        return path if name in self._standing or file.stat().st_mtime >= int(self.since) else None

    def _test_rows(self) -> str:
        source, split = (self.catalog.load(f"{self.table}.{name}") for name in ("source", "split"))
        return part_digest(Source.model_validate(source), split, "test")[:12]

    def _types(self) -> dict[str, str]:
        """The type of each column of the typed table, if it is a Parquet file of this run."""
        path = self._written("primary")
        if path is None or path.suffix != ".parquet":
            return {}
        from pyarrow.parquet import read_schema

        schema = read_schema(path)
        named = [name for name in schema.names if not name.startswith("__index_level")]
        return {name: str(schema.field(name).type) for name in named}

    def _tell_model(self, folder: Path) -> None:
        model = self.catalog.load(f"{self.table}.model")
        rows = self.catalog.load(f"{self.table}.primary").head(5)[model.standardizer.inputs]
        self.recorder.model(
            folder, model.standardizer.as_written(rows), model.predict_quietly(rows)
        )
