"""M networks of one shape in one flat buffer, their start, and their plain forward pass.

Imported only where tensors are needed: it pulls in torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from colonnade.training.activations import Kernels
    from colonnade.training.initializers import InitializerParams
    from colonnade.training.models import Plan

NORM_EPS = 1e-5
NORM_MOMENTUM = 0.1
# As fastai's: a code that no train row has keeps a vector near 0, which says nothing.
EMBEDDING_STD = 0.01


class Stack:
    """Parameters, gradients and running batch-norm statistics of M members.

    Shape: flat, grad (M, P); running (M, 2, sum of hidden widths), or None without batch norm.
    """

    def __init__(
        self, plan: Plan, n_members: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.plan, self.n_members = plan, n_members
        self.flat = torch.zeros(n_members, plan.n_parameters, dtype=dtype, device=device)
        self.grad = torch.zeros_like(self.flat)
        self.running: Tensor | None = None
        if plan.batch_norm:
            self.running = torch.zeros(n_members, 2, sum(plan.widths), dtype=dtype, device=device)
            self.running[:, 1] = 1

    def block(self, name: str, flat: Tensor) -> Tensor:
        """View a piece of `flat` as its own shape; a lone member's has no member axis."""
        piece = self.plan.piece(name)
        view = flat[:, piece.offset : piece.end].view(self.n_members, *piece.shape)
        return view[0] if self.n_members == 1 else view

    def batch_shape(self, n_rows: int, width: int) -> tuple[int, ...]:
        """Give the shape of a batch's buffers: (n, width), with M in front if many."""
        return (n_rows, width) if self.n_members == 1 else (self.n_members, n_rows, width)

    def norm_statistics(self, layer: int) -> Tensor:
        """View the running mean and variance of a layer: (M, 2, width), or (2, width)."""
        if self.running is None:
            raise TypeError("no batch norm in this network")
        start = sum(self.plan.widths[:layer])
        view = self.running[..., start : start + self.plan.widths[layer]]
        return view[0] if self.n_members == 1 else view


def initialize(
    stack: Stack, initializers: Sequence[InitializerParams], seeds: Sequence[int], gain: float
) -> None:
    """Draw every member's weights from its own seed, layer after layer, as torch's modules do.

    The gain holds for hidden layers; nothing bends the output's sums, so that its gain is 1.
    """
    for member, (params, seed) in enumerate(zip(initializers, seeds, strict=True)):
        generator = torch.Generator().manual_seed(seed)
        for piece in stack.plan.pieces:
            row = stack.flat[member, piece.offset : piece.end].view(piece.shape)
            if piece.role == "norm":
                row[0].fill_(1)
            elif piece.role == "slope":
                row.fill_(0.25)
            elif piece.role == "embedding":
                row.copy_(torch.empty(piece.shape).normal_(0, EMBEDDING_STD, generator=generator))
            elif piece.role == "layer":
                n_in = piece.shape[1] - piece.bias
                weight = torch.empty(piece.shape[0], n_in)
                params.fill(weight, generator, gain if piece.name.startswith("hidden") else 1.0)
                row[:, :n_in] = weight
                if piece.bias and params.name == "default":
                    bound = n_in**-0.5
                    row[:, n_in] = torch.empty(len(row)).uniform_(
                        -bound, bound, generator=generator
                    )


def initialize_cuts(stack: Stack, counts: Tensor) -> None:
    """Start the cut points at the cumulative log-odds of the training rows.

    Shape: counts (M, n_classes). Half a row is added to each class: an empty one has odds too.
    """
    piece = stack.plan.piece("cuts")
    counts = counts.to(torch.float64) + 0.5
    above = counts.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    cuts = (counts.sum(-1, keepdim=True) - above).log() - above.log()
    raw = cuts.clone()
    # The inverse of softplus: gaps = log(1 + exp(raw)).
    raw[:, 1:] = torch.log(torch.expm1(cuts.diff(dim=-1)))
    stack.flat[:, piece.offset : piece.end] = raw.to(stack.flat)


