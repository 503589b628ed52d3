"""Draw several tables that are run one after another: a line each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from colonnade.hooks.run_log.terminal import WIDE, Moving, Screen, row, sign
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from colonnade.hooks.run_log.run_outcome import RunOutcome
    from colonnade.hooks.run_log.stages import Stage, Stages


METRIC_WIDTH = 24


class TablesView:
    """A line for each table that has had its turn; below, the one that is run and how far it is.

    Args: tables: their names, in the order of their turns.
    """

    def __init__(self, tables: list[str]) -> None:
        self._waiting = list(tables)
        self._width = max(map(len, tables))
        self._moving = Moving()
        self._screen = Screen(self._lines)
        self._running, self._stage = "", ""
        self._began = 0.0
        self.watcher = self._moving.hear if self._screen.moves else None

    def turn(self, table: str) -> None:
        """Begin with a table."""
        self._waiting.remove(table)
        self._running, self._stage, self._began = table, "", time.perf_counter()
        self._screen.start()

    def begin(self, stages: Stages) -> None:
        """Nothing to say: the table is known."""

    def started(self, stage: Stage) -> None:
        """Draw which stage goes on."""
        self._stage = stage.name
        self._moving.forget(stage.table)

    def done(self, stage: Stage) -> None:
        """A stage is not worth a line here."""

    def failed(self, stage: Stage) -> None:
        """The reason is told with the table."""

    def finish(self, outcomes: list[RunOutcome]) -> None:
        """Print what came of the table."""
        from rich.text import Text

        from colonnade.hooks.run_log.verdict_panel import color_of, link

        running, self._running = self._running, ""
        for outcome in outcomes:
            name, value = outcome.metric
            number = value.partition(" (")[0]
            said = Text.assemble(f"{name} ", (number, f"bold {color_of(outcome)}"))
            if outcome.baseline:
                best, theirs = outcome.baseline
                said.pad_right(max(0, METRIC_WIDTH - len(said)))
                compared = _("baseline {value}", value=theirs)
                if self._screen.console.width >= WIDE:
                    compared = _("baseline {value} ({model})", value=theirs, model=best)
                said.append(compared, style="dim")
            report = outcome.report
            self._print("done", link(report, outcome.table) if report else outcome.table, said)
        if not outcomes:
            self._print("done", running, Text(_("done")))

    def broke(self, table: str) -> None:
        """Print that a table has failed; the command's end says why."""
        from rich.text import Text

        self._running = ""
        self._print("failed", table, Text(_("failed"), style="red"))

    def close(self) -> None:
        """Leave nothing that moves."""
        self._screen.close()

    def _print(self, what: str, table: str | Text, said: RenderableType) -> None:
        seconds = time.perf_counter() - self._began
        self._screen.print(row(sign(what), (table, self._width), seconds, said))

    def _lines(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        lines: list[RenderableType] = []
        if self._running:
            now = Table.grid(padding=(0, 2, 0, 0))
            now.add_column(width=len("evaluate"))
            now.add_column(ratio=1)
            now.add_row(self._stage, self._moving.cell(self._running, self._screen.console.width))
            seconds = time.perf_counter() - self._began
            lines.append(row(sign("running"), (self._running, self._width), seconds, now))
        if self._waiting:
            waiting = _("then {tables}", tables=", ".join(self._waiting))
            lines.append(Text(f"  {waiting}", style="dim"))
        return Group(*lines)
