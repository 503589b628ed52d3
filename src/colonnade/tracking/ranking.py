"""Which metrics head a table of runs, and which way they point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterable

_ORDER = list(dict.fromkeys(name for names in HEADLINES.values() for name in names))
_LOWER = ("loss", "error", "rmse", "mae", "mape", "brier", "ece", "gap")


def headline(metrics: Iterable[str]) -> list[str]:
    """Names of the test metrics worth a column, the deciding one first."""
    known = set(metrics)
    return [f"test/{name}" for name in _ORDER if f"test/{name}" in known]


def higher_is_better(metric: str) -> bool:
    """Tell by its name whether more of a metric is better."""
    name = metric.rpartition("/")[2]
    return name in HIGHER_IS_BETTER or not any(word in name for word in _LOWER)
