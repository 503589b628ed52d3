"""Losses: their value a row, their derivative, and the probabilities that they stand for.

Each is written so that no exponential overflows; each derivative is checked against autograd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from colonnade.training.words import Word

if TYPE_CHECKING:
    from torch import Tensor


class Loss:
    """One loss at work, for `n_classes` classes (0: regression).

    Shape: logits (..., n, n_logits), targets (..., n, width) as made by `encode`.
    """

    def __init__(self, params: LossParams, n_classes: int) -> None:
        self.params = params
        self.n_classes = n_classes
        self.weighted = False
        self.n_logits = self.n_outputs = self._outputs()
        self.prepare()

    def _outputs(self) -> int:
        return 1

    def prepare(self) -> None:
        """Look up kernels once, not in every step."""

    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        """Turn class codes or standardised numbers (n,) into what `rows` compares logits with."""
        return target.to(dtype).unsqueeze(-1)

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of each row, times the row's weight.

        Shape: -> (..., n).
        """
        raise NotImplementedError

    def weights(self, targets: Tensor) -> Tensor:
        """Give the weight of each row: the mean divides by their sum."""
        return targets[..., -1] if self.weighted else targets.new_ones(targets.shape[:-1])

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        """Write the derivative of each row's loss by its logits into `out`."""
        raise NotImplementedError

    def probabilities(self, logits: Tensor) -> Tensor:
        """Give each class's probability; rows sum to one."""
        raise TypeError(f"{self.params.name} predicts numbers, not classes")


class CrossEntropy(Loss):
    """Softmax cross-entropy with class weights and label smoothing, as torch defines them."""

    def _outputs(self) -> int:
        return self.n_classes

    def prepare(self) -> None:
        import torch

        self.softmax = torch._softmax
        self.class_weights: Tensor | None = None
        weights = self.params.class_weights
        if weights is not None and weights != "balanced":
            self.class_weights = torch.tensor(list(weights), dtype=torch.float64)
        self.weighted = weights is not None

    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        eps, k = self.params.label_smoothing or 0.0, self.n_classes
        hot = torch.nn.functional.one_hot(target.long(), k).to(torch.float64)
        if not self.weighted:
            return (hot * (1 - eps) + eps / k).to(dtype)
        if self.class_weights is None:
            # As sklearn's "balanced": n_rows / (n_classes x rows of the class).
            self.class_weights = len(target) / (k * hot.sum(0).clamp_min(1)).cpu()
        w = self.class_weights.to(hot.device)
        soft = hot * w * (1 - eps) + w * (eps / k)
        return torch.cat([soft, soft.sum(1, keepdim=True), hot @ w[:, None]], 1).to(dtype)

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        soft = targets[..., : self.n_classes]
        return -(logits.log_softmax(-1) * soft).sum(-1)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.softmax(logits, -1, False, out=out)
        if self.weighted:
            k = self.n_classes
            out.mul_(targets[..., k : k + 1]).sub_(targets[..., :k])
        else:
            out.sub_(targets)

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(-1)


class BinaryCrossEntropy(Loss):
    """One sigmoid for two classes, or one a class for more (mean over them, as torch does)."""

    def _outputs(self) -> int:
        return 1 if self.n_classes == 2 else self.n_classes

    def prepare(self) -> None:
        import torch

        self.sigmoid = torch.sigmoid

    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        if self.n_classes == 2:
            return target.to(dtype).unsqueeze(-1)
        return torch.nn.functional.one_hot(target.long(), self.n_classes).to(dtype)

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets).mean(-1)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.sigmoid(logits, out=out)
        out.sub_(targets)
        if self.n_logits > 1:
            out.mul_(1 / self.n_logits)

    def probabilities(self, logits: Tensor) -> Tensor:
        import torch

        if self.n_classes == 2:
            return torch.cat([torch.sigmoid(-logits), torch.sigmoid(logits)], -1)
        # log-sigmoid first: the shares stay finite where every sigmoid underflows.
        return torch.nn.functional.logsigmoid(logits).softmax(-1)


