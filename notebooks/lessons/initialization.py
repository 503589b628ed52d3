"""The figure of lesson 5: how the spread of signals lives or dies on its way through 20 layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.evaluation.figures.style import (
    INK,
    MUTED,
    PALETTE,
    Margins,
    finish,
    label,
    new_figure,
)
from colonnade.training.components.activations import ActivationParams
from colonnade.training.components.initializers import InitializerParams
from colonnade.training.engine.placement import thread_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPTH, WIDTH, ROWS = 20, 256, 128
SHOWN: dict[str, Any] = {
    "normal, std 0.01": {"name": "normal", "std": 0.01},
    "normal, std 0.2": {"name": "normal", "std": 0.2},
    "default of nn.Linear": "default",
    "Xavier, normal": "xavier_normal",
    "He (Kaiming), normal": "kaiming_normal",
}
_MARKERS = ("v", "^", "s", "o", "D")
# Beyond these a drawing would be all about the worst initializer.
_LOWEST, _HIGHEST = 1e-9, 1e4


def initialization_variance(
    initializers: Mapping[str, Any] | None = None, *, seed: int = 0
) -> Figure:
    """Variance of each layer's outputs and of each layer's gradients, by initializer.

    Args: initializers: a word of the library, or a word with its options, by the name to show.
    """
    shown = SHOWN if initializers is None else initializers
    figure, axes = new_figure(
        f"Variance through {DEPTH} layers of {WIDTH}, by initializer",
        rows=2,
        columns=2,
        height=6.6,
        sharex=True,
        sharey=True,
        margins=Margins(top=1.25, between_columns=0.25, between_rows=0.4),
    )
    for column, activation in enumerate(("tanh", "relu")):
        for i, (name, initializer) in enumerate(shown.items()):
            outputs, gradients = layer_variances(activation, initializer, seed=seed)
            color, marker = PALETTE[i % len(PALETTE)], _MARKERS[i % len(_MARKERS)]
            looks: dict[str, Any] = {
                "color": color,
                "marker": marker,
                "markersize": 3.5,
                "lw": 1.5,
            }
            axes[column].plot(range(1, DEPTH + 1), outputs, label=name, **looks)
            axes[2 + column].plot(range(1, DEPTH + 1), gradients, **looks)
        y = ("variance of outputs", "variance, last layer = 1") if column == 0 else ("", "")
        label(axes[column], title=f"outputs, {activation}", y=y[0])
        label(axes[2 + column], title=f"gradients, {activation}", x="layer", y=y[1])
    for ax in axes:
        _logarithmic(ax)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="upper left", bbox_to_anchor=(0.08, 0.945), ncols=3, frameon=False,
        fontsize=9, labelcolor=INK,
    )  # fmt: skip
    return finish(figure)


def layer_variances(
    activation: str, initializer: Any, *, depth: int = DEPTH, width: int = WIDTH, seed: int = 0
) -> tuple[list[float], list[float]]:
    """Variance of every layer's outputs, and of the loss's gradient by them, from standard noise.

    A gradient of standard noise is handed to the last layer's outputs: the loss plays no part.
    Shape: -> (depth,), (depth,), from the first layer to the last.
    """
    import torch

    bend = ActivationParams.model_validate(activation)
    bend_all, start = bend.module(), InitializerParams.model_validate(initializer)
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(ROWS, width, generator=generator, dtype=torch.float64).requires_grad_()
    layers: list[torch.Tensor] = []
    with thread_count(1):  # products this small lose by a second thread
        for _ in range(depth):
            weight = torch.empty(width, width)
            start.fill(weight, generator, bend.gain())
            h = bend_all(h @ weight.double().T)
            h.retain_grad()
            layers.append(h)
        h.backward(torch.randn(h.shape, generator=generator, dtype=h.dtype))  # type: ignore[no-untyped-call]  # torch is untyped here
    outputs = [float(layer.detach().var()) for layer in layers]
    gradients = [float(layer.grad.var()) for layer in layers if layer.grad is not None]
    return outputs, gradients


def _logarithmic(ax: Axes) -> None:
    ax.set_yscale("log")
    ax.set_ylim(_LOWEST, _HIGHEST)
    ax.set_xticks([1, 5, 10, 15, 20])
    ax.axhline(1, color=MUTED, lw=0.8, ls="--")
