"""What a report tells, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.explanation.explain import Explanation
from colonnade.evaluation.report.environment import command_line, environment

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.source import Source


@dataclass(frozen=True)
class ReportContent:
    """What the page tells, as plain data; only `profile` and below may be left out."""

    table: str
    target: str
    task: Any
    source: Source
    history: pd.DataFrame
    predictions: pd.DataFrame
    metrics: Metrics
    profile: dict[str, Any] = field(default_factory=dict)
    """Facts of the table: see `tables.profile.profile_table`."""
    summary: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    knobs: dict[str, Any] = field(default_factory=dict)
    line: pd.DataFrame | None = None
    confidence: float = 0.95
    prediction_interval: float = 0.9
    """The share of new values that the interval of a number is made to hold."""
    explain: bool = False
    """Whether to draw what explains the model, too."""
    explanation: Explanation = field(default_factory=Explanation)
    targets: pd.DataFrame | None = None
    """Columns part and target, one row a row of the table."""
    folds: list[dict[str, Any]] = field(default_factory=list)
    """Of a cross-validation: see `evaluation.cross_validation.CrossValidation`."""
    environment: dict[str, str] = field(default_factory=environment)
    command: str = field(default_factory=command_line)
