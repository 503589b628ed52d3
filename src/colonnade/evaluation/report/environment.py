"""The environment of a run: what is needed to reproduce it."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = (
    "colonnade",
    "kedro",
    "torch",
    "pandas",
    "numpy",
    "scikit-learn",
    "mlflow",
    "matplotlib",
)


def environment() -> dict[str, str]:
    """Versions of Python and of the packages that have a say in the numbers, and the machine."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    commit = git("rev-parse", "HEAD")
    if commit:
        found[_("git commit")] = commit
    found[_("machine")] = f"{platform.system()} {platform.machine()}"
    return found


def git(*words: str, folder: Path | None = None) -> str:
    """What git says, or nothing where there is no git, no repository or no commit yet."""
    import subprocess

    try:
        found = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def command_line(argv: Sequence[str] | None = None) -> str:
    """The command that started this process, or that these words are, to be pasted into a shell.

    A module that Python ran by `-m` is named as it was asked for: Kedro writes "python -m kedro"
    in place of its file's name, and a package's file is its `__main__.py`.
    """
    program, *words = sys.argv if argv is None else argv
    path = Path(program)
    if path.name == "__main__.py":
        program = f"python -m {path.parent.name}"
    elif not program.startswith("python -m "):
        program = shlex.quote(path.name)
    return " ".join([program, *map(shlex.quote, words)])
