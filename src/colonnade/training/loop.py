"""The training loop: one program for one member or many, resumable after any epoch.

It knows nothing of files, terminals, ranks or where its rows came from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from colonnade.errors import TrainingError
from colonnade.training.activations import Kernels
from colonnade.training.gradients import ByAutograd, Dropout, HandDerived
from colonnade.training.initializers import InitializerParams
from colonnade.training.losses import Loss
from colonnade.training.models import Plan
from colonnade.training.network import (
    Stack,
    forward,
    initialize,
    initialize_cuts,
    split_pieces,
)
from colonnade.training.parameters import TrainingParams
from colonnade.training.regularization import Average, Clip, Lasso, WeightDecay
from colonnade.training.rows import Batches, Rows, batch_sizes, batches, chunks, derive_seed, permute
from colonnade.training.watch import EarlyStopping, Plateau

Progress = Callable[[int, int, float, float], object]


@dataclass(frozen=True)
class Individual:
    """One member of a program, every choice made: what distinguishes it from the others.

    rows, validation_rows: its own rows of the shared tables, or all of them.
    """

    seed: int
    order_seed: int
    lr: float
    weight_decay: float
    dropout: float
    initializer: InitializerParams
    rows: Tensor | None = None
    validation_rows: Tensor | None = None


@dataclass(frozen=True)
class Task:
    """What is to be learned, by which network, from which rows."""

    plan: Plan
    kernels: Kernels
    gain: float
    loss: Loss
    params: TrainingParams
    train: Rows
    validation: Rows
    dtype: torch.dtype = torch.float32


@dataclass
class History:
    """Each epoch's numbers, for every member.

    Shape: lr, train_loss, validation_loss: one list an epoch, of one number a member.
    """

    lr: list[list[float]] = field(default_factory=list)
    train_loss: list[list[float]] = field(default_factory=list)
    validation_loss: list[list[float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.seconds)


class Program:
    """M members in training."""

    def __init__(
        self,
        task: Task,
        members: Sequence[Individual],
        epochs: int | None = None,
        rates: list[list[float]] | None = None,
    ) -> None:
        self.task, self.members, self.params = task, members, task.params
        self.epochs = epochs or task.params.epochs
        self.given_rates = rates
        n = len(task.train) if members[0].rows is None else len(members[0].rows)
        self.n_rows = n
        self.stack = Stack(task.plan, len(members), task.dtype, task.train.x.device)
        initialize(
            self.stack, [m.initializer for m in members], [m.seed for m in members], task.gain
        )
        if task.plan.ordinal:
            initialize_cuts(self.stack, self._class_counts())
        self.dropout = Dropout([m.dropout for m in members], self.stack)
        self.batch_size = min(n, n if self.params.optimizer.full_batch else self.params.batch_size)
        self.whole, self.rest = batch_sizes(n, self.batch_size, task.plan.batch_norm)
        self.steps = self.whole + bool(self.rest)
        self.history = History()
        self.stopping = EarlyStopping(self.params.early_stopping, len(members))
        self.plateau = Plateau(self.params.scheduler, len(members))
        self.kept = self.stack.flat.clone() if self.params.early_stopping else None
        self.kept_running = None
        if self.kept is not None and self.stack.running is not None:
            self.kept_running = self.stack.running.clone()
        self._set_actions()
        self._paths: dict[int, HandDerived | ByAutograd] = {}
        self._validation_targets = self._gather_validation()

    @property
    def path(self) -> str:
        """Which gradients are used, in words for the run's facts."""
        derived = self.params.gradients == "auto" and self.task.kernels.backward is not None
        return "hand-derived" if derived else "autograd"

    def _class_counts(self) -> Tensor:
        codes, k = self.task.train.codes.cpu(), self.task.loss.n_classes
        own = [codes if m.rows is None else codes[m.rows] for m in self.members]
        return torch.stack([torch.bincount(code, minlength=k) for code in own])

    def _set_actions(self) -> None:
        params, stack = self.params, self.stack
        decays = [m.weight_decay for m in self.members]
        optimizer = params.optimizer
        self.decay = None
        if any(decay > 0 for decay in decays):
            biases = bool(optimizer.decay_biases)
            self.decay = WeightDecay(stack, decays, optimizer.decoupled, biases)
        self.lasso = Lasso(stack, params.l1, params.l1_by == "column") if params.l1 > 0 else None
        self.average = Average(stack, params.ema) if params.ema else None
        clip = Clip(stack, params.clip_norm) if params.clip_norm else None
        self.before = [action for action in (clip, self.decay) if action is not None]
        self.after = [action for action in (self.lasso, self.average) if action is not None]
        self.rule: Any = self._rule()

    def _rule(self) -> Any:
        if not self.params.optimizer.full_batch:
            return self.params.optimizer.rule(self.stack.flat, self.stack.grad)
        from colonnade.training.lbfgs import Lbfgs

        return Lbfgs(self.params.optimizer, self.stack.flat, self.stack.grad, self.decay)

    def gradients(self, n_rows: int) -> HandDerived | ByAutograd:
        """Give the gradient path for batches of one size, made once."""
        if n_rows not in self._paths:
            parts = (self.stack, self.task.kernels, self.task.loss, self.dropout)
            self._paths[n_rows] = (
                HandDerived(*parts, n_rows) if self.path == "hand-derived" else ByAutograd(*parts)
            )
        return self._paths[n_rows]

    def run(
        self,
        progress: Progress | None = None,
        save: Callable[[Program], object] | None = None,
    ) -> None:
        """Train from where the program stands to its last epoch.

        save: called after every `checkpoint_every` epochs and after the last.
        Raises: TrainingError when a loss is not finite; the last checkpoint stays as it is.
        """
        before = self.history.seconds[-1] if self.history.seconds else 0.0
        started = time.perf_counter()
        # Autograd needs tensors that remember; all else is faster without.
        guard = torch.inference_mode if self.path == "hand-derived" else torch.no_grad
        with guard():
            while len(self.history) < self.epochs and not self._over():
                epoch = len(self.history)
                losses = self._epoch(epoch)
                self.history.seconds.append(before + time.perf_counter() - started)
                self._judge(epoch + 1, losses)
                if progress is not None:
                    progress(epoch + 1, self.epochs, *self._means())
                if save is not None and ((epoch + 1) % self.params.checkpoint_every == 0):
                    save(self)
        if save is not None and len(self.history) % self.params.checkpoint_every:
            save(self)

    def _over(self) -> bool:
        return self.params.early_stopping is not None and self.stopping.finished

    def _means(self) -> tuple[float, float]:
        train, validation = self.history.train_loss[-1], self.history.validation_loss[-1]
        return sum(train) / len(train), sum(validation) / len(validation)

    def _epoch(self, epoch: int) -> list[float]:
        self._set_rates(epoch, 0)
        self.history.lr.append(list(self.rates))
        for member, generator in zip(self.members, self.dropout.generators, strict=True):
            generator.manual_seed(derive_seed(member.seed, "dropout", epoch))
        seeds = [member.order_seed for member in self.members]
        order = permute(seeds, epoch, [member.rows for member in self.members], self.n_rows)
        losses, weights, step = [], [], 0
        n_logits = self.task.plan.n_logits
        for block in batches(self.task.train, order, self.batch_size, self.rest, n_logits):
            self._steps(block, epoch, step)
            step += len(block.x)
            loss, weight = self._batch_losses(block)
            losses.append(loss)
            weights.append(weight)
        return self._mean_losses(epoch + 1, torch.cat(losses), torch.cat(weights))

    def _steps(self, block: Batches, epoch: int, step: int) -> None:
        """Train on a block of batches; nothing is read back from the tensors."""
        path = self.gradients(block.n_rows)
        gradient, update = path.gradient, self.rule.step
        before, after = self.before, self.after
        if self.params.optimizer.full_batch:
            self.rule.minimise(lambda: self._full_loss(path, block))
            return
        every_step = self.params.scheduler.interval == "step"
        for x, targets, logits in zip(block.x, block.targets, block.logits, strict=True):
            if every_step:
                self._set_rates(epoch, step)
                step += 1
            gradient(x, targets, logits)
            for action in before:
                action()
            update()
            for action in after:
                action()

    def _full_loss(self, path: HandDerived | ByAutograd, block: Batches) -> Tensor:
        path.gradient(block.x[0], block.targets[0], block.logits[0])
        return self._batch_losses(block)[0].sum()

    def _batch_losses(self, block: Batches) -> tuple[Tensor, Tensor]:
        """Give each batch's mean loss and its weight.

        Shape: -> (n_batches, M) twice.
        """
        loss = self.task.loss
        rows = loss.rows(block.all_logits, block.all_targets).sum(-1)
        weights = loss.weights(block.all_targets).sum(-1)
        shape = (len(block.x), len(self.members))
        return (rows / weights).view(shape), weights.view(shape)

    def _mean_losses(self, epoch: int, losses: Tensor, weights: Tensor) -> list[float]:
        running = torch.tensor([not stopped for stopped in self.stopping.stopped])
        wrong = ~torch.isfinite(losses).cpu() & running
        if bool(wrong.any()):
            batch, member = (int(i) for i in wrong.nonzero()[0])
            self._refuse(epoch, batch + 1, member)
        if not bool(torch.isfinite(self.stack.flat).all(1).cpu()[running].all()):
            self._refuse(epoch, len(losses), 0)
        means = (losses * weights).to(torch.float64).sum(0) / weights.to(torch.float64).sum(0)
        return [float(value) for value in means.tolist()]

    def _refuse(self, epoch: int, batch: int, member: int) -> None:
        who = f" of member {member + 1}" if len(self.members) > 1 else ""
        raise TrainingError(
            f"the training loss{who} is not finite in epoch {epoch}, batch {batch}. Try a lower "
            f"`training.optimizer.lr` (now {self.rates[member]:g}), set `training.clip_norm` "
            "(e.g. 1.0), or look for extreme values in the columns. The last checkpoint is kept."
        )

    def _set_rates(self, epoch: int, step: int) -> None:
        if self.given_rates is not None:
            self.rates = self.given_rates[epoch]
        else:
            factor = self.params.scheduler.multiplier(
                epoch, self.params.epochs, step, self.steps
            )
            self.rates = [
                self.plateau.rate(i, member.lr * factor) for i, member in enumerate(self.members)
            ]
        self.rule.set_rates(self.rates)
        for action in (self.decay, self.lasso):
            if action is not None:
                action.set_rates(self.rates)

    def _gather_validation(self) -> tuple[Tensor, Tensor]:
        rows, own = self.task.validation, self.members[0].validation_rows
        if own is None:
            return rows.x[:, :-1], rows.targets
        index = torch.stack([m.validation_rows for m in self.members if m.validation_rows is not None])
        return self.task.train.x[index][..., :-1], self.task.train.targets[index]

    def weights(self) -> Tensor:
        """Give the weights that stand for the members now: their average, if one is kept."""
        if self.average is None:
            return self.stack.flat
        return self.average.weights(sparse=self.lasso is not None)

    def validation_losses(self) -> list[float]:
        """Give each member's mean loss on validation rows, as in prediction; NaN without rows."""
        x, targets = self._validation_targets
        n = x.shape[-2]
        if n == 0:
            return [float("nan")] * len(self.members)
        total = torch.zeros(2, len(self.members), dtype=torch.float64, device=x.device)
        weights = split_pieces(self.task.plan, self.weights())
        for part in chunks(n):
            logits = forward(
                self.task.plan,
                self.task.kernels,
                weights,
                x[..., part, :],
                running=self.stack.running,
            )
            target = targets[..., part, :]
            total[0] += self.task.loss.rows(logits, target).to(torch.float64).sum(-1)
            total[1] += self.task.loss.weights(target).to(torch.float64).sum(-1)
        return [float(value) for value in (total[0] / total[1]).tolist()]

    def _judge(self, epoch: int, losses: list[float]) -> None:
        validation = self.validation_losses()
        self.history.train_loss.append(losses)
        self.history.validation_loss.append(validation)
        self.plateau.update(validation)
        kept = self.stopping.update(epoch, validation)
        if self.kept is not None and kept:
            self.kept[kept] = self.weights()[kept]
            if self.kept_running is not None and self.stack.running is not None:
                self.kept_running[kept] = self.stack.running[kept]

    def result(self) -> tuple[Tensor, Tensor | None]:
        """Give the members' final weights and running statistics."""
        flat, running = self.weights().clone(), self.stack.running
        if self.kept is None or self.params.early_stopping is None:
            return flat, running
        best = self.params.early_stopping.restore_best
        chosen = [i for i, at in enumerate(self.stopping.stopped) if at or best]
        flat[chosen] = self.kept[chosen]
        if running is not None and self.kept_running is not None:
            running = running.clone()
            running[chosen] = self.kept_running[chosen]
        return flat, running
