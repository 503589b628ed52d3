"""Figures of predicted numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.hover import tell
from colonnade.evaluation.figures.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    SKY,
    VERMILION,
    Margins,
    count,
    finish,
    label,
    legend,
    new_figure,
    of_part,
    plain,
)
from colonnade.evaluation.metrics.formatting import part_name
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.evaluation.metrics.groups import Metrics

# Beyond so many points a drawing is slower than a picture of them.
MOST_POINTS = 1_000
_LOOKS = {"train": (BLUE, "o"), "validation": (ORANGE, "s"), "test": (VERMILION, "^")}


def predicted_vs_actual(
    predictions: pd.DataFrame, target: str = "target", part: str = "test"
) -> Figure:
    """Predicted against actual values beside the line where both are equal."""
    rows = predictions[predictions["part"] == part]
    title = _("Predicted against actual · {rows}", rows=of_part(part, len(rows)))
    figure, (ax,) = new_figure(title, height=5)
    if len(rows):
        low = float(rows[["actual", "prediction"]].min().min())
        high = float(rows[["actual", "prediction"]].max().max())
        ax.plot([low, high], [low, high], color=MUTED, lw=1, ls="--", label=_("predicted = actual"))
    words = [
        _(
            "row {row}: actual {actual:.5g}, predicted {predicted:.5g}",
            row=row,
            actual=a,
            predicted=p,
        )
        for row, a, p in _rows(rows)
    ]
    points(ax, rows["actual"], rows["prediction"], BLUE, name=_part_rows(part), words=words)
    name = plain(target)
    label(ax, x=_("actual {name}", name=name), y=_("predicted {name}", name=name))
    legend(ax)
    return finish(figure, [target])


def residuals(predictions: pd.DataFrame, target: str = "target", part: str = "test") -> Figure:
    """Errors against predictions, and how often each size of error occurs."""
    rows = predictions[predictions["part"] == part]
    errors = rows["prediction"] - rows["actual"]
    figure, (ax, bars) = new_figure(
        _("Residuals · {rows}", rows=of_part(part, len(rows))),
        columns=2, height=4, sharey=True, width_ratios=[3, 1],
        margins=Margins(between_columns=0.15),
    )  # fmt: skip
    words = [
        _(
            "row {row}: predicted {predicted:.5g}, off by {error:+.3g}",
            row=row, predicted=predicted, error=predicted - actual,
        )
        for row, actual, predicted in _rows(rows)
    ]  # fmt: skip
    points(ax, rows["prediction"], errors, BLUE, name=_part_rows(part), words=words)
    ax.axhline(0, color=MUTED, lw=1, ls="--")
    name = plain(target)
    label(ax, x=_("predicted {name}", name=name), y=_("predicted − actual"))
    if len(rows):
        n_bins = int(np.clip(np.sqrt(len(rows)), 5, 40))
        bars.hist(errors, bins=n_bins, orientation="horizontal", color=SKY)
    bars.axhline(0, color=MUTED, lw=1, ls="--")
    bars.locator_params(axis="x", integer=True, nbins=4)
    label(bars, x=_("rows"))
    return finish(figure, [target])


def fitted_line(data: pd.DataFrame, metrics: Metrics, feature: str, target: str) -> Figure:
    """The learned line, the least-squares line and the true one, over the data, in raw units.

    Args: data: columns part, x, y. metrics: with slope and intercept in the group `line`, and
    where known in `least_squares` and `true`.
    """
    parts = [part for part in _LOOKS if (data["part"] == part).any()]
    sizes = _(", ").join(
        f"{part_name(part)} {count(int((data['part'] == part).sum()))}" for part in parts
    )
    figure, (ax,) = new_figure(_("Fitted line · {rows}", rows=sizes), height=5)
    for part in parts:
        rows = data[data["part"] == part]
        color, marker = _LOOKS[part]
        words = [
            f"{feature} {x:.5g}, {target} {y:.5g}"
            for x, y in zip(rows["x"], rows["y"], strict=True)
        ]
        points(ax, rows["x"], rows["y"], color, name=_part_rows(part), marker=marker, words=words)
    ends = np.array([data["x"].min(), data["x"].max()])
    for name, text, color, style, width in (
        ("true", _("true"), MUTED, ":", 2.2),
        ("least_squares", _("least squares"), GREEN, "-", 4.5),
        ("line", _("learned"), INK, "-", 1.4),
    ):
        slope = metrics[name].get("slope")
        if slope is not None:
            intercept = metrics[name].get("intercept", 0.0)
            entry = _(
                "{line}: slope {slope:.4g}, intercept {intercept:.3g}",
                line=text, slope=slope, intercept=intercept,
            )  # fmt: skip
            ax.plot(
                ends, slope * ends + intercept, style, color=color, lw=width, label=entry,
                alpha=0.55 if name == "least_squares" else 1,
            )  # fmt: skip
    label(ax, x=plain(feature), y=plain(target))
    legend(ax)
    return finish(figure, [feature, target])


def _rows(predictions: pd.DataFrame) -> Iterator[tuple[object, float, float]]:
    rows = predictions.get("row", predictions.index)
    return zip(rows, predictions["actual"], predictions["prediction"], strict=True)


def _part_rows(part: str) -> str:
    return _("{part} rows", part=part_name(part))


def points(
    ax: Axes,
    x: pd.Series,
    y: pd.Series,
    color: str,
    *,
    name: str,
    marker: str = "o",
    words: Sequence[str] = (),
) -> None:
    """Scatter points, the paler and smaller the more there are; words: of each, for a page."""
    n = len(x)
    (drawn,) = ax.plot(
        x, y, marker, color=color, ls="none", label=name, markeredgewidth=0,
        markersize=5 if n <= MOST_POINTS else 2.5, alpha=max(0.15, min(0.75, 400 / max(n, 1))),
        rasterized=n > MOST_POINTS,
    )  # fmt: skip
    if words and n <= MOST_POINTS:
        tell(drawn, words)
