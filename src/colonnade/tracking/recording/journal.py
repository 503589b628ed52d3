"""The journal of a run: what is to be recorded, written down before anything else happens.

A run's process appends messages, one JSON line each; the writer (see `writer.py`) applies them to
MLflow and then deletes the journal. What could not be delivered stays on disk, and the next run's
writer delivers it: nothing is lost when a server is down, or when both processes are killed.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from uuid import uuid4

from colonnade.evaluation.report.environment import command_line
from colonnade.tables.writing.file_lock import hold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Message = dict[str, Any]
ROOM = Path(".colonnade") / "tracking"
ATTEMPTS = 3


@dataclass(frozen=True)
class RunStart:
    """What is known of a run before it starts.

    Args: experiment: the table's name. name: what is special (see `naming.run_name`).
    parameters: flat, names with dots (see `naming.flatten`). tags: anything worth a filter.
    command: how to do it again; by default this process's command line. named: whether the name
    says what is special; else what differs from the run before is put into it.
    document: every parameter, as YAML.
    """

    experiment: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    named: bool = True
    document: str = ""

    def message(self, *, document: bool) -> Message:
        """The first message of the run's journal, with who starts it and where."""
        return {
            "do": "run",
            "experiment": self.experiment,
            "name": self.name,
            "named": self.named,
            "parameters": dict(self.parameters),
            "document": self.document if document else "",
            "tags": {**self.tags, "host": socket.gethostname(), "pid": str(os.getpid())},
            "command": self.command or command_line(),
            "user": _user(),
            "time": round(time.time() * 1000),
        }


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return ""  # a container's user number without a name


class Journal:
    """One run's folder of messages, with the locks that show which process works on it.

    The owner's lock is held by the run, the writer's lock by whoever delivers. A journal with
    neither belongs to processes that died.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: list[IO[bytes]] = []

    @classmethod
    def create(cls, project: Path) -> Self:
        """Open a new journal, owned by this process."""
        now = time.time_ns()  # names rise with time, even within a second
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now // 1_000_000_000))
        name = f"{stamp}-{now % 1_000_000_000:09d}-{uuid4().hex[:6]}"
        journal = cls(project / ROOM / name)
        journal.folder.mkdir(parents=True)
        journal.hold("owner")  # before the file of messages is there: nobody takes it for an orphan
        return journal

    @property
    def name(self) -> str:
        """Unique among all journals: the run in MLflow carries it as a tag."""
        return self.folder.name

    @property
    def lines(self) -> Path:
        """The file of messages."""
        return self.folder / "messages.jsonl"

    def hold(self, role: str) -> bool:
        """Take the owner's or the writer's lock until `release`; False if another has it."""
        lock = hold(self.folder / f"{role}.lock")
        if lock:
            self._held.append(lock)
        return lock is not None

    def release(self) -> None:
        """Give back the locks."""
        while self._held:
            self._held.pop().close()

    def append(self, message: Message) -> None:
        """Write down one message; it is safe from the death of this process when this returns."""
        with self.lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message, ensure_ascii=False) + "\n")

    def read(self, start: int = 0) -> Iterator[tuple[int, Message]]:
        """Give whole messages from byte `start` on, each with the byte where the next begins."""
        if not self.lines.exists():
            return
        with self.lines.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # cut short by a kill, or still being written
                start += len(line)
                yield start, json.loads(line)

    def keep(self, number: int, path: Path) -> None:
        """Copy an undelivered artifact into the journal, before the next run overwrites it."""
        room = self.folder / "kept"
        draft = room / f"{number}.new"  # the writer may be looking: it finds all of it, or nothing
        if path.is_dir():
            shutil.copytree(path, draft / path.name, dirs_exist_ok=True)
        elif path.is_file():
            draft.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, draft)
        else:
            return
        if not (room / str(number)).exists():
            draft.replace(room / str(number))

    def kept(self, number: int, path: Path) -> Path | None:
        """Find the copy of an artifact, if one was kept."""
        copy = self.folder / "kept" / str(number) / path.name
        return copy if copy.exists() else None

    def failed(self) -> None:
        """Count one more attempt at delivery that failed."""
        self.note("attempts", self.attempts() + 1)

    def attempts(self) -> int:
        """How often delivery failed for another reason than a store out of reach."""
        return self.noted("attempts") or 0

    def note(self, name: str, number: int) -> None:
        """Keep a number; a kill leaves the old one or the new one."""
        draft = self.folder / f"{name}.new"
        draft.write_text(str(number))
        draft.replace(self.folder / name)

    def noted(self, name: str) -> int | None:
        """Give a number that was kept."""
        file = self.folder / name
        return int(file.read_text()) if file.exists() else None

    def delete(self) -> None:
        """Remove the journal: all of it is delivered."""
        self.lines.unlink(missing_ok=True)  # first: what is left by a kill is no journal any more
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def waiting(project: Path) -> list[Path]:
    """Folders of journals that are not delivered yet, oldest first."""
    return sorted(lines.parent for lines in (project / ROOM).glob("*/messages.jsonl"))


def orphans(project: Path, *, again: bool = False) -> Iterator[Journal]:
    """Find journals whose processes are gone, oldest first, and hold the writer's lock of each.

    A journal that three attempts could not deliver is left alone, unless asked for `again`.
    """
    for folder in waiting(project):
        journal = Journal(folder)
        if journal.attempts() >= ATTEMPTS and not again:
            continue
        if journal.hold("owner") and journal.hold("writer") and journal.lines.exists():
            yield journal
        journal.release()


def fingerprint(path: Path) -> list[int]:
    """Size and time of a file, or of the newest file in a folder: changed if overwritten.

    Units: bytes, nanoseconds.
    """
    files = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    facts = [file.stat() for file in files if file.is_file()]
    return [
        sum(fact.st_size for fact in facts),
        max((fact.st_mtime_ns for fact in facts), default=0),
    ]
