"""Where optimizers walk on two surfaces that every network has: a ravine and a saddle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.evaluation.figures.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    VERMILION,
    Margins,
    finish,
    label,
    new_figure,
)
from colonnade.training.components.optimizers import OptimizerParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Surface:
    """A height over the plane with a known lowest value.

    Shape: height (2, ...) -> (...); slope (2,) -> (2,).
    """

    name: str
    height: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    start: tuple[float, float]
    lowest: float
    minima: tuple[tuple[float, float], ...]
    limits: tuple[tuple[float, float], tuple[float, float]]


RAVINE = Surface(
    name="ravine  x²/100 + y²",
    height=lambda p: p[0] ** 2 / 100 + p[1] ** 2,
    slope=lambda p: np.array([p[0] / 50, 2 * p[1]]),
    start=(-7.0, 2.0),
    lowest=0.0,
    minima=((0.0, 0.0),),
    limits=((-8.0, 4.0), (-2.6, 2.6)),
)

SADDLE = Surface(
    name="saddle  x²/2 − y²/2 + y⁴/4",
    height=lambda p: p[0] ** 2 / 2 - p[1] ** 2 / 2 + p[1] ** 4 / 4,
    slope=lambda p: np.array([p[0], p[1] ** 3 - p[1]]),
    start=(-1.5, 0.001),
    lowest=-0.25,
    minima=((0.0, -1.0), (0.0, 1.0)),
    limits=((-1.8, 0.8), (-0.5, 1.5)),
)


@dataclass(frozen=True)
class Walker:
    """An optimizer as its YAML says it, with a rate for each surface, and how it is drawn."""

    name: str
    optimizer: Mapping[str, Any]
    ravine_lr: float
    saddle_lr: float
    color: str
    marker: str


WALKERS = (
    Walker("sgd", {"name": "sgd"}, 0.9, 0.1, INK, "o"),
    Walker("momentum 0.9", {"name": "sgd", "momentum": 0.9}, 0.2, 0.03, VERMILION, "s"),
    Walker("adagrad", {"name": "adagrad"}, 1.0, 0.3, ORANGE, "^"),
    Walker("rmsprop", {"name": "rmsprop", "alpha": 0.9}, 0.2, 0.05, GREEN, "D"),
    Walker("adam", {"name": "adam"}, 0.5, 0.1, BLUE, "v"),
)


def walk(optimizer: Mapping[str, Any], surface: Surface, steps: int) -> Array:
    """Follow an optimizer of the library down a surface.

    Args: optimizer: what stands under `training.optimizer` in a table's YAML.
    Shape: -> (steps + 1, 2), the start first.
    """
    import torch

    params = OptimizerParams.model_validate(optimizer)
    flat = torch.tensor([surface.start], dtype=torch.float64)
    grad = torch.zeros_like(flat)
    rule = params.rule(flat, grad)
    rule.set_rates([params.lr])
    path = [flat[0].numpy().copy()]
    for _ in range(steps):
        grad[0] = torch.from_numpy(surface.slope(path[-1]))
        rule.step()
        path.append(flat[0].numpy().copy())
    return np.array(path)


def optimizer_paths(steps: int = 100) -> Figure:
    """Draw five optimizers on a ravine and a saddle: their paths above, their height below."""
    figure, axes = new_figure(
        f"Five optimizers, {steps} steps each, on a ravine and on a saddle",
        columns=2,
        rows=2,
        height=7.6,
        height_ratios=[1.35, 1],
        margins=Margins(top=1.0, between_rows=0.7),
    )
    for column, surface in enumerate((RAVINE, SADDLE)):
        paths, heights = axes[column], axes[column + 2]
        _contours(paths, surface)
        for walker in WALKERS:
            lr = walker.ravine_lr if surface is RAVINE else walker.saddle_lr
            path = walk({**walker.optimizer, "lr": lr}, surface, steps)
            style: dict[str, Any] = {
                "color": walker.color,
                "lw": 1.5,
                "marker": walker.marker,
                "ms": 4,
            }
            paths.plot(*path.T, markevery=10, label=walker.name, **style)
            above = np.maximum(surface.height(path.T) - surface.lowest, 1e-12)
            heights.plot(above, markevery=10, label=f"rate {lr:g}", **style)
        heights.set_yscale("log")
        heights.set_ylim(1e-6, 20)
        label(heights, x="step", y="height above the minimum")
        heights.legend(frameon=False, fontsize=8, labelcolor=INK, loc="lower left")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="upper center", bbox_to_anchor=(0.5, 1 - 0.3 / 7.6), ncols=len(WALKERS),
        frameon=False, fontsize=9, labelcolor=INK,
    )  # fmt: skip
    return finish(figure)


def _contours(ax: Axes, surface: Surface) -> None:
    (left, right), (low, high) = surface.limits
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(low, high, 200))
    heights = surface.height(np.stack([x, y])) - surface.lowest
    ax.contour(x, y, heights, levels=np.geomspace(0.01, 8, 12), colors=MUTED, linewidths=0.5)
    ax.plot(
        *np.transpose(surface.minima), "*", color=PURPLE, ms=13, mec="white", ls="none", zorder=3
    )
    ax.plot(*surface.start, "o", color=INK, ms=8, mfc="none")
    ax.grid(visible=False)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    label(ax, x="x", y="y", title=surface.name)
