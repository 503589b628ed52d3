"""The lessons as files: which there are, and running one from top to bottom."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

_NAME = re.compile(r"\d\d_\w+\.ipynb")
# No cell of a lesson may take longer.
CELL_TIMEOUT = 120
SOLUTION = "solution"


class LessonError(UserError):
    """A lesson's cell failed, or a lesson cannot be read."""


@dataclass(frozen=True)
class RunLesson:
    """A lesson with its outputs.

    Units: seconds of wall time, the start of the kernel included.
    """

    path: Path
    notebook: NotebookNode
    seconds: float


def lesson_files(folder: Path) -> list[Path]:
    """The lessons in a folder, in their order.

    Raises: LessonError if there are none.
    """
    found = sorted(path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.name))
    if not found:
        raise LessonError(f"{folder}: no lessons here. Run this in the folder of the project.")
    return found


def read_lesson(path: Path) -> NotebookNode:
    """Read a lesson as it is stored."""
    import nbformat

    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def run_lesson(path: Path, root: Path) -> RunLesson:
    """Run a lesson in a kernel of its own, with `root` as its folder; the file stays as it is.

    Raises: LessonError with the failing cell and what it said.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    notebook = read_lesson(path)
    started = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # its warnings are about sockets, not about the lesson
        resources={"metadata": {"path": str(root)}},
    )
    try:
        client.execute(env=_environment(path.parent))
    except (CellExecutionError, CellTimeoutError) as error:
        raise LessonError(f"{path.name}: {_without_color(str(error))}") from None
    return RunLesson(path, notebook, time.perf_counter() - started)


def stored_outputs(notebook: NotebookNode) -> list[int]:
    """Places of cells that hold outputs or a count, and should hold none."""
    return [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None)
    ]


def title_of(notebook: NotebookNode) -> str:
    """The heading of its first cell: "4 Activations 激活函数"."""
    first = str(notebook.cells[0].source)
    return first.splitlines()[0].removeprefix("#").strip()


def is_solution(cell: Any) -> bool:
    """Whether a cell is an exercise's solution."""
    return SOLUTION in cell.metadata.get("tags", [])


def _environment(folder: Path) -> dict[str, str]:
    """The kernel's environment: it finds the modules beside a lesson, and prints no warnings."""
    found = [str(folder.resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(found),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "KEDRO_DISABLE_TELEMETRY": "1",
    }


def _without_color(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
