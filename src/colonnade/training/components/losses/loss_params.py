"""The table of losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from colonnade.training.components.losses.amount_losses import Gamma, Poisson, Tweedie
from colonnade.training.components.losses.class_losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Ordinal,
)
from colonnade.training.components.losses.number_losses import (
    Absolute,
    Huber,
    Quantile,
    Reconstruction,
    SmoothL1,
    Squared,
)
from colonnade.training.components.named_choice import NamedChoice

if TYPE_CHECKING:
    from colonnade.training.components.losses.loss import Loss


@dataclass(frozen=True)
class LossEntry:
    """One entry of the table: its class, which takes its options, and the tasks that it serves."""

    build: Callable[..., Loss]
    tasks: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


_CLASSES = ("classification", "ordinal")

LOSSES: dict[str, LossEntry] = {
    "cross_entropy": LossEntry(
        CrossEntropy, _CLASSES, {"class_weights": None, "label_smoothing": 0.0}
    ),
    "focal": LossEntry(Focal, _CLASSES, {"gamma": 2.0, "class_weights": None}),
    "bce_with_logits": LossEntry(BinaryCrossEntropy, _CLASSES, {"label_smoothing": 0.0}),
    "ordinal": LossEntry(Ordinal, ("ordinal",), {"label_smoothing": 0.0}),
    "mse": LossEntry(Squared, ("regression",)),
    "mae": LossEntry(Absolute, ("regression",)),
    "huber": LossEntry(Huber, ("regression",), {"delta": 1.0}),
    "smooth_l1": LossEntry(SmoothL1, ("regression",), {"beta": 1.0}),
    "quantile": LossEntry(Quantile, ("regression",), {"quantile": 0.5}),
    "poisson": LossEntry(Poisson, ("regression",)),
    "gamma": LossEntry(Gamma, ("regression",)),
    "tweedie": LossEntry(Tweedie, ("regression",), {"power": 1.5}),
    "reconstruction": LossEntry(Reconstruction, ("anomaly",)),
}

DEFAULT_LOSS = {
    "classification": "cross_entropy",
    "ordinal": "ordinal",
    "regression": "mse",
    "anomaly": "reconstruction",
}


class LossParams(NamedChoice):
    """What training minimizes: a name of LOSSES.

    class_weights: `balanced`, or one number a class in the schema's order.
    label_smoothing: the share of each label that is spread evenly over the classes.
    gamma: how much less a row counts that is predicted well.
    quantile: the share of rows whose numbers lie below the prediction.
    power: of the mean, to which the variance is in proportion; 1 would be poisson, 2 gamma.
    Units: delta and beta in standard deviations of the target.
    """

    kind: ClassVar[str] = "loss"
    table: ClassVar[Mapping[str, LossEntry]] = LOSSES
    default: ClassVar[str] = "cross_entropy"

    class_weights: Literal["balanced"] | tuple[float, ...] | None = None
    label_smoothing: float | None = Field(None, ge=0, lt=1)
    gamma: float | None = Field(None, ge=0)
    delta: float | None = Field(None, gt=0)
    beta: float | None = Field(None, gt=0)
    quantile: float | None = Field(None, gt=0, lt=1)
    power: float | None = Field(None, gt=1, lt=2)

    def problems(self, task: str, n_classes: int) -> list[str]:
        """Name what does not go with the task."""
        found = []
        if task not in LOSSES[self.name].tasks:
            fitting = ", ".join(f"`{n}`" for n, entry in LOSSES.items() if task in entry.tasks)
            found.append(
                f"training.loss `{self.name}` does not fit the task `{task}`: use {fitting}."
            )
        weights = self.class_weights
        if isinstance(weights, tuple) and (len(weights) != n_classes or min(weights) <= 0):
            found.append(
                f"training.loss.class_weights has {len(weights)} numbers for {n_classes} classes: "
                "give one number above 0 for each class."
            )
        return found

    def loss(self, n_classes: int, counts: Sequence[float] | None = None) -> Loss:
        """Set the loss to work on so many classes.

        counts: train rows of each class, or the sum of their weights, from which `balanced`
        weights come; a loss that only predicts does without.
        """
        entry = LOSSES[self.name]
        options = {name: getattr(self, name) for name in entry.options}
        if options.get("class_weights") == "balanced":
            options["class_weights"] = None if counts is None else balanced_weights(counts)
        return entry.build(n_classes, **options)


def balanced_weights(counts: Sequence[float]) -> list[float]:
    """Weigh classes as scikit-learn's `balanced`: n_rows / (n_classes x rows of the class)."""
    return [sum(counts) / (len(counts) * (count or 1)) for count in counts]
