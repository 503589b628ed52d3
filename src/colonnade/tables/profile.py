"""Facts of a table for its report: sizes, missing cells, classes, repeated rows, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.tables.inference.suspicion import suspicious_columns
from colonnade.tables.schema.labels import classes_of
from colonnade.tables.schema.problems import listed, plural
from colonnade.tables.splitting.duplicates import repeated_rows, telling_shared_rows
from colonnade.tables.splitting.strategies import PARTS, UNUSED

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.tables.source import Source

RARE_SHARE = 0.01


def profile_table(
    primary: pd.DataFrame, split: pd.DataFrame, schema: SchemaParams, source: Source
) -> dict[str, Any]:
    """What the report says of the table; plain data, ready for JSON.

    Keys: source, rows, columns (of each: kind, missing, distinct, and minimum, mean, median and
    maximum or the commonest values), parts (rows of each), classes (rows of each, or None),
    duplicates (repeated, and those that validation and test share with train where that is more
    than chance), suspicions (sentences on columns that are hardly to be learned from), notes
    (sentences).
    """
    columns = {
        str(name): column_facts(primary[name], _kind(str(name), schema)) for name in primary.columns
    }
    for name, column in columns.items():
        params = schema.target_column() if name == schema.target else schema.column(name)
        if params.unit:
            column["unit"] = params.unit
    repeated = int(repeated_rows(primary, schema).sum())
    shared = telling_shared_rows(primary, split, schema)
    counts = split["part"].value_counts()
    facts: dict[str, Any] = {
        "source": source.model_dump(mode="json"),
        "rows": len(primary),
        "columns": columns,
        "parts": {part: int(counts[part]) for part in (*PARTS, UNUSED) if counts.get(part)},
        "classes": _class_counts(primary, schema),
        "duplicates": {"repeated": repeated, **{f"{k}_shared": v for k, v in shared.items()}},
    }
    tested = primary[schema.target][(split["part"] == "test").to_numpy()]
    notes = _notes(facts, set(map(str, tested.unique())), schema)
    suspicions = suspicious_columns(primary, schema)
    return {**facts, "suspicions": suspicions, "notes": [*notes, *source.readings]}


def column_facts(cells: pd.Series, kind: str) -> dict[str, Any]:
    """Facts of one typed column."""
    known = cells.dropna()
    facts: dict[str, Any] = {"kind": kind, "missing": len(cells) - len(known)}
    if cells.dtype.kind in "iuf" and len(known):
        values = np.sort(known.to_numpy())  # a tenth of the time that counting by hashes takes
        facts |= {
            "distinct": 1 + int(np.count_nonzero(values[1:] != values[:-1])),
            "minimum": float(values[0]),
            "mean": float(values.mean(dtype=np.float64)),
            "median": float(np.median(values)),
            "maximum": float(values[-1]),
        }
        return facts
    facts["distinct"] = int(known.nunique())
    if cells.dtype.kind == "M" and len(known):
        facts |= {"first": known.min().isoformat(), "last": known.max().isoformat()}
    else:
        commonest = known.value_counts().head(5)
        facts["commonest"] = {str(value): int(count) for value, count in commonest.items()}
    return facts


def _kind(name: str, schema: SchemaParams) -> str:
    return "target" if name == schema.target else schema.column(name).kind


def _class_counts(primary: pd.DataFrame, schema: SchemaParams) -> dict[str, int] | None:
    if schema.task == "regression":
        return None
    counts = primary[schema.target].value_counts()
    labels = classes_of(primary[schema.target], schema)
    return {str(label): int(counts.get(label, 0)) for label in labels}


def _notes(facts: dict[str, Any], tested: set[str], schema: SchemaParams) -> list[str]:
    """Sentences on what may mislead, most serious first.

    Args: tested: the values of the target in the test rows.
    """
    notes = [
        f"{count} {part.removesuffix('_shared')} {plural('row', count)} equal a train row, which "
        "inflates the metrics if they are copies."
        for part, count in facts["duplicates"].items()
        if part != "repeated" and count
    ]
    repeated = facts["duplicates"]["repeated"]
    if repeated:
        notes.append(f"{repeated} {plural('row', repeated)} of the table repeat an earlier one.")
    notes += _left_out(facts, schema)
    notes += _class_notes(facts["classes"] or {}, facts["rows"])
    notes += _untested_classes(facts["classes"] or {}, tested)
    missing = {}
    for name, column in facts["columns"].items():
        if name == schema.target or not schema.column(name).is_feature:
            continue
        if column["distinct"] <= 1 and not column["missing"]:
            notes.append(f"Column '{name}' has one value in every row: nothing to learn from it.")
        if column["missing"]:
            missing[name] = column["missing"] / facts["rows"]
    worst = sorted(missing, key=lambda name: -missing[name])
    if worst:
        shown = listed([f"'{name}' ({_share(missing[name])} of the rows)" for name in worst])
        notes.append(f"Cells are missing in {shown}.")
    return notes


def _left_out(facts: dict[str, Any], schema: SchemaParams) -> list[str]:
    """How many rows of the file are not in the table, and why."""
    n_rows = facts["source"]["rows"]
    reasons = ["they have no label"] if schema.unlabelled == "drop" else []
    if schema.rare_classes == "drop":
        reasons.append("their class has fewer than three rows")
    n_out = n_rows - facts["rows"]
    if n_out <= 0 or not reasons:
        return []
    name = facts["source"]["name"]
    are = "is" if n_out == 1 else "are"
    return [f"{n_out:,} of the {n_rows:,} rows of {name} {are} left out: {' or '.join(reasons)}."]


def _untested_classes(classes: dict[str, int], tested: set[str]) -> list[str]:
    if not tested:
        return []
    unknown = {name: count for name, count in classes.items() if count and name not in tested}
    if not unknown:
        return []
    shown = listed([f"{name} ({count} {plural('row', count)})" for name, count in unknown.items()])
    these = "it is" if len(unknown) == 1 else "these are"
    return [f"No test row is of class {shown}: how well {these} predicted is unknown."]


def _class_notes(classes: dict[str, int], rows: int) -> list[str]:
    notes = [f"Class {label} has no rows." for label, count in classes.items() if not count]
    rare = [label for label, count in classes.items() if 0 < count < RARE_SHARE * rows]
    rare.sort(key=lambda label: classes[label])
    if len(rare) == 1:
        notes.append(f"Class {rare[0]} is rare: {classes[rare[0]]:,} of {rows:,} rows.")
    elif rare:
        shown = listed([f"{label} ({classes[label]:,})" for label in rare])
        notes.append(
            f"{len(rare)} of {len(classes)} classes are rare, with less than {_share(RARE_SHARE)} "
            f"of the {rows:,} rows each: {shown}."
        )
    return notes


def _share(value: float) -> str:
    percent = f"{100 * value:.1f}".removesuffix(".0")
    return f"{percent}\N{NO-BREAK SPACE}%"
