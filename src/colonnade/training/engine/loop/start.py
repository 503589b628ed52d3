"""Where members start: weights of their own seeds, and what their own train rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from colonnade.errors import DataError
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
        weights = [_weights_of(job, member) for member in members]
        pairs = zip(labels, weights, strict=True)
        counts = torch.stack([torch.bincount(codes, own, minlength=k) for codes, own in pairs])
        stack.tensors()["cuts"].copy_(first_cuts(counts))
    else:
        outputs = [job.loss.outputs_for(own) for own in labels]
        ends = torch.tensor([[float(end) for end in own.aminmax()] for own in outputs])
        for name, end in zip(("low", "high"), ends.unbind(1), strict=True):
            stack.tensors()[name].copy_(end.unsqueeze(-1))
    return stack


def mean_weights(job: TrainingJob, members: Sequence[MemberConfig]) -> Tensor | None:
    """Give the mean weight of each member's train rows, where rows have weights of their own.

    Shape: -> (M,).
    Raises: DataError if none of a member's rows weighs anything.
    """
    if not job.loss.by_rows:
        return None
    weights = job.loss.weights(job.train.targets).double()
    own = [weights if member.rows is None else weights[member.rows] for member in members]
    means = torch.stack([each.mean() for each in own])
    if not bool(means.all()):
        raise DataError("the weight of every row that is learned from is zero.")
    return means.to(job.dtype)


def _columns_of(job: TrainingJob, member: MemberConfig) -> tuple[Tensor, Tensor | None]:
    rows = job.train if member.rows is None else job.train.take(member.rows)
    codes = None if rows.categorical is None else rows.categorical.cpu()
    return rows.numeric[:, :-1].float().cpu(), codes


def _labels_of(job: TrainingJob, member: MemberConfig) -> Tensor:
    labels = job.train.labels.cpu()
    return labels if member.rows is None else labels[member.rows]


def _weights_of(job: TrainingJob, member: MemberConfig) -> Tensor | None:
    weights = job.loss.row_weights(job.train.targets)
    if weights is None or member.rows is None:
        return None if weights is None else weights.cpu()
    return weights.cpu()[member.rows]
