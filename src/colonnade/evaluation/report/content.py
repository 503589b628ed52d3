"""What a report shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.evaluation.explanation.explain import Explanation
from colonnade.evaluation.report.environment import command_line, environment

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.evaluation.metrics.fitted_line import LineData
    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.schema.table_schema import Task
    from colonnade.tables.source import Source


@dataclass(frozen=True)
class Results:
    """What training and evaluation came to.

    predictions: as `evaluate_model` gives them. history: one row an epoch, as `train_model` gives
    it. folds: of a cross-validation, as `CrossValidation.document` has them.
    """

    predictions: pd.DataFrame
    metrics: Metrics
    history: pd.DataFrame
    folds: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class TableFacts:
    """Facts of the table.

    profile: what `profile_table` gives. targets: columns part and target, one row a row of the
    table. line: what `line_data` gives.
    """

    profile: dict[str, Any] = field(default_factory=dict)
    targets: pd.DataFrame | None = None
    line: LineData | None = None


@dataclass(frozen=True)
class ModelFacts:
    """Facts of the model: its layers, its training, and parameters not at their defaults."""

    summary: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    interval_caveat: str = ""
    """Why the prediction intervals may hold fewer new values than promised."""

    @property
    def layers(self) -> str:
        """The layers of the summary that torchinfo prints, without rules and sizes in megabytes."""
        unwanted = ("Trainable params", "Non-trainable params", "Total mult-adds", "===")
        lines = (line.rstrip() for line in self.summary.splitlines())
        kept = [line for line in lines if line and not line.startswith(unwanted)]
        return "\n".join(line for line in kept if "(MB)" not in line)


@dataclass(frozen=True)
class Origin:
    """Where and by which command the report was made.

    predictions: the file of all predictions, as the page's folder sees it; for a page that cannot
    hold them.
    """

    environment: dict[str, str] = field(default_factory=environment)
    command: str = field(default_factory=command_line)
    predictions: str = ""


@dataclass(frozen=True)
class ReportContent:
    """What the page and the model card show; only `data` and below may be left out."""

    table: str
    target: str
    task: Task
    source: Source
    results: Results
    data: TableFacts = field(default_factory=TableFacts)
    model: ModelFacts = field(default_factory=ModelFacts)
    explanation: Explanation = field(default_factory=Explanation)
    params: EvaluationParams = field(default_factory=EvaluationParams)
    origin: Origin = field(default_factory=Origin)

    def with_unit(self, column: str) -> str:
        """The column's name, and its unit if the schema knows one: "price (€)"."""
        unit = self.data.profile.get("columns", {}).get(column, {}).get("unit")
        return f"{column} ({unit})" if unit else column

    def in_unit(self, number: str) -> str:
        """A number of the target's with its unit, if the schema knows one: "3.2 €"."""
        unit = self.data.profile.get("columns", {}).get(self.target, {}).get("unit")
        return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number

    @property
    def is_linear(self) -> bool:
        """Whether the model is linear in its inputs, and no network."""
        return bool(self.model.hyperparameters.get("model.kind") == "linear")
