"""What each varied hyperparameter does to the score, alone and in pairs."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from colonnade.experiments.plans.plan import VARIED

CONFIDENCE = 0.95
MOST_VALUES = 12
"""Of a hyperparameter with more values, as one drawn from a range, thirds are compared."""
THIRD = " to "
"""Between the ends of a third."""


def varied(table: pd.DataFrame) -> list[str]:
    """The paths that trials differ in."""
    return [str(name) for name in table if str(name).split(".")[0] in VARIED and "." in str(name)]


def half_width(values: np.ndarray) -> float:
    """Half of the interval of a mean; NaN of a single value."""
    if len(values) < 2:
        return math.nan
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return float(quantile * values.std(ddof=1) / math.sqrt(len(values)))


@dataclass(frozen=True)
class Effect:
    """How a hyperparameter's values did, over all that else was varied.

    rows: value, mean, low, high, trials. share: of the variance between trials that the values
    explain beside those of the other hyperparameters. clear: whether that is more than chance.
    """

    path: str
    rows: list[tuple[str, float, float, float, int]]
    share: float
    clear: bool


def main_effects(table: pd.DataFrame, metric: str) -> list[Effect]:
    """Each varied hyperparameter's means, the one that explains most first.

    An analysis of variance of type II: how much worse the additive model of all hyperparameters
    is without this one, by an F-test with Bonferroni's correction for their number.
    """
    done, scores = finished_trials(table, metric)
    labels = {path: labels_of(done[path]) for path in varied(table)}
    labels = {path: values for path, values in labels.items() if values.nunique() > 1}
    found = [
        Effect(path, _means(values, scores), *_explained(path, labels, scores))
        for path, values in labels.items()
    ]
    return sorted(found, key=lambda one: -one.share)


def finished_trials(table: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The trials that did not fail, and their scores."""
    column = f"validation/{metric}"
    if column not in table:
        return table[:0], np.array([])
    done = table[table["failed"] == ""].dropna(subset=[column])
    return done, done[column].to_numpy(float)


def _means(values: pd.Series, scores: np.ndarray) -> list[tuple[str, float, float, float, int]]:
    rows = []
    for label in in_order(values):
        own = scores[(values == label).to_numpy()]
        mean, half = float(own.mean()), half_width(own)
        rows.append((str(label), mean, mean - half, mean + half, len(own)))
    return rows


def _explained(path: str, labels: dict[str, pd.Series], scores: np.ndarray) -> tuple[float, bool]:
    """The share of the variance that one hyperparameter explains, and whether it is clear."""
    from scipy.special import fdtrc

    rest, n_rest = _residual(labels, scores, without=path)
    full, n_full = _residual(labels, scores)
    whole = float(((scores - scores.mean()) ** 2).sum())
    gain, freedom, left = max(rest - full, 0.0), n_full - n_rest, len(scores) - n_full
    share = gain / whole if whole else 0.0
    if freedom < 1 or left < 1:
        return share, False
    if full <= 1e-12 * max(whole, 1e-300):
        return share, gain > 0
    return share, bool(
        fdtrc(freedom, left, gain / freedom / (full / left)) * len(labels) < 1 - CONFIDENCE
    )


def _residual(
    labels: dict[str, pd.Series], scores: np.ndarray, without: str = ""
) -> tuple[float, int]:
    """What an additive model leaves of the variance, and how many parameters it has."""
    columns = [np.ones((len(scores), 1))]
    columns += [
        pd.get_dummies(values, drop_first=True).to_numpy(float)
        for path, values in labels.items()
        if path != without
    ]
    design = np.hstack(columns)
    fitted, _, rank, _ = np.linalg.lstsq(design, scores, rcond=None)
    return float(((scores - design @ fitted) ** 2).sum()), int(rank)


def in_order(values: pd.Series) -> list[str]:
    """The labels as the plan lists them; thirds of a range from the lowest up."""
    found = [str(label) for label in dict.fromkeys(values)]
    if all(THIRD in label for label in found):
        found.sort(key=lambda label: float(label.partition(THIRD)[0]))
    return found


def labels_of(values: pd.Series) -> pd.Series:
    """The values as text; of numbers too many to list, thirds."""
    number = pd.to_numeric(values, errors="coerce")
    if values.nunique() > MOST_VALUES and number.notna().all():
        edges = np.unique(np.quantile(number, [0, 1 / 3, 2 / 3, 1]))
        places = np.clip(np.searchsorted(edges, number, side="right") - 1, 0, len(edges) - 2)
        names = [f"{low:.3g}{THIRD}{high:.3g}" for low, high in itertools.pairwise(edges)]
        return pd.Series([names[place] for place in places], index=values.index)
    return values.astype(object).where(values.notna(), "-").astype(str)
