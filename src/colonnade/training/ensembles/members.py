"""Members of one job, grouped into programs whose products are batched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.training.engine.cores import available_cores
from colonnade.training.engine.placement import run_side_by_side
from colonnade.training.ensembles.phases import run_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from colonnade.training.engine.job import MemberConfig, TrainingJob

# Members of one program: more fill no cache better, and fewer leave overhead a larger share.
_LARGEST = 16
_LARGEST_FLOATS = 2**19
# Numbers of its members' own rows that a program holds at once: 128 MiB.
MOST_NUMBERS_HELD = 2**25
# Multiply-adds of a program's step under which Python, not arithmetic, takes the time: threads,
# which share one Python, would only wait for each other.
_TINY_STEP = 100_000
# Programs side by side, where their number must not depend on the machine's cores.
_PROGRAMS = 4


@dataclass(frozen=True)
class TrainedMember:
    """One member's outcome: weights (1, P), buffers, validation loss by epoch."""

    member: MemberConfig
    flat: Tensor
    buffers: Tensor | None
    validation_loss: list[float]


def run_members(job: TrainingJob, members: Sequence[MemberConfig]) -> list[TrainedMember]:
    """Train members of one job as few programs, grouped alike on any number of cores.

    So no bit of the result depends on the machine's cores.
    """
    programs = group_members(job, members, _PROGRAMS)
    results = run_side_by_side(
        lambda chosen: run_training(job, [members[i] for i in chosen]), programs, available_cores()
    )
    found: dict[int, TrainedMember] = {}
    for chosen, result in zip(programs, results, strict=True):
        for place, i in enumerate(chosen):
            own = slice(place, place + 1)
            buffers = None if result.buffers is None else result.buffers[own]
            losses = [epoch[place] for epoch in result.history.validation_loss]
            found[i] = TrainedMember(members[i], result.flat[own], buffers, losses)
    return [found[i] for i in range(len(members))]


def group_members(
    job: TrainingJob, members: Sequence[MemberConfig], workers: int
) -> list[list[int]]:
    """Group members of equal row counts, and cut large groups so that every worker has some."""
    n_parameters = job.network.parameters.size
    largest = max(_LARGEST, _LARGEST_FLOATS // n_parameters)
    if job.params.optimizer.full_batch or not job.network.kind.member_axis:
        largest = 1
    step = n_parameters * job.params.batch_size
    groups: dict[tuple[int, int], list[int]] = {}
    for i, member in enumerate(members):
        n_rows = -1 if member.rows is None else len(member.rows)
        n_validation = -1 if member.validation_rows is None else len(member.validation_rows)
        groups.setdefault((n_rows, n_validation), []).append(i)
    programs = []
    for (n_rows, n_validation), group in groups.items():
        # An order of rows, in two numbers each, and a copy of the rows that it is validated on.
        held = 2 * n_rows + n_validation * job.network.inputs.n_features
        fitting = max(1, MOST_NUMBERS_HELD // max(1, held))
        worthwhile = max(1, len(group) * step // _TINY_STEP)
        size = min(largest, fitting, -(-len(group) // min(workers, worthwhile)))
        programs += [group[start : start + size] for start in range(0, len(group), size)]
    return programs
