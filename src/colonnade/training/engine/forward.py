"""What the module computes on rows: gradients by autograd, and losses on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colonnade.training.engine.batches import chunks
from colonnade.training.networks.binding.spec import bind_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.engine.job import MemberConfig, TrainingJob
    from colonnade.training.networks.base import Network
    from colonnade.training.networks.binding.stacked import StackedParameters


class AutogradGradients:
    """The same gradients by autograd through the module, at any batch size."""

    def __init__(
        self,
        stack: StackedParameters,
        network: Network,
        loss: Loss,
        mean_weights: Tensor | None = None,
    ) -> None:
        self.network, self.loss, self.mean_weights = network, loss, mean_weights
        self.parameters = list(network.parameters())
        self.gradients = stack.gradients_of(network)

    def gradient(
        self, numeric: Tensor, categorical: Tensor | None, targets: Tensor, logits: Tensor
    ) -> None:
        """Write the batch's logits, and the gradient of its mean loss into the rows."""
        submodels = self.network.n_submodels > 1
        with torch.enable_grad():
            out = self.network(numeric[..., :-1], categorical)
            if submodels:
                # The loss of each submodel: that of their average would let them differ in nothing.
                rows = self.loss.per_example_loss(out, targets.unsqueeze(-3)).mean(-2)
            else:
                rows = self.loss.per_example_loss(out, targets)
            if self.mean_weights is None:
                weight = self.loss.weights(targets).sum(-1)
            else:
                weight = self.mean_weights * targets.shape[-2]
            # Members don't share parameters: the gradient of the sum is each one's own.
            total = (rows.sum(-1) / weight).sum()
        gradients = torch.autograd.grad(total, self.parameters, materialize_grads=True)
        for own, gradient in zip(self.gradients, gradients, strict=True):
            own.copy_(gradient)
        out = self.network.average(out.detach()) if submodels else out.detach()
        logits.copy_(out.view_as(logits))


class Validation:
    """The members' validation rows: shared ones, or each its own part of the train table."""

    def __init__(self, job: TrainingJob, members: Sequence[MemberConfig]) -> None:
        self.job, self.n_members = job, len(members)
        self.network: Network | None = None
        self.bound_to: Tensor | None = None
        own = [m.validation_rows for m in members if m.validation_rows is not None]
        if own:
            self.rows = job.train.take(torch.stack(own).to(job.train.numeric.device))
        else:
            self.rows = job.validation

    def __len__(self) -> int:
        return int(self.rows.numeric.shape[-2])

    def chunks(self) -> Iterator[slice]:
        """Cut the rows so that no layer's outputs, of all members, fill the memory."""
        return chunks(len(self), self.n_members * self.job.network.widest)

    def _logits(self, flat: Tensor, buffers: Tensor | None) -> Iterator[tuple[slice, Tensor]]:
        """Give the members' logits, some rows after others, in the precision of `flat`.

        Shape: flat (M, P) -> (M, n, n_logits).
        """
        rows, network = self.rows, self._network(flat, buffers)
        for part in self.chunks():
            numeric, categorical = rows.numeric[..., part, :-1].to(flat.dtype), rows.categorical
            codes = None if categorical is None else categorical[..., part, :]
            yield part, network(numeric, codes)

    def _network(self, flat: Tensor, buffers: Tensor | None) -> Network:
        """Give the members' module upon these rows, built once."""
        spec = self.job.network
        if self.network is None:
            self.network = spec.bound(spec.tensors(flat, buffers)).eval()
        elif self.bound_to is not flat:
            bind_members(self.network, spec.tensors(flat, buffers))
        self.bound_to = flat
        return self.network

    def exact_logits(self, flat: Tensor, buffers: Tensor | None) -> Tensor:
        """Give the members' logits of all rows in float64.

        Shape: flat (M, P) -> (M, n, n_logits).
        """
        flat, buffers = flat.double(), None if buffers is None else buffers.double()
        with torch.no_grad():
            return torch.cat([logits for _, logits in self._logits(flat, buffers)], dim=1)

    def measure(
        self, flat: Tensor, buffers: Tensor | None, *, errors: bool
    ) -> tuple[list[float], list[float]]:
        """Give each member's mean loss, and its error if that is asked for.

        The error: the mean of the loss's `errors`, by the rows' own weights. NaN without rows.
        """
        if not len(self):
            nothing = [float("nan")] * self.n_members
            return nothing, nothing
        loss = self.job.loss
        total = torch.zeros(4, self.n_members, dtype=torch.float64, device=flat.device)
        for part, logits in self._logits(flat, buffers):
            targets = self.rows.targets[..., part, :]
            total[0] += loss.per_example_loss(logits, targets).to(torch.float64).sum(-1)
            total[1] += loss.weights(targets).to(torch.float64).sum(-1)
            if errors:
                wrong = loss.errors(logits, self.rows.labels[..., part]).to(torch.float64)
                own = loss.row_weights(targets)
                total[2] += (wrong if own is None else wrong * own).sum(-1)
                total[3] += wrong.shape[-1] if own is None else own.to(torch.float64).sum(-1)
        losses, shares = total[0] / total[1], total[2] / total[3]
        return [float(value) for value in losses.tolist()], [float(v) for v in shares.tolist()]
