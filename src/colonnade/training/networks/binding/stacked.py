"""Parameters, gradients and buffers of members of one network, in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colonnade.training.networks.base import MemberLoop, Network

if TYPE_CHECKING:
    from colonnade.training.networks.binding.spec import NetworkSpec


class StackedParameters:
    """Parameters, gradients and buffers of M members of one network.

    Shape: flat, grad (M, P); buffers (M, B), or None where the network has none.
    """

    def __init__(
        self, spec: NetworkSpec, n_members: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.spec, self.n_members = spec, n_members
        self.flat = torch.zeros(n_members, spec.parameters.size, dtype=dtype, device=device)
        self.grad = torch.zeros_like(self.flat)
        self.buffers: Tensor | None = None
        if spec.buffers.size:
            self.buffers = self.flat.new_zeros(n_members, spec.buffers.size)

    def start(self, member: int, network: Network) -> None:
        """Copy a network's parameters and buffers into a member's rows."""
        row = slice(member, member + 1)
        buffers = None if self.buffers is None else self.buffers[row]
        own = self.spec.tensors(self.flat[row], buffers)
        for part in network.parts:
            for name, tensor in (*part.named_parameters(), *part.named_buffers()):
                if name in own:
                    own[name].copy_(tensor.detach())

    def network(self) -> Network:
        """Build the module of all members upon these rows, in training mode."""
        return self.spec.bound(self.tensors(), trainable=True).train()

    def gradients_of(self, network: Network) -> list[Tensor]:
        """View the gradients of each parameter of a network of these rows, in its own order."""
        views = self.spec.parameters.views(self.grad)
        found: list[Tensor] = []
        for part in network.parts:
            if isinstance(part, MemberLoop):
                for i, body in enumerate(part.bodies):
                    found += [views[name][i] for name, _ in body.named_parameters()]
            else:
                found += [views[name] for name, _ in part.named_parameters()]
        return found

    def tensors(self) -> dict[str, Tensor]:
        """View parameters and buffers by their names."""
        return self.spec.tensors(self.flat, self.buffers)
