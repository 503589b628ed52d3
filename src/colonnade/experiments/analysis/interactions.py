"""Which two hyperparameters act together: what is best of one depends on the other."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from colonnade.experiments.analysis.effects import (
    CONFIDENCE,
    finished_trials,
    half_width,
    in_order,
    labels_of,
    varied,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CELLS = 60
"""Of a pair with more combinations of values nothing is said."""


@dataclass(frozen=True)
class Cell:
    """The trials with one value of each of two hyperparameters; the interval is of their mean."""

    first: str
    second: str
    mean: float
    low: float
    high: float
    trials: int


@dataclass(frozen=True)
class Interaction:
    """What two hyperparameters do beyond the sum of what each does.

    share: of the variance between trials that the pair explains beyond all main effects. clear:
    whether that is more than chance.
    """

    first: str
    second: str
    cells: list[Cell]
    share: float
    clear: bool


def interactions(table: pd.DataFrame, metric: str) -> list[Interaction]:
    """Each pair of varied hyperparameters, the one that explains most first.

    How much better the additive model of all hyperparameters becomes with the products of the
    pair: an F-test with Bonferroni's correction for the number of pairs.
    """
    done, scores = finished_trials(table, metric)
    labels = {path: labels_of(done[path]) for path in varied(table)}
    labels = {path: values for path, values in labels.items() if values.nunique() > 1}
    pairs = [
        pair
        for pair in itertools.combinations(labels, 2)
        if labels[pair[0]].nunique() * labels[pair[1]].nunique() <= MOST_CELLS
    ]
    found = [
        Interaction(
            first,
            second,
            _cells(labels[first], labels[second], scores),
            *_explained(labels, (first, second), scores, len(pairs)),
        )
        for first, second in pairs
    ]
    return sorted(found, key=lambda one: (not one.clear, -one.share))


def _cells(first: pd.Series, second: pd.Series, scores: np.ndarray) -> list[Cell]:
    found = []
    for one, other in itertools.product(in_order(first), in_order(second)):
        own = scores[((first == one) & (second == other)).to_numpy()]
        if len(own):
            mean, half = float(own.mean()), half_width(own)
            found.append(Cell(str(one), str(other), mean, mean - half, mean + half, len(own)))
    return found


def _explained(
    labels: dict[str, pd.Series], pair: tuple[str, str], scores: np.ndarray, n_pairs: int
) -> tuple[float, bool]:
    """The share of the variance beyond the main effects, and whether it is clear."""
    from scipy.special import fdtrc

    dummies = {path: _dummies(values) for path, values in labels.items()}
    first, second = (dummies[path] for path in pair)
    products = (first[:, :, None] * second[:, None, :]).reshape(len(scores), -1)
    rest, n_rest = _residual(dummies.values(), scores)
    full, n_full = _residual([*dummies.values(), products], scores)
    whole = float(((scores - scores.mean()) ** 2).sum())
    gain, freedom, left = max(rest - full, 0.0), n_full - n_rest, len(scores) - n_full
    share = gain / whole if whole else 0.0
    if freedom < 1 or left < 1 or not whole:
        return share, False
    if full <= 1e-12 * whole:
        return share, gain > 1e-12 * whole
    chance = fdtrc(freedom, left, gain / freedom / (full / left))
    return share, bool(chance * n_pairs < 1 - CONFIDENCE)


def _dummies(values: pd.Series) -> np.ndarray:
    found: np.ndarray = pd.get_dummies(values, drop_first=True).to_numpy(float)
    return found


def _residual(parts: Iterable[np.ndarray], scores: np.ndarray) -> tuple[float, int]:
    """What a linear model of these columns leaves, and how many parameters it has."""
    design = np.hstack([np.ones((len(scores), 1)), *parts])
    fitted, _, rank, _ = np.linalg.lstsq(design, scores, rcond=None)
    return float(((scores - design @ fitted) ** 2).sum()), int(rank)
