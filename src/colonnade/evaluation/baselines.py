"""Simple models fitted on the same rows, to say whether the network is worth it."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from colonnade.evaluation.metrics.many_rows.ranked import MANY_ROWS

if TYPE_CHECKING:
    from colonnade.evaluation.observations import Observations

logger = logging.getLogger(__name__)

Array = NDArray[Any]
Baseline = Literal["constant", "linear", "gradient_boosting"]

# Trees are what gradient boosting costs: a round grows one for each class (for one, or two: one).
_TREES = 200
_ROUNDS = (5, 60)
# scikit-learn's default regularizes a strong linear signal away: both are tried where rows allow.
_INVERSE_REGULARIZATIONS = (1.0, 100.0)
_LOGISTIC_STEPS = 500
_MOST_CATEGORIES = 100
# Above MANY_ROWS train rows: more of them cost seconds, and say little more of simple models.
SAMPLE_ROWS = 20_000
_ALPHAS = np.logspace(-3, 3, 7)


def spread_codes(places: list[int], *parts: Observations) -> list[Observations]:
    """Turn features that hold codes into ones and zeros: simple models would read them as numbers.

    Args: parts: train rows first, whose hundred most frequent codes get a column each.
    """
    if not places:
        return list(parts)
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(
        max_categories=_MOST_CATEGORIES,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
        dtype=np.float32,
    ).fit(parts[0].X[:, places])
    encoder_width = len(encoder.get_feature_names_out())

    def spread(X: Array) -> Array:
        ones = encoder.transform(X[:, places]) if len(X) else np.empty((0, encoder_width))
        return np.hstack([np.delete(X, places, axis=1), ones])

    return [replace(part, X=spread(part.X)) for part in parts]


def sampled(part: Observations) -> Observations:
    """Rows for simple models: all, or of more than `MANY_ROWS` a sample of `SAMPLE_ROWS`."""
    if len(part) <= MANY_ROWS:
        return part
    drawn = np.random.default_rng(0).choice(len(part), SAMPLE_ROWS, replace=False)
    drawn.sort()
    weights = None if part.weights is None else part.weights[drawn]
    shares = None if part.probabilities is None else part.probabilities[drawn]
    return replace(
        part,
        rows=part.rows[drawn],
        X=part.X[drawn],
        actual=part.actual[drawn],
        predicted=part.predicted[drawn],
        probabilities=shares,
        weights=weights,
    )


def fit_baselines(
    kinds: list[Baseline], train: Observations, validation: Observations, test: Observations
) -> dict[str, Observations]:
    """Fit baselines on the train rows and let them predict the test rows.

    Returns: the test rows as each baseline predicts them, by its name: majority, logistic, mean,
    ridge, gradient_boosting. One that cannot be fitted (a single class) is left out.
    """
    # Before the limit, which binds only the thread pools that are loaded. More threads than free
    # cores make the trees twenty times slower.
    import sklearn.linear_model
    from threadpoolctl import threadpool_limits

    if "gradient_boosting" in kinds:
        import sklearn.ensemble  # noqa: F401  loads OpenMP

    kinds = list(dict.fromkeys(kinds))
    found: dict[str, Observations] = {}
    with threadpool_limits(limits=1):
        for kind in kinds:
            if train.task == "regression":
                name, model = _fit_regression(kind, train)
                found[name] = test.with_predictions(model.predict(test.X), None)
            elif kind == "constant" or len(np.unique(train.actual)) > 1:
                name, model = _fit_classification(kind, train, validation)
                found[name] = _classify(model, test)
    return found


def _fit_regression(kind: Baseline, train: Observations) -> tuple[str, Any]:
    if kind == "constant":
        from sklearn.dummy import DummyRegressor

        return "mean", DummyRegressor().fit(train.X, train.actual, train.weights)
    if kind == "linear":
        from sklearn.linear_model import RidgeCV

        model = RidgeCV(alphas=_ALPHAS)
        return "ridge", model.fit(train.X.astype(np.float64), train.actual, train.weights)
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(max_iter=_rounds(1), early_stopping=False, random_state=0)
    return "gradient_boosting", trees.fit(train.X, train.actual, train.weights)


def _fit_classification(
    kind: Baseline, train: Observations, validation: Observations
) -> tuple[str, Any]:
    if kind == "constant":
        from sklearn.dummy import DummyClassifier

        model = DummyClassifier(strategy="prior")
        return "majority", model.fit(train.X, train.actual, train.weights)
    if kind == "linear":
        return "logistic", _fit_logistic(train, validation)
    from sklearn.ensemble import HistGradientBoostingClassifier

    n_classes = len(np.unique(train.actual))
    trees = HistGradientBoostingClassifier(
        max_iter=_rounds(n_classes if n_classes > 2 else 1), early_stopping=False, random_state=0
    )
    return "gradient_boosting", trees.fit(train.X, train.actual, train.weights)


def _fit_logistic(train: Observations, validation: Observations) -> Any:
    """Logistic regression whose strength of regularization the validation rows choose."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    strengths = _INVERSE_REGULARIZATIONS if len(validation) else _INVERSE_REGULARIZATIONS[:1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said below, in words of a report
        models = [
            LogisticRegression(C=C, max_iter=_LOGISTIC_STEPS).fit(
                train.X.astype(np.float64), train.actual, train.weights
            )
            for C in strengths
        ]
    judge = (validation.X, validation.actual, validation.weights)
    best = models[0] if len(models) == 1 else max(models, key=lambda model: model.score(*judge))
    if max(best.n_iter_) >= _LOGISTIC_STEPS:
        logger.info(
            "the logistic regression beside the model had not settled after %d steps: it "
            "could be a little better",
            _LOGISTIC_STEPS,
        )
    return best


def _rounds(trees_a_round: int) -> int:
    least, most = _ROUNDS
    return max(least, min(most, _TREES // trees_a_round))


def _classify(model: Any, test: Observations) -> Observations:
    """Predictions of a scikit-learn classifier, with zeros for classes it has not seen."""
    if test.probabilities is None:
        raise ValueError("classes are predicted where the task is not regression")
    probabilities = np.zeros_like(test.probabilities)
    probabilities[:, model.classes_] = model.predict_proba(test.X)
    return test.with_predictions(model.predict(test.X), probabilities)
