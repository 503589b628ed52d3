"""Where a model was made: what a reader needs to make it again."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

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
    commit = git_commit()
    if commit:
        found["git commit"] = commit
    found["machine"] = f"{platform.system()} {platform.machine()}"
    return found


def git_commit() -> str:
    """The commit that the working folder stands at, or nothing where there is no repository."""
    import subprocess

    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def command_line() -> str:
    """The command that started this process, ready to be pasted into a shell."""
    import shlex
    from pathlib import Path

    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
