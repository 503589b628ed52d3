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
    found["machine"] = f"{platform.system()} {platform.machine()}"
    return found


def command_line() -> str:
    """The command that started this process, ready to be pasted into a shell."""
    import shlex
    from pathlib import Path

    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
