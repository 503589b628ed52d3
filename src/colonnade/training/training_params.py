"""The `training` group of a table's YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from colonnade.errors import ParameterError
from colonnade.parameters import Params
from colonnade.tables.schema.table_schema import Label  # pydantic reads it
from colonnade.training.components.losses.loss_params import DEFAULT_LOSS, LossParams
from colonnade.training.components.optimizers import OptimizerParams
from colonnade.training.components.schedulers import SchedulerParams

if TYPE_CHECKING:
    from colonnade.training.networks.model_params import ModelParams


# Words whose null means that there is none of it.
_OFF = {"loss", "clip_norm", "early_stopping", "ema"}


class EarlyStoppingParams(Params):
    """Stop when the validation loss has not fallen for `patience` epochs.

    patience: null: never, but the best epoch's weights are kept.
    by: the loss, or the error: the share of wrong classes, the mean square of a number's errors
      (of a quantile: its loss); the last of equally good epochs is the best then.
    minimum_change: a smaller fall does not count. restore_best: keep the best epoch's weights.
    """

    patience: PositiveInt | None = 20
    by: Literal["loss", "error"] = "loss"
    minimum_change: float = Field(0.0, ge=0)
    restore_best: bool = True


class LassoParams(Params):
    """Penalize the weights of the inputs, so that columns drop out. A bare number: its strength.

    strength: `auto` chooses it by cross-validation inside the train rows.
    adaptive: penalize a column the less, the larger its weights in a first training without l1.
    by: whole input columns at once, or each weight alone.
    folds, strengths: what `auto` tries, and on how many folds.
    """

    strength: Literal["auto"] | Annotated[float, Field(ge=0)] = 0.0
    adaptive: bool = False
    by: Literal["column", "element"] = "column"
    folds: int = Field(5, ge=2, le=100)
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64), min_length=1
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            given = {"strength": given}
        if isinstance(given, dict) and given.get("strength") == "auto":
            return {"adaptive": True, **given}
        return given

    @property
    def active(self) -> bool:
        """Whether there is any penalty."""
        return self.strength == "auto" or self.strength > 0


class DecisionParams(Params):
    """When a row is called positive, of two classes: by a threshold chosen on validation rows.

    aim: f1, balanced_accuracy, cost (of false_positive and false_negative), or precision: the most
      recall whose precision is at least that. positive: the class; the second, unless it is said.
    """

    aim: Literal["f1", "balanced_accuracy", "cost", "precision"]
    positive: Label | None = None
    false_positive: float = Field(1.0, ge=0)
    false_negative: float = Field(1.0, ge=0)
    precision: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, given: Any) -> Any:
        return {"aim": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _fits_together(self) -> DecisionParams:
        # by their values: a stored model names them, whatever the aim
        costs = (self.false_positive, self.false_negative) != (1.0, 1.0)
        if costs and self.aim != "cost":
            raise ValueError("`false_positive` and `false_negative` go with `aim: cost`")
        if (self.aim == "precision") != (self.precision is not None):
            raise ValueError("`aim: precision` and `precision`, such as 0.9, go together")
        return self


class TrainingParams(Params):
    """How to train. Bare words take their defaults: `optimizer: adam`, `scheduler: cosine`.

    loss: default by task (cross_entropy, ordinal, mse).
    dropout_scheduler, weight_decay_scheduler: what multiplies dropout's rates and the weight decay,
      as `scheduler` does the learning rate.
    l1: the lasso on the first layer and the linear path; proximal, so that weights reach exactly 0.
    drop_last: rows that do not fill the last batch sit the epoch out.
    clip_norm: longest gradient of a member. ema: decay of an average of the weights, which then
      stands for them in validation and prediction.
    refit: choose the number of epochs on validation rows, then train again on train + validation.
    members: models trained together; their probabilities (or predictions) are averaged.
    temperature: divide logits by a number fitted on validation rows.
    decision: of two classes, the threshold of a probability that serves an aim, chosen on
      validation rows.
    gradients: hand-derived where it can be, or always by autograd.
    checkpoint_every: epochs between checkpoints (when a place for them is given).
    seed: of weights, order and dropout. threads, device: `auto` chooses by the size of the model.
    """

    loss: LossParams | None = None
    optimizer: OptimizerParams = OptimizerParams.model_validate("adam")
    scheduler: SchedulerParams = SchedulerParams.model_validate("none")
    dropout_scheduler: SchedulerParams = SchedulerParams.model_validate("none")
    weight_decay_scheduler: SchedulerParams = SchedulerParams.model_validate("none")
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 32
    drop_last: bool = False
    seed: int = Field(0, ge=0, lt=2**63)
    threads: Literal["auto"] | PositiveInt = "auto"
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    l1: LassoParams = LassoParams()
    clip_norm: float | None = Field(None, gt=0)
    early_stopping: EarlyStoppingParams | None = None
    ema: float | None = Field(None, gt=0, lt=1)
    refit: bool = False
    members: PositiveInt = 1
    temperature: bool = False
    decision: DecisionParams | None = None
    gradients: Literal["auto", "autograd"] = "auto"
    checkpoint_every: PositiveInt = 10

    @model_validator(mode="before")
    @classmethod
    def _unwritten(cls, given: Any) -> Any:
        """Take `null` for a word that is not written, as where conf/local takes another's back."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None or name in _OFF}

    @field_validator("early_stopping", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        if value is True:
            return {}
        return None if value is False else value

    @model_validator(mode="after")
    def _check(self) -> TrainingParams:
        problems = self.scheduler.problems(self.epochs)
        for name in ("dropout_scheduler", "weight_decay_scheduler"):
            scheduler: SchedulerParams = getattr(self, name)
            problems += [f"{name}: {problem}" for problem in scheduler.problems(self.epochs)]
            if scheduler.name == "plateau":
                problems.append(f"{name} cannot be plateau, which only the learning rate follows.")
        if self.optimizer.full_batch:
            unfit = {"l1": self.l1.active, "clip_norm": self.clip_norm, "ema": self.ema}
            problems += [
                f"training.{name} does not go with lbfgs, which takes steps of its own: remove it, "
                "or choose another optimizer."
                for name, given in unfit.items()
                if given
            ]
            if self.scheduler.interval == "step":
                problems.append("scheduler.interval `step` does not go with lbfgs: use `epoch`.")
        if problems:
            raise ValueError(" ".join(problems))
        return self

    def completed(self, model: ModelParams, task: str, *, validated: bool) -> TrainingParams:
        """Put what the kind of network asks for in the place of words that nobody has written.

        validated: whether there are validation rows to stop or choose by.
        """
        defaults = model.training_defaults(task)
        if not validated:
            defaults.pop("early_stopping", None)
        fresh = {
            name: words for name, words in defaults.items() if name not in self.model_fields_set
        }
        if not fresh:
            return self
        written = self.model_dump(include=self.model_fields_set)
        return type(self).model_validate({**fresh, **written})

    def loss_for(self, task: str, n_classes: int) -> LossParams:
        """Give the loss, or the task's own.

        Raises: ParameterError if it does not fit the task.
        """
        loss = self.loss or LossParams.model_validate(DEFAULT_LOSS[task])
        problems = loss.problems(task, n_classes)
        if problems:
            raise ParameterError(problems)
        return loss
