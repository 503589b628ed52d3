"""Count the cells that the YAML lets be read otherwise than they stand in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from colonnade.messages.catalog import _, ngettext
from colonnade.tables.inference.guesses.number_guess import NUMBER
from colonnade.tables.schema.column import Column, as_text, is_missing, is_text, mask
from colonnade.tables.schema.dates import not_after, read_dates
from colonnade.tables.schema.problems import Problems, listed, quoted
from colonnade.tables.schema.table_schema import MISSING_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from colonnade.tables.schema.table_schema import SchemaParams


def describe_readings(raw: pd.DataFrame, schema: SchemaParams) -> list[str]:
    """What the YAML's words made of the cells, column by column, with an example each.

    Args: raw: cells as text or typed, which `ingest_table` took.
    """
    raw = raw.rename(columns=lambda name: str(name).strip())
    sentences = _describe_unlabelled(raw, schema)
    for name in raw:
        is_target = name == schema.target
        params = schema.target_column() if is_target else schema.column(str(name))
        if not is_text(raw[name]) or params.kind in ("ignored", "identifier"):
            continue
        column = Column(str(name), params, schema, Problems("", raw.index), "", is_target=is_target)
        sentences += [
            _("Column '{name}': {what}.", name=name, what=what)
            for what in _describe(raw[name], column)
        ]
    return sentences


def _describe(cells: pd.Series, column: Column) -> Iterator[str]:
    params = column.params
    if params.missing_words:
        found = is_missing(cells, params.missing_words) & ~is_missing(cells, list(MISSING_WORDS))
        if found.any():
            words = sorted(set(as_text(cells[found]).to_pylist()))
            shown = listed([quoted(word) for word in words])
            yield _("{cells} {words} hold no value", cells=_cells(found), words=shown)
    is_number = params.kind in ("numeric", "weight")
    if is_number and (not column.is_target or column.schema.task == "regression"):
        yield from _describe_numbers(as_text(cells), column)
    if params.latest_year is not None:
        text = cells.astype("str").str.strip()
        dates = read_dates(text, params.format)[0]
        found = dates.notna().to_numpy()
        years = not_after(dates[found], params.latest_year).dt.strftime("%Y-%m-%d")
        if len(years):
            yield _read_as(found, quoted(text[found].iloc[0]), years.iloc[0])
    yield from _describe_folded(as_text(cells), column)


def _describe_numbers(text: pa.Array, column: Column) -> Iterator[str]:
    if column.number_format.is_plain:
        return
    plain = column.number_format.plain(text)
    read = mask(pc.match_substring_regex(plain, f"^{NUMBER}$"))
    found = read & ~mask(pc.equal(plain, text))
    if found.any():
        first = int(np.flatnonzero(found)[0])
        unit = f" {column.params.unit}" if column.params.unit else ""
        yield _read_as(found, quoted(text[first].as_py()), f"{plain[first]}{unit}")


def _describe_folded(text: pa.Array, column: Column) -> Iterator[str]:
    spellings = column.schema.classes if column.is_target else column.params.values
    found = mask(pc.not_equal(column.folded(text, spellings or []), text))
    if found.any():
        yield _("{cells} written with other capitals (`case: fold`)", cells=_cells(found))


def _describe_unlabelled(raw: pd.DataFrame, schema: SchemaParams) -> list[str]:
    if schema.unlabelled != "drop" or schema.target not in raw:
        return []
    missing = is_missing(raw[schema.target], schema.unlabelled_cells())
    words = raw[schema.target][missing].dropna().astype("str").str.strip()
    counts = words[words != ""].value_counts()
    named = [f"{quoted(str(word))} ({count})" for word, count in counts.items()]
    if not missing.any():
        return []
    n_rows = int(missing.sum())
    if not named:
        return [
            ngettext(
                "{n} row without a label left out.", "{n} rows without a label left out.", n_rows
            )
        ]
    return [
        ngettext(
            "{n} row without a label left out, among them {words}.",
            "{n} rows without a label left out, among them {words}.",
            n_rows,
            words=listed(named),
        )
    ]


def _read_as(found: np.ndarray, written: str, read: str) -> str:
    return _(
        "{cells} such as {written} read as {read}", cells=_cells(found), written=written, read=read
    )


def _cells(found: np.ndarray) -> str:
    count = int(found.sum())
    return ngettext("{n:,} cell", "{n:,} cells", count)
