"""Figures of pictures among the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.style import INK, Margins, finish, label, new_figure, plain
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Sequence

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
