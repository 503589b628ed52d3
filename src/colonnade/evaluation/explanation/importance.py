"""Which columns the predictions depend on, and how they change with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from colonnade.evaluation.explanation.failures import format_cell
from colonnade.evaluation.metrics.scores import HEADLINES, rarer_of_two
from colonnade.tables.features.row_weights import part_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from colonnade.evaluation.metrics.scores import Metric
    from colonnade.evaluation.observations import Array, Predictor

MOST_ROWS = 1_000
# Beyond so many, each of the many columns is shuffled less often.
_MOST_SHUFFLES = 400
_GRID = 12
_MOST_CURVES = 6


class Importance(BaseModel):
    """How much worse a metric gets when one column's values are shuffled."""

    model_config = ConfigDict(frozen=True)

    feature: str
    mean: float
    low: float
    high: float


class Dependence(BaseModel):
    """Mean prediction when every row has the same value in one column.

    `curves` holds, by name, one number for each of `values`: the prediction, the expected rank, or
    the probability of a class.
    """

    model_config = ConfigDict(frozen=True)

    feature: str
    values: list[float] | list[str]
    curves: dict[str, list[float]]


def permutation_importances(
    model: Predictor,
    raw: pd.DataFrame,
    *,
    metric: Metric | None = None,
    rare: int | None = None,
    repeats: int,
    seed: int,
) -> list[Importance]:
    """Shuffle each raw column in turn; the most important first.

    A column that the model has dropped is not shuffled: its weights are zero.
    Args: raw: rows of the typed table, with the target. What one column became moves together.
    metric: accuracy, rmse or rare_pr_auc, by which the loss is counted; the task's first if not
    given. rare: for rare_pr_auc, the code of the class whose rows are to be found.
    Returns: mean, least and greatest loss of the metric over the shuffles.
    """
    if len(raw) < 2 or repeats == 0:
        return []
    from sklearn.inspection import permutation_importance

    standardizer = model.standardizer
    actual = standardizer.encode_target(raw[standardizer.target]).to_numpy()
    places, drawn = _sampled(actual == rare, MOST_ROWS)
    rows = raw.iloc[places]
    own = part_weights(standardizer.table_schema, rows)
    repeats = max(1, min(repeats, _MOST_SHUFFLES // len(standardizer.inputs)))
    read = _read_columns(model)
    found = permutation_importance(
        _gathering(model, rows, read=read),
        _row_numbers(len(rows), len(read)),
        actual[places],
        scoring=_scorer(metric or HEADLINES[standardizer.task][0], rare, drawn, own),
        n_repeats=repeats,
        random_state=np.random.RandomState(seed),
    ).importances
    losses = dict(zip(read, found, strict=True))
    importances = [
        Importance(feature=name, mean=float(v.mean()), low=float(v.min()), high=float(v.max()))
        for name, v in ((name, losses.get(name, np.zeros(1))) for name in standardizer.inputs)
    ]
    return sorted(importances, key=lambda one: -one.mean)


def _read_columns(model: Predictor) -> list[str]:
    """Raw columns without those of whose features every weight is zero; all if none is left."""
    standardizer = model.standardizer
    dropped = set(getattr(model, "facts", {}).get("dropped_columns", ()))
    pairs = zip(standardizer.inputs, standardizer.columns, strict=True)
    read = [name for name, column in pairs if not dropped.issuperset(column.outputs)]
    return read or standardizer.inputs


def partial_dependences(
    model: Predictor, raw: pd.DataFrame, features: list[str]
) -> list[Dependence]:
    """Follow the mean prediction over the values of each feature, from its 2nd to 98th percentile.

    Source: Friedman 2001, Greedy Function Approximation, 8.2.
    """
    if len(raw) < 2:
        return []
    rows = _sample(raw, MOST_ROWS // 4)
    schema = model.standardizer.table_schema
    grids = {name: _grid(rows[name], schema.column(name).values) for name in features}
    grids = {name: grid for name, grid in grids.items() if len(grid) > 1}
    averages = _averages(model, rows, grids) if grids else {}
    outputs = _outputs(model, raw, list(averages.values()))
    return [
        Dependence(
            feature=name,
            values=grid.tolist()
            if grid.dtype.kind == "f"
            else [format_cell(value) for value in grid],
            curves={label: averages[name][k].tolist() for label, k in outputs.items()},
        )
        for name, grid in grids.items()
    ]


def _averages(model: Predictor, rows: pd.DataFrame, grids: dict[str, Array]) -> dict[str, Array]:
    """Mean outputs of all rows at each value of each feature.

    Shape: each grid (n_values,) -> (n_outputs, n_values).
    """
    from sklearn.inspection import partial_dependence

    inputs, first = model.standardizer.inputs, len(rows)
    gathering = _gathering(model, rows[inputs], _asked(rows, grids)[inputs])
    return {
        name: partial_dependence(
            gathering,
            _row_numbers(len(rows), len(inputs)),
            [inputs.index(name)],
            sample_weight=part_weights(model.standardizer.table_schema, rows),
            custom_values={inputs.index(name): first + np.arange(len(grid), dtype=float)},
            kind="average",
            method="brute",
        )["average"]
        for name, grid in grids.items()
    }


def _asked(rows: pd.DataFrame, grids: dict[str, Array]) -> pd.DataFrame:
    """Rows whose k-th cell in each feature is its k-th value; a shorter grid begins again."""
    longest = max(map(len, grids.values()))
    asked = rows.iloc[[0] * longest].copy()
    for feature, grid in grids.items():
        is_number = grid.dtype.kind == "f"
        values = np.resize(grid, longest)
        asked[feature] = pd.Series(values, asked.index, dtype=None if is_number else "object")
        if not is_number:
            asked[feature] = asked[feature].astype(rows[feature].dtype)
    return asked


def _grid(values: pd.Series, order: list[Any] | None) -> Array:
    """Values at which to predict: few enough to be quick, all of them where there are few.

    Args: order: in which the schema names the values of an ordered or categorical column.
    """
    present = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(present):
        return np.empty(0)
    if not pd.api.types.is_numeric_dtype(present) or pd.api.types.is_bool_dtype(present):
        frequent = list(present.value_counts().index[:_GRID])
        place = {str(value): k for k, value in enumerate(order or [])}
        frequent.sort(key=lambda value: (place.get(str(value), len(place)), str(value)))
        return np.array(frequent, dtype=object)
    numbers = present.to_numpy(dtype=np.float64)
    distinct = np.unique(numbers)
    if len(distinct) <= _GRID:
        return distinct
    low, high = np.percentile(numbers, [2, 98])
    return np.linspace(low, high, _GRID)


def _outputs(model: Predictor, raw: pd.DataFrame, averages: list[Array]) -> dict[str, int]:
    """Name the outputs worth drawing: of two classes the rarer, of many those that move most."""
    task, classes = model.standardizer.task, model.standardizer.classes or []
    if task == "regression":
        return {"prediction": 0}
    if task == "ordinal":
        return {"expected rank": 0}
    if len(classes) == 2 or not averages:
        target = model.standardizer.target
        rarer = rarer_of_two(model.standardizer.encode_target(raw[target]).to_numpy())
        return {str(classes[rarer]): rarer}
    moved = np.max([np.ptp(average, axis=1) for average in averages], axis=0)
    kept = np.sort(np.argsort(-moved, kind="stable")[:_MOST_CURVES])
    return {str(classes[k]): int(k) for k in kept}


def _scorer(
    metric: Metric, rare: int | None, drawn: Array, own: Array | None
) -> Callable[..., float]:
    """A metric, turned so that more is better, as scikit-learn defines scores.

    Args: drawn: how many rows each stands for. own: weights of the rows, if they have any.
    """

    def score(estimator: Any, X: Array, y: Array) -> float:
        from sklearn.metrics import average_precision_score, root_mean_squared_error

        model, features = estimator.model, estimator.gather(X)
        if metric == "rare_pr_auc":
            found = model.probabilities(features)[:, rare]
            weights = drawn if own is None else drawn * own
            return float(average_precision_score(y == rare, found, sample_weight=weights))
        predicted = model.predict_array(features)
        if metric == "accuracy":
            # accuracy_score's value to the last bit: it checks codes longer than they are predicted
            return float(np.average(predicted == y, weights=own))
        return -float(root_mean_squared_error(y, predicted, sample_weight=own))

    return score


def _sampled(rare: Array, most: int) -> tuple[Array, Array]:
    """Places of at most so many rows, of rare ones all that half of them hold, and their weights.

    Shape: rare (n,) bool -> (n_sampled,), (n_sampled,); weights as if no row had been left out.
    """
    groups = [np.flatnonzero(rare), np.flatnonzero(~rare)]
    if len(rare) <= most:
        return np.arange(len(rare)), np.ones(len(rare))
    rng = np.random.default_rng(0)
    sizes = [min(len(groups[0]), most // 2), most]
    sizes[1] -= sizes[0]
    pairs = zip(groups, sizes, strict=True)
    kept = [group if len(group) <= n else rng.choice(group, n, replace=False) for group, n in pairs]
    places = np.concatenate(kept)
    weights = np.repeat(
        [len(g) / max(len(k), 1) for g, k in zip(groups, kept, strict=True)], [len(k) for k in kept]
    )
    order = np.argsort(places)
    return places[order], weights[order]


def _sample(raw: pd.DataFrame, most: int) -> pd.DataFrame:
    return raw.iloc[_sampled(np.zeros(len(raw), bool), most)[0]]


def _row_numbers(n_rows: int, n_inputs: int) -> Array:
    return np.tile(np.arange(n_rows, dtype=np.float64)[:, None], (1, n_inputs))


def _gathering(model: Predictor, *raw: pd.DataFrame, read: list[str] | None = None) -> Any:
    """The model as scikit-learn's inspection expects it, fed with row numbers in place of values.

    Cell (i, j) of its input says from which row the i-th row takes all features that raw column j
    became. scikit-learn shuffles or sets row numbers, and the rows are standardized only once.
    Args: read: the raw columns of its input, if not all; others, without weight, go with the first.
    Shape: (n, number of raw columns) -> (n,) or (n, K).
    """
    from sklearn.base import BaseEstimator, RegressorMixin

    columns = model.standardizer.columns
    place = {name: k for k, name in enumerate(read or model.standardizer.inputs)}
    places = [place.get(name, 0) for name in model.standardizer.inputs]
    owner = np.repeat(places, [len(column.outputs) for column in columns])
    features = np.concatenate([model.standardizer.features(rows) for rows in raw])

    class Gathering(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
        """Gives numbers for every task: a prediction, an expected rank, or probabilities."""

        def __init__(self, model: Predictor) -> None:
            self.model = model

        def fit(self, X: Any, y: Any) -> Any:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def gather(self, X: Array) -> Array:
            taken: Array = features[X.astype(int)[:, owner], np.arange(len(owner))]
            return taken

        def predict(self, X: Array) -> Array:
            if self.model.standardizer.task == "regression":
                return self.model.predict_array(self.gather(X))
            probabilities = self.model.probabilities(self.gather(X))
            if self.model.standardizer.task == "classification":
                return probabilities
            return np.asarray(probabilities @ np.arange(probabilities.shape[1]))

    return Gathering(model)
