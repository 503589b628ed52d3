"""Where members start: weights of their own seeds, and what their own train rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from colonnade.training.components.losses.heads import first_cuts
from colonnade.training.networks.binding.stacked import StackedParameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from colonnade.training.engine.job import MemberConfig, TrainingJob


def start_members(job: TrainingJob, members: Sequence[MemberConfig]) -> StackedParameters:
    """Draw every member's weights, and set what its head begins with."""
    spec = job.network
    stack = StackedParameters(spec, len(members), job.dtype, job.train.numeric.device)
    for place, member in enumerate(members):
        rows = _columns_of(job, member) if spec.starts_by_rows else None
        stack.start(place, spec.build(member.seed, member.model, rows))
    if not (spec.ordinal or spec.clamps):
        return stack
    labels = [_labels_of(job, member) for member in members]
    if spec.ordinal:
        k = job.loss.n_classes
        counts = torch.stack([torch.bincount(codes, minlength=k) for codes in labels])
        stack.tensors()["cuts"].copy_(first_cuts(counts))
    else:
        outputs = [job.loss.outputs_for(own) for own in labels]
        ends = torch.tensor([[float(end) for end in own.aminmax()] for own in outputs])
        for name, end in zip(("low", "high"), ends.unbind(1), strict=True):
            stack.tensors()[name].copy_(end.unsqueeze(-1))
    return stack


def _columns_of(job: TrainingJob, member: MemberConfig) -> tuple[Tensor, Tensor | None]:
    rows = job.train if member.rows is None else job.train.take(member.rows)
    codes = None if rows.categorical is None else rows.categorical.cpu()
    return rows.numeric[:, :-1].float().cpu(), codes


def _labels_of(job: TrainingJob, member: MemberConfig) -> Tensor:
    labels = job.train.labels.cpu()
    return labels if member.rows is None else labels[member.rows]