class Ordinal(Loss):
    """Summed binary cross-entropy of "above cut k", for classes that have an order.

    One score s and K-1 ordered cut points c: P(y > k) = sigmoid(s - c_k); logits are s - c.
    Source: McCullagh 1980, Regression Models for Ordinal Data; Cao et al. 2020 (CORAL).
    """

    def _outputs(self) -> int:
        return 1

    def prepare(self) -> None:
        import torch

        self.n_logits = self.n_classes - 1
        self.sigmoid = torch.sigmoid

    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        return (target[:, None] > torch.arange(self.n_logits, device=target.device)).to(dtype)

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets).sum(-1)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.sigmoid(logits, out=out)
        out.sub_(targets)

    def probabilities(self, logits: Tensor) -> Tensor:
        import torch

        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)): keeps its digits where
        # both sigmoids are near 1.
        above, below = torch.sigmoid(logits), torch.sigmoid(-logits)
        gaps = -torch.expm1(logits[..., 1:] - logits[..., :-1])
        middle = above[..., :-1] * below[..., 1:] * gaps
        shares = torch.cat([below[..., :1], middle, above[..., -1:]], -1)
        return shares / shares.sum(-1, keepdim=True)


class Squared(Loss):
    """Mean squared error."""

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits - targets).square().squeeze(-1)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).mul_(2)


class Absolute(Loss):
    """Mean absolute error; its derivative at 0 is 0."""

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits - targets).abs().squeeze(-1)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        out.copy_(logits).sub_(targets).sign_()


class Huber(Loss):
    """Squared near 0, straight beyond `delta` (Huber 1964)."""

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        limit = self.params.delta or 1.0
        error = (logits - targets).abs().squeeze(-1)
        near = error.clamp(max=limit)
        return near * (error - 0.5 * near)

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        limit = self.params.delta or 1.0
        out.copy_(logits).sub_(targets).clamp_(-limit, limit)


class SmoothL1(Loss):
    """Huber's loss with delta = beta, divided by beta (Girshick 2015)."""

    def rows(self, logits: Tensor, targets: Tensor) -> Tensor:
        beta = self.params.beta or 1.0
        error = (logits - targets).abs().squeeze(-1)
        near = error.clamp(max=beta)
        return near * (error - 0.5 * near) / beta

    def delta(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        beta = self.params.beta or 1.0
        out.copy_(logits).sub_(targets).mul_(1 / beta).clamp_(-1, 1)


def _bce(logits: Tensor, targets: Tensor) -> Tensor:
    from torch.nn.functional import softplus

    # -t log sigmoid(z) - (1 - t) log sigmoid(-z): both terms keep their digits far from 0. The
    # threshold is where exp itself ends in float32.
    above, below = softplus(-logits, threshold=80), softplus(logits, threshold=80)
    return targets * above + (1 - targets) * below


@dataclass(frozen=True)
class LossEntry:
    """One word of the table: its class, the tasks that it serves, its options."""

    build: type[Loss]
    tasks: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


_CLASSES = ("classification", "ordinal")

LOSSES: dict[str, LossEntry] = {
    "cross_entropy": LossEntry(
        CrossEntropy, _CLASSES, {"class_weights": None, "label_smoothing": 0.0}
    ),
    "bce_with_logits": LossEntry(BinaryCrossEntropy, _CLASSES),
    "ordinal": LossEntry(Ordinal, ("ordinal",)),
    "mse": LossEntry(Squared, ("regression",)),
    "mae": LossEntry(Absolute, ("regression",)),
    "huber": LossEntry(Huber, ("regression",), {"delta": 1.0}),
    "smooth_l1": LossEntry(SmoothL1, ("regression",), {"beta": 1.0}),
}

DEFAULT_LOSS = {"classification": "cross_entropy", "ordinal": "ordinal", "regression": "mse"}


class LossParams(Word):
    """What training makes small: a word of LOSSES.

    class_weights: `balanced`, or one number a class in the schema's order.
    Units: delta and beta in standard deviations of the target.
    """

    kind: ClassVar[str] = "loss"
    table: ClassVar[Mapping[str, LossEntry]] = LOSSES
    default: ClassVar[str] = "cross_entropy"

    class_weights: Literal["balanced"] | tuple[float, ...] | None = None
    label_smoothing: float | None = Field(None, ge=0, lt=1)
    delta: float | None = Field(None, gt=0)
    beta: float | None = Field(None, gt=0)

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

    def loss(self, n_classes: int) -> Loss:
        """Set the loss to work on so many classes."""
        return LOSSES[self.name].build(self, n_classes)
