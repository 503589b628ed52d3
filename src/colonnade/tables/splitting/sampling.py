"""Draw rows at random exactly as scikit-learn's splitters do, without its second of imports."""

from __future__ import annotations

import numpy as np


def random_draw(n_rows: int, n_drawn: int, seed: int) -> np.ndarray:
    """Positions of `n_drawn` rows out of `n_rows`.

    Source: sklearn.model_selection.ShuffleSplit(test_size=n_drawn, random_state=seed).
    """
    return np.random.RandomState(seed).permutation(n_rows)[:n_drawn]


def stratified_draw(codes: np.ndarray, n_drawn: int, seed: int) -> np.ndarray:
    """Positions of `n_drawn` rows with every class in its proportion.

    Args: codes: (n_rows,) class of each row, from 0.

    Source: sklearn.model_selection.StratifiedShuffleSplit(test_size=n_drawn, random_state=seed),
        draw for draw, so that the rows are those of `train_test_split(stratify=...)`.
    """
    counts = np.bincount(codes)
    counts = counts[counts > 0]
    rng = np.random.RandomState(seed)
    # numpy counts where a number has 16 bits, and compares where it has more
    small = codes.astype(np.uint16) if len(counts) and codes.max() < 2**16 else codes
    of_class = np.split(np.argsort(small, kind="stable"), np.cumsum(counts)[:-1])
    kept = _proportional(counts, len(codes) - n_drawn, rng)
    drawn = _proportional(counts - kept, n_drawn, rng)
    rows = []
    for own, first, more in zip(of_class, kept, drawn, strict=True):
        rng.shuffle(own)
        rows.append(own[first : first + more])
    # sklearn shuffles the kept rows before the drawn ones; here only the generator's place matters
    rng.shuffle(np.zeros(int(kept.sum()), dtype=np.int8))
    return rng.permutation(np.concatenate(rows))


def _proportional(counts: np.ndarray, n_drawn: int, rng: np.random.RandomState) -> np.ndarray:
    """How many of each class to draw: proportional, remainders to the largest, ties at random.

    Source: sklearn.utils.extmath._approximate_mode.
    """
    continuous = counts / counts.sum() * n_drawn
    floored = np.floor(continuous)
    to_add = int(n_drawn - floored.sum())
    if to_add > 0:
        remainder = continuous - floored
        for value in np.sort(np.unique(remainder))[::-1]:
            (tied,) = np.where(remainder == value)
            added = min(len(tied), to_add)
            floored[rng.choice(tied, size=added, replace=False)] += 1
            to_add -= added
            if to_add == 0:
                break
    return np.asarray(floored, dtype=np.int64)
