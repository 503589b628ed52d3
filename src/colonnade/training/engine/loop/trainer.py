"""The training loop: one member or many at once, resumable after any epoch.

It does not depend on files, terminals, ranks or the source of its rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from colonnade.errors import TrainingError
from colonnade.training.components.layers.dropout import DropoutMasks
from colonnade.training.components.regularizers import Average, Clip, Lasso, WeightDecay
from colonnade.training.engine.batches import Batches, batch_sizes, batches, derive_seed, permute
from colonnade.training.engine.fast_mlp.gradient import HandDerivedGradients, derived_by_hand
from colonnade.training.engine.forward import AutogradGradients, Validation
from colonnade.training.engine.job import History, MemberConfig, TrainingJob
from colonnade.training.engine.loop.rates import Rates
from colonnade.training.engine.loop.start import mean_weights, start_members
from colonnade.training.engine.loop.stopping import EarlyStopping, Stopping
from colonnade.training.networks.base import draw_from

Progress = Callable[[int, int, float, float], object]


class Trainer:
    """M members in training.

    stopping: in place of the one that the parameters ask for. rates: each epoch's rates, in place
    of the scheduler's.
    """

    def __init__(
        self,
        job: TrainingJob,
        members: Sequence[MemberConfig],
        *,
        stopping: Stopping | None = None,
        rates: list[list[float]] | None = None,
    ) -> None:
        self.job, self.members, self.params = job, members, job.params
        self.n_rows = len(job.train) if members[0].rows is None else len(members[0].rows)
        self.stack = start_members(job, members)
        self.mean_weights = mean_weights(job, members)
        self.dropout = DropoutMasks([m.model.dropout_rate for m in members], self.stack.flat)
        whole_table = self.params.optimizer.full_batch
        self.batch_size = self.n_rows if whole_table else min(self.n_rows, self.params.batch_size)
        whole, self.rest = batch_sizes(
            self.n_rows,
            self.batch_size,
            batch_norm=job.network.normalizes_batches,
            drop_last=self.params.drop_last,
        )
        self.steps = whole + bool(self.rest)
        self.history = History()
        self.stopping = stopping or self._stopping()
        self.rates = Rates(self.params, members, self.steps, rates)
        self.kept = self.stack.flat.clone() if self.stopping.keeps else None
        buffers = self.stack.buffers
        self.kept_buffers = (
            buffers.clone() if self.kept is not None and buffers is not None else None
        )
        self._set_actions()
        self._paths: dict[int, HandDerivedGradients | AutogradGradients] = {}
        self.validation = Validation(job, members)

    @property
    def path(self) -> str:
        """Which gradients are used, in words for the run's facts."""
        derived = self.params.gradients == "auto" and derived_by_hand(self.job.network)
        return "hand-derived" if derived else "autograd"

    def _stopping(self) -> Stopping:
        params, n = self.params.early_stopping, len(self.members)
        return Stopping(n) if params is None else EarlyStopping(params, n)

    def _penalties(self) -> Tensor:
        none = torch.zeros(self.job.network.inputs.n_features, dtype=torch.float64)
        return torch.stack([none if m.penalty is None else m.penalty for m in self.members])

    def _set_actions(self) -> None:
        params, stack = self.params, self.stack
        decays, optimizer = [m.weight_decay for m in self.members], params.optimizer
        self.decay: WeightDecay | None = None
        if any(decay > 0 for decay in decays):
            everywhere = bool(optimizer.decay_biases)
            layout = stack.spec.parameters
            factors = layout.weight_decay(stack.flat, everywhere=everywhere)
            if optimizer.decoupled:
                factors *= layout.learning_rate(stack.flat)
            self.decay = WeightDecay(stack.flat, stack.grad, decays, factors, optimizer.decoupled)
        self.lasso: Lasso | None = None
        if any(m.penalty is not None for m in self.members):
            read = stack.spec.input_weights
            weights = [stack.spec.parameters[name].view(stack.flat) for name in read]
            self.lasso = Lasso(weights, self._penalties(), params.l1.by == "column")
        self.average = Average(stack.flat, stack.buffers, params.ema) if params.ema else None
        clip = Clip(stack.grad, params.clip_norm) if params.clip_norm else None
        self.before: list[Callable[[], None]] = [
            action for action in (clip, self.decay) if action is not None
        ]
        self.after: list[Callable[[], None]] = [
            action for action in (self.lasso, self.average) if action is not None
        ]
        self.rule: Any
        if optimizer.full_batch:
            from colonnade.training.components.lbfgs import Lbfgs

            self.rule = Lbfgs(optimizer, stack.flat, stack.grad, self.decay)
        else:
            blocks = stack.spec.parameters.lr_blocks
            self.rule = optimizer.rule(stack.flat, stack.grad, blocks)

    def gradients(self, n_rows: int) -> HandDerivedGradients | AutogradGradients:
        """Give the gradient path for batches of one size, made once."""
        if n_rows not in self._paths:
            stack, loss, means = self.stack, self.job.loss, self.mean_weights
            if self.path == "hand-derived":
                self._paths[n_rows] = HandDerivedGradients(stack, loss, self.dropout, n_rows, means)
            else:
                network = stack.network()
                draw_from(network, self.dropout)
                self._paths[n_rows] = AutogradGradients(stack, network, loss, means)
        return self._paths[n_rows]

    def run(
        self,
        progress: Progress | None = None,
        save: Callable[[], object] | None = None,
    ) -> None:
        """Train from where it stands to its last epoch.

        save: called after every `checkpoint_every` epochs and after the last.
        Raises: TrainingError when a loss is not finite; the last checkpoint stays as it is.
        """
        before = self.history.seconds[-1] if self.history.seconds else 0.0
        started = time.perf_counter()
        epochs = self.stopping.horizon(self.params.epochs)
        # Autograd needs tensors that remember; all else is faster without.
        guard = torch.inference_mode if self.path == "hand-derived" else torch.no_grad
        with guard():
            while len(self.history) < epochs and not self.stopping.finished:
                epoch = len(self.history) + 1
                self._validate(epoch, self._epoch(epoch - 1))
                self.history.seconds.append(before + time.perf_counter() - started)
                if progress is not None:
                    progress(epoch, epochs, *self._means())
                last = epoch == epochs or self.stopping.finished
                if save is not None and (last or epoch % self.params.checkpoint_every == 0):
                    save()

    def _means(self) -> tuple[float, float]:
        train, validation = self.history.train_loss[-1], self.history.validation_loss[-1]
        return sum(train) / len(train), sum(validation) / len(validation)

    def _epoch(self, epoch: int) -> list[float]:
        self._set_rates(epoch, 0)
        self.history.lr.append(list(self.learning_rates))
        self.dropout.seed([derive_seed(m.seed, "dropout", epoch) for m in self.members])
        own_rows = [member.rows for member in self.members]
        order = permute([m.order_seed for m in self.members], epoch, own_rows, self.n_rows)
        losses, weights, step = [], [], 0
        n_logits = self.job.network.n_logits
        for block in batches(self.job.train, order, self.batch_size, self.rest, n_logits):
            self._steps(block, epoch, step)
            step += len(block.numeric)
            loss, weight = self._batch_losses(block)
            losses.append(loss)
            weights.append(weight)
        return self._mean_losses(epoch + 1, torch.cat(losses), torch.cat(weights))

    def _steps(self, block: Batches, epoch: int, step: int) -> None:
        """Train on a block of batches; nothing is read back from the tensors."""
        path = self.gradients(block.n_rows)
        gradient = path.gradient
        if self.params.optimizer.full_batch:
            self.rule.minimize(lambda: self._full_loss(path, block))
            return
        update, before, after = self.rule.step, self.before, self.after
        every_step = self.rates.every_step
        columns = (block.numeric, block.categorical, block.targets, block.logits)
        for numeric, categorical, targets, logits in zip(*columns, strict=True):
            if every_step:
                self._set_rates(epoch, step)
                step += 1
            gradient(numeric, categorical, targets, logits)
            for action in before:
                action()
            update()
            for action in after:
                action()

    def _full_loss(self, path: HandDerivedGradients | AutogradGradients, block: Batches) -> Tensor:
        path.gradient(block.numeric[0], block.categorical[0], block.targets[0], block.logits[0])
        return self._batch_losses(block)[0].sum()

    def _batch_losses(self, block: Batches) -> tuple[Tensor, Tensor]:
        """Give each batch's mean loss and its weight.

        Shape: -> (n_batches, M) twice.
        """
        loss = self.job.loss
        rows = loss.per_example_loss(block.all_logits, block.all_targets).sum(-1)
        weights = loss.weights(block.all_targets).sum(-1)
        if loss.by_rows:  # a batch may hold nothing but rows without weight
            weights = weights.clamp_min(torch.finfo(weights.dtype).tiny)
        shape = (len(block.numeric), len(self.members))
        return (rows / weights).view(shape), weights.view(shape)

    def _mean_losses(self, epoch: int, losses: Tensor, weights: Tensor) -> list[float]:
        wrong = ~torch.isfinite(losses).cpu() & self._running()
        if bool(wrong.any()):
            batch, member = (int(i) for i in wrong.nonzero()[0])
            self._raise_not_finite("training", f"epoch {epoch}, batch {batch + 1}", member)
        # The last update shows in no loss yet.
        broken = ~torch.isfinite(self.stack.flat).all(1).cpu() & self._running()
        if bool(broken.any()):
            place = f"epoch {epoch}, batch {len(losses)}"
            self._raise_not_finite("training", place, int(broken.nonzero()[0]))
        means = (losses * weights).to(torch.float64).sum(0) / weights.to(torch.float64).sum(0)
        return [float(value) for value in means.tolist()]

    def _running(self) -> Tensor:
        return torch.tensor([not stopped for stopped in self.stopping.stopped])

    def _raise_not_finite(self, kind: str, place: str, member: int) -> None:
        who = f" of member {member + 1}" if len(self.members) > 1 else ""
        raise TrainingError(
            f"the {kind} loss{who} is not finite in {place}. Try a lower `training.optimizer.lr` "
            f"(now {self.learning_rates[member]:g}), set `training.clip_norm` (e.g. 1.0), or look "
            "for extreme values in the columns. The last checkpoint is kept."
        )

    def _set_rates(self, epoch: int, step: int) -> None:
        self.learning_rates = self.rates.learning(epoch, step)
        self.rule.set_rates(self.learning_rates)
        self.dropout.set_factor(self.rates.dropout(epoch, step))
        if self.decay is not None:
            self.decay.set_factor(self.rates.weight_decay(epoch, step))
            self.decay.set_rates(self.learning_rates)
        if self.lasso is not None:
            self.lasso.set_rates(self.learning_rates)

    def weights(self) -> Tensor:
        """Give the weights that stand for the members now: their average, if one is kept."""
        if self.average is None:
            return self.stack.flat
        return self.average.weights(sparse=self.lasso is not None)

    @property
    def buffers(self) -> Tensor | None:
        """The running statistics that belong to `weights`."""
        return self.stack.buffers if self.average is None else self.average.buffers

    def _validate(self, epoch: int, losses: list[float]) -> None:
        weights, buffers = self.weights(), self.buffers
        by_error = self.stopping.by_error
        validation, errors = self.validation.measure(weights, buffers, errors=by_error)
        wrong = ~torch.isfinite(torch.tensor(validation)) & self._running()
        if len(self.validation) and bool(wrong.any()):
            self._raise_not_finite("validation", f"epoch {epoch}", int(wrong.nonzero()[0]))
        self.history.train_loss.append(losses)
        self.history.validation_loss.append(validation)
        self.rates.plateau.update(epoch, validation)
        kept = self.stopping.update(epoch, errors if by_error else validation)
        if self.kept is not None and kept:
            self.kept[kept] = weights[kept]
            if self.kept_buffers is not None and buffers is not None:
                self.kept_buffers[kept] = buffers[kept]

    def result(self) -> tuple[Tensor, Tensor | None]:
        """Give the members' final weights and buffers."""
        flat, buffers = self.weights().clone(), self.buffers
        kept = self.stopping.kept()
        if self.kept is not None and kept:
            flat[kept] = self.kept[kept]
        if buffers is not None:
            buffers = buffers.clone()
            if self.kept_buffers is not None:
                buffers[kept] = self.kept_buffers[kept]
        return flat, buffers
