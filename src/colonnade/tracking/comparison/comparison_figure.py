"""The deciding metric against each hyperparameter that differs, as a figure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from colonnade.tracking.comparison.comparison_text import counted
from colonnade.tracking.comparison.ranking import higher_is_better

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
PANELS = 6.4  # inches for all panels of a row
LYING = 0.2  # inches below a panel whose words lie side by side
WIDE_RATIO = 20  # a hyperparameter tried over a wider range is drawn on a logarithmic axis


def draw(table: str, runs: pd.DataFrame, hyperparameters: list[str], metric: str) -> Figure:
    """Draw a panel for each of the first hyperparameters, a point for each run."""
    from colonnade.evaluation.figures.style import Margins, finish, new_figure, plain

    hyperparameters = hyperparameters[:MOST_PANELS]
    columns = min(len(hyperparameters), 3)
    rows = -(-len(hyperparameters) // columns)
    title = f"{plain(table)}: {metric} by hyperparameter, {counted(len(runs))} (diamond: the best)"
    below = [_room_below(runs[hyperparameter], columns) for hyperparameter in hyperparameters]
    last = columns * (rows - 1)
    margins = Margins(
        bottom=0.35 + max(below[last:]),
        between_rows=0.45 + max(below[:last], default=0),
        between_columns=0.35,
    )
    height = margins.top + margins.bottom + 2.1 * rows + margins.between_rows * (rows - 1)
    figure, axes = new_figure(
        title, columns=columns, rows=rows, height=height, margins=margins, sharey=True
    )
    for ax, hyperparameter, room in zip(axes, hyperparameters, below, strict=False):
        _panel(ax, runs[hyperparameter], runs[metric], first=ax in axes[::columns])
        if room > LYING:
            ax.tick_params(axis="x", rotation=90)
    for ax in axes[len(hyperparameters) :]:
        ax.set_visible(False)
    return finish(figure, [table, *hyperparameters])


def _words(hyperparameter: pd.Series) -> list[str]:
    """A hyperparameter's values as words, one a run; none where they are numbers."""
    from colonnade.evaluation.figures.style import plain

    if pd.api.types.is_numeric_dtype(hyperparameter):
        return []
    return [plain("none" if value is None else value, 16) for value in hyperparameter]


def _room_below(hyperparameter: pd.Series, columns: int) -> float:
    """Inches below a panel: more than LYING where its words are too many to lie side by side."""
    from colonnade.evaluation.figures.style import room_for

    words = list(dict.fromkeys(_words(hyperparameter)))
    own = PANELS / columns / max(1, len(words))
    crowded = any((room_for([a]) + room_for([b])) / 2 > own for a, b in pairwise(words))
    return room_for(words) if crowded else LYING


def _panel(ax: Axes, hyperparameter: pd.Series, metric: pd.Series, *, first: bool) -> None:
    from colonnade.evaluation.figures.style import BLUE, VERMILION, label, plain

    best = metric.index.get_loc(
        metric.idxmax() if higher_is_better(str(metric.name)) else metric.idxmin()
    )
    places = hyperparameter.to_list()
    words = _words(hyperparameter)
    if words:
        ticks = {word: place for place, word in enumerate(dict.fromkeys(words))}
        places = [ticks[word] for word in words]
        ax.set_xticks(list(ticks.values()), list(ticks))
        ax.set_xlim(-0.5, len(ticks) - 0.5)
    elif hyperparameter.min() > 0 and hyperparameter.max() > WIDE_RATIO * hyperparameter.min():
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.minorticks_off()
    else:
        ax.locator_params(axis="x", nbins=5)
    values = metric.to_list()
    ax.scatter(places, values, c=BLUE, s=30, alpha=0.6, linewidths=0, zorder=3)
    ax.scatter(places[best], values[best], c=VERMILION, s=60, marker="D", zorder=4)
    name = plain(str(hyperparameter.name).removeprefix("training."), 30)
    label(ax, x=name, y=str(metric.name) if first else "")
