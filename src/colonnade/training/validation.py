"""Losses on validation rows, in evaluation mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colonnade.training.network import forward, split_pieces
from colonnade.training.rows import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from colonnade.training.task import Individual, Task


class Validation:
    """The members' validation rows: shared ones, or each its own part of the train table."""

    def __init__(self, task: Task, members: Sequence[Individual]) -> None:
        self.task, self.n_members = task, len(members)
        own = [m.validation_rows for m in members if m.validation_rows is not None]
        if own:
            index = torch.stack(own).to(task.train.x.device)
            source = task.train
            self.x, self.targets = source.x[index][..., :-1], source.targets[index]
            self.codes = source.codes[index]
        else:
            source = task.validation
            self.x, self.targets, self.codes = source.x[:, :-1], source.targets, source.codes

    def __len__(self) -> int:
        return int(self.x.shape[-2])

    def chunks(self) -> Iterator[slice]:
        """Cut the rows so that no layer's outputs, of all members, fill the memory."""
        plan = self.task.plan
        return chunks(len(self), self.n_members * max(plan.n_inputs, *plan.widths, plan.n_logits))

    def logits(self, flat: Tensor, running: Tensor | None, part: slice) -> Tensor:
        """Give the members' logits of some rows, in the precision of `flat`.

        Shape: flat (M, P) -> (M, n, n_logits).
        """
        task = self.task
        weights = split_pieces(task.plan, flat)
        x = self.x[..., part, :].to(flat.dtype)
        return forward(task.plan, task.kernels, weights, x, running=running)

    def exact_logits(self, flat: Tensor, running: Tensor | None) -> Tensor:
        """Give the members' logits of all rows in float64.

        Shape: flat (M, P) -> (M, n, n_logits).
        """
        flat, running = flat.double(), None if running is None else running.double()
        with torch.no_grad():
            return torch.cat([self.logits(flat, running, part) for part in self.chunks()], dim=1)

    def losses(self, flat: Tensor, running: Tensor | None) -> list[float]:
        """Give each member's mean loss; NaN where there are no rows."""
        if not len(self):
            return [float("nan")] * self.n_members
        loss = self.task.loss
        total = torch.zeros(2, self.n_members, dtype=torch.float64, device=flat.device)
        for part in self.chunks():
            logits = self.logits(flat, running, part)
            targets = self.targets[..., part, :]
            total[0] += loss.rows(logits, targets).to(torch.float64).sum(-1)
            total[1] += loss.weights(targets).to(torch.float64).sum(-1)
        return [float(value) for value in (total[0] / total[1]).tolist()]
