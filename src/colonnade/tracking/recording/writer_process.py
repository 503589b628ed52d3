"""The writer as its parent sees it: a child process that is notified and replies."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

from colonnade.tracking.recording.journal import ROOM, Journal
from colonnade.tracking.server import problem_with, unwritable
from colonnade.tracking.tracking_params import SAFETY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colonnade.tracking.tracking_params import TrackingParams

Reply = dict[str, Any]
LARGEST_LOG = 1_000_000
# what a user may set otherwise
DEFAULTS = {
    # by itself MLflow retries for minutes; a run should not hang that long on a server that is away
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # every 10 s by default, which says nothing of a run that takes 5
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "1",
}


class WriterProcess:
    """`python -m colonnade.tracking.recording.writer`, shared by all runs of one process.

    It lives in a session of its own, so that Ctrl-C does not reach it, and ends when the pipe to
    it closes: by `close`, or by the death of this process.
    """

    _all: ClassVar[dict[tuple[Path, str], Self]] = {}

    def __init__(self, project: Path, params: TrackingParams) -> None:
        self.users = 0
        self.log = project / ROOM / "writer.log"
        self._replies: dict[str, Reply] = {}
        self._news = Condition()
        self._ended = False
        with _fresh_log(self.log) as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "colonnade.tracking.recording.writer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=project,
                env=_environment(),
                start_new_session=True,
            )
        # not as arguments: a URI may hold a password, and `ps` shows arguments to everyone
        settings = {"uri": params.uri, "system_metrics": params.system_metrics}
        self._send({**settings, "pid": os.getpid(), "project": str(project)})
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    @classmethod
    def shared(cls, project: Path, params: TrackingParams) -> Self:
        """Give the writer that this process has for a store; start it if there is none."""
        key = (project, params.uri)
        if key not in cls._all:
            cls._all[key] = cls(project, params)
        return cls._all[key]

    def leave(self, *, wait: bool = True) -> None:
        """Say that one run has ended; after the last one the writer may end, too."""
        self.users -= 1
        if self.users == 0:
            for key in [key for key, writer in self._all.items() if writer is self]:
                del self._all[key]
            if wait:
                self.close()
            else:
                self._close_stdin()

    @property
    def pid(self) -> int:
        """The number of the writer's process."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the writer's process is there."""
        return self._child.poll() is None

    @property
    def ended(self) -> bool:
        """Whether the writer is known to be gone."""
        return self._ended

    def notify(self, journal: Journal) -> None:
        """Say that the journal has new messages."""
        self._send({"journal": str(journal.folder)})

    def deliver(self) -> dict[str, Reply]:
        """Have journals of runs that are gone delivered, and wait for it.

        Returns: what became of each, by journal; what befell all of them, under "".
        """
        self._send({"again": True})
        self._close_stdin()
        self._child.wait()
        self.close()
        return self._replies

    def problem(self, journal: Journal) -> str:
        """Say what has gone wrong so far, without waiting."""
        with self._news:
            return str(self._replies.get(journal.name, {}).get("error", ""))

    def reply(self, journal: Journal, timeout: float) -> Reply:
        """Wait for the last word on a journal: run and experiment, or an error."""
        end = monotonic() + timeout
        with self._news:
            while journal.name not in self._replies:
                left = end - monotonic()
                if self._ended:
                    return {"error": f"The writer has ended. {self.last_words()}"}
                if left <= 0:
                    return {"error": f"The store has not answered for {timeout:g} s."}
                self._news.wait(left)
            return self._replies[journal.name]

    def last_words(self) -> str:
        """Give the end of the writer's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"Its last log line, from {self.log}: {lines[-1]}" if lines else ""

    def close(self) -> None:
        """Let the writer end, and see it go, unless it still delivers what other runs left."""
        self._close_stdin()
        self._listener.join(timeout=2)  # it waits for the child; `wait(timeout)` would poll

    def _close_stdin(self) -> None:
        if self._child.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()

    def _send(self, line: dict[str, Any]) -> None:
        stdin = self._child.stdin
        try:
            if stdin:
                stdin.write(json.dumps(line).encode() + b"\n")
                stdin.flush()
        except OSError:
            pass  # the writer is gone: `reply` says so, and the journal has everything

    def _listen(self) -> None:
        for line in self._child.stdout or ():
            reply = json.loads(line)
            with self._news:
                self._replies[reply["journal"]] = reply
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
        self._child.wait()  # also when nobody waits for the last word: no zombie is left
        if self._child.stdout:
            self._child.stdout.close()


@contextmanager
def one_writer(project: Path, params: TrackingParams) -> Iterator[None]:
    """Let the runs of this block share a writer; without it each starts and ends its own.

    Nothing is started where nothing could be recorded: each run says so by itself.
    """
    project = project.resolve()
    params = params.located(project)
    if params.mode == "off" or problem_with(params.uri) or unwritable(params.uri):
        yield
        return
    writer = WriterProcess.shared(project, params)
    writer.users += 1
    try:
        yield
    finally:
        writer.leave()


def _environment() -> dict[str, str]:
    source = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    return {**DEFAULTS, **os.environ, **SAFETY, "PYTHONPATH": path, "GIT_OPTIONAL_LOCKS": "0"}


def _fresh_log(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.unlink()
    return log.open("ab")
