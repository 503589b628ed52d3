"""Figures of predicted probabilities: ROC, precision against recall, reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.evaluation.figures.hover import tell, tell_along
from colonnade.evaluation.figures.style import (
    BLUE,
    GREEN,
    MUTED,
    PALETTE,
    VERMILION,
    Margins,
    count,
    finish,
    label,
    legend,
    new_figure,
    of_part,
    plain,
    room_for,
)
from colonnade.evaluation.metrics.scores import rarer_of_two
from colonnade.evaluation.observations import class_labels, label_codes, weight_column
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.evaluation.metrics.calibration import Calibration, Reliability
    from colonnade.evaluation.observations import Array

MOST_CURVES = len(PALETTE)
_LONGEST = 16


def roc_curves(predictions: pd.DataFrame, part: str = "test") -> Figure:
    """Hits against false alarms of each class against the rest; the six hardest of many."""
    from sklearn.metrics import roc_auc_score, roc_curve

    title = _("ROC, one class against the rest")
    figure, ax, hardest = _by_class(predictions, part, title, roc_auc_score)
    for curve in hardest:
        false_rate, true_rate = roc_curve(curve.hit, curve.p, sample_weight=curve.weights)[:2]
        ax.plot(false_rate, true_rate, label=curve.label, **curve.look)
        words = [
            _(
                "{name}: {found:.0%} of its rows found at {alarms:.1%} false alarms",
                name=curve.name, found=found, alarms=alarms,
            )
            for alarms, found in zip(false_rate, true_rate, strict=True)
        ]  # fmt: skip
        tell_along(ax, false_rate, true_rate, words)
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":")
    label(ax, x=_("false positive rate"), y=_("true positive rate"))
    _legend(ax, hardest, _("AUC, worst first"))
    return finish(figure, class_labels(predictions))


def precision_recall_curves(predictions: pd.DataFrame, part: str = "test") -> Figure:
    """Precision against recall of each class against the rest; the six hardest of many."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    title = _("Precision and recall, one class against the rest")
    figure, ax, hardest = _by_class(predictions, part, title, average_precision_score)
    for curve in hardest:
        precision, recall = precision_recall_curve(curve.hit, curve.p, sample_weight=curve.weights)[
            :2
        ]
        ax.step(recall, precision, where="post", label=curve.label, **curve.look)
        words = [
            _(
                "{name}: {found:.0%} of its rows found, {right:.0%} of these predictions right",
                name=curve.name, found=found, right=right,
            )
            for right, found in zip(precision, recall, strict=True)
        ]  # fmt: skip
        tell_along(ax, recall, precision, words)
    label(
        ax, x=_("recall (share of the class found)"), y=_("precision (share of predictions right)")
    )
    _legend(ax, hardest, _("average precision, worst first"))
    return finish(figure, class_labels(predictions))


@dataclass(frozen=True)
class _Curve:
    """One class against the rest: which rows are hits, how likely each was, and how to draw it."""

    name: str
    hit: Array
    p: Array
    weights: Array | None
    area: float
    place: int
    of: int

    @property
    def label(self) -> str:
        area = "> 0.999" if 0.9995 <= self.area < 1 else f"{self.area:.3f}"
        return f"{self.name}\n{area} · {count(int(self.hit.sum()))}"

    @property
    def look(self) -> dict[str, Any]:
        return {"color": PALETTE[self.place], "ls": "-" if self.place % 2 == 0 else "--", "lw": 1.6}


def _by_class(
    predictions: pd.DataFrame, part: str, title: str, area: Callable[..., float]
) -> tuple[Figure, Axes, list[_Curve]]:
    """An empty figure, and the classes with rows of both kinds, the least area first."""
    rows = predictions[predictions["part"] == part]
    labels, weights = class_labels(predictions), weight_column(rows)
    actual = label_codes(rows["actual"], labels)
    found = []
    # Of two classes one curve tells all: that of the rarer, which precision does not flatter.
    for k in [rarer_of_two(actual)] if len(labels) == 2 else range(len(labels)):
        hit, p = actual == k, rows[f"probability_{labels[k]}"].to_numpy()
        if hit.any() and not hit.all():
            found.append((float(area(hit, p, sample_weight=weights)), k, hit, p))
    found.sort(key=lambda one: one[:2])
    curves = [
        _Curve(plain(labels[k], _LONGEST), hit, p, weights, value, place, len(found))
        for place, (value, k, hit, p) in enumerate(found[:MOST_CURVES])
    ]
    # The legend stands beside the axes: curves may run anywhere within them.
    beside = 0.6 + max(1.75, room_for(curve.name for curve in curves))
    figure, (ax,) = new_figure(
        f"{title} · {of_part(part, len(rows))}", height=4.6, margins=Margins(right=beside)
    )
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    return figure, ax, curves


def _legend(ax: Axes, curves: list[_Curve], title: str) -> None:
    if curves:
        folded = curves[0].of - len(curves)
        if folded > 0:
            title += "\n" + _("({n} more not drawn)", n=folded)
        legend(ax, loc="upper left", bbox_to_anchor=(1.01, 1.02), title=title, alignment="left")


def reliability_diagram(calibration: Calibration, part: str = "test") -> Figure:
    """Accuracy against confidence in ten bins, before and after temperature scaling."""
    before, after = calibration.before, calibration.after
    after = after if calibration.matters else None
    figure, (ax, bars) = new_figure(
        _("Reliability · {rows}", rows=of_part(part, sum(before.rows))),
        rows=2, height=5.2, sharex=True, height_ratios=[3, 1],
        margins=Margins(top=0.8 if after is None else 1.0, between_rows=0.15),
    )  # fmt: skip
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":", label=_("perfect calibration"))
    _reliability(ax, before, BLUE, "o", _("as predicted"))
    if after is not None and calibration.temperature is not None:
        entry = _("at temperature {temperature:.2f}", temperature=calibration.temperature)
        _reliability(ax, after, VERMILION, "s", entry)
    label(ax, y=_("accuracy (share right)"))
    ax.set(ylim=(-0.02, 1.05))
    legend(ax, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)
    bars.bar(before.confidence, before.rows, width=0.03, color=GREEN)
    # of two classes no prediction is less sure than one half: the axis begins where rows do
    least = min(before.confidence + (after.confidence if after else []), default=0.0)
    bars.set(xlim=(np.floor(least * 10) / 10 - 0.02, 1.02))
    bars.locator_params(axis="y", integer=True)
    label(bars, x=_("confidence (probability of the predicted class)"), y=_("rows"))
    return finish(figure)


def _reliability(ax: Axes, bins: Reliability, color: str, marker: str, name: str) -> None:
    """A point a bin, the larger the more rows it holds: a bin of one row proves nothing."""
    entry = _(
        "{name}: calibration error {ece:.3f}, log-loss {loss:.3f}",
        name=name, ece=bins.ece, loss=bins.log_loss,
    )  # fmt: skip
    ax.plot(bins.confidence, bins.accuracy, color=color, lw=1, alpha=0.5)
    most = max(bins.rows, default=1)
    sizes = [8 + 72 * (rows / most) ** 0.5 for rows in bins.rows]
    drawn = ax.scatter(
        bins.confidence, bins.accuracy, s=sizes, marker=marker, color=color, label=entry
    )
    words = [
        _("confidence {sure:.1%}: {right:.1%} of {n} rows right", sure=sure, right=right, n=n)
        for sure, right, n in zip(bins.confidence, bins.accuracy, bins.rows, strict=True)
    ]
    tell(drawn, words)
