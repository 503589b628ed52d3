"""What every loss has: its value a row, its derivative, and the probabilities of its logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


class Loss:
    """One loss, for `n_classes` classes (0: regression).

    link: how predictions are made of logits: identity, exp (log), softmax, or a sigmoid of each.
    needs: in words, the numbers that it can learn, if not all. predicts_mean: whether it is a mean
      that it predicts, rather than a quantile. by_rows: whether rows have weights of their own.

    Shape: logits (..., n, n_logits), targets (..., n, width) as made by `encode`.
    """

    link: str = "identity"
    needs: str = ""
    predicts_mean: bool = True
    by_rows: ClassVar[bool] = False

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.weighted = False
        self.n_logits = self.n_outputs = self._outputs()
        self.prepare()

    def _outputs(self) -> int:
        return 1

    def prepare(self) -> None:
        """Look up kernels once, not in every step."""

    def encode(self, target: Tensor, dtype: Any) -> Tensor:
        """Turn class codes or standardized numbers (n,) into what `rows` compares logits with."""
        return target.to(dtype).unsqueeze(-1)

    def per_example_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of each row, times the row's weight.

        Shape: -> (..., n).
        """
        raise NotImplementedError

    def weights(self, targets: Tensor) -> Tensor:
        """Give the weight of each row: the mean divides by their sum."""
        return targets[..., -1] if self.weighted else targets.new_ones(targets.shape[:-1])

    def row_weights(self, targets: Tensor) -> Tensor | None:
        """Give the weight that each row has of its own, if rows have any."""
        return targets[..., -1] if self.by_rows else None

    def grad_logits(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        """Write the derivative of each row's loss by its logits into `out`."""
        raise NotImplementedError

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give what `early_stopping: {by: error}` holds against each row, with codes or numbers.

        1 for a wrong class, or a number's squared error.
        Shape: logits (..., n, n_logits), labels (..., n) -> (..., n).
        """
        if self.n_classes:
            return self.probabilities(logits).argmax(-1) != labels
        return (self.numbers(logits) - labels).square()

    def numbers(self, logits: Tensor) -> Tensor:
        """Give the predicted numbers, in the units of the labels.

        Shape: (..., n, n_logits) -> (..., n).
        """
        return logits[..., 0]

    def outputs_for(self, numbers: Tensor) -> Tensor:
        """Give the outputs of which the predicted numbers would be these."""
        return numbers

    def refused(self, numbers: Tensor) -> Tensor:
        """Find the raw numbers that it cannot learn."""
        return numbers.isnan()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Give each class's probability; rows sum to one."""
        raise TypeError(f"{type(self).__name__} predicts numbers, not classes")
