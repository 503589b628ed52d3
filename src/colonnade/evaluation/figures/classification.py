"""Figures of predicted classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.hover import tell
from colonnade.evaluation.figures.style import (
    INK,
    WIDTH,
    Margins,
    finish,
    label,
    new_figure,
    of_part,
    plain,
    room_for,
)
from colonnade.evaluation.metrics.scores import MOST_CLASSES
from colonnade.evaluation.observations import class_labels, label_codes
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.evaluation.observations import Array

_MOST_NUMBERED = 12
# Inches below one matrix for names side by side.
_ROOM = 3.2
# A shade beside BLUE, for which a page has another by night: white numbers stand on this one.
_CELL = "#0071b1"
# From here on a cell is too dark for numbers in ink.
_DARK = 0.8


def confusion_matrix(predictions: pd.DataFrame, part: str = "test") -> Figure:
    """Counts, and rates within each actual class, of actual against predicted class.

    Beyond twenty classes the rarest are folded into one, "others"; one of them taken for another
    is no hit, and stands in no cell.
    """
    rows = predictions[predictions["part"] == part]
    labels = class_labels(predictions)
    actual, predicted = (label_codes(rows[side], labels) for side in ("actual", "prediction"))
    right = actual == predicted
    labels, (actual, predicted) = _fold(labels, actual, predicted)
    shown = right | (actual != predicted)
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, (actual[shown], predicted[shown]), 1)
    rates = counts / np.maximum(np.bincount(actual, minlength=len(labels))[:, None], 1)
    title = _("Confusion matrix · {rows}", rows=of_part(part, len(rows)))
    names = [plain(text, 14) for text in labels]
    size = 9 if len(labels) <= _MOST_NUMBERED else 6.5
    side = room_for(names, size)
    turned = len(names) * side > _ROOM
    margins = Margins(
        left=0.3 + side, bottom=0.4 + (side if turned else 0.2), top=0.7, between_columns=0.4 + side
    )
    edge = (WIDTH - margins.left - margins.right - margins.between_columns) / 2
    height = edge + margins.bottom + margins.top
    figure, axes = new_figure(title, columns=2, height=height, margins=margins)
    for ax in axes:
        ax.set_xticks(np.arange(len(names)) + 0.5, names, fontsize=size)
        ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=size)
        ax.tick_params(length=0)
        if turned:
            ax.tick_params(axis="x", rotation=90)
    _matrix(axes[0], counts, rates, _("rows"))
    _matrix(axes[1], rates, rates, _("share of the actual class"))
    for mesh in (axes[0].collections[0], axes[1].collections[0]):
        tell(mesh, _cell_words(labels, counts, rates))
    return finish(figure, labels)


def _cell_words(labels: list[str], counts: Array, rates: Array) -> list[str]:
    """What each cell says, row by row."""
    return [
        _(
            "actual {actual}, predicted {predicted}: {n} rows, {share:.1%} of the actual class",
            actual=labels[i], predicted=labels[j], n=counts[i, j], share=rates[i, j],
        )
        for i, j in np.ndindex(counts.shape)
    ]  # fmt: skip


def _fold(labels: list[str], *codes: Array) -> tuple[list[str], list[Array]]:
    """Keep the most frequent classes and put the rest into one."""
    if len(labels) <= MOST_CLASSES:
        return labels, list(codes)
    frequency = np.bincount(codes[0], minlength=len(labels))
    kept = np.sort(np.argsort(-frequency, kind="stable")[: MOST_CLASSES - 1])
    folded = np.full(len(labels), MOST_CLASSES - 1)
    folded[kept] = np.arange(len(kept))
    others = _("{n} others", n=len(labels) - len(kept))
    return [labels[k] for k in kept] + [others], [folded[c] for c in codes]


def _matrix(ax: Axes, values: Array, shades: Array, title: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    n = len(shades)
    # From clear to blue: an empty cell is paper, light or dark. pcolormesh, not imshow: it stays
    # a drawing in SVG, and prints sharp.
    blues = LinearSegmentedColormap.from_list("clear to blue", [(_CELL, 0.03), (_CELL, 1.0)])
    ax.pcolormesh(shades, cmap=blues, vmin=0, vmax=1)
    ax.set(xlim=(0, n), ylim=(n, 0), aspect="equal")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    label(ax, x=_("predicted class"), y=_("actual class"), title=title)
    for i, j in np.ndindex(n, n) if n <= _MOST_NUMBERED else ():
        if values[i, j]:
            text = f"{values[i, j]:.0%}" if values is shades else f"{values[i, j]}"
            color = "white" if shades[i, j] > _DARK else INK
            ax.text(
                j + 0.5, i + 0.5, text, color=color, ha="center", va="center",
                fontsize=9 if n <= 8 else 7,
            )  # fmt: skip
