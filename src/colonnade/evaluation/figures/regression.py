"""Figures of predicted numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    plain,
)

if TYPE_CHECKING:
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
    figure, (ax,) = new_figure(f"Predicted against actual · {part}, {count(len(rows))}", height=5)
    if len(rows):
        low = float(rows[["actual", "prediction"]].min().min())
        high = float(rows[["actual", "prediction"]].max().max())
        ax.plot([low, high], [low, high], color=MUTED, lw=1, ls="--", label="predicted = actual")
    points(ax, rows["actual"], rows["prediction"], BLUE, name=f"{part} rows")
    name = plain(target)
    label(ax, x=f"actual {name} (raw units)", y=f"predicted {name} (raw units)")
    legend(ax)
    return finish(figure, [target])


def residuals(predictions: pd.DataFrame, target: str = "target", part: str = "test") -> Figure:
    """Errors against predictions, and how often each size of error occurs."""
    rows = predictions[predictions["part"] == part]
    errors = rows["prediction"] - rows["actual"]
    figure, (ax, bars) = new_figure(
        f"Residuals · {part}, {count(len(rows))}",
        columns=2, height=4, sharey=True, width_ratios=[3, 1],
        margins=Margins(between_columns=0.15),
    )  # fmt: skip
    points(ax, rows["prediction"], errors, BLUE, name=f"{part} rows")
    ax.axhline(0, color=MUTED, lw=1, ls="--")
    name = plain(target)
    label(ax, x=f"predicted {name} (raw units)", y="predicted − actual (raw units)")
    if len(rows):
        n_bins = int(np.clip(np.sqrt(len(rows)), 5, 40))
        bars.hist(errors, bins=n_bins, orientation="horizontal", color=SKY)
    bars.axhline(0, color=MUTED, lw=1, ls="--")
    bars.locator_params(axis="x", integer=True, nbins=4)
    label(bars, x="rows")
    return finish(figure, [target])


def fitted_line(data: pd.DataFrame, metrics: Metrics, feature: str, target: str) -> Figure:
    """The learned line, the least-squares line and the true one, over the data, in raw units.

    Args: data: columns part, x, y. metrics: with slope and intercept in the group `line`, and
    where known in `least_squares` and `true`.
    """
    parts = [part for part in _LOOKS if (data["part"] == part).any()]
    sizes = ", ".join(f"{part} {count(int((data['part'] == part).sum()))}" for part in parts)
    figure, (ax,) = new_figure(f"Fitted line · {sizes}", height=5)
    for part in parts:
        rows = data[data["part"] == part]
        color, marker = _LOOKS[part]
        points(ax, rows["x"], rows["y"], color, name=f"{part} rows", marker=marker)
    ends = np.array([data["x"].min(), data["x"].max()])
    for name, text, color, style, width in (
        ("true", "true", MUTED, ":", 2.2),
        ("least_squares", "least squares", GREEN, "-", 4.5),
        ("line", "learned", INK, "-", 1.4),
    ):
        slope = metrics[name].get("slope")
        if slope is not None:
            intercept = metrics[name].get("intercept", 0.0)
            entry = f"{text}: slope {slope:.4g}, intercept {intercept:.3g}"
            ax.plot(
                ends, slope * ends + intercept, style, color=color, lw=width, label=entry,
                alpha=0.55 if name == "least_squares" else 1,
            )  # fmt: skip
    label(ax, x=f"{plain(feature)} (raw units)", y=f"{plain(target)} (raw units)")
    legend(ax)
    return finish(figure, [feature, target])


def points(
    ax: Axes, x: pd.Series, y: pd.Series, color: str, *, name: str, marker: str = "o"
) -> None:
    """Scatter points, the paler and smaller the more there are."""
    n = len(x)
    ax.plot(
        x, y, marker, color=color, ls="none", label=name, markeredgewidth=0,
        markersize=5 if n <= MOST_POINTS else 2.5, alpha=max(0.15, min(0.75, 400 / max(n, 1))),
        rasterized=n > MOST_POINTS,
    )  # fmt: skip
