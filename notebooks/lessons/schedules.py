"""The learning rate over the epochs, as the schedules of the library set it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.evaluation.figures.style import BLUE, MUTED, Margins, finish, label, new_figure
from colonnade.training.components.schedulers import SchedulerParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

# Plateau is not among them: it looks at the losses, and has no curve without them.
SCHEDULES: dict[str, dict[str, Any]] = {
    "step: × 0.5 every 50": {"name": "step", "step_size": 50, "gamma": 0.5},
    "multistep: × 0.5 at 75, 125, 175": {
        "name": "multistep",
        "milestones": (75, 125, 175),
        "gamma": 0.5,
    },
    "exponential: × 0.95 every epoch": {"name": "exponential", "gamma": 0.95},
    "cosine: half a wave to 0": {"name": "cosine"},
    "cosine after 20 epochs of warm-up": {"name": "cosine", "warmup_epochs": 20},
    "one_cycle: up for 30 %, then down": {"name": "one_cycle"},
}


def learning_rates(schedule: Mapping[str, Any] | str, epochs: int, lr: float) -> list[float]:
    """Give the rate of each epoch.

    Args: schedule: what stands under `training.scheduler` in a table's YAML.
    """
    params = SchedulerParams.model_validate(schedule)
    return [lr * params.multiplier(epoch, epochs) for epoch in range(epochs)]


def schedule_curves(epochs: int = 200, lr: float = 0.1) -> Figure:
    """Draw one schedule a panel, all on the same axes.

    Raises: ValueError if a milestone lies beyond the last epoch.
    """
    late = max(SCHEDULES["multistep: × 0.5 at 75, 125, 175"]["milestones"])
    if epochs <= late:
        raise ValueError(f"epochs must be above {late}, the last milestone (got {epochs})")
    title = f"Learning rate over {epochs} epochs, from a base rate of {lr:g}"
    figure, axes = new_figure(
        title,
        columns=2,
        rows=3,
        height=6.8,
        margins=Margins(top=0.7),
        sharex=True,
        sharey=True,
    )
    for place, (ax, (name, schedule)) in enumerate(zip(axes, SCHEDULES.items(), strict=True)):
        ax.axhline(lr, color=MUTED, lw=1, ls=":")
        rates = learning_rates(schedule, epochs, lr)
        # Constant within an epoch: stairs tell the truth about jumps.
        ax.step(range(epochs), rates, where="post", color=BLUE, lw=1.8)
        lowest, leftmost = place >= len(axes) - 2, place % 2 == 0
        label(ax, x="epoch" * lowest, y="learning rate" * leftmost, title=name)
    axes[0].set_ylim(0, 1.08 * lr)
    return finish(figure)
