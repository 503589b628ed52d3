"""The figure of lesson 4: what each activation does to a sum, and to the gradient behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.evaluation.figures.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    VERMILION,
    Margins,
    finish,
    label,
    new_figure,
)
from colonnade.training.components.activations import ActivationParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

# The slope of the library's leaky ReLU, 0.01, cannot be distinguished from 0 in a drawing.
DRAWN_SLOPE = 0.1
_FORMULAS = {
    "sigmoid": (
        "Sigmoid",
        r"$a=\frac{1}{1+e^{-z}}$",
        r"$\frac{da}{dz}=a\,(1-a)\leq\frac{1}{4}$",
    ),
    "tanh": (
        "Tanh",
        r"$a=\frac{e^{z}-e^{-z}}{e^{z}+e^{-z}}$",
        r"$\frac{da}{dz}=1-a^{2}\leq 1$",
    ),
    "relu": (
        "ReLU",
        r"$a=\max(0,\ z)$",
        r"$\frac{da}{dz}=1\ \mathrm{if}\ z>0,\ \mathrm{else}\ 0$",
    ),
    "leaky_relu": (
        f"Leaky ReLU, slope s = {DRAWN_SLOPE}",
        r"$a=\max(s\,z,\ z)$",
        r"$\frac{da}{dz}=1\ \mathrm{if}\ z>0,\ \mathrm{else}\ s$",
    ),
}
_SOFTMAX = (
    "Softmax of (z, 1, 0)",
    r"$p_i=\frac{e^{z_i}}{\sum_j e^{z_j}}$",
    r"$\frac{\partial p_i}{\partial z_1}=p_i\,([i=1]-p_1)$",
)


def activation_curves(limit: float = 6.0) -> Figure:
    """Formula, curve and derivative of sigmoid, tanh, ReLU, leaky ReLU and softmax.

    The curves come from the kernels that train the networks.

    Args: limit: the curves run from -limit to limit.
    """
    import torch

    z = torch.linspace(-limit, limit, 601, dtype=torch.float64)
    figure, axes = new_figure(
        "Activations: formula, curve, derivative",
        rows=len(_FORMULAS) + 1,
        columns=3,
        height=9.0,
        width_ratios=[1.0, 1.1, 1.1],
        margins=Margins(left=0.1, between_columns=0.55, between_rows=0.45, top=0.75),
    )
    rows = [axes[i : i + 3] for i in range(0, len(axes), 3)]
    for (name, formula), (words, curve, derivative) in zip(_FORMULAS.items(), rows, strict=False):
        value, slope = value_and_derivative(name, z)
        _formulas(words, formula)
        curve.plot(z, value, color=BLUE, lw=2)
        derivative.plot(z, slope, color=VERMILION, lw=2)
    _softmax(rows[-1], z)
    for _, curve, derivative in rows:
        for ax in (curve, derivative):
            ax.axhline(0, color=MUTED, lw=0.8)
            ax.axvline(0, color=MUTED, lw=0.8)
            ax.set_xlim(-limit, limit)
    label(rows[0][1], title="a: what comes out")
    label(rows[0][2], title="its derivative: what passes back")
    label(rows[-1][1], x="z")
    label(rows[-1][2], x="z")
    return finish(figure)


def value_and_derivative(name: str, z: Tensor) -> tuple[Tensor, Tensor]:
    """An activation and its derivative at each z, from the library's own kernels.

    Shape: (n,) -> (n,), (n,).
    """
    import torch

    option = {"slope": DRAWN_SLOPE} if name == "leaky_relu" else {}
    kernels = ActivationParams.model_validate({"name": name, **option}).kernels()
    value, derivative = torch.empty_like(z), torch.ones_like(z)
    if kernels is None:
        raise TypeError(f"{name} has no derivative of its own: autograd takes it")
    kernels.forward(z, value)
    kernels.backward(derivative, z, value)
    return value, derivative


def _formulas(ax: Axes, formula: Sequence[str]) -> None:
    ax.set_axis_off()
    name, value, derivative = formula
    ax.text(0, 0.98, name, fontsize=10, fontweight="bold", color=INK, va="top")
    ax.text(0, 0.56, value, fontsize=14, color=BLUE, va="center")
    ax.text(0, 0.12, derivative, fontsize=12, color=VERMILION, va="center")


def _softmax(row: Sequence[Axes], z: torch.Tensor) -> None:
    import torch

    words, curve, derivative = row
    _formulas(words, _SOFTMAX)
    shares = torch.stack([z, torch.ones_like(z), torch.zeros_like(z)], 1).softmax(1)
    first = torch.tensor([1.0, 0.0, 0.0], dtype=z.dtype)
    slopes = shares * (first - shares[:, :1])
    looks = ((BLUE, "-", (4.2, 0.8)), (VERMILION, "--", (-5.6, 0.8)), (GREEN, ":", (-5.6, 0.35)))
    for i, (color, line, place) in enumerate(looks):
        curve.plot(z, shares[:, i], line, color=color, lw=2)
        curve.text(*place, f"$p_{i + 1}$", color=color, fontsize=11)
        derivative.plot(z, slopes[:, i], line, color=color, lw=2)
