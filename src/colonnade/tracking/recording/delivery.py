"""Send what was kept while the store was away, and report the outcome of each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.errors import TrackingError
from colonnade.tracking.recording.journal import ROOM, Journal, waiting
from colonnade.tracking.recording.writer_process import WriterProcess
from colonnade.tracking.server import problem_with, run_page

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.tracking.tracking_params import TrackingParams

GOING_ON = "it is still going on"
IN_HAND = "another process is delivering it"


@dataclass(frozen=True)
class Delivery:
    """What became of one kept run.

    Args: title: its table and name. url: where it is found, if it was delivered. kept: else why
    it was not. going_on: whether it is in good hands, so that nothing need be done.
    """

    title: str
    url: str = ""
    kept: str = ""
    going_on: bool = False

    def __str__(self) -> str:
        return f"{self.title}: " + (f"delivered, {self.url}" if self.url else f"kept, {self.kept}")


def deliver(project: Path, params: TrackingParams) -> list[Delivery]:
    """Deliver every run that was kept, oldest first, and report the outcome of each.

    A run that failed to be delivered before is tried again. Stopped at any point and said again,
    this delivers the rest: nothing is lost, and nothing is recorded twice.

    Raises: TrackingError if tracking is off, or the store is still away.
    """
    project = project.resolve()
    params = params.located(project)
    if params.mode == "off":
        raise TrackingError("Tracking is off (`mode: off`), so there is nowhere to deliver to.")
    journals = [Journal(folder) for folder in waiting(project)]
    if not journals:
        return []
    away = problem_with(params.uri)
    if away:
        raise TrackingError(f"{away} {_counted(len(journals))} kept in {ROOM}; nothing is lost.")
    titles = [_title(journal) for journal in journals]
    writer = WriterProcess(project, params)
    replies = writer.deliver()
    found = []
    for journal, title in zip(journals, titles, strict=True):
        reply = replies.get(journal.name, {})
        if "run_id" in reply:
            page = run_page(params.pages, reply["experiment_id"], reply["run_id"])
            found.append(Delivery(title, page))
        elif journal.lines.exists():
            problem = reply.get("error") or replies.get("", {}).get("error", "")
            found.append(_kept(journal, title, problem, writer))
    return found


def _counted(runs: int) -> str:
    return "1 run is" if runs == 1 else f"{runs} runs are"


def _title(journal: Journal) -> str:
    """Name a run by its first message: table, what is special, when it began."""
    for _, message in journal.read():
        if message["do"] == "run":
            began = journal.name[:15]  # 20260131-120000
            when = f"{began[4:6]}-{began[6:8]} {began[9:11]}:{began[11:13]}"
            return f"{message['experiment']}: {message['name']} ({when})"
    return journal.name


def _kept(journal: Journal, title: str, problem: str, writer: WriterProcess) -> Delivery:
    try:
        if not journal.hold("owner"):
            return Delivery(title, kept=GOING_ON, going_on=True)
        if not journal.hold("writer"):
            return Delivery(title, kept=IN_HAND, going_on=True)
        return Delivery(title, kept=problem or f"the delivery broke off. {writer.last_words()}")
    finally:
        journal.release()
