"""A trained model: predicts from raw columns, and is plain data inside."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.errors import ModelError
from colonnade.messages.catalog import _
from colonnade.messages.printed import Facts, Printed
from colonnade.tables.features.outside import describe_outside, outside_column
from colonnade.tables.reading.plain_frames import is_frame, plain_frame
from colonnade.tables.reading.raw import read_rows
from colonnade.training.models.calibration.decision import decided
from colonnade.training.models.conformal import COVERAGE
from colonnade.training.models.model_facts import model_facts, origin_of
from colonnade.training.models.target import odd_rows, target_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch
    from torch import Tensor

    from colonnade.tables.features.outside import Mark
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.components.losses.loss import Loss
    from colonnade.training.models.conformal import HeldOut
    from colonnade.training.networks.base import Network
    from colonnade.training.networks.binding.spec import NetworkSpec
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams

logger = logging.getLogger(__name__)

_DEPTH = 4  # of the summary: an activation stands in a layer, in a list of layers, in the body
# Rows predicted at once: few enough for the processor's cache, whatever the length of the table.
_CHUNK = 1024


@dataclass(frozen=True, eq=False, repr=False)
class TrainedModel(Printed):
    """Weights of one or more members, and all that is needed to use them.

    Predictions run in float64: the number of rows handed in at once changes them by 1e-12 at most.

    Args: held_out: a number's errors on rows held out from training, behind its intervals.
        trained_on: what `rows_digest` says of its train and validation rows, if that is known.
        table: the name of the table that it is of, once it was saved under one.
        run: the run in MLflow that it is of, where it was read from a folder that names it.

    Shape: weights: each (n_members, ...). X: (n, n_features), in the standardizer's order.
    """

    standardizer: Standardizer
    model: ModelParams
    training: TrainingParams
    weights: dict[str, Tensor]
    facts: dict[str, Any]
    held_out: HeldOut | None = None
    trained_on: str | None = None
    table: str | None = None
    run: str | None = None

    @property
    def n_classes(self) -> int:
        """Count the classes; 0 for a regression."""
        return len(self.standardizer.classes or ())

    @property
    def n_members(self) -> int:
        """Count the models whose predictions are averaged."""
        return len(next(iter(self.weights.values())))

    @cached_property
    def loss(self) -> Loss:
        """The loss that it was trained with: it turns logits into probabilities."""
        words = self.training.loss_for(self.standardizer.task, self.n_classes)
        return words.loss(self.standardizer.n_asked)

    @cached_property
    def spec(self) -> NetworkSpec:
        """The shape of its network."""
        from colonnade.training.networks.binding.spec import spec_for

        return spec_for(self.model, self.standardizer, self.loss)

    @cached_property
    def network(self) -> Network:
        """All members as one torch module in float64, in evaluation mode."""
        double = {name: weight.double() for name, weight in self.weights.items()}
        return self.spec.bound(double).eval()

    def _run(self, module: Callable[..., Tensor], X: np.ndarray) -> Tensor:
        """Give what the network, or its body, makes of the rows, for every member.

        Shape: (n, n_features) -> (M, n, n_logits or n_outputs).
        """
        import torch

        inputs = self.spec.inputs
        if X.ndim != 2 or X.shape[1] != inputs.n_features:
            raise ModelError(
                f"the model reads {inputs.n_features} features, but got an array of shape "
                f"{X.shape}: give one row per case, in the order of standardizer.feature_names."
            )
        x = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
        with torch.inference_mode():
            starts = range(0, max(1, len(x)), _CHUNK)  # without rows, one empty part
            parts = [module(*inputs.split(x[start : start + _CHUNK])) for start in starts]
            return torch.cat(parts, dim=1)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Give what the network's body computes, averaged over members, before any head.

        Shape: -> (n, n_classes) logits; (n,) for an ordinal score, or for a number as it is
            learned, or its logarithm.
        """
        scores = self._run(self.network.scores, X).mean(0)
        return (scores[:, 0] if scores.shape[1] == 1 else scores).numpy()

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Give each class's probability, averaged over members, at the fitted temperature.

        Shape: -> (n, n_classes); rows sum to 1.
        """
        if not self.n_classes:
            raise ModelError("a regression has no class probabilities: use predict_array.")
        temperature = float(self.facts.get("temperature") or 1.0)
        logits = self._run(self.network, X) / temperature
        return self.loss.probabilities(logits).mean(0).numpy()

    def decide(self, shares: np.ndarray) -> np.ndarray:
        """Give the likeliest class's code, or of two classes what the threshold says."""
        return decided(shares, self.facts.get("decision"))

    def predict_array(self, X: np.ndarray) -> np.ndarray:
        """Give each class's code (int64), as it is decided, or numbers in raw units (float64)."""
        if self.n_classes:
            return self.decide(self.probabilities(X))
        learned = self.loss.numbers(self._run(self.network, X)).mean(0).numpy()
        kept = self.facts.get("residuals") or ()
        return target_of(self.standardizer, self.loss, kept).raw(learned)

    @property
    def interval_caveat(self) -> str:
        """Why intervals may hold fewer new values than promised: their rows had a say; or ""."""
        held_out, training = self.held_out, self.training
        if held_out is None:
            return ""
        if not held_out.origin.startswith("validation"):
            return _("its width comes from models of parts of the train rows")
        plateau = training.scheduler.name == "plateau"
        reasons = {
            _("the rows behind it also chose when training stopped"): training.early_stopping,
            _("the rows behind it also lowered the learning rate"): plateau,
            _("its width was found before the refit"): held_out.origin.endswith("refit"),
        }
        return _(", and ").join(reason for reason, holds in reasons.items() if holds)

    def half_width(self, coverage: float = COVERAGE) -> float | None:
        """Half of a predicted number's interval, in raw units; None if nothing can be promised.

        As validation rows say (before a `refit`), or folds of a small table without such rows.
        Raises: ParameterError if coverage is not between 0 and 1.
        """
        return None if self.held_out is None else self.held_out.half_width(coverage)

    def predict(
        self, rows: pd.DataFrame | str | Path, *, coverage: float = COVERAGE, name: str = "rows"
    ) -> pd.DataFrame:
        """Predict rows of raw columns, in any order of columns.

        One warning in the log reports what is unlike the train rows.

        Args: rows: a frame (pandas, polars, Arrow), or a file's path. coverage: how often a number
            should lie from "lower" to "upper". name: what errors and the log call a frame.

        Shape: -> "prediction" (label, or raw units), then "probability_<label>" for each class, or
            a number's "lower" and "upper" where rows were held out for them; last
            "outside", which says in what the row is unlike the train rows, as "ram high; city new".
        Raises: DataError if a column is missing or unusable; BadCellsError if all that is wrong
            are cells.
        """
        if is_frame(rows):
            rows = plain_frame(rows)
        else:
            table = read_rows(rows)
            rows, name = table.frame, table.source.name
        predictions, marks = self._predict_and_mark(rows, coverage, name)
        if marks:
            logger.warning("%s: %s", name, describe_outside(marks, len(rows)))
        return predictions

    def predict_quietly(self, frame: pd.DataFrame, *, coverage: float = COVERAGE) -> pd.DataFrame:
        """Do as `predict` does, without a word in the log."""
        return self._predict_and_mark(frame, coverage, "rows")[0]

    def _predict_and_mark(
        self, frame: pd.DataFrame, coverage: float, name: str
    ) -> tuple[pd.DataFrame, list[Mark]]:
        typed = self.standardizer.read(plain_frame(frame), name)
        marks = self.standardizer.outside(typed)
        predictions = self._predictions(self.standardizer.encode(typed), frame.index, coverage)
        predictions["outside"] = outside_column(marks, len(frame))
        return predictions, marks

    def _predictions(self, X: np.ndarray, index: pd.Index, coverage: float) -> pd.DataFrame:
        classes = self.standardizer.classes
        if self.standardizer.task == "anomaly":
            return self.oddness(X, index)
        if classes is None:
            return self._numbers(X, index, coverage)
        shares = self.probabilities(X)
        labels = [classes[code] for code in self.decide(shares)]
        columns = {f"probability_{label}": shares[:, i] for i, label in enumerate(classes)}
        return pd.DataFrame({"prediction": labels, **columns}, index=index)

    def oddness(self, X: np.ndarray, index: pd.Index) -> pd.DataFrame:
        """Say how odd rows are: `score`, `odd` and `because`, as `odd_rows` gives them."""
        errors = np.square(self._run(self.network, X).mean(0).numpy() - X)
        return odd_rows(errors, self.standardizer, self.facts.get("threshold"), index)

    def _numbers(self, X: np.ndarray, index: pd.Index, coverage: float) -> pd.DataFrame:
        predicted, half = self.predict_array(X), self.half_width(coverage)
        bounds = {} if half is None else {"lower": predicted - half, "upper": predicted + half}
        return pd.DataFrame({"prediction": predicted, **bounds}, index=index)

    def describe_origin(self) -> str:
        """One line on where the model comes from: its run and its data, and if that was drawn."""
        return origin_of(self)

    def linear_coefficients(self) -> tuple[dict[str, float], float]:
        """Give slope by raw column and intercept, in raw units, of a linear regression.

        Raises: ModelError for another kind of model, or inputs that are not raw columns.
        """
        from colonnade.tables.features.transforms import NumberColumn

        table = self.standardizer
        bent = self.loss.link != "identity" or table.target_curve is not None
        if self.model.kind != "linear" or bent:
            raise ModelError("only a linear regression has slopes and an intercept.")
        straight = [
            c
            for c in table.columns
            if isinstance(c, NumberColumn)
            and not (c.indicator or c.edges or c.scale.log1p or c.scale.quantiles)
        ]
        if len(straight) != len(table.columns):
            raise ModelError("some features are not linear in a column, so that it has no slope.")
        weight = self.weights["output.weight"].double().mean(0)[0].numpy()
        slopes = table.target_scale * weight / np.array([c.scale.scale for c in straight])
        intercept = table.target_center
        intercept += table.target_scale * float(self.weights["output.bias"].double().mean(0)[0])
        intercept -= float(slopes @ np.array([c.scale.center for c in straight]))
        return dict(zip(table.inputs, slopes.tolist(), strict=True)), float(intercept)

    def module(self, member: int = 0) -> torch.nn.Module:
        """Give one member as a torch module, in evaluation mode: (numeric, codes) -> logits."""
        return self.spec.single({name: weight[member] for name, weight in self.weights.items()})

    def summary(self) -> str:
        """Print layers, shapes and parameter counts, as torchinfo does."""
        import torch
        from torchinfo import summary

        inputs = self.spec.inputs.split(torch.zeros(1, self.spec.inputs.n_features))
        text = str(
            summary(
                self.module(),
                input_data=[part for part in inputs if part is not None],
                col_names=("input_size", "output_size", "num_params"),
                depth=_DEPTH,
                verbose=0,
                device="cpu",
            )
        )
        return text if self.n_members == 1 else f"{self.n_members} members, each:\n{text}"

    def printed(self) -> tuple[str, Facts]:
        """What it is, for a shell and a notebook."""
        return f"{type(self).__name__} {self.table or ''}".rstrip(), model_facts(self)

    def describe(self) -> dict[str, Any]:
        """Give everything but the weights as plain data for JSON."""
        return {
            "model": self.model.model_dump(mode="json"),
            "training": self.training.model_dump(mode="json"),
            "facts": self.facts,
            "trained_on": self.trained_on,
            "held_out": None if self.held_out is None else self.held_out.model_dump(mode="json"),
            "standardizer": self.standardizer.model_dump(mode="json"),
        }
