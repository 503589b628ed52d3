"""What an experiment sends to MLflow once it has run: its winner, and every trial."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.scores import HIGHER_IS_BETTER
from colonnade.hooks.names import file_of
from colonnade.hooks.reporters.run_reporter import describe_run
from colonnade.tracking.comparison.ranking import told_metric
from colonnade.tracking.naming import named_values
from colonnade.tracking.recording.recorder import EPOCH_METRICS
from colonnade.tracking.trials.trial_runs import ExperimentRun, TrialRun, record_experiment

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd
    from kedro.io import DataCatalog

    from colonnade.experiments.trials import Trial
    from colonnade.tracking.tracking_params import TrackingParams

# what the nodes of an experiment read, and so is typed
GROUPS = ("schema", "split", "standardize", "model", "training")
ARTIFACTS = ("experiment_report", "ranking", "trials")


def report_experiment(
    project: Path, params: TrackingParams, table: str, catalog: DataCatalog, env: str | None
) -> tuple[str, str]:
    """Record what the experiment of a table has written.

    Returns: the addresses of its run's page, and of the page of its trials.
    """
    described = _Described(table, catalog, env)
    files = [file_of(catalog, f"{table}.{name}") for name in ARTIFACTS]
    return record_experiment(
        project, params, described.experiment([file for file in files if file])
    )


class _Described:
    """The files of an experiment in the words of runs."""

    def __init__(self, table: str, catalog: DataCatalog, env: str | None) -> None:
        from colonnade.experiments.plans.plan import PlanParams

        self._table, self._env = table, env
        document = dict(catalog.load(f"{table}.experiment_plan"))
        self._name = str(document.pop("name"))
        self._plan = PlanParams.model_validate(document)
        read = catalog.load(f"params:{table}")
        self._groups = {name: read[name] for name in GROUPS}
        self._winner = catalog.load(f"{table}.winner")
        self._ranking = catalog.load(f"{table}.ranking")
        self._trials = catalog.load(f"{table}.trials")
        self._curves = _curves(catalog.load(f"{table}.trial_store"))

    def experiment(self, artifacts: list[Path]) -> ExperimentRun:
        places = {number: i for i, number in enumerate(self._ranking["configuration"])}
        ranked = self._trials.sort_values(
            "configuration", key=lambda numbers: numbers.map(places), kind="stable"
        )
        # one for each configuration; trials of it differ in their seed alone
        built = {number: self._built(own) for number, own in ranked.groupby("configuration")}
        firsts = ranked.groupby("configuration").head(1)
        pairs = [(row, built[row["configuration"]]) for _, row in firsts.iterrows()]
        # of all or of none: MLflow compares what every run has
        told = {name for pair in pairs for name in self._trial(*pair, ()).start.parameters}
        trials = [
            self._trial(row, built[row["configuration"]], sorted(told))
            for _, row in ranked.iterrows()
        ]
        first, metric = trials[0], self._winner["metric"]
        best = named_values(self._winner["varied"])
        return ExperimentRun(
            replace(
                first.start,
                name=f"{self._name}: {metric} {told_metric(self._winner['score'])} with {best}",
                tags={"plan": self._name, "trials": str(len(trials)), "metric": metric},
            ),
            {f"validation/{metric}": self._winner["score"], **self._winner["metrics"]},
            self._about(len(trials)),
            trials,
            artifacts,
            f"validation/{metric}",
            metric not in HIGHER_IS_BETTER,
        )

    def _about(self, n_trials: int) -> str:
        metric, score = self._winner["metric"], self._winner["score"]
        question = f"{self._plan.question}\n\n" if self._plan.question else ""
        return (
            f"{question}Best of {len(self._ranking)} configurations in {n_trials} trials: "
            f"{named_values(self._winner['varied'])}, {metric} {told_metric(score)} on validation "
            "rows. "
            "The report is among the artifacts; the trials are below this run when runs are sorted "
            "by Created."
        )

    def _built(self, own: pd.DataFrame) -> Trial:
        from colonnade.experiments.trials import make_trials

        words = {
            name: group.model_dump(mode="json", exclude_unset=True)
            for name, group in self._groups.items()
            if name in ("standardize", "model", "training")
        }
        one = self._plan.model_copy(update={"seeds": 1})
        return make_trials(one, [json.loads(own["words"].iloc[0])], words, "")[0]

    def _trial(self, row: pd.Series, built: Trial, beside: Collection[str]) -> TrialRun:
        training = built.training.model_copy(update={"seed": int(row["seed"])})
        groups = {
            **self._groups,
            "standardize": built.standardize,
            "model": built.model,
            "training": training.completed(
                built.model,
                self._groups["schema"].task,
                validated=self._groups["split"].validation_fraction > 0,
            ),
        }
        if built.outliers.share:
            groups["outliers"] = built.outliers
        special = {**built.words, "training.seed": training.seed}
        told = {"runtime_params": {self._table: special}, "env": self._env}
        start = describe_run(self._table, groups, told, document=False, beside=beside)
        metrics = {
            name: float(row[name])
            for name in row.index
            if str(name).startswith("validation/") and math.isfinite(row[name])
        }
        score = metrics.get(f"validation/{self._winner['metric']}")
        head = "failed" if score is None else told_metric(score)
        tags = {name: str(row[name]) for name in ("trial", "configuration", "seed")}
        return TrialRun(
            str(row["key"]),
            replace(
                start,
                experiment=f"{self._table}_experiment",
                name=f"{head}: {start.name}",
                tags={"plan": self._name, **tags},
            ),
            metrics,
            float(row["seconds"]),
            "" if _empty(row["failed"]) else str(row["failed"]),
            self._curves.get(str(row["key"]), {}),
        )


def _curves(store: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Each trial's losses by epoch, named as those of a run; by the key in its row."""
    from colonnade.experiments.trial_store import TrialStore
    from colonnade.experiments.trials import SHOWN_KEY

    return {
        key[:SHOWN_KEY]: {
            EPOCH_METRICS[name]: list(zip(map(int, one.history["epoch"]), values, strict=True))
            for name, values in one.history.items()
            if name != "epoch"
        }
        for key, one in TrialStore(store).finished().items()
    }


def _empty(value: Any) -> bool:
    return not isinstance(value, str) or not value  # a CSV's empty cell is read as NaN
