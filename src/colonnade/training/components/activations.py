"""Activations: torch's modules, and kernels that do the same in buffers made beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from colonnade.training.components.named_choice import NamedChoice

if TYPE_CHECKING:
    from torch import Tensor, nn

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True)
class Kernels:
    """What one activation does to buffers.

    forward(z, out): writes a(z) into `out`; `out` may be `z` when `from_output`.
    backward(d, z, a): turns dL/da into dL/dz in `d`, in place.
    from_output: the derivative needs the output alone, so that z may be overwritten.
    """

    forward: Callable[[Tensor, Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]
    from_output: bool = True


@dataclass(frozen=True)
class Activation:
    """One entry of the table: torch's class that computes it, its Kaiming gain, its options.

    kernels: builds what the hand-derived path computes; without them autograd takes the gradients.
    """

    module: str
    gain: Callable[[Any], float]
    kernels: Callable[[Any], Kernels] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def _relu(_: Any) -> Kernels:
    import torch

    backward = torch.ops.aten.threshold_backward.grad_input
    return Kernels(
        lambda z, out: torch.clamp_min(z, 0, out=out) if out is not z else z.relu_(),
        lambda d, z, a: backward(d, a, 0, grad_input=d),
    )


def _sigmoid(_: Any) -> Kernels:
    import torch

    backward = torch.ops.aten.sigmoid_backward.grad_input
    return Kernels(
        lambda z, out: torch.sigmoid(z, out=out),
        lambda d, z, a: backward(d, a, grad_input=d),
    )


def _tanh(_: Any) -> Kernels:
    import torch

    backward = torch.ops.aten.tanh_backward.grad_input
    return Kernels(
        lambda z, out: torch.tanh(z, out=out),
        lambda d, z, a: backward(d, a, grad_input=d),
    )


def _leaky_relu(params: Any) -> Kernels:
    import torch

    forward = torch.ops.aten.leaky_relu.out
    backward = torch.ops.aten.leaky_relu_backward.grad_input
    slope = params.slope
    return Kernels(
        lambda z, out: forward(z, slope, out=out),
        lambda d, z, a: backward(d, a, slope, True, grad_input=d),
    )


def _elu_family(alpha: float, scale: float) -> Kernels:
    import torch

    forward, backward = torch.ops.aten.elu.out, torch.ops.aten.elu_backward.grad_input
    return Kernels(
        lambda z, out: forward(z, alpha, scale, 1.0, out=out),
        lambda d, z, a: backward(d, alpha, scale, 1.0, True, a, grad_input=d),
    )


def _smooth(name: str) -> Kernels:
    """Activations whose derivative needs the input: gelu, silu, mish."""
    import torch

    forward: Callable[..., object] = getattr(torch.ops.aten, name).out
    if name == "gelu":
        # torch 2.13's gelu.out leaves a strided `out` as it was, in float32 on the CPU
        value = torch.nn.functional.gelu
        forward = lambda z, out: out.copy_(value(z))  # noqa: E731
    derivative = getattr(torch.ops.aten, f"{name}_backward")
    if hasattr(derivative, "grad_input"):
        into = derivative.grad_input
        return Kernels(
            lambda z, out: forward(z, out=out),
            lambda d, z, a: into(d, z, grad_input=d),
            from_output=False,
        )
    return Kernels(
        lambda z, out: forward(z, out=out),
        lambda d, z, a: d.copy_(derivative.default(d, z)),
        from_output=False,
    )


_SQRT2 = math.sqrt(2.0)

# Gains: torch.nn.init.calculate_gain; prelu as leaky_relu of its starting slope 0.25; the smooth
# relatives of relu (elu, gelu, silu, mish), for which torch names none, as relu.
ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("ReLU", lambda _: _SQRT2, _relu),
    "leaky_relu": Activation(
        "LeakyReLU", lambda p: math.sqrt(2 / (1 + p.slope**2)), _leaky_relu, {"slope": 0.01}
    ),
    # Its slope lives among the layer's parameters: the layer computes it.
    "prelu": Activation("PReLU", lambda _: math.sqrt(2 / (1 + 0.25**2))),
    "sigmoid": Activation("Sigmoid", lambda _: 1.0, _sigmoid),
    "tanh": Activation("Tanh", lambda _: 5 / 3, _tanh),
    "elu": Activation("ELU", lambda _: _SQRT2, lambda p: _elu_family(1.0, 1.0)),
    "selu": Activation("SELU", lambda _: 0.75, lambda p: _elu_family(SELU_ALPHA, SELU_SCALE)),
    "gelu": Activation("GELU", lambda _: _SQRT2, lambda p: _smooth("gelu")),
    "silu": Activation("SiLU", lambda _: _SQRT2, lambda p: _smooth("silu")),
    "mish": Activation("Mish", lambda _: _SQRT2, lambda p: _smooth("mish")),
}


class ActivationParams(NamedChoice):
    """What stands between two layers: a name in ACTIVATIONS, and `slope` for leaky_relu."""

    kind: ClassVar[str] = "activation"
    table: ClassVar[Mapping[str, Activation]] = ACTIVATIONS
    default: ClassVar[str] = "relu"

    # Above 0: the derivative is read off the output, whose sign must tell the input's.
    slope: float | None = Field(None, gt=0, lt=1)

    def module(self) -> nn.Module:
        """Build torch's module."""
        from torch import nn

        kind: type[nn.Module] = getattr(nn, ACTIVATIONS[self.name].module)
        return kind(*(getattr(self, option) for option in ACTIVATIONS[self.name].options))

    def kernels(self) -> Kernels | None:
        """Build the hand-derived path's kernels, if there are any."""
        build = ACTIVATIONS[self.name].kernels
        try:
            return None if build is None else build(self)
        except AttributeError:  # an operation of torch's own that this version has not: autograd
            return None

    def gain(self) -> float:
        """By how much Kaiming's deviation grows to keep the variance through this activation."""
        return ACTIVATIONS[self.name].gain(self)
