"""Which runs may be ranked with each other, by which metrics, and which way these point."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from colonnade.evaluation.metrics.formatting import plain_digits
from colonnade.evaluation.metrics.scores import HEADLINES, HIGHER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow.entities import Run

TEST_ROWS = "test_rows"  # the tag that says which rows a run was judged by
_FOLDS = ("split.folds", "split.repeats")  # they choose no test row
# The first is measured only where nearly all rows are of one class, and then decides.
_ORDER = ["rare_pr_auc", *dict.fromkeys(name for names in HEADLINES.values() for name in names)]
_LOWER = ("loss", "error", "rmse", "mae", "mape", "brier", "ece", "gap")


def headline(metrics: Iterable[str]) -> list[str]:
    """Names of the test metrics worth a column, the deciding one first.

    >>> headline({"test/accuracy": 0.99, "test/rare_pr_auc": 0.4, "train/accuracy": 1.0})
    ['test/rare_pr_auc', 'test/accuracy']
    """
    known = set(metrics)
    return [f"test/{name}" for name in _ORDER if f"test/{name}" in known]


def higher_is_better(metric: str) -> bool:
    """Tell by its name whether more of a metric is better."""
    name = metric.rpartition("/")[2]
    return name in HIGHER_IS_BETTER or not any(word in name for word in _LOWER)


def shown_metric(value: float) -> str:
    """Four decimals below a hundred, so that equal ones look equal and columns align.

    >>> shown_metric(0.9675), shown_metric(0.00001234), shown_metric(1234.5678)
    ('0.9675', '1.234e-05', '1234.6')
    """
    if math.isnan(value):
        return "-"
    if 0 < abs(value) < 0.001:
        return f"{value:.4g}"
    return f"{value:.4f}" if abs(value) < 100 else plain_digits(value, 5)


def judged_by(run: Run) -> str:
    """A mark of the rows that a run was judged by; runs of other marks are not to be ranked."""
    tags, params = run.data.tags, run.data.params
    if TEST_ROWS in tags:
        return str(tags[TEST_ROWS])
    # a record of an earlier version: the same data, split in the same way, give the same rows
    split = {k: v for k, v in params.items() if k.startswith("split.") and k not in _FOLDS}
    return json.dumps([tags.get("data", ""), split], sort_keys=True)


def told_metric(value: float) -> str:
    """A value within a sentence: five digits, no zeros at the end, no exponent if it is large.

    >>> told_metric(0.9), told_metric(123456.7)
    ('0.9', '123,460')
    """
    return f"{value:.5g}" if not abs(value) >= 1e4 else plain_digits(value, 5)
