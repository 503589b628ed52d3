"""Words that a mark of a figure shows to who points at it on a page; pictures know none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from colonnade.evaluation.observations import Array

MARKS = "marks"
"""How the id of an artist begins whose marks have words, which follow as JSON."""
MOST_ON_A_CURVE = 120
_WIDE = 9.0


def tell(artist: Artist, words: Sequence[str]) -> None:
    """Give each mark of an artist its words, in the order in which they are drawn."""
    artist.set_gid(MARKS + json.dumps(list(words), ensure_ascii=False))


def tell_along(ax: Axes, x: Array, y: Array, words: Sequence[str]) -> None:
    """Give points of a curve words, by marks that nobody sees; of very many, evenly drawn ones."""
    known = np.flatnonzero(np.isfinite(np.asarray(x, float)) & np.isfinite(np.asarray(y, float)))
    if len(known) > MOST_ON_A_CURVE:
        known = known[np.linspace(0, len(known) - 1, MOST_ON_A_CURVE).astype(int)]
    unseen = ax.scatter(np.asarray(x)[known], np.asarray(y)[known], s=_WIDE**2, alpha=0, lw=0)
    tell(unseen, [words[int(k)] for k in known])
