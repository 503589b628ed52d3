"""How well odd rows are told from the others, beside an isolation forest and PCA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from colonnade.evaluation.metrics.groups import Metrics, Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.training.models.trained import TrainedModel

# So much of the variance do PCA's components keep.
_VARIANCE = 0.9


def oddity(
    model: TrainedModel, parts: Mapping[str, pd.DataFrame], *, resamples: int, seed: int
) -> tuple[pd.DataFrame, Metrics]:
    """Score every validation and test row, and measure the scores by the labels, if there are any.

    Args: parts: train, validation and test rows, as the standardizer gives them.

    Returns: part, row, actual (whether the label says odd; missing without one), score, odd,
        because; and the metrics.
    """
    schema, names = model.standardizer.table_schema, model.standardizer.feature_names
    tables, groups = [], {}
    for part, rows in parts.items():
        X = rows[names].to_numpy(dtype=np.float32)
        found = model.oddness(X, rows.index)
        actual = schema.is_odd(rows[schema.label]) if schema.label else None
        groups[part] = {
            "reconstruction_error": float(found["score"].mean()) if len(rows) else 0.0,
            "flagged": float(found["odd"].mean()) if len(rows) else 0.0,
            **_auroc(actual, found["score"].to_numpy()),
        }
        if part != "train":
            known = pd.Series(actual, index=rows.index, dtype="boolean")
            named = pd.DataFrame({"part": part, "row": rows.index, "actual": known}, rows.index)
            tables.append(pd.concat([named, found], axis=1))
    scored = pd.concat(tables, ignore_index=True)
    metrics = Metrics({part: values for part, values in groups.items() if len(parts[part])})
    tested = scored[scored["part"] == "test"]
    if "roc_auc" in metrics["test"]:
        train, test = (parts[part][names].to_numpy(np.float32) for part in ("train", "test"))
        actual = tested["actual"].to_numpy(dtype=bool)
        metrics |= _compared(
            actual, tested["score"].to_numpy(), baseline_scores(train, test, seed), resamples, seed
        )
    return scored, metrics


def baseline_scores(train: Any, test: Any, seed: int) -> dict[str, np.ndarray]:
    """How odd simple models, fitted on train rows, find the test rows.

    Shape: (n, n_features) -> (n_test,).
    """
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=200, random_state=seed).fit(train)
    pca = PCA(_VARIANCE, svd_solver="full").fit(train)
    again = pca.inverse_transform(pca.transform(test))
    return {
        "isolation_forest": -forest.score_samples(test),
        "pca": np.square(test - again).mean(axis=1),
    }


def _auroc(actual: np.ndarray | None, scores: np.ndarray) -> dict[str, float]:
    """The area under the ROC curve, where there are both odd rows and others."""
    if actual is None or not 0 < int(actual.sum()) < len(actual):
        return {}
    from sklearn.metrics import roc_auc_score

    return {"roc_auc": float(roc_auc_score(actual, scores))}


def _compared(
    actual: np.ndarray,
    ours: np.ndarray,
    theirs: dict[str, np.ndarray],
    resamples: int,
    seed: int,
) -> dict[str, Values]:
    """The baselines' areas, the lead over the best, and bootstrap intervals of 95 %."""
    found = {f"baseline/{name}": _auroc(actual, scores) for name, scores in theirs.items()}
    best = max(theirs, key=lambda name: found[f"baseline/{name}"]["roc_auc"])
    gain = _auroc(actual, ours)["roc_auc"] - found[f"baseline/{best}"]["roc_auc"]
    groups: dict[str, Values] = {**found, "gain": {"roc_auc": gain}}
    rng, areas = np.random.default_rng(seed), []
    for _ in range(resamples):
        drawn = rng.integers(0, len(actual), len(actual))
        own, other = (_auroc(actual[drawn], s[drawn]) for s in (ours, theirs[best]))
        if own and other:
            areas.append((own["roc_auc"], own["roc_auc"] - other["roc_auc"]))
    if areas:
        low, high = np.quantile(np.array(areas), [0.025, 0.975], axis=0)
        groups["test"] = {"roc_auc_low": float(low[0]), "roc_auc_high": float(high[0])}
        groups["gain"] = {
            "roc_auc": gain,
            "roc_auc_low": float(low[1]),
            "roc_auc_high": float(high[1]),
        }
    return groups
