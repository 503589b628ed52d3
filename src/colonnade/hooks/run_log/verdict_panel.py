"""The verdict on a table's model in a frame, as rich draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import ROUNDED
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from colonnade.hooks.run_log.stage_facts import shown
from colonnade.messages.catalog import _, marked

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from colonnade.hooks.run_log.run_outcome import RunOutcome

WIDEST = 100
COLORS = {"yes": "green", "no": "red"}
"""By the verdict's word; what is neither is yellow."""
TITLES = {
    "yes": marked("better than a simple model"),
    "no": marked("a simple model does better"),
    "level": marked("as good as a simple model"),
    "unclear": marked("not clearly better than a simple model"),
    "unknown": marked("not compared with a simple model"),
}


def verdict_panel(outcome: RunOutcome, width: int) -> Panel:
    """The metric beside the best baseline's, what that means, the report, the next command."""
    color = color_of(outcome)
    return Panel(
        Group(
            _numbers(outcome, color),
            "",
            Text(outcome.sentence),
            "",
            _places(outcome),
            Text(outcome.next_reason, style="dim"),
            Text(outcome.next_command, style="bold"),  # a line of its own, to be copied
        ),
        title=Text(f"{outcome.table}: {_(TITLES[outcome.word])}", style=f"bold {color}"),
        title_align="left",
        border_style=color,
        box=ROUNDED,
        width=min(width, WIDEST),
        padding=(0, 1),
    )


def color_of(outcome: RunOutcome) -> str:
    """Green for yes, red for no, yellow between."""
    return COLORS.get(outcome.word, "yellow")


def link(path: Path, words: str = "") -> Text:
    """A path that a terminal opens; without words its own."""
    return Text(words or shown(path), style=f"link {path.resolve().as_uri()}")


def _numbers(outcome: RunOutcome, color: str) -> Table:
    rows: list[tuple[str, RenderableType]] = []
    name, value = outcome.metric
    number, *rest = value.split(" (", 1)
    interval = f"  ({rest[0]}" if rest else ""
    rows.append((name, Text.assemble((number, f"bold {color}"), (interval, "dim"))))
    if outcome.baseline:
        best, theirs = outcome.baseline
        rows.append((_("best baseline"), Text.assemble(theirs, (f"  {best}", "dim"))))
    return _grid(rows)


def _places(outcome: RunOutcome) -> Table:
    rows: list[tuple[str, RenderableType]] = []
    if outcome.report:
        rows.append((_("report"), link(outcome.report)))
    if outcome.page:
        tracked = Text.assemble(
            (_("this run"), f"link {outcome.page}"),
            _(", "),
            (_("all runs"), f"link {outcome.all_runs}"),
        )
        rows.append((_("in MLflow"), tracked))
    elif outcome.run_id:
        name = _("run {id}", id=outcome.run_id[:8])
        where = Text.assemble(name, ("  " + _("to see it: make ui"), "dim"))
        rows.append((_("in MLflow"), where))
    return _grid(rows)


def _grid(rows: list[tuple[str, RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, cell in rows:
        grid.add_row(name, cell)
    return grid
