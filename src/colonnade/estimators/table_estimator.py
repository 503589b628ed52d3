"""What classifier and regressor share: scikit-learn's manners around a trained model."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from colonnade.errors import ParameterError
from colonnade.estimators.python_errors import in_python
from colonnade.estimators.recipe import Recipe, choose_recipe
from colonnade.estimators.sklearn_inputs import (
    column_names,
    free_name,
    guess_features,
    read_features,
    read_weights,
    target_name,
)
from colonnade.estimators.table_training import train_on_table
from colonnade.evaluation.explanation.importance import MOST_ROWS, permutation_importances
from colonnade.tables.inference.guesses.guess import guess_of
from colonnade.tables.inference.infer import Inference
from colonnade.training.models.storage import packed_model, unpacked_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from colonnade.tables.inference.hyperparameters import Effort
    from colonnade.tables.schema.table_schema import Label, Task
    from colonnade.training.models.trained import TrainedModel

_SHUFFLES = 5
_FRAMES = ("history_", "_rows")


class TableEstimator(BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Trains on a table as `kedro run` does; what is None is chosen as `kedro table add` does."""

    model_: TrainedModel
    history_: pd.DataFrame
    n_features_in_: int

    def __init__(
        self,
        model: str | Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        *,
        standardize: Mapping[str, Any] | None = None,
        columns: Mapping[str, Mapping[str, Any]] | None = None,
        effort: Effort = "normal",
        validation_fraction: float | None = 0.1,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.training = training
        self.standardize = standardize
        self.columns = columns
        self.effort = effort
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        eval_set: Any = None,
        eval_sample_weight: Any = None,
    ) -> Self:
        """Train on rows.

        Args:
            X: a frame (pandas, polars, Arrow), whose columns' kinds are guessed, or an array of
                numbers. y: a target a row.
            sample_weight: how much each row counts, 0 or more; None: all the same.
            eval_set: (X, y), or a list of one such pair: rows to stop and calibrate by, in place
                of a `validation_fraction` of X. eval_sample_weight: how much each of them counts.

        Raises: InputError, a ValueError, naming everything that cannot be used; TrainingError.
        """
        frame = read_features(self, X, reset=True)
        weights = read_weights(self, sample_weight, len(frame))
        target, classes = self._learn_target(y, len(frame))
        self._names = column_names(frame)
        self._target = target_name(y, self._names)
        self._weight = None
        if weights is not None or eval_sample_weight is not None:
            self._weight = free_name("sample_weight", [*self._names, self._target])
        pair = _one_pair(eval_set)
        held_out = None if pair is None else self._held_out(*pair, eval_sample_weight)
        with in_python():
            counted = frame if weights is None else frame[weights > 0].reset_index(drop=True)
            recipe = self._recipe(X, counted, classes, validated=self._validated(held_out))
            table = self._with_weights(frame.assign(**{self._target: target}), weights)
            trained = train_on_table(table, recipe, held_out=held_out, name="X")
        self.model_, self.history_ = trained.model, trained.history
        rows = trained.rows("validation") if held_out is None else held_out
        rows = rows if len(rows) > 1 else trained.rows("train")
        self._rows = _kept(rows)
        self._importances: NDArray[Any] | None = None
        return self

    @property
    def _task(self) -> Task:
        """What the target is."""
        raise NotImplementedError

    def _learn_target(self, y: Any, n_rows: int) -> tuple[pd.Series, list[Label] | None]:
        """The target as the model reads it, and the labels in the order of their codes."""
        raise NotImplementedError

    def _read_target(self, y: Any, n_rows: int) -> pd.Series:
        """The target of other rows, as the model reads it."""
        raise NotImplementedError

    def _held_out(self, X: Any, y: Any, sample_weight: Any) -> pd.DataFrame:
        frame = read_features(self, X, self._names, reset=False)
        weights = read_weights(self, sample_weight, len(frame))
        frame = frame.assign(**{self._target: self._read_target(y, len(frame))})
        frame = self._with_weights(frame, weights)
        return frame if weights is None else frame[weights > 0]

    def _with_weights(self, frame: pd.DataFrame, weights: pd.Series | None) -> pd.DataFrame:
        """Rows with a column of weights, if any rows have them; 1 where these have none."""
        if self._weight is None:
            return frame
        return frame.assign(**{self._weight: 1.0 if weights is None else weights})

    def _validated(self, held_out: pd.DataFrame | None) -> bool:
        return held_out is not None or bool(self.validation_fraction)

    def _recipe(
        self, X: Any, frame: pd.DataFrame, classes: list[Label] | None, *, validated: bool
    ) -> Recipe:
        guesses = guess_features(X, frame, self.columns)
        if self._weight is not None:
            guesses[self._weight] = guess_of("weight", "as given")
        inference = Inference(self._target, self._task, "", classes, guesses, n_rows=len(frame))
        seeds: dict[str, int] = {}
        if self.random_state is not None:
            seeds["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        split = {"test_fraction": 0, "validation_fraction": self.validation_fraction or 0, **seeds}
        given = self.training or {}
        if not hasattr(given, "keys"):
            raise ParameterError(f"`training` has to be a dict of words (got {given!r}).")
        return choose_recipe(
            inference,
            model=self.model,
            training={**seeds, **given},
            standardize=self.standardize,
            split=split,
            effort=self.effort,
            validated=validated,
        )

    def _features(self, X: Any) -> NDArray[Any]:
        """X as the network reads it.

        Shape: (n, n_features_in_) -> (n, features of the standardizer).
        """
        check_is_fitted(self)
        frame = read_features(self, X, self._names, reset=False)
        with in_python():
            standardizer = self.model_.standardizer
            return standardizer.encode(standardizer.read(frame, "X"))

    @property
    def feature_importances_(self) -> NDArray[Any]:
        """How much accuracy falls, or RMSE rises, when a column is shuffled; found when asked for.

        On the validation rows, at most 1,000, which the estimator keeps for it.

        Shape: (n_features_in_,); 0 for a column left out of learning.
        """
        check_is_fitted(self)
        if self._importances is None:
            found = permutation_importances(
                self.model_, self._rows, repeats=_SHUFFLES, seed=self.model_.training.seed
            )
            means = {one.feature: one.mean for one in found}
            self._importances = np.array([means.get(name, 0.0) for name in self._names])
        return self._importances

    def __getstate__(self) -> dict[str, Any]:
        """Plain data: the files of a model folder, and frames as Parquet; nothing that runs."""
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = packed_model(self.model_)
            state |= {name: state[name].to_parquet() for name in _FRAMES}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the model from its files, which are refused if they were altered."""
        state = dict(state)
        if "model_" in state:
            kind = state["model"].get("kind", "") if isinstance(state["model"], dict) else ""
            kind = state["model"] if isinstance(state["model"], str) else kind
            network = kind if "." in kind else None
            state["model_"] = unpacked_model(state["model_"], network=network)
            state |= {name: pd.read_parquet(io.BytesIO(state[name])) for name in _FRAMES}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _one_pair(eval_set: Any) -> tuple[Any, Any] | None:
    """The rows and targets of an `eval_set`, which may stand in a list."""
    if eval_set is None:
        return None
    pairs = eval_set if isinstance(eval_set, list) else [eval_set]
    if len(pairs) != 1 or not isinstance(pairs[0], tuple | list) or len(pairs[0]) != 2:
        raise ValueError("eval_set has to be one pair (X, y), alone or in a list.")
    X, y = pairs[0]
    return X, y


def _kept(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows for importances: not too many, in types that Parquet has."""
    if len(rows) > MOST_ROWS:
        drawn = np.random.default_rng(0).choice(len(rows), MOST_ROWS, replace=False)
        rows = rows.iloc[np.sort(drawn)]
    mixed = [name for name, dtype in rows.dtypes.items() if dtype.kind == "O" and dtype != "str"]
    return rows.astype(dict.fromkeys(mixed, "str")).reset_index(drop=True)
