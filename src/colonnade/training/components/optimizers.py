"""Update rules over flat rows of parameters: one row a member, whatever its layers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from colonnade.training.components.named_choice import NamedChoice

if TYPE_CHECKING:
    from torch import Tensor


class UpdateRule:
    """One optimizer, updating `flat` with the gradients in `grad`.

    blocks: parts of a row, each with a factor of the rate; none: the whole row, with 1.
    Shape: flat, grad and every slot (n_members, n_parameters).
    Weight decay stands outside, in regularizers.py: one rule for all optimizers.
    """

    slots: tuple[str, ...] = ()

    def __init__(
        self,
        params: OptimizerParams,
        flat: Tensor,
        grad: Tensor,
        blocks: Sequence[tuple[float, slice]] = (),
    ) -> None:
        import torch

        self.params = params
        self.blocks = blocks if any(factor != 1 for factor, _ in blocks) else ()
        self.flat, self.grad = flat, grad
        self.state = {slot: torch.zeros_like(flat) for slot in self.slots}
        self.steps = torch.zeros((), dtype=torch.float32, device=flat.device)
        self.one = torch.ones((), dtype=torch.float32, device=flat.device)
        self.rates: list[float] = []
        self.updates: list[Callable[[], object]] = []

    def set_rates(self, rates: list[float]) -> None:
        """Take one learning rate a member; members of equal rate are updated in one call."""
        if rates == self.rates:
            return
        self.rates = list(rates)
        buffers = (self.flat, self.grad, *self.state.values())
        if self.blocks:
            self.updates = self._by_block(rates)
            return
        if len(set(rates)) == 1:
            self.updates = [self.update(rates[0], [self.steps], *([b] for b in buffers))]
            return
        self.updates = []
        for rate, rows in _alike(rates).items():
            lists = ([buffer[i] for i in rows] for buffer in buffers)
            self.updates.append(self.update(rate, [self.steps] * len(rows), *lists))

    def _by_block(self, rates: list[float]) -> list[Callable[[], object]]:
        """Give an update for each rate that a part of a row has."""
        updates = []
        for rate, members in _alike(rates).items():
            for (factor, _), parts in zip(self.blocks, self._parts, strict=True):
                lists = zip(*(parts[i] for i in members), strict=True)
                steps = [self.steps] * len(members)
                updates.append(self.update(rate * factor, steps, *map(list, lists)))
        return updates

    @cached_property
    def _parts(self) -> list[list[tuple[Tensor, ...]]]:
        """Every block's part of parameters, gradients and slots, for each member."""
        buffers = (self.flat, self.grad, *self.state.values())
        return [
            [tuple(buffer[i, part] for buffer in buffers) for i in range(len(self.flat))]
            for _, part in self.blocks
        ]

    def step(self) -> None:
        """Move every member one step against its gradient."""
        self.steps.add_(self.one)
        for update in self.updates:
            update()

    def update(
        self, rate: float, steps: list[Tensor], *buffers: list[Tensor]
    ) -> Callable[[], object]:
        """Give the function that moves the members of one rate.

        buffers: parameters, gradients, then the slots: one row or block of rows each.
        """
        return partial(self.move, rate, list(zip(*buffers, strict=True)))

    def move(self, rate: float, rows: list[tuple[Tensor, ...]]) -> None:
        """Move rows of parameters, gradients and slots."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold."""
        return {**self.state, "steps": self.steps}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up the state of a checkpoint."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])


def _alike(rates: Sequence[float]) -> dict[float, list[int]]:
    """Group members by their rate."""
    found: dict[float, list[int]] = {}
    for i, rate in enumerate(rates):
        found.setdefault(rate, []).append(i)
    return found


class Sgd(UpdateRule):
    """Gradient descent with momentum as in torch.optim.SGD (Sutskever et al. 2013)."""

    slots = ("velocity",)

    def move(self, rate: float, rows: list[tuple[Tensor, ...]]) -> None:
        """v = momentum v + g; w -= rate v. A velocity of zeros makes the first step plain."""
        momentum = self.params.momentum or 0.0
        for w, g, v in rows:
            if momentum == 0:
                w.add_(g, alpha=-rate)
                continue
            v.mul_(momentum).add_(g)
            if self.params.nesterov:
                w.add_(g, alpha=-rate).add_(v, alpha=-rate * momentum)
            else:
                w.add_(v, alpha=-rate)


class Adam(UpdateRule):
    """Adam (Kingma & Ba 2015), in torch's fused kernel where there is one: one pass over memory."""

    slots = ("exp_avg", "exp_avg_sq")

    def update(
        self, rate: float, steps: list[Tensor], *buffers: list[Tensor]
    ) -> Callable[[], object]:
        """m, v = averages of g, g^2; w -= rate m_hat / (sqrt(v_hat) + eps)."""
        import torch

        params = self.params
        return partial(
            # Private in torch, and found under every version that pyproject.toml allows.
            getattr(torch, "_fused_adam_", plain_adam),
            *buffers,
            [],
            steps,
            lr=rate,
            beta1=params.beta1,
            beta2=params.beta2,
            eps=params.eps,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )


