"""From predictions, or what is wrong with the rows, to the body of an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.errors import UserError

JSON, CSV = "application/json", "text/csv"


def wants_csv(accept: str, content_type: str) -> bool:
    """Whether the answer is to be CSV: as asked for, else as the rows came."""
    asked = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for kind in asked:
        if kind in (JSON, CSV):
            return kind == CSV
    return content_type.partition(";")[0].strip().lower().endswith("/csv")


def as_csv(predictions: pd.DataFrame) -> bytes:
    """One line a row, in the order of the request."""
    return predictions.to_csv(index=False).encode()


def as_json(predictions: pd.DataFrame, model: dict[str, str]) -> bytes:
    """`{"model": ..., "predictions": [{"prediction": ...}, ...]}`, one a row, in their order."""
    columns = [predictions[name].tolist() for name in predictions]
    names = list(predictions)
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return _dump({"model": model, "predictions": rows})


def refusal(error: UserError) -> bytes:
    """What is wrong, in words and cell by cell: row, column, the cell and what to do."""
    problems: list[dict[str, Any]] = []
    for problem in error.problems:
        if not problem.rows:
            problems.append({"column": problem.column or None, "message": str(problem)})
            continue
        for place, row in enumerate(problem.rows):
            what, _, number = row.partition(" ")  # a row of JSON, or a line of CSV
            found: dict[str, Any] = {what: int(number), "column": problem.column}
            if place < len(problem.values):
                found["value"] = problem.values[place]
            sentence = f"{problem.rule}. {problem.remedy}".strip()
            problems.append({**found, "message": sentence})
    return _dump({"error": str(error), "problems": problems})


def message(text: str) -> bytes:
    """A mistake that is not one of rows."""
    return _dump({"error": text})


def _dump(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
