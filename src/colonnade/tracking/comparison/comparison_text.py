"""Runs as lines of text, as many columns as fit."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Any

import pandas as pd

from colonnade.evaluation.metrics.formatting import plain_digits
from colonnade.tracking.comparison.ranking import shown_metric
from colonnade.tracking.naming import short_names

ROWS = "rows"  # 0 for runs judged by the rows of the newest, then 1 and so on
DATA = "data"
GAP = "  "
LEAST = 3  # columns that are written whatever the width: mark, run, metric


def written(
    runs: pd.DataFrame, hyperparameters: list[str], metrics: list[str], width: int | None
) -> list[str]:
    """One line a run below a heading.

    Args: width: the last columns are left out until the rest fits; None: all there is to say.
    """
    named = {name: runs[name] for name in hyperparameters}
    columns = {"": ["*" if kept else "" for kept in runs["champion"]], "run": [*runs["run"]]}
    if metrics:
        columns[metrics[0]] = [_measured(row, metrics[0]) for _, row in runs.iterrows()]
    elif width is not None:
        columns["status"] = [*runs["status"]]
    short = short_names(hyperparameters)
    columns |= {short[name]: [_cell(value) for value in cells] for name, cells in named.items()}
    columns["started"] = [_cell(value) for value in runs["started"]]
    if width is None:
        columns |= {name: [shown_metric(value) for value in runs[name]] for name in metrics[1:]}
        columns["seconds"] = [f"{value:.1f}" for value in runs["seconds"]]
        columns |= {name: [*map(str, runs[name])] for name in ("status", "name")}
    left = _fit(columns, width)
    more = f"   left out for width: {', '.join(left)} (--wide)"
    return [*_lines(columns), *(wrapped(more, width) if left else [])]


def wrapped(text: str, width: int | None) -> list[str]:
    """A sentence in lines of so many columns; an address is never broken."""
    if width is None:
        return [text]
    return wrap(
        text, width, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
    )


def _fit(columns: dict[str, list[str]], width: int | None) -> list[str]:
    """Take out the time, then the last hyperparameters, until all fits; give the latter's names."""
    left: list[str] = []
    while width is not None and max(map(len, _lines(columns))) > width and len(columns) > LEAST:
        name, _ = columns.popitem()
        left += [name] if name != "started" else []
    return left[::-1]


def _lines(columns: dict[str, list[str]]) -> list[str]:
    aligned = [_aligned(name, cells) for name, cells in columns.items()]
    return [GAP.join(cells).rstrip() for cells in zip(*aligned, strict=True)]


def _aligned(name: str, cells: list[str]) -> list[str]:
    """A column's heading and cells, of one width: numbers to the right, words to the left."""
    width = max(len(cell) for cell in (name, *cells))
    numbers = name != "run" and all(re.fullmatch(r"-|-?[\d.,]+(e-?\d+)?", cell) for cell in cells)
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in (name, *cells)]


def _measured(run: pd.Series, name: str) -> str:
    """A metric with its interval; of a run that has none, its status."""
    if pd.isna(run[name]):
        return f"- ({run['status']})"
    low, high = (run.get(f"{name}{end}", float("nan")) for end in ("_low", "_high"))
    interval = (
        ""
        if pd.isna(low) or pd.isna(high)
        else f" ({plain_digits(low, 3)} to {plain_digits(high, 3)})"
    )
    return shown_metric(run[name]) + interval


def counted(runs: int) -> str:
    """So many runs."""
    return "1 run" if runs == 1 else f"{runs} runs"


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.strftime("%m-%d %H:%M")
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
