"""The process that writes runs to MLflow, so that training need not wait for it.

Started by `process.WriterProcess`. The first line on stdin says where the store is; every further
line names a journal that has new messages, or says `again`, to have delivered all that others
left. Replies, one JSON line for each run that ended or failed, go to stdout. When stdin closes,
what is still open is ended as KILLED: the parent is gone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from colonnade.tracking.recording.journal import Journal, orphans
from colonnade.tracking.server import problem_with

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.recording.tracked_run import TrackedRun

Notices = SimpleQueue[dict[str, Any] | None]
LOOK_FOR_PARENT = 1.0
GONE = "the training process is gone (interrupted, killed, or out of memory)"


class Writer:
    """Follows the journals of its parent, and of parents that died before."""

    def __init__(self, settings: dict[str, Any], replies: IO[str]) -> None:
        self.uri = settings["uri"]
        self.project = Path(settings["project"])
        self._watched = settings["system_metrics"]
        self._replies = replies
        self._runs: dict[str, TrackedRun | None] = {}
        self._client: MlflowClient | None = None
        self._cleared = False

    def warm_up(self) -> None:
        """Import MLflow and open the store before the first notice; what fails is reported then."""
        with suppress(Exception):
            self._connected()

    def notify(self, folder: Path) -> None:
        """Apply what is new in a journal; report its end or an error to the parent."""
        if not folder.exists():
            return  # ended and delivered: one notice had announced several messages
        if folder.name not in self._runs:
            self._runs[folder.name] = self._begin(Journal(folder))
        run = self._runs[folder.name]
        if run is None:
            return
        try:
            run.follow()
        except Exception as error:
            self._fail(run.journal, error, run)
            return
        if run.ended:
            del self._runs[folder.name]
            self._deliver(run)

    def clear(self, *, again: bool = False) -> None:
        """Deliver, once, what runs that are gone have left; again: also what failed before."""
        if again:
            try:
                self._connected()
            except Exception as error:
                traceback.print_exception(error)
                self._reply("", error=_describe(error))
        if self._cleared or self._client is None:
            return
        self._cleared = True
        for journal in orphans(self.project, again=again):
            if journal.name in self._runs:
                continue
            try:
                self._end_orphan(journal)
            except Exception as error:
                self._reply(journal.name, error=_describe(error))
                if self._note_failure(journal, error):
                    self._reply("", error=_describe(error))
                    return  # the others would only wait for the same store

    def end(self) -> None:
        """End what is still open: the parent has gone without a word."""
        for run in [run for run in self._runs.values() if run is not None]:
            try:
                run.follow()
                if not run.ended:
                    run.end("KILLED", round(time.time() * 1000), GONE)
                run.journal.delete()
            except Exception as error:
                self._note_failure(run.journal, error)

    def _begin(self, journal: Journal) -> TrackedRun | None:
        if not journal.hold("writer"):
            return None  # another writer has taken it for an orphan: it is in good hands
        try:
            return self._follower(journal, live=True)
        except Exception as error:
            self._fail(journal, error)
            return None

    def _follower(self, journal: Journal, *, live: bool) -> TrackedRun:
        client = self._connected()
        from colonnade.tracking.recording.tracked_run import TrackedRun

        return TrackedRun(client, journal, self.project, live=live, watched=live and self._watched)

    def _connected(self) -> MlflowClient:
        if self._client is None:
            from colonnade.tracking.recording import tracked_run  # noqa: F401  needed soon, too
            from colonnade.tracking.store import open_store

            self._client = open_store(self.uri)
        return self._client

    def _end_orphan(self, journal: Journal) -> None:
        run = self._follower(journal, live=False)
        last = round(journal.lines.stat().st_mtime * 1000)
        run.follow()
        if run.run_id and not run.ended:
            run.end("KILLED", last, GONE)
        self._deliver(run)

    def _deliver(self, run: TrackedRun) -> None:
        """Report a run that is recorded in full; its journal has served."""
        run.journal.delete()
        ids = {"run_id": run.run_id, "experiment_id": run.experiment_id}
        self._reply(run.journal.name, **ids, name=run.name, **run.order)

    def _fail(self, journal: Journal, error: Exception, run: TrackedRun | None = None) -> None:
        self._runs[journal.name] = None
        if run is not None and run.run_id:
            with suppress(Exception):  # else it would look like running until it is delivered
                run.end("FAILED", round(time.time() * 1000), f"not recorded in full: {error}")
        self._note_failure(journal, error)
        self._reply(journal.name, error=_describe(error))

    def _note_failure(self, journal: Journal, error: Exception) -> bool:
        """Let go of a journal; say whether the store is out of reach."""
        traceback.print_exception(error)
        away = self._client is None or problem_with(self.uri)
        if not away:
            journal.failed()  # a fault of the record itself, which waiting does not fix
        journal.release()
        return bool(away)

    def _reply(self, journal: str, **facts: str | bool) -> None:
        with suppress(OSError):  # nobody listens any more
            print(json.dumps({"journal": journal, **facts}), file=self._replies, flush=True)


def _describe(error: Exception) -> str:
    # SQLAlchemy begins with where it happened
    lines = [line for line in str(error).splitlines() if line and not line.startswith("(raised as")]
    text = (lines or [""])[0].strip().rstrip(".")
    kind = type(error).__name__
    return f"MLflow: {text}." if kind == "MlflowException" else f"MLflow: {kind}: {text}."


def _listen(notices: Notices) -> None:
    for line in sys.stdin:
        notices.put(json.loads(line))
    notices.put(None)


def _next(notices: Notices, parent: int) -> dict[str, Any] | None:
    """Wait for the notice; None when the parent is gone.

    A process that the parent forked may keep the pipe open after its death: so we look for it.
    """
    while True:
        try:
            return notices.get(timeout=LOOK_FOR_PARENT)
        except Empty:
            if hasattr(os, "fork") and os.getppid() != parent:
                return None


def main() -> None:
    """Serve until the parent closes the pipe."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # the run's status is still to be written; this process ends by itself with its parent
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    gc.disable()  # imports make nothing but lasting objects: looking through them costs 0.35 s
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what MLflow prints is no reply
    settings = json.loads(sys.stdin.readline())
    notices: Notices = SimpleQueue()
    Thread(target=_listen, args=(notices,), daemon=True).start()
    writer = Writer(settings, replies)
    writer.warm_up()
    while (notice := _next(notices, settings["pid"])) is not None:
        if "journal" in notice:
            writer.notify(Path(notice["journal"]))
        if notices.empty() or "again" in notice:
            writer.clear(again="again" in notice)
    writer.end()
    sys.stderr.flush()
    os._exit(0)  # everything is committed; taking MLflow down in order costs 0.2 s


if __name__ == "__main__":
    main()
