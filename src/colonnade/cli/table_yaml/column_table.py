"""A table of a table's columns, as a terminal or a pipe shows it."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.hooks.run_log.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from rich.console import RenderableType

    from colonnade.tables.source import Source

MOST_EXAMPLES, LONGEST, ALL_LONGEST = 3, 14, 26
PIPE = 10_000
"""Columns of a pipe: no line is broken there."""


@dataclass(frozen=True)
class ColumnLine:
    """One column: what it is taken for and why, and how much of it is missing.

    mark: "target", "look" where one should look first, "left out" of learning, or nothing.
    """

    name: str
    kind: str
    why: str
    missing: str = ""
    examples: str = ""
    mark: str = ""


def examples_of(cells: pd.Series) -> str:
    """A few different values of a column, shortened."""
    from colonnade.tables.inference.guesses.guess import known_text

    known = known_text(cells.head(1000)).drop_duplicates().head(MOST_EXAMPLES)
    found = ""
    for word in known:
        longer = f"{found}, {_cut(word)}" if found else _cut(word)
        if len(longer) > ALL_LONGEST:
            break
        found = longer
    return found


def missing_share(cells: pd.Series) -> str:
    """Which share of a column is missing; nothing if none is."""
    from colonnade.tables.inference.guesses.guess import known_text

    n_missing = len(cells) - len(known_text(cells))
    if not n_missing:
        return ""
    share = n_missing / len(cells)
    return f"{share:.1%}" if share >= 0.0005 else f"{n_missing} cells"


def _cut(word: str) -> str:
    word = " ".join(str(word).split())
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"


def described(
    source: Source, looks: Sequence[str], columns: Sequence[ColumnLine], *, meaning: str = "why"
) -> str:
    """What to look at first, how large the table is, and all its columns.

    Args: meaning: what stands above what is said of each column.
    """
    from rich.table import Table
    from rich.text import Text

    from colonnade.tables.schema.problems import plural

    first: list[RenderableType] = []
    if looks:
        grid = Table.grid(padding=(0, 1))
        for look in looks:
            grid.add_row(Text("!", style="bold yellow"), look)
        first = [Text("Look at first", style="bold yellow"), grid, ""]
    n_rows = f"{source.rows:,} {plural('row', source.rows)}"
    size = Text(f"{source.name}: {n_rows}, {source.columns} columns", style="bold")
    return drawn(*first, size, column_table(columns, meaning))


def column_table(lines: Sequence[ColumnLine], meaning: str) -> RenderableType:
    """All columns below one another; the target and what to look at stand out."""
    from rich.text import Text

    styles = {"target": "bold", "look": "yellow", "left out": "dim"}
    rows = [
        [
            Text(cell, style=styles.get(line.mark, "") if place < 2 else "")
            for place, cell in enumerate(
                (line.name, line.kind, line.missing, line.why, line.examples)
            )
        ]
        for line in lines
    ]
    headings = ("column", "kind", "missing", meaning, "such as")
    return aligned(headings, rows, wrapped=(meaning, "such as"))


def aligned(
    headings: Sequence[str],
    rows: Sequence[Sequence[RenderableType]],
    *,
    wrapped: Sequence[str] = (),
) -> RenderableType:
    """Rows below headings. Args: wrapped: the headings of columns that may need more lines."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading not in wrapped)
    for row in rows:
        table.add_row(*row)
    return table


def drawn(*what: RenderableType) -> str:
    """As text: in color and as wide as the terminal, or plain and as wide as it needs."""
    from rich.console import Console

    on_terminal = sys.stdout.isatty()
    console = Console(
        file=io.StringIO(),
        width=None if on_terminal else PIPE,
        force_terminal=on_terminal and not plain(),
        color_system="auto" if on_terminal and not plain() else None,
        highlight=False,
    )
    with console.capture() as captured:
        console.print(*what, sep="\n")
    return re.sub(r" +$", "", captured.get(), flags=re.MULTILINE).rstrip("\n")
