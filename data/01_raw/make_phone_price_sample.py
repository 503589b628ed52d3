"""Draw `phone_price_sample.csv`: 2,000 telephones that nobody makes, in four price classes.

The columns and their ranges are those of the public table "Mobile Price Classification"; no row of
it is copied. Features are drawn one by one, each by its line in `draw_features`; the price
follows from a score in which ram weighs most, then the battery, the screen's height and width, less
the weight, plus noise; the score's quartiles are the classes. About 2 of 100 rows stand so near a
cut that the noise alone decides their class.

Run it to write the file again, byte for byte, with `phone_price_sample.source.json` beside it,
which says that the rows are drawn and of which file it says so.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20
N_ROWS = 2000
N_CLASSES = 4
NOISE = 60.0
"""Standard deviation of the price's noise, in MB of ram."""


def draw_sample(seed: int = SEED, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Features of `n_rows` telephones and their price class, the cheapest 0.

    Shape: (n_rows, 21).
    """
    rng = np.random.default_rng(seed)
    phones = draw_features(rng, n_rows)
    score = (
        1.0 * phones["ram"]
        + 0.62 * phones["battery_power"]
        + 0.42 * phones["px_height"]
        + 0.42 * phones["px_width"]
        - 1.3 * phones["mobile_wt"]
        + NOISE * _normal(rng, n_rows)
    )
    rank = np.argsort(np.argsort(score.to_numpy(), kind="stable"), kind="stable")
    phones["price_range"] = rank * N_CLASSES // n_rows
    return phones


def draw_features(rng: np.random.Generator, n_rows: int) -> pd.DataFrame:
    """Plausible telephones: whole numbers between the bounds given, alike unless said otherwise."""

    def whole(low: int, high: int) -> np.ndarray:
        return _whole(rng.random(n_rows), low, high)

    def chance(share: float) -> np.ndarray:
        return (rng.random(n_rows) < share).astype(np.int64)

    phones = pd.DataFrame({"battery_power": whole(501, 1998)})
    phones["blue"] = chance(0.5)
    phones["clock_speed"] = np.maximum(5, whole(1, 30)) / 10  # GHz; slow ones all have 0.5
    phones["dual_sim"] = chance(0.5)
    phones["fc"] = _whole(rng.random(n_rows) ** 2.5, 0, 19)  # megapixels, mostly few
    phones["four_g"] = 0
    phones["int_memory"] = whole(2, 64)
    phones["m_dep"] = whole(1, 10) / 10
    phones["mobile_wt"] = whole(80, 200)
    phones["n_cores"] = whole(1, 8)
    phones["pc"] = _whole(rng.random(n_rows), phones["fc"].to_numpy(), 20)  # never below fc
    width = whole(500, 1998)
    phones["px_height"] = _whole(rng.random(n_rows) ** 1.1, 0, width - 38)  # lies below the width
    phones["px_width"] = width
    phones["ram"] = whole(256, 3998)
    phones["sc_h"] = whole(5, 19)
    phones["sc_w"] = _whole(rng.random(n_rows), 0, phones["sc_h"].to_numpy() - 1)
    phones["talk_time"] = whole(2, 20)
    phones["three_g"] = chance(0.76)
    phones["four_g"] = phones["three_g"] * chance(0.68)  # no four_g without three_g
    phones["touch_screen"] = chance(0.5)
    phones["wifi"] = chance(0.5)
    return phones


def _whole(uniform: np.ndarray, low: int | np.ndarray, high: int | np.ndarray) -> np.ndarray:
    return np.floor(low + uniform * (high - low + 1)).astype(np.int64)


def _normal(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    # twelve uniforms less six: within a hair of a normal draw, and the same bits on every machine
    return rng.random((n_rows, 12)).sum(axis=1) - 6.0


def write_sample(folder: Path) -> Path:
    """Write the table and its sidecar; returns the table's path."""
    path = folder / "phone_price_sample.csv"
    text = draw_sample().to_csv(index=False, lineterminator="\n").encode()
    path.write_bytes(text)
    note = {
        "note": "synthetic sample",
        "sha256": hashlib.sha256(text).hexdigest(),
        "rows": N_ROWS,
        "drawn_by": f"{Path(__file__).name}, seed {SEED}",
    }
    sidecar = path.with_name("phone_price_sample.source.json")
    sidecar.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write_sample(Path(__file__).parent))