def plain_adam(
    weights: list[Tensor],
    grads: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    _: list[Tensor],
    steps: list[Tensor],
    **rates: float,
) -> None:
    """Do what the fused kernel does by public operations; `steps` count from 1."""
    beta1, beta2 = rates["beta1"], rates["beta2"]
    for w, g, mean, square, step in zip(weights, grads, means, squares, steps, strict=True):
        t = float(step)
        mean.lerp_(g, 1 - beta1)
        square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        root = (square / (1 - beta2**t)).sqrt_().add_(rates["eps"])
        w.addcdiv_(mean, root, value=-rates["lr"] / (1 - beta1**t))


class Adagrad(UpdateRule):
    """Adagrad (Duchi et al. 2011)."""

    slots = ("sum",)

    def move(self, rate: float, rows: list[tuple[Tensor, ...]]) -> None:
        """s += g^2; w -= rate g / (sqrt(s) + eps)."""
        for w, g, total in rows:
            total.addcmul_(g, g)
            w.addcdiv_(g, total.sqrt().add_(self.params.eps or 0.0), value=-rate)


class RmsProp(UpdateRule):
    """RMSprop (Hinton 2012), with momentum as in torch.optim.RMSprop."""

    slots = ("square_avg", "velocity")

    def move(self, rate: float, rows: list[tuple[Tensor, ...]]) -> None:
        """s = alpha s + (1 - alpha) g^2; w -= rate g / (sqrt(s) + eps)."""
        alpha, momentum = self.params.alpha or 0.0, self.params.momentum or 0.0
        for w, g, square, v in rows:
            square.mul_(alpha).addcmul_(g, g, value=1 - alpha)
            root = square.sqrt().add_(self.params.eps or 0.0)
            if momentum > 0:
                v.mul_(momentum).addcdiv_(g, root)
                w.add_(v, alpha=-rate)
            else:
                w.addcdiv_(g, root, value=-rate)


@dataclass(frozen=True)
class Optimizer:
    """One entry of the table: its rule, its options, and how weight decay enters it.

    decoupled: weights shrink by rate x decay (Loshchilov & Hutter 2019), else decay x weight joins
    the gradient.
    """

    rule: type[UpdateRule] | None
    options: Mapping[str, Any] = field(default_factory=dict)
    decoupled: bool = False


_ALL = {"decay_biases": False}
_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, **_ALL}

# lbfgs has no rule of its own here: it needs the loss again and again (lbfgs.py).
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(
        Sgd, {"lr": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0, **_ALL}
    ),
    "adagrad": Optimizer(Adagrad, {"lr": 0.01, "eps": 1e-10, "weight_decay": 0.0, **_ALL}),
    "rmsprop": Optimizer(
        RmsProp,
        {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0, **_ALL},
    ),
    "adam": Optimizer(Adam, {"lr": 0.001, **_ADAM}),
    "adamw": Optimizer(Adam, {"lr": 0.001, **_ADAM, "weight_decay": 0.01}, decoupled=True),
    "lbfgs": Optimizer(
        None, {"lr": 1.0, "history_size": 10, "max_iter": 20, "weight_decay": 0.0, **_ALL}
    ),
}


class OptimizerParams(NamedChoice):
    """How weights move: a name in OPTIMIZERS; an option that it doesn't read is refused.

    weight_decay holds for weights alone; biases, cut points, slopes and batch-norm gains keep their
    freedom. `decay_biases: true` decays all, as a plain torch.optim call does.
    """

    kind: ClassVar[str] = "optimizer"
    table: ClassVar[Mapping[str, Optimizer]] = OPTIMIZERS
    default: ClassVar[str] = "adam"

    lr: float = Field(gt=0, le=1e30)
    weight_decay: float = Field(ge=0)
    momentum: float | None = Field(None, ge=0, lt=1)
    nesterov: bool | None = None
    alpha: float | None = Field(None, gt=0, lt=1)
    beta1: float | None = Field(None, ge=0, lt=1)
    beta2: float | None = Field(None, ge=0, lt=1)
    eps: float | None = Field(None, gt=0)
    history_size: int | None = Field(None, ge=1)
    max_iter: int | None = Field(None, ge=1)
    decay_biases: bool | None = None

    @model_validator(mode="after")
    def _check(self) -> OptimizerParams:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs momentum above 0: set optimizer.momentum, e.g. 0.9.")
        return self

    @property
    def decoupled(self) -> bool:
        """Whether weights shrink beside the gradient step rather than through it."""
        return OPTIMIZERS[self.name].decoupled

    @property
    def full_batch(self) -> bool:
        """Whether an epoch is one step on all rows."""
        return OPTIMIZERS[self.name].rule is None

    def rule(
        self, flat: Tensor, grad: Tensor, blocks: Sequence[tuple[float, slice]] = ()
    ) -> UpdateRule:
        """Set the rule to work on the flat parameters, whose blocks may have rates of their own."""
        rule = OPTIMIZERS[self.name].rule
        if rule is None:
            raise TypeError(f"{self.name} is not a per-step optimizer")
        return rule(self, flat, grad, blocks)
