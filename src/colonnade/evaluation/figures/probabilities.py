"""Figures of predicted probabilities: ROC, precision against recall, reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.evaluation.figures.classes import class_labels, codes_of
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
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.evaluation.calibration import Calibration, Reliability
    from colonnade.evaluation.observations import Array

MOST_CURVES = len(PALETTE)


def roc_curves(predictions: pd.DataFrame, part: str = "test") -> Figure:
    """Hits against false alarms of each class against the rest; the six hardest of many."""

    def draw(ax: Axes, hit: Array, p: Array) -> float:
        from sklearn.metrics import roc_auc_score, roc_curve

        false_rate, true_rate, _ = roc_curve(hit, p)
        ax.plot(false_rate, true_rate, lw=1.6)
        return float(roc_auc_score(hit, p))

    figure, ax = _curves(predictions, part, "ROC, one class against the rest", "AUC", draw)
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":")
    label(ax, x="false positive rate (share)", y="true positive rate (share)")
    return finish(figure, class_labels(predictions))


def precision_recall_curves(predictions: pd.DataFrame, part: str = "test") -> Figure:
    """Precision against recall of each class against the rest; the six hardest of many."""

    def draw(ax: Axes, hit: Array, p: Array) -> float:
        from sklearn.metrics import average_precision_score, precision_recall_curve

        precision, recall, _ = precision_recall_curve(hit, p)
        ax.step(recall, precision, where="post", lw=1.6)
        return float(average_precision_score(hit, p))

    title = "Precision and recall, one class against the rest"
    figure, ax = _curves(predictions, part, title, "AP", draw)
    label(ax, x="recall (share of the class found)", y="precision (share of calls right)")
    return finish(figure, class_labels(predictions))


def _curves(
    predictions: pd.DataFrame,
    part: str,
    title: str,
    area: str,
    draw: Callable[[Axes, Array, Array], float],
) -> tuple[Figure, Axes]:
    """Draw a curve for each class with rows of both kinds, the hardest on top of the legend."""
    rows = predictions[predictions["part"] == part]
    labels = class_labels(predictions)
    figure, (ax,) = new_figure(f"{title} · {part}, {count(len(rows))}", height=4.6)
    actual = codes_of(rows["actual"], labels)
    drawn = []
    for k in range(1 if len(labels) == 2 else 0, len(labels)):
        hit = actual == k
        if hit.any() and not hit.all():
            drawn.append((draw(ax, hit, rows[f"probability_{labels[k]}"].to_numpy()), k))
    drawn_lines = dict(zip((k for _, k in drawn), ax.lines, strict=True))
    drawn.sort()
    for place, (value, k) in enumerate(drawn):
        line = drawn_lines[k]
        if place >= MOST_CURVES:
            line.remove()
            continue
        line.set_color(PALETTE[place])
        line.set_linestyle("-" if place % 2 == 0 else "--")
        line.set_label(f"{plain(labels[k])}: {area} {value:.3f}, {count(int((actual == k).sum()))}")
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    if drawn:
        folded = len(drawn) - MOST_CURVES
        legend(
            ax,
            handles=[drawn_lines[k] for _, k in drawn[:MOST_CURVES]],
            loc="lower left" if area == "AP" else "lower right",
            title=f"hardest first; {folded} more not drawn" if folded > 0 else None,
        )
    return figure, ax


def reliability_diagram(calibration: Calibration, part: str = "test") -> Figure:
    """Accuracy against confidence in ten bins, before and after temperature scaling."""
    before, after = calibration.before, calibration.after
    figure, (ax, bars) = new_figure(
        f"Reliability · {part}, {count(sum(before.rows))}",
        rows=2, height=4.8, sharex=True, height_ratios=[3, 1], margins=Margins(between_rows=0.15),
    )  # fmt: skip
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":", label="as sure as right")
    _reliability(ax, before, BLUE, "o-", "as trained")
    if after is not None and calibration.temperature is not None:
        told = f"at temperature {calibration.temperature:.2f}"
        _reliability(ax, after, VERMILION, "s--", told)
    label(ax, y="accuracy (share right)")
    ax.set(ylim=(-0.02, 1.05))
    legend(ax, loc="upper left")
    bars.bar(before.confidence, before.rows, width=0.03, color=GREEN)
    bars.set(xlim=(0, 1.02))
    label(bars, x="confidence (probability of the predicted class)", y="rows")
    return finish(figure)


def _reliability(ax: Axes, bins: Reliability, colour: str, form: str, name: str) -> None:
    ax.plot(
        bins.confidence, bins.accuracy, form, color=colour, lw=1.6, ms=5,
        label=f"{name}: calibration error {bins.ece:.3f}, log-loss {bins.log_loss:.3f}",
    )  # fmt: skip
