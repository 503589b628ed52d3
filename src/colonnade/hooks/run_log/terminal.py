"""Draw a run on a terminal: what is done stays, what is under way moves below it."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.live import Live
    from rich.text import Text

    from colonnade.hooks.run_log.run_outcome import RunOutcome
    from colonnade.hooks.run_log.stages import Stage, Stages
    from colonnade.training.progress import Progress

FRAMES_A_SECOND = 8
WIDE = 100


def on_terminal() -> bool:
    """Whether someone looks on, and wants to: stdout is a terminal and the log is not hushed."""
    return sys.stdout.isatty() and logging.getLogger("colonnade").isEnabledFor(logging.INFO)


def plain() -> bool:
    """Whether the terminal is to get text alone, without control characters."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") in ("dumb", "unknown")


class Screen:
    """A console, and a few moving lines at its bottom, where it can move.

    Args: moving: gives what moves, anew for each frame.
    """

    def __init__(self, moving: Callable[[], RenderableType]) -> None:
        from rich.console import Console

        self.moves = not plain()
        words: dict[str, Any] = {} if self.moves else {"color_system": None}
        if not self.moves:
            words["force_terminal"] = False
        self.console = Console(file=sys.stdout, highlight=False, **words)
        self._moving = moving
        # two that draw at once would each put the cursor where the other has begun
        self._lock, self._closed = threading.RLock(), threading.Event()
        self._live: Live | None = None
        self._streams: list[tuple[logging.StreamHandler[Any], Any]] = []

    def start(self) -> None:
        """Begin to draw; what the log says is printed above."""
        from rich.live import Live

        if not self.moves or self._live is not None:
            return
        streams = (sys.stdout, sys.stderr)
        self._live = Live(
            get_renderable=self._moving, console=self.console, auto_refresh=False, transient=True
        )
        self._live.start()
        self.console.show_cursor(True)  # a killed run leaves it as it is
        self._closed.clear()
        threading.Thread(target=self._move, args=(self._live,), daemon=True).start()
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream in streams:
                self._streams.append((handler, handler.setStream(sys.stdout)))

    def print(self, *what: RenderableType) -> None:
        """Print above what moves."""
        with self._lock:
            self.console.print(*what)

    def close(self) -> None:
        """Leave nothing that moves, and the log as it was."""
        for handler, stream in self._streams:
            handler.setStream(stream)
        self._streams.clear()
        self._closed.set()
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def _move(self, live: Live) -> None:
        while not self._closed.wait(1 / FRAMES_A_SECOND):
            with self._lock:
                if self._live is live:
                    live.refresh()


class Moving:
    """The latest progress of each table, and when it was told."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Progress, float]] = {}

    def hear(self, progress: Progress) -> None:
        """Keep what was told; it is drawn with the next frame."""
        self._latest[progress.table] = (progress, time.perf_counter())

    def forget(self, table: str) -> None:
        """Drop what was told of an earlier stage."""
        self._latest.pop(table, None)

    def cell(self, table: str, width: int) -> RenderableType:
        """A bar with the time left, or what is going on, for a terminal of this width."""
        from rich.text import Text

        if table not in self._latest:
            return Text("")
        progress, told = self._latest[table]
        if not progress.total:
            return Text(progress.what, style="dim")
        return _bar(progress, time.perf_counter() - told, with_note=width >= WIDE)


def _bar(progress: Progress, since: float, *, with_note: bool) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    left = ""
    if progress.seconds_left is not None:
        seconds = max(0.0, progress.seconds_left - since)
        left = _("{time} left", time=clock(seconds))
        if progress.at_most:
            left = _("at most {time} left", time=clock(seconds))
    counted = f"{progress.what} {progress.done}/{progress.total}"
    grid = Table.grid(padding=(0, 2, 0, 0))
    for narrowest in (len(counted), 6, len(left), 0):
        grid.add_column(no_wrap=True, min_width=narrowest)
    bar = ProgressBar(total=progress.total, completed=progress.done, width=20 if with_note else 8)
    grid.add_row(counted, bar, left, Text(progress.note if with_note else "", style="dim"))
    return grid


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, or with hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class RunView:
    """Draws the stages of one run, and at its end the verdict."""

    def __init__(self) -> None:
        self._moving = Moving()
        self._screen = Screen(self._lines)
        self._stages: Stages | None = None
        self.watcher = self._moving.hear if self._screen.moves else None

    def begin(self, stages: Stages) -> None:
        """Nothing moves until the first stage has begun."""
        self._stages = stages

    def started(self, stage: Stage) -> None:
        """Draw that a stage goes on."""
        self._moving.forget(stage.table)
        self._screen.start()

    def done(self, stage: Stage) -> None:
        """Print what came of a stage."""
        self._screen.print(self._line(stage, "done", stage.fact))

    def failed(self, stage: Stage) -> None:
        """Print in which stage it failed."""
        self._screen.print(self._line(stage, "failed", _("failed")))

    def finish(self, outcomes: list[RunOutcome]) -> None:
        """Print the verdict on each table."""
        from colonnade.hooks.run_log.verdict_panel import verdict_panel

        self.close()
        for outcome in outcomes:
            self._screen.print(verdict_panel(outcome, self._screen.console.width))

    def close(self) -> None:
        """Leave nothing that moves."""
        self._screen.close()

    def _lines(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        assert self._stages is not None
        running = [
            self._line(stage, "running", self._moving.cell(stage.table, self._screen.console.width))
            for stage in self._stages.running
        ]
        waiting = [Text(f"  {self._name(stage)}", style="dim") for stage in self._stages.waiting]
        room = max(0, self._screen.console.height - len(running) - 2)
        return Group(*running, *waiting[:room])

    def _name(self, stage: Stage) -> str:
        several = self._stages is not None and len(self._stages.tables) > 1
        return f"{stage.table} {stage.name}" if several else stage.name

    def _line(self, stage: Stage, state: str, what: RenderableType) -> RenderableType:
        assert self._stages is not None
        width = max(len(self._name(one)) for one in self._stages.all)
        return row(sign(state), (self._name(stage), width), stage.passed, what)


def row(
    mark: tuple[str, str], name: tuple[str | Text, int], seconds: float, what: RenderableType
) -> RenderableType:
    """One line: mark, name, seconds, and what there is to say, which may need more lines.

    Args: mark: with its color. name: with the width of the longest.
    """
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=1)
    grid.add_column(width=name[1], no_wrap=True)
    grid.add_column(width=7, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    passed = f"{seconds:.1f} s" if seconds < 100 else clock(seconds)
    grid.add_row(Text(*mark), name[0], Text(passed, style="dim"), what)
    return grid


def sign(state: str) -> tuple[str, str]:
    """What stands before a line that is running, done or has failed, and its color."""
    done, failed, turning = ("✓", "✗", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") if _unicode() else ("+", "x", "-\\|/")
    turned = turning[int(time.monotonic() * FRAMES_A_SECOND) % len(turning)]
    return {"done": (done, "green"), "failed": (failed, "red")}.get(state, (turned, "cyan"))


def _unicode() -> bool:
    stream = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    return (stream.encoding or "").lower().startswith("utf")
