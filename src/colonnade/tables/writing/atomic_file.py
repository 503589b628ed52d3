"""Replace a file as a whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARK = ".writing-"


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the block ends well.

    They go to a temporary file in the same folder, reach the disk, and take the file's place in
    one step: a kill at any moment leaves the old file or the new one. What killed writers left
    behind is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    temporary = path.with_name(f".{path.name}{_MARK}{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _remove_leftovers(path: Path) -> None:
    start = f".{path.name}{_MARK}"
    for entry in path.parent.iterdir():
        if entry.name.startswith(start) and not _is_running(entry.name[len(start) :]):
            entry.unlink(missing_ok=True)


def _is_running(pid: str) -> bool:
    """Whether a process of that number lives, so that two runs never remove each other's file."""
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    # without this a power cut can forget the new name, though the file's bytes are on the disk
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
