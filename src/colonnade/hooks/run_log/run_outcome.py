"""What came of a table's run: the verdict, where things are, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.evaluation.metrics.formatting import (
    baseline_name,
    format_metric,
    metric_name,
    metric_with_interval,
    part_name,
)
from colonnade.evaluation.metrics.verdict import best_baseline, deciding_metric, verdict
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task


@dataclass
class RunOutcome:
    """What came of a table's run.

    metric, baseline: each a name and a value, as text. run_id, page, all_runs: of the record in
    MLflow, and its pages where they can be opened.
    """

    table: str
    word: str
    headline: str
    sentence: str
    metric: tuple[str, str]
    baseline: tuple[str, str] | None
    simpler: str
    folds: bool
    report: Path | None = None
    run_id: str = ""
    page: str = ""
    all_runs: str = ""

    @classmethod
    def of(cls, table: str, metrics: Metrics, task: Task, kind: str) -> RunOutcome:
        """Judge a model by its metrics. Args: kind: of its network."""
        judged, headline = verdict(metrics, task), deciding_metric(metrics, task)
        part = "test" if headline in metrics["test"] else "validation"
        value = metric_with_interval(metrics, part, headline) or ""
        best = best_baseline(metrics, headline) if part == "test" else None
        baseline = None
        if best is not None:
            theirs = format_metric(headline, metrics.baselines[best][headline])
            baseline = (baseline_name(best), theirs)
        return cls(
            table,
            judged.word,
            judged.headline,
            judged.sentence,
            (_("{part} {metric}", part=part_name(part), metric=metric_name(headline)), value),
            baseline,
            simpler="" if kind == "linear" or task == "anomaly" else "linear",
            folds=bool(metrics["cv"]),
        )

    @property
    def next_command(self) -> str:
        """The one command that promises most now."""
        run = f"kedro run --pipeline {self.table} --params {self.table}"
        if self.word == "no" and self.simpler:
            return f"{run}.model={self.simpler}"
        if self.word == "unclear" and not self.folds:
            return f"{run}.split.folds=5"
        if self.word == "yes" and self.run_id:
            return f"kedro register {self.table}"
        if self.run_id:
            return f"kedro compare {self.table}"
        return f"kedro run --pipeline {self.table}_predict --params rows=ROWS.csv"

    @property
    def next_reason(self) -> str:
        """What that command is for, to be followed by it."""
        if self.word == "no" and self.simpler:
            return _("next, to try the simpler model:")
        if self.word == "unclear" and not self.folds:
            return _("next, to judge on five splits:")
        if self.word == "yes" and self.run_id:
            return _("next, to keep this model as the champion:")
        if self.run_id:
            return _("next, to rank the runs:")
        return _("next, to predict new rows:")
