"""Losses of classes and of ordered classes, written so that no exponential overflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from colonnade.training.components.losses.loss import Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class CrossEntropy(Loss):
    """Softmax cross-entropy with class weights and label smoothing, as torch defines them."""

    link = "softmax"

    def __init__(
        self,
        n_classes: int,
        class_weights: Sequence[float] | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.given_weights, self.label_smoothing = class_weights, label_smoothing
        super().__init__(n_classes)

    @override
    def _outputs(self) -> int:
        return self.n_classes

    @override
    def prepare(self) -> None:
        import torch

        self.softmax = torch.softmax
        self.class_weights: Tensor | None = None
        if self.given_weights is not None:
            self.class_weights = torch.tensor(list(self.given_weights), dtype=torch.float64)
        self.weighted = self.class_weights is not None

    @override
    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        eps, k = self.label_smoothing, self.n_classes
        hot = torch.nn.functional.one_hot(target.long(), k).to(torch.float64)
        if self.class_weights is None:
            return (hot * (1 - eps) + eps / k).to(dtype)
        w = self.class_weights.to(hot.device)
        soft = hot * w * (1 - eps) + w * (eps / k)
        return torch.cat([soft, soft.sum(1, keepdim=True), hot @ w[:, None]], 1).to(dtype)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        soft = targets[..., : self.n_classes]
        return -(logits.log_softmax(-1) * soft).sum(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.softmax(logits, -1, out=out)
        if self.weighted:
            k = self.n_classes
            out.mul_(targets[..., k : k + 1]).sub_(targets[..., :k])
        else:
            out.sub_(targets)

    @override
    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(-1)


class BinaryCrossEntropy(Loss):
    """One sigmoid for two classes, or one a class for more (mean over them, as torch does)."""

    link = "sigmoid"

    @override
    def _outputs(self) -> int:
        return 1 if self.n_classes == 2 else self.n_classes

    @override
    def prepare(self) -> None:
        import torch

        self.sigmoid = torch.sigmoid

    @override
    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        if self.n_classes == 2:
            return target.to(dtype).unsqueeze(-1)
        return torch.nn.functional.one_hot(target.long(), self.n_classes).to(dtype)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets).mean(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.sigmoid(logits, out=out)
        out.sub_(targets)
        if self.n_logits > 1:
            out.mul_(1 / self.n_logits)

    @override
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

    link = "sigmoid"

    @override
    def _outputs(self) -> int:
        return 1

    @override
    def prepare(self) -> None:
        import torch

        self.n_logits = self.n_classes - 1
        self.sigmoid = torch.sigmoid

    @override
    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        import torch

        return (target[:, None] > torch.arange(self.n_logits, device=target.device)).to(dtype)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets).sum(-1)

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        self.sigmoid(logits, out=out)
        out.sub_(targets)

    @override
    def probabilities(self, logits: Tensor) -> Tensor:
        import torch

        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)): keeps its digits where
        # both sigmoids are near 1.
        above, below = torch.sigmoid(logits), torch.sigmoid(-logits)
        gaps = -torch.expm1(logits[..., 1:] - logits[..., :-1])
        middle = above[..., :-1] * below[..., 1:] * gaps
        shares = torch.cat([below[..., :1], middle, above[..., -1:]], -1)
        return shares / shares.sum(-1, keepdim=True)


def _bce(logits: Tensor, targets: Tensor) -> Tensor:
    from torch.nn.functional import softplus

    # -log sigmoid(z) for a target of 1, -log sigmoid(-z) for 0, there being no others: keeps its
    # digits far from 0. The threshold is where exp itself ends in float32.
    return softplus((1 - 2 * targets) * logits, threshold=80)
