"""A classifier for scikit-learn's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from colonnade.estimators.sklearn_inputs import labels_of, read_y
from colonnade.estimators.table_estimator import TableEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from colonnade.tables.inference.hyperparameters import Effort
    from colonnade.tables.schema.table_schema import Label, Task


class ColonnadeClassifier(ClassifierMixin, TableEstimator):  # type: ignore[misc]
    """A network for classes, of any type that scikit-learn takes for labels.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = np.where(X[:, 0] > 0, "right", "left")
    >>> ColonnadeClassifier("linear").fit(X, y).predict([[2.0, 0.0], [-2.0, 0.0]])
    array(['right', 'left'], dtype='<U5')

    Args:
        model: a kind's name, as "realmlp", or the words of the group `model`.
        training, standardize: words of these groups, in place of those chosen. A kind with a
            recipe of its own, as RealMLP, keeps to it.
        ordered: True: classes are steps of a scale, in their sorted order, as for the task
            `ordinal`; or the labels in their order: ["low", "middle", "high"].
        columns: what columns mean, where the guess would be wrong, in the words of
            `schema.columns`.
        effort: normal; quick: one network in place of a blend; best: larger ones, too.
        validation_fraction: of the rows, to stop and calibrate by; 0 or None: no such rows.
        random_state: of validation rows, weights and order; None: the seeds of `kedro table add`.

    Attributes:
        classes_, n_features_in_, feature_names_in_ (of frames), feature_importances_.
        model_: the TrainedModel, which `save_model` saves. history_: one row an epoch.
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        model: str | Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        *,
        ordered: bool | Sequence[Any] = False,
        standardize: Mapping[str, Any] | None = None,
        columns: Mapping[str, Mapping[str, Any]] | None = None,
        effort: Effort = "normal",
        validation_fraction: float | None = 0.1,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            model,
            training,
            standardize=standardize,
            columns=columns,
            effort=effort,
            validation_fraction=validation_fraction,
            random_state=random_state,
        )
        self.ordered = ordered

    @property
    def _task(self) -> Task:
        return "classification" if self.ordered is False else "ordinal"

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Each class's probability.

        Shape: -> (n, n_classes), in the order of `classes_`; rows sum to 1.
        """
        features = self._features(X)
        return self.model_.probabilities(features)[:, self._steps]

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class's label.

        Shape: -> (n,).
        """
        codes = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[codes]
        return found

    def _learn_target(self, y: Any, n_rows: int) -> tuple[pd.Series, list[Label] | None]:
        given = read_y(self, y, n_rows, numeric=False)
        check_classification_targets(given)
        self.classes_, codes = np.unique(given, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of 2 classes or more, and y holds one class: "
                f"{self.classes_.tolist()[0]!r}."
            )
        self._steps = self._steps_of_classes()
        self._labels = labels_of(self.classes_[np.argsort(self._steps)])
        return self._labeled(codes), self._labels

    def _steps_of_classes(self) -> NDArray[np.intp]:
        """Each class's step on the scale, in the order of `classes_`.

        Raises: ValueError if `ordered` names other labels than y holds.
        """
        sorted_steps = np.arange(len(self.classes_))
        if isinstance(self.ordered, bool):
            return sorted_steps
        given = list(self.ordered)
        if sorted(map(repr, given)) != sorted(map(repr, self.classes_.tolist())):
            raise ValueError(
                f"ordered names the labels {given}, and y holds {self.classes_.tolist()}: name "
                "each label of y once, from the lowest to the highest."
            )
        return np.array([given.index(label) for label in self.classes_.tolist()], dtype=np.intp)

    def _read_target(self, y: Any, n_rows: int) -> pd.Series:
        given = read_y(self, y, n_rows, numeric=False)
        places = np.searchsorted(self.classes_, given).clip(max=len(self.classes_) - 1)
        unknown = given[self.classes_[places] != given]
        if len(unknown):
            raise ValueError(
                f"eval_set holds the class {unknown[:1].tolist()[0]!r}, which no row of y has."
            )
        return self._labeled(places)

    def _labeled(self, codes: NDArray[Any]) -> pd.Series:
        return pd.Series(self._labels).take(self._steps[codes]).reset_index(drop=True)
