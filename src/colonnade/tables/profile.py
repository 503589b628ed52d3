"""Facts of a table for its report: sizes, missing cells, classes, repeated rows, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.messages.catalog import _, ngettext
from colonnade.tables.features.row_weights import describe_weights
from colonnade.tables.inference.suspicion import suspicious_columns
from colonnade.tables.schema.labels import classes_of
from colonnade.tables.schema.problems import listed
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
    maximum or the commonest values), parts (rows of each), weights (a
    sentence, or ""), classes (rows of each, or None),
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
        "weights": describe_weights(schema, primary),
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
    notes = _repeated_notes(facts["duplicates"])
    notes += _left_out(facts, schema)
    notes += _class_notes(facts["classes"] or {}, facts["rows"])
    notes += _untested_classes(facts["classes"] or {}, tested)
    missing = {}
    for name, column in facts["columns"].items():
        if name == schema.target or not schema.column(name).is_feature:
            continue
        if column["distinct"] <= 1 and not column["missing"] and not schema.is_pixel(name):
            notes.append(
                _(
                    "Column '{name}' has one value in every row: nothing to learn from it.",
                    name=name,
                )
            )
        if column["missing"]:
            missing[name] = column["missing"] / facts["rows"]
    worst = sorted(missing, key=lambda name: -missing[name])
    if worst:
        shown = listed(
            [_("'{name}' ({share} of the rows)", name=n, share=_share(missing[n])) for n in worst]
        )
        notes.append(_("Cells are missing in {columns}.", columns=shown))
    return notes


def _repeated_notes(duplicates: dict[str, int]) -> list[str]:
    """Rows that stand more than once, in two parts or in one."""
    found = []
    if n := duplicates.get("validation_shared"):
        found.append(
            ngettext(
                "{n} validation row equals a train row, which inflates the metrics if it is a "
                "copy.",
                "{n} validation rows equal a train row, which inflates the metrics if they are "
                "copies.",
                n,
            )
        )
    if n := duplicates.get("test_shared"):
        found.append(
            ngettext(
                "{n} test row equals a train row, which inflates the metrics if it is a copy.",
                "{n} test rows equal a train row, which inflates the metrics if they are copies.",
                n,
            )
        )
    if n := duplicates["repeated"]:
        found.append(
            ngettext(
                "{n} row of the table repeats an earlier one.",
                "{n} rows of the table repeat an earlier one.",
                n,
            )
        )
    return found


def _left_out(facts: dict[str, Any], schema: SchemaParams) -> list[str]:
    """How many rows of the file are not in the table, and why."""
    n_rows = facts["source"]["rows"]
    reasons = [_("they have no label")] if schema.unlabelled == "drop" else []
    if schema.rare_classes == "drop":
        reasons.append(_("their class has fewer than three rows"))
    n_out = n_rows - facts["rows"]
    if n_out <= 0 or not reasons:
        return []
    return [
        ngettext(
            "{n:,} of the {rows:,} rows of {source} is left out: {reasons}.",
            "{n:,} of the {rows:,} rows of {source} are left out: {reasons}.",
            n_out,
            rows=n_rows,
            source=facts["source"]["name"],
            reasons=_(" or ").join(reasons),
        )
    ]


def _untested_classes(classes: dict[str, int], tested: set[str]) -> list[str]:
    if not tested:
        return []
    unknown = {name: count for name, count in classes.items() if count and name not in tested}
    if not unknown:
        return []
    shown = listed(
        [
            ngettext("{name} ({n} row)", "{name} ({n} rows)", count, name=name)
            for name, count in unknown.items()
        ]
    )
    return [
        ngettext(
            "No test row is of class {classes}: how well it is predicted is unknown.",
            "No test row is of class {classes}: how well these are predicted is unknown.",
            len(unknown),
            classes=shown,
        )
    ]


def _class_notes(classes: dict[str, int], rows: int) -> list[str]:
    notes = [
        _("Class {name} has no rows.", name=label) for label, count in classes.items() if not count
    ]
    rare = [label for label, count in classes.items() if 0 < count < RARE_SHARE * rows]
    rare.sort(key=lambda label: classes[label])
    if len(rare) == 1:
        notes.append(
            _(
                "Class {name} is rare: {n:,} of {rows:,} rows.",
                name=rare[0], n=classes[rare[0]], rows=rows,
            )
        )  # fmt: skip
    elif rare:
        shown = listed([f"{label} ({classes[label]:,})" for label in rare])
        notes.append(
            _(
                "{n} of {many} classes are rare, with less than {share} of the {rows:,} rows each: "
                "{classes}.", n=len(rare), many=len(classes), share=_share(RARE_SHARE), rows=rows,
                classes=shown,
            )
        )  # fmt: skip
    return notes


def _share(value: float) -> str:
    percent = f"{100 * value:.1f}".removesuffix(".0")
    return _("{percent}\N{NO-BREAK SPACE}%", percent=percent)
