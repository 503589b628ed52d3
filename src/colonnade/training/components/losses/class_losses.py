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


class Focal(CrossEntropy):
    """Cross-entropy times (1 - p)^gamma, p being the label's probability: easy rows count less.

    Source: Lin et al. 2017, Focal Loss for Dense Object Detection; with softmax for sigmoid.
    """

    def __init__(
        self, n_classes: int, gamma: float = 2.0, class_weights: Sequence[float] | None = None
    ) -> None:
        self.gamma = gamma
        super().__init__(n_classes, class_weights)

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        hot = targets[..., : self.n_classes]
        weight = hot.sum(-1)
        log_p = (logits.log_softmax(-1) * hot).sum(-1) / weight
        return -weight * _distance_to_one(log_p).pow(self.gamma) * log_p

    @override
    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        hot = targets[..., : self.n_classes]
        weight = hot.sum(-1, keepdim=True)
        log_p = (logits.log_softmax(-1) * hot).sum(-1, keepdim=True) / weight
        rest = _distance_to_one(log_p)
        # Cross-entropy's derivative, times (1 - p)^gamma (1 - gamma p log(p) / (1 - p)).
        factor = rest.pow(self.gamma) * (1 - self.gamma * log_p.exp() * log_p / rest)
        self.softmax(logits, -1, out=out)
        out.mul_(weight).sub_(hot).mul_(factor)


class BinaryCrossEntropy(Loss):
    """One sigmoid for two classes, or one a class for more (mean over them, as torch does).

    label_smoothing: as of cross-entropy, a share of each label is spread evenly over the classes.
    """

    link = "sigmoid"

    def __init__(self, n_classes: int, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing
        super().__init__(n_classes)

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
            hot = target.to(dtype).unsqueeze(-1)
        else:
            hot = torch.nn.functional.one_hot(target.long(), self.n_classes).to(dtype)
        eps = self.label_smoothing
        return hot * (1 - eps) + eps / self.n_classes if eps else hot

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets, soft=self.label_smoothing > 0).mean(-1)

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
    label_smoothing: as of cross-entropy, a share of each label is spread evenly over the classes.
    Source: McCullagh 1980, Regression Models for Ordinal Data; Cao et al. 2020 (CORAL).
    """

    link = "sigmoid"

    def __init__(self, n_classes: int, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing
        super().__init__(n_classes)

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

        cuts = torch.arange(self.n_logits, device=target.device)
        above = (target[:, None] > cuts).to(dtype)
        eps, k = self.label_smoothing, self.n_classes
        # Above cut j lie k - 1 - j of the k classes.
        return above * (1 - eps) + (k - 1 - cuts).to(dtype) * (eps / k) if eps else above

    @override
    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return _bce(logits, targets, soft=self.label_smoothing > 0).sum(-1)

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


def _bce(logits: Tensor, targets: Tensor, *, soft: bool) -> Tensor:
    from torch.nn.functional import softplus

    # The threshold is where exp itself ends in float32.
    if soft:
        against, wanted = softplus(logits, threshold=80), softplus(-logits, threshold=80)
        return targets * wanted + (1 - targets) * against
    # -log sigmoid(z) for a target of 1, -log sigmoid(-z) for 0, there being no others: keeps its
    # digits far from 0.
    return softplus((1 - 2 * targets) * logits, threshold=80)


def _distance_to_one(log_p: Tensor) -> Tensor:
    """1 - p, with its digits where p is near 1, and never 0, by which is divided."""
    import torch

    return (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
