"""Figures of columns: the target in each part, and what the model makes of the features."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.hover import tell, tell_along
from colonnade.evaluation.figures.style import (
    BLUE,
    INK,
    ORANGE,
    PALETTE,
    VERMILION,
    WIDTH,
    Margins,
    count,
    finish,
    label,
    legend,
    new_figure,
    plain,
    room_for,
)
from colonnade.evaluation.metrics.formatting import (
    format_difference,
    format_difference_interval,
    metric_name,
    part_name,
    span,
)
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.evaluation.explanation.importance import Dependence, Importance
    from colonnade.evaluation.metrics.scores import Metric
    from colonnade.tables.schema.table_schema import Task

MOST_BARS = 20
# Inches below the axes for names side by side.
_ROOM = 7.0
# Letters of a class's name in a legend.
_LONGEST = 16
# From one point to the next above the same word, in distances between words.
_ASIDE = 0.09
# Inches from the foot of the target's axes to their top.
_TARGET_AXES = 2.3
_COLOURS = {"train": BLUE, "validation": ORANGE, "test": VERMILION}


def target_distribution(target: pd.Series, parts: pd.Series, classes: list[str]) -> Figure:
    """Share of rows of each class, or histogram of the numbers, in each part.

    Args: target: of every row. classes: labels in order; empty for a number.
    """
    sizes = {part: int((parts == part).sum()) for part in _COLOURS}
    sizes = {part: n for part, n in sizes.items() if n}
    subtitle = _(", ").join(f"{part_name(part)} {count(n)}" for part, n in sizes.items())
    margins = _target_margins(classes)
    height = _TARGET_AXES + margins.bottom + margins.top
    title = _("Target by part · {rows}", rows=subtitle)
    figure, (ax,) = new_figure(title, height=height, margins=margins)
    name = plain(str(target.name))
    values = {part: target[(parts == part).to_numpy()] for part in sizes}
    if classes:
        names = _class_bars(ax, values, classes)
        more = len(classes) - len(names)
        x = _("{name} (class; {n} rarer classes not shown)", name=name, n=more) if more else name
        label(ax, x=x, y=_("share of the part's rows"))
    else:
        names = []
        _histograms(ax, values, target)
        label(ax, x=name, y=_("share of the part's rows"))
    legend(ax, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)
    return finish(figure, [str(target.name), *names])


def _histograms(ax: Axes, values: dict[str, pd.Series], target: pd.Series) -> None:
    n_bins = int(np.clip(np.sqrt(len(target)), 5, 30))
    ends = np.histogram_bin_edges(target.to_numpy(dtype=float), bins=n_bins)
    for part, numbers in values.items():
        weights = np.full(len(numbers), 1 / len(numbers))
        shares = ax.hist(
            numbers, bins=ends.tolist(), weights=weights, histtype="step", color=_COLOURS[part],
            lw=1.6, label=part_name(part),
        )[0]  # fmt: skip
        words = [
            f"{part_name(part)}, {span(f'{low:.4g}', f'{high:.4g}')}: {rows:.1%}"
            for (low, high), rows in zip(pairwise(ends), shares, strict=True)
        ]
        tell_along(ax, (ends[:-1] + ends[1:]) / 2, np.asarray(shares), words)


def _target_margins(classes: list[str]) -> Margins:
    turned = _turned(classes[:MOST_BARS])
    below = room_for([plain(text, 16) for text in classes]) if turned else 0.2
    return Margins(bottom=0.35 + below, top=0.75)


def _turned(classes: list[str]) -> bool:
    """Whether the names of so many classes stand upright to have room."""
    return len(classes) * room_for([plain(text, 16) for text in classes]) > _ROOM


def _class_bars(ax: Axes, values: dict[str, pd.Series], classes: list[str]) -> list[str]:
    shares = {
        part: rows.astype(str).value_counts(normalize=True).reindex(classes, fill_value=0)
        for part, rows in values.items()
    }
    shown = classes
    if len(classes) > MOST_BARS:
        first = next(iter(shares.values()))
        shown = list(first.sort_values(ascending=False, kind="stable").index[:MOST_BARS])
        shares = {part: share[shown] for part, share in shares.items()}
    width = 0.8 / len(shares)
    places = np.arange(len(shown))
    for i, (part, share) in enumerate(shares.items()):
        left = places + (i - (len(shares) - 1) / 2) * width
        name = part_name(part)
        bars = ax.bar(left, share.to_numpy(), width * 0.92, color=_COLOURS[part], label=name)
        for bar, one, value in zip(bars, shown, share, strict=True):
            tell(bar, [f"{one}, {name}: {value:.1%}"])
    ax.set_xticks(places, [plain(text, 16) for text in shown])
    if _turned(shown):
        ax.tick_params(axis="x", rotation=90)
    ax.grid(visible=False, axis="x")
    return shown


def importance_bars(importance: list[Importance], metric: Metric, subtitle: str = "") -> Figure:
    """How much a metric loses when a column is shuffled; the twenty most important.

    Args: subtitle: of which rows, for the title, such as "validation, n = 200".
    """
    shown = importance[:MOST_BARS]
    title = _("Permutation importance") + (f" · {subtitle}" if subtitle else "")
    if len(importance) > len(shown):
        title += _(" · {n} of {many} columns", n=len(shown), many=len(importance))
    names = [plain(one.feature, 32) for one in shown]
    figure, (ax,) = new_figure(
        title, height=1.2 + 0.25 * max(len(shown), 1), margins=Margins(left=0.1 + room_for(names))
    )
    unit = 100 if metric == "accuracy" else 1
    means = unit * np.array([one.mean for one in shown])
    ends = unit * np.array([(one.low, one.high) for one in shown]).reshape(-1, 2)
    places = np.arange(len(shown))
    bars = ax.barh(places, means, color=BLUE, height=0.65)
    for bar, one in zip(bars, shown, strict=True):
        ends_of = format_difference_interval(metric, one.low, one.high)
        tell(bar, [f"{one.feature}: {format_difference(metric, one.mean)} ({ends_of})"])
    ax.hlines(places, ends[:, 0], ends[:, 1], color=INK, lw=1.2)
    ax.set_yticks(places, names)
    ax.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    what = {
        "accuracy": _("accuracy lost when shuffled (percentage points): mean, least and most"),
        "rmse": _("rise of RMSE when shuffled: mean, least and most"),
    }.get(
        metric, _("{metric} lost when shuffled: mean, least and most", metric=metric_name(metric))
    )
    label(ax, x=what)
    return finish(figure, [one.feature for one in shown])


def dependence_curves(dependence: list[Dependence], task: Task, subtitle: str = "") -> Figure:
    """Mean prediction over the values of the most important columns.

    Args: subtitle: of which rows, for the title.
    """
    columns = min(2, max(1, len(dependence)))
    rows = -(-max(1, len(dependence)) // columns)
    curves = list(dependence[0].curves) if dependence else []
    title = _("Partial dependence")
    if task == "classification" and len(curves) == 1:
        name = plain(curves[0], _LONGEST)
        title = _("Partial dependence of the probability of {name}", name=name)
    title += f" · {subtitle}" if subtitle else ""
    words = [str(value) for one in dependence for value in one.values if isinstance(value, str)]
    last = columns * (rows - 1)
    side_by_side, legend_room = _legend_room(curves)
    margins = Margins(
        bottom=0.4 + _room_below(dependence[last:]) + legend_room,
        between_rows=0.45 + _room_below(dependence[:last]),
        between_columns=0.4,
    )
    height = margins.bottom + margins.top + 1.7 * rows + margins.between_rows * (rows - 1)
    figure, axes = new_figure(
        title, columns=columns, rows=rows, height=height, sharey=True, margins=margins
    )
    what = {"regression": _("mean prediction"), "ordinal": _("mean expected rank")}.get(
        task, _("mean probability")
    )
    for ax in axes[len(dependence) :]:
        ax.set_visible(False)
    colors = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(curves)}
    for place, (ax, one) in enumerate(zip(axes, dependence, strict=False)):
        _dependence(ax, one, colors)
        label(ax, x=plain(one.feature), y=what if place % columns == 0 else "")
    if len(curves) > 1:
        figure.legend(
            handles=axes[0].get_lines(), loc="lower center", ncols=side_by_side, frameon=False,
            fontsize=9, labelcolor=INK,
        )  # fmt: skip
    return finish(figure, [*(one.feature for one in dependence), *curves, *words])


def _legend_room(curves: list[str]) -> tuple[int, float]:
    """How many names stand side by side below the axes, and inches for all of their rows."""
    names = [plain(name, _LONGEST) for name in curves]
    side_by_side = max(1, min(len(names), int(WIDTH / (0.6 + room_for(names)))))
    return side_by_side, 0.1 + 0.2 * -(-len(names) // side_by_side) if len(names) > 1 else 0.0


def _dependence(ax: Axes, one: Dependence, colors: dict[str, str]) -> None:
    numbers = not any(isinstance(value, str) for value in one.values)
    at = np.asarray(one.values, dtype=float) if numbers else np.arange(len(one.values))
    for k, (name, curve) in enumerate(one.curves.items()):
        # No line from one word to the next: what would lie between them?
        form = "-" if numbers and len(at) > 2 else "o"
        # Side by side, or equal ones would hide each other.
        aside = 0.0 if numbers else _ASIDE * (k - (len(one.curves) - 1) / 2)
        ax.plot(
            at + aside, curve, form, color=colors[name], lw=1.8, ms=5, label=plain(name, _LONGEST)
        )
        what = f"{name}: " if len(one.curves) > 1 else ""
        words = [
            f"{what}{one.feature} {value if isinstance(value, str) else f'{value:.4g}'}: {y:.4g}"
            for value, y in zip(one.values, curve, strict=True)
        ]
        tell_along(ax, at + aside, np.asarray(curve), words)
    if numbers:
        ax.locator_params(axis="x", nbins=5)
        return
    ax.margins(x=0.5 / max(len(at), 2))
    ax.set_xticks(at, [plain(value, 12) for value in one.values])
    if _upright(one):
        ax.tick_params(axis="x", rotation=90)


def _room_below(dependence: list[Dependence]) -> float:
    """Inches for the values of axes that stand in a row."""
    turned = [plain(word, 12) for one in dependence if _upright(one) for word in one.values]
    return room_for(turned) if turned else 0.2


def _upright(one: Dependence) -> bool:
    """Whether the values are words, too many to stand side by side in half a figure."""
    words = [plain(value, 12) for value in one.values if isinstance(value, str)]
    return len(words) * room_for(words) > _ROOM / 2
