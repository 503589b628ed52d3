"""Noise in training: every draw from the trainer's own generators, whatever the network."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Torch's own generator belongs to the process: trainings side by side take turns with it.
_GLOBAL_GENERATOR = RLock()


class DropoutMasks:
    """Draws each member's masks from its own generator, layer after layer, step after step.

    rates: each member's. factor: of all rates, as a schedule has it now.
    """

    def __init__(self, rates: Sequence[float], like: Tensor) -> None:
        self.rates = list(rates)
        self.active = any(rate > 0 for rate in rates)
        self.generators = [torch.Generator(device=like.device) for _ in rates]
        self.scale = torch.ones(len(rates), 1, 1, dtype=like.dtype, device=like.device)
        self.single = len(rates) == 1
        self.factor: float | None = None
        self.set_factor(1.0)

    def set_factor(self, factor: float) -> None:
        """Multiply every rate from now on."""
        if factor == self.factor:
            return
        self.factor = factor
        self.keep = [1 - rate * factor for rate in self.rates]
        scale = 1 / torch.tensor(self.keep, dtype=torch.float64)
        self.scale.copy_(scale.view(-1, 1, 1))

    def seed(self, seeds: Sequence[int]) -> None:
        """Begin an epoch: its masks follow from the seeds alone."""
        for generator, seed in zip(self.generators, seeds, strict=True):
            generator.manual_seed(seed)

    def of(self, member: int) -> MemberMasks:
        """Give one member's masks, from the same generator."""
        return MemberMasks(self, member)

    def draw(self, mask: Tensor, rate: float | None = None) -> None:
        """Fill `mask` with 0 or 1 / keep; rate: a layer's own, in place of the members'.

        Shape: (M, n, width), or (n, width) for one member.
        """
        rows = (mask,) if self.single else mask.unbind(0)
        if rate is not None:
            for member, row in enumerate(rows):
                self.of(member).draw(row, rate)
            return
        for row, keep, generator in zip(rows, self.keep, self.generators, strict=True):
            if keep < 1:
                row.bernoulli_(keep, generator=generator)
            else:
                row.fill_(1)
        mask.mul_(self.scale[0] if self.single else self.scale)


class MemberMasks:
    """The masks of one member of many."""

    def __init__(self, masks: DropoutMasks, member: int) -> None:
        self.masks, self.member = masks, member
        self.generator = masks.generators[member]

    def draw(self, mask: Tensor, rate: float | None = None) -> None:
        """Fill `mask` with 0 or 1 / keep.

        Shape: any.
        """
        own = self.masks.rates[self.member] if rate is None else rate
        dropped = round(own * (self.masks.factor or 0.0) * 2**16)
        if not dropped:
            mask.fill_(1)
            return
        # Four draws of 16 bits from one of 64: an eighth of the time that Bernoulli draws take.
        draws = torch.empty(-(-mask.numel() // 4), dtype=torch.int64, device=mask.device)
        draws.random_(-(2**63), None, generator=self.generator)
        kept = draws.view(torch.int16)[: mask.numel()].view(mask.shape) >= dropped - 2**15
        mask.copy_(kept).mul_(2**16 / (2**16 - dropped))


class Dropout(nn.Module):
    """Sets units to 0 in training (Srivastava et al. 2014).

    masks: the trainer's, of each member's own rate and generator; without them torch's own.
    own: whether the layer keeps to its rate, whatever the members' are.
    """

    def __init__(self, rate: float, *, own: bool = False) -> None:
        super().__init__()
        self.rate, self.own = rate, own
        self.masks: DropoutMasks | MemberMasks | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Drop; in evaluation mode x itself."""
        if not self.training:
            return x
        return x * self.mask(x, x.shape[-1])

    def mask(self, like: Tensor, width: int) -> Tensor:
        """Draw 0 or 1 / keep for each of so many units of each row.

        Shape: like (..., n, any) -> (..., n, width).
        """
        mask = like.new_empty(*like.shape[:-1], width)
        if self.masks is None:
            return nn.functional.dropout(mask.fill_(1), self.rate)
        self.masks.draw(mask, self.rate if self.own else None)
        return mask


def replace_dropout(module: nn.Module) -> nn.Module:
    """Put a layer of ours, of the same rate, in the place of each of torch's dropout layers."""
    for owner in list(module.modules()):
        for name, child in list(owner.named_children()):
            if type(child) is nn.Dropout:
                ours = Dropout(child.p, own=True) if child.p > 0 else nn.Identity()
                setattr(owner, name, ours)
    return module


@contextmanager
def global_draws(generator: torch.Generator) -> Iterator[None]:
    """Let what draws from torch's own generator draw numbers that follow from another one."""
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
