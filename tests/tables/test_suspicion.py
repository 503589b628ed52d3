from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from colonnade.tables.inference.suspicion import suspicious_columns
from colonnade.tables.schema.table_schema import SchemaParams

N_ROWS = 200


def suspicions(task: str, **cells: Any) -> list[str]:
    """What is said of columns beside one of noise."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"noise": rng.normal(size=N_ROWS), **cells})
    words = ("word", "paid")
    columns = {
        name: {"kind": "categorical", "missing": "category"} for name in words if name in cells
    }
    schema = SchemaParams.model_validate({"target": "y", "task": task, "columns": columns})
    return suspicious_columns(table, schema)


def labels(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, N_ROWS)


def test_copy_of_a_class_in_numbers_or_words_is_reported() -> None:
    y = labels()
    wrong = np.where(np.arange(N_ROWS) == 7, 2, y)
    found = suspicions("classification", code=wrong * 10.0, word=pd.Series(y).map(str), y=y)
    assert [sentence.partition(":")[0] for sentence in found] == [
        "Column 'code' predicts 'y' almost alone",
        "Column 'word' predicts 'y' almost alone",
    ]
    assert "set `schema.columns.code.kind: ignored`" in found[0]


def test_column_that_tells_much_but_not_all_is_not_suspicious() -> None:
    y = labels()
    blurred = np.where(np.random.default_rng(2).random(N_ROWS) < 0.1, labels(3), y)
    assert suspicions("classification", code=blurred, other=labels(4), y=y) == []


def test_column_that_is_filled_in_after_the_target_is_reported() -> None:
    y = labels() == 1
    paid = pd.Series(np.where(y, "cash", None), dtype="str")
    paid[np.flatnonzero(y)[::2]] = "card"
    (found,) = suspicions("classification", paid=paid, y=y.astype(np.int64))
    assert found.startswith("Whether column 'paid' has a value predicts 'y' almost alone: if it is")


def test_a_class_of_one_row_does_not_hide_what_a_column_tells() -> None:
    for n_rows in (60, 120):
        for seed in range(10):
            y = np.random.default_rng(seed).integers(0, 2, n_rows)
            paid = pd.Series(np.where(y == 1, "cash", None), dtype="str")
            y[0] = 2
            table = pd.DataFrame({"noise": np.arange(n_rows) % 7, "paid": paid, "y": y})
            columns = {"paid": {"kind": "categorical", "missing": "category"}}
            schema = SchemaParams.model_validate(
                {"target": "y", "task": "classification", "columns": columns}
            )
            assert any("'paid'" in sentence for sentence in suspicious_columns(table, schema))


def test_near_copy_of_a_number_is_reported_and_a_strong_one_is_not() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=N_ROWS)
    copies = {
        "scaled": 3 * y + 1,
        "squashed": np.exp(y),
        "noisy": y + 0.2 * rng.normal(size=N_ROWS),
    }
    assert [sentence.partition(":")[0] for sentence in suspicions("regression", **copies, y=y)] == [
        "Column 'scaled' is nearly a copy of 'y'",
        "Column 'squashed' is nearly a copy of 'y'",
    ]


def test_running_number_is_reported_and_a_sorted_one_with_ties_is_not() -> None:
    rising = np.arange(N_ROWS) * 3 + labels()
    (found,) = suspicions("classification", number=rising, ties=np.arange(N_ROWS) // 2, y=labels())
    assert found.startswith("Column 'number' rises or falls with every row")


def test_what_a_single_column_tells_is_not_suspicious() -> None:
    table = pd.DataFrame({"x": labels(), "y": labels()})
    schema = SchemaParams(target="y", task="classification")
    assert suspicious_columns(table, schema) == []
    assert suspicious_columns(table.head(19).assign(z=1), schema) == []