def cut_points(raw: Tensor) -> Tensor:
    """Turn the first cut and the raw gaps into cuts that rise whatever the raw numbers are."""
    gaps = torch.nn.functional.softplus(raw[..., 1:])
    return torch.cat([raw[..., :1], gaps], -1).cumsum(-1)


def split_pieces(plan: Plan, flat: Tensor) -> dict[str, Tensor]:
    """View a flat buffer as named weights.

    Shape: flat (M, P) -> name.weight (M, n_out, n_in), name.bias (M, n_out), ...
    """
    weights: dict[str, Tensor] = {}
    for piece in plan.pieces:
        block = flat[:, piece.offset : piece.end].view(len(flat), *piece.shape)
        if piece.role == "layer":
            n_in = piece.shape[1] - piece.bias
            weights[f"{piece.name}.weight"] = block[..., :n_in]
            if piece.bias:
                weights[f"{piece.name}.bias"] = block[..., n_in]
        elif piece.role == "embedding":
            weights[f"{piece.name}.weight"] = block
        else:
            weights[piece.name] = block
    return weights


def forward(
    plan: Plan,
    kernels: Kernels,
    weights: Mapping[str, Tensor],
    x: Tensor,
    *,
    running: Tensor | None = None,
    masks: Sequence[Tensor] | None = None,
    moments: list[tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """Run the network in plain differentiable operations: prediction, validation, autograd.

    masks: dropout's factors for each hidden layer, in training. moments: batch norm takes the
    batch's own mean and variance and appends them here, instead of reading `running`.
    Shape: x (n, n_features) or (M, n, n_features) -> logits (M, n, n_logits).
    """
    x = embed(plan, weights, x)
    h, start = x, 0
    for i, width in enumerate(plan.widths):
        z = _affine(weights, f"hidden.{i}", h)
        if plan.batch_norm:
            statistics = None if running is None else running[..., start : start + width]
            z = _normalize(z, weights[f"hidden.{i}.norm"], statistics, moments)
            start += width
        if plan.prelu:
            slope = weights[f"hidden.{i}.slope"][..., None]
            h = z.clamp_min(0) + slope * z.clamp_max(0)
        else:
            h = kernels.apply(z)
        if masks is not None:
            h = h * masks[i]
    out = _affine(weights, "output", h)
    if plan.skip:
        out = out + _affine(weights, "skip", x)
    if plan.ordinal:
        out = out - cut_points(weights["cuts"])[:, None, :]
    return out


def embed(plan: Plan, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Put a learned vector in the place of each code: numbers first, then the vectors.

    Shape: (n, n_features), or (M, n, n_features) -> (M, n, n_inputs); x itself if it has no codes.
    """
    if not plan.embedded:
        return x
    numbers = x.index_select(-1, torch.tensor(plan.numbers, dtype=torch.int64, device=x.device))
    parts = []
    for i, one in enumerate(plan.embedded):
        table, codes = weights[f"embedding.{i}.weight"], x[..., one.feature].long()
        codes = codes.expand(len(table), -1).unsqueeze(-1).expand(-1, -1, one.width)
        parts.append(table.gather(1, codes))
    return torch.cat([numbers.expand(len(parts[0]), -1, -1), *parts], -1)


def _affine(weights: Mapping[str, Tensor], name: str, h: Tensor) -> Tensor:
    z = h @ weights[f"{name}.weight"].mT
    bias = weights.get(f"{name}.bias")
    return z if bias is None else z + bias[:, None, :]


def _normalize(
    z: Tensor,
    norm: Tensor,
    running: Tensor | None,
    moments: list[tuple[Tensor, Tensor]] | None,
) -> Tensor:
    if moments is not None:
        mean = z.mean(-2, keepdim=True)
        variance = z.var(-2, keepdim=True, correction=0)
        moments.append((mean.detach(), variance.detach()))
    elif running is not None:
        mean, variance = running[:, :1], running[:, 1:]
    else:
        raise TypeError("batch norm needs running statistics")
    return (z - mean) * (variance + NORM_EPS).rsqrt() * norm[:, :1] + norm[:, 1:]
