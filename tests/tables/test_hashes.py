"""Rows are hashed block by block, and nobody can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from colonnade.tables import source


@pytest.mark.parametrize("block", [1, 7, 100, 65_536])
def test_a_row_has_the_number_that_pandas_gives_it_whatever_the_block(monkeypatch, block):
    frame = pd.DataFrame(
        {
            "number": np.linspace(0, 1, 100),
            "text": list("abcd") * 25,
            "category": pd.Categorical(list("wxyz") * 25),
            "nullable": pd.array([1, None] * 50, dtype="Int64"),
            "date": pd.date_range("2020-01-01", periods=100),
        }
    )
    monkeypatch.setattr(source, "BLOCK", block)
    whole = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    np.testing.assert_array_equal(source.hash_rows(frame), whole)
    assert source.hash_rows(frame.iloc[:0]).shape == (0,)
