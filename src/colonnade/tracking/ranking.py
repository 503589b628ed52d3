"""Which metrics head a table of runs, and which way they point."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADLINES = ("accuracy", "rmse", "log_loss", "rank_error", "mae", "r2")
LOWER_IS_BETTER = ("loss", "error", "rmse", "mae", "mape", "brier", "deviance")


def headline(metrics: Iterable[str]) -> list[str]:
    """Names of the test metrics worth a column, the deciding one first."""
    known = set(metrics)
    return [f"test/{name}" for name in HEADLINES if f"test/{name}" in known]


def higher_is_better(metric: str) -> bool:
    """Tell by its name whether more of a metric is better."""
    last = metric.rpartition("/")[2]
    return not any(word in last for word in LOWER_IS_BETTER)
