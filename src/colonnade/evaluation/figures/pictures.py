"""Figures of single rows: pictures among the columns, and how odd rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.style import (
    BLUE,
    INK,
    VERMILION,
    Margins,
    finish,
    label,
    legend,
    new_figure,
    of_part,
    plain,
)
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from colonnade.evaluation.explanation.saliency import Saliency


def saliency_maps(found: Sequence[Saliency], subtitle: str) -> Figure:
    """Pictures, one a class, above how strongly each pixel moves the network's answer."""
    figure, axes = new_figure(
        _("Where the network looks · {rows}", rows=subtitle),
        columns=max(len(found), 4),
        rows=2,
        height=2.75,
        margins=Margins(0.15, 0.15, 0.15, 0.75, between_columns=0.12, between_rows=0.12),
    )
    rows = axes[: len(axes) // 2], axes[len(axes) // 2 :]
    for above, below in zip(*rows, strict=True):
        above.set_axis_off()
        below.set_axis_off()
    for one, above, below in zip(found, *rows, strict=False):
        for ax, values, colors in ((above, one.pixels, "Greys"), (below, one.strength, "viridis")):
            ax.imshow(np.array(values), cmap=colors, interpolation="nearest")
        wrong = one.actual != one.predicted
        name = plain(one.predicted, 8)
        label(above, title=f"{name} ≠ {plain(one.actual, 8)}" if wrong else name)
        above.title.set_fontsize(9)
        above.title.set_color(INK)
    return finish(figure)


def score_histogram(scored: pd.DataFrame, threshold: float) -> Figure:
    """How far off rows are when they are given again, and from where on they are flagged."""
    part = "test" if (scored["part"] == "test").any() else "validation"
    rows = scored[scored["part"] == part]
    figure, (ax,) = new_figure(
        _("Reconstruction error · {rows}", rows=of_part(part, len(rows))), height=3.4
    )
    scores = np.log10(np.maximum(rows["score"].to_numpy(), 1e-12))
    edges = np.linspace(scores.min(), scores.max() + 1e-9, 41).tolist()
    odd = rows["actual"].fillna(False).to_numpy(dtype=bool)
    ax.hist(scores[~odd], edges, color=BLUE, alpha=0.8, label=_("not labeled odd"))
    if odd.any():
        ax.hist(scores[odd], edges, color=VERMILION, alpha=0.8, label=_("labeled odd"))
    ax.axvline(np.log10(threshold), color=INK, linestyle="--", linewidth=1, label=_("threshold"))
    label(ax, x=_("mean squared error of a row, power of 10"), y=_("rows"))
    legend(ax)
    return finish(figure)
