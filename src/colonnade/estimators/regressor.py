"""A regressor for scikit-learn's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.base import RegressorMixin

from colonnade.estimators.sklearn_inputs import read_y
from colonnade.estimators.table_estimator import TableEstimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from colonnade.tables.schema.table_schema import Label, Task


class ColonnadeRegressor(RegressorMixin, TableEstimator):  # type: ignore[misc]
    """A network for a number.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> words = {"optimizer": "lbfgs", "epochs": 5}
    >>> regressor = ColonnadeRegressor("linear", words).fit(X, 3 * X[:, 0] + 1)
    >>> regressor.predict([[2.0, 0.0]]).round(3)
    array([7.])

    Args:
        model: a kind's name, as "realmlp", or the words of the group `model`.
        training, standardize: words of these groups, in place of those chosen. A kind with a
            recipe of its own, as RealMLP, keeps to it.
        columns: what columns mean, where the guess would be wrong, in the words of
            `schema.columns`.
        effort: normal; quick: one network in place of a blend; best: larger ones, too.
        validation_fraction: of the rows, to stop by; 0 or None: no such rows.
        random_state: of validation rows, weights and order; None: the seeds of `kedro table add`.

    Attributes:
        n_features_in_, feature_names_in_ (of frames), feature_importances_.
        model_: the TrainedModel, which `save_model` saves and whose `predict` adds intervals.
        history_: one row an epoch.
    """

    @property
    def _task(self) -> Task:
        return "regression"

    def predict(self, X: Any) -> NDArray[Any]:
        """A number in the units of y.

        Shape: -> (n,).
        """
        features = self._features(X)
        return self.model_.predict_array(features)

    def _learn_target(self, y: Any, n_rows: int) -> tuple[pd.Series, list[Label] | None]:
        return self._read_target(y, n_rows), None

    def _read_target(self, y: Any, n_rows: int) -> pd.Series:
        return pd.Series(read_y(self, y, n_rows, numeric=True))
