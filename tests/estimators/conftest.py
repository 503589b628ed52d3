"""Tables that a data scientist has in a frame, and trainings of a moment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.conftest import REPOSITORY


@pytest.fixture(scope="session")
def penguins() -> pd.DataFrame:
    return pd.read_csv(REPOSITORY / "data/01_raw/penguins.csv")


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    """Every kind of cell, most with gaps; `price` rises with `ram` and is higher for Ai."""
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "ram": rng.integers(1, 17, n),
            "weight": rng.normal(150, 20, n).round(1),
            "dual": rng.integers(0, 2, n).astype(bool),
            "brand": rng.choice(["Ai", "Bo", "Cy"], n),
            "sold": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
        }
    )
    frame["price"] = 40.0 * frame["ram"] + 100 * (frame["brand"] == "Ai") + rng.normal(0, 5, n)
    frame = frame.astype({"ram": "Int64", "dual": "boolean"})
    for place, name in enumerate(("ram", "weight", "dual", "brand", "sold")):
        frame.loc[frame.index % 29 == place, name] = None
    return frame
