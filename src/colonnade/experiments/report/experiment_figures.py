"""Figures of an experiment: who won, what mattered, how they learned, what it cost."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.style import (
    BLUE,
    INK,
    MUTED,
    PALETTE,
    Margins,
    finish,
    label,
    legend,
    new_figure,
    plain,
    room_for,
)
from colonnade.evaluation.metrics.formatting import NAMES
from colonnade.evaluation.metrics.scores import HIGHER_IS_BETTER
from colonnade.experiments.report.what_matters import shown_cell

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from colonnade.experiments.analysis.effects import Effect
    from colonnade.experiments.analysis.interactions import Interaction
    from colonnade.experiments.experiment import Outcome

MOST_SHOWN = 20
MOST_EFFECTS = 6
# Letters of labels that stand side by side under one of two axes.
_CROWDED = 34


def ranking_figure(ranking: pd.DataFrame, names: list[str], metric: str) -> Figure:
    """Mean and interval of the best configurations, the best on top.

    Args: names: of the configurations, in the ranking's order.
    """
    shown = ranking.head(MOST_SHOWN)
    labels = [plain(name, 56) for name in names[: len(shown)]]
    left = min(room_for(labels), 4.6)
    figure, [ax] = new_figure(
        "The best configurations", height=1.1 + 0.28 * len(shown), margins=Margins(left=left)
    )
    places = np.arange(len(shown))[::-1]
    low, high = (shown[end].fillna(shown["mean"]) for end in ("low", "high"))
    ax.hlines(places, low, high, color=MUTED, linewidth=2)
    ax.plot(shown["mean"], places, "o", color=BLUE, markersize=6)
    ax.set_yticks(places, labels)
    ax.tick_params(axis="y", labelcolor=INK, labelsize=8)
    label(ax, x=f"{NAMES.get(metric, metric)} on validation rows")
    return finish(figure, names)


def effects_figure(effects: list[Effect], metric: str) -> Figure:
    """Mean and interval of each value of the hyperparameters that explain most."""
    shown = effects[:MOST_EFFECTS]
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure, axes = new_figure(
        "What each hyperparameter does, over all that else was varied",
        columns=columns,
        rows=rows,
        height=0.8 + 2.4 * rows,
        margins=Margins(between_rows=1.05, bottom=0.9),
    )
    for ax, effect in zip(axes, shown, strict=False):
        names, means, low, high, _ = (list(column) for column in zip(*effect.rows, strict=True))
        places = np.arange(len(names))
        color = BLUE if effect.clear else MUTED
        ends = np.nan_to_num(np.array([np.subtract(means, low), np.subtract(high, means)]))
        ax.errorbar(places, means, ends, fmt="o", color=color, capsize=0, linewidth=2)
        labels = [plain(shown_cell(name), 20) for name in names]
        ax.set_xticks(places, labels)
        if sum(map(len, labels)) > _CROWDED:
            ax.tick_params(axis="x", rotation=30)
        ax.margins(x=0.15)
        label(ax, title=plain(effect.path, 40))
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax in axes[: len(shown) : columns]:
        ax.set_ylabel(NAMES.get(metric, metric), color=INK, fontsize=9)
    return finish(figure)


def interaction_figure(pair: Interaction, metric: str) -> Figure:
    """Mean and interval of each combination of two hyperparameters, one line a value of one."""
    figure, [ax] = new_figure("What depends on what", height=3.6)
    places = {name: i for i, name in enumerate(dict.fromkeys(c.first for c in pair.cells))}
    for name, color in zip(dict.fromkeys(c.second for c in pair.cells), cycle(PALETTE)):
        own = [cell for cell in pair.cells if cell.second == name]
        means = np.array([cell.mean for cell in own])
        ends = np.nan_to_num(np.array([[c.mean - c.low, c.high - c.mean] for c in own]).T)
        at = [places[cell.first] for cell in own]
        ax.errorbar(
            at, means, ends, fmt="o-", color=color, label=plain(shown_cell(name), 24), markersize=5
        )
    labels = [plain(shown_cell(name), 16) for name in places]
    ax.set_xticks(list(places.values()), labels)
    if sum(map(len, labels)) > 2 * _CROWDED:
        ax.tick_params(axis="x", rotation=30)
    label(ax, x=plain(pair.first, 40), y=NAMES.get(metric, metric))
    legend(ax, title=plain(pair.second, 40))
    return finish(figure)


def curves_figure(outcome: Outcome, chosen: dict[str, int]) -> Figure:
    """Learning curves of some trials.

    Args: chosen: trial numbers by what they are called.
    """
    figure, [ax] = new_figure("Learning curves", height=3.6)
    for (name, number), color in zip(chosen.items(), PALETTE, strict=False):
        curve = outcome.curves.get(number, {})
        epochs = curve.get("epoch")
        losses = curve.get("validation_loss") or curve.get("train_loss")
        if epochs and losses:
            ax.plot(epochs, losses, color=color, label=plain(name, 60))
    label(ax, x="epoch", y="loss")
    if ax.lines:
        legend(ax)
    return finish(figure, chosen)


def cost_figure(outcome: Outcome, metric: str) -> Figure:
    """Quality against time, one mark a configuration; a line joins what none beats in both."""
    figure, [ax] = new_figure("Cost and quality", height=3.4)
    ranking = outcome.ranking.dropna(subset=["mean"])
    best = ranking.sort_values("seconds")
    better = best["mean"].cummax() if metric in HIGHER_IS_BETTER else best["mean"].cummin()
    front = best[best["mean"] == better].drop_duplicates("mean")
    ax.plot(ranking["seconds"], ranking["mean"], "o", color=MUTED, alpha=0.7)
    ax.plot(front["seconds"], front["mean"], "o-", color=BLUE, label="none is better and cheaper")
    legend(ax)
    if len(ranking) and ranking["seconds"].max() > 20 * max(ranking["seconds"].min(), 1e-9):
        ax.set_xscale("log")
    label(ax, x="seconds a trial", y=NAMES.get(metric, metric))
    return finish(figure)
