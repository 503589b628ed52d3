"""Each run keeps its report, so that the next one's does not take its place."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "runs"
MOST = 50
"""So many of a table's runs keep theirs on disk; MLflow keeps all."""


def keep_report(files: Iterable[Path], run_id: str) -> None:
    """Copy what a run has reported into `runs/<run>` beside it; the oldest beyond `MOST` go.

    Args: files: in one folder; those that are missing are left out. run_id: of which the first
        eight letters name the folder, as they name the run elsewhere.
    """
    files = [file for file in files if file.is_file()]
    if not files:
        return
    kept = files[0].parent / FOLDER
    for file in files:
        with replaced_file(kept / run_id[:8] / file.name) as stream:
            stream.write(file.read_bytes())
    folders = [folder for folder in kept.iterdir() if folder.is_dir()]
    for old in sorted(folders, key=lambda folder: folder.stat().st_mtime_ns)[:-MOST]:
        shutil.rmtree(old, ignore_errors=True)
