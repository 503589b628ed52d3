"""L-BFGS on all rows at once: torch's own, over the flat row of one member.

Source: Liu & Nocedal 1989; strong Wolfe line search. Importing torch's optimizers costs a second,
which is paid only if this one is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from colonnade.training.components.optimizers import OptimizerParams
    from colonnade.training.components.regularizers import WeightDecay

_LISTS = ("old_dirs", "old_stps", "ro")
_TENSORS = ("d", "H_diag", "prev_flat_grad")
_NUMBERS = ("func_evals", "n_iter", "t", "prev_loss")


class Lbfgs:
    """An epoch is one call of at most `max_iter` iterations."""

    def __init__(
        self, params: OptimizerParams, flat: Tensor, grad: Tensor, decay: WeightDecay | None
    ) -> None:
        self.flat, self.grad, self.decay = flat, grad, decay
        self.optimizer = torch.optim.LBFGS(
            [flat],
            lr=params.lr,
            max_iter=params.max_iter or 20,
            history_size=params.history_size or 10,
            line_search_fn="strong_wolfe",
        )

    def set_rates(self, rates: list[float]) -> None:
        """Take the length of the first step that the line search tries."""
        self.optimizer.param_groups[0]["lr"] = rates[0]

    def minimize(self, loss: Callable[[], Tensor]) -> None:
        """Make the loss small; `loss` fills `grad`, and ends at the new weights."""

        def closure() -> Tensor:
            value = loss()
            if self.decay is not None:
                squares = self.decay.strength * self.flat.square()
                value = value + 0.5 * squares.sum()
                self.decay()
            self.flat.grad = self.grad
            return value

        self.optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch's is untyped
        loss()

    def tensors(self) -> dict[str, Tensor]:
        """Give what a checkpoint must hold."""
        state = self.optimizer.state[self.flat]
        if "n_iter" not in state:
            return {}
        numbers = [float(state.get(name) or 0.0) for name in _NUMBERS]
        found = {"numbers": torch.tensor(numbers, dtype=torch.float64)}
        found |= {name: state[name] for name in _TENSORS if isinstance(state.get(name), Tensor)}
        found |= {name: torch.stack(state[name]) for name in _LISTS if state.get(name)}
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up the state of a checkpoint."""
        if "numbers" not in tensors:
            return
        state = self.optimizer.state[self.flat]
        func_evals, n_iter, t, prev_loss = tensors["numbers"].tolist()
        state.update(func_evals=int(func_evals), n_iter=int(n_iter), t=t, prev_loss=prev_loss)
        state.update({name: tensors[name].clone() for name in _TENSORS if name in tensors})
        state.setdefault("H_diag", 1)
        for name in _LISTS:
            state[name] = [row.clone() for row in tensors[name]] if name in tensors else []
