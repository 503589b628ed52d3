"""The git state of the code of a run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git_tags(project: Path) -> dict[str, str]:
    """Read commit, branch and whether there are uncommitted changes; empty without a commit."""
    head = _git(project, "rev-parse", "HEAD", "--abbrev-ref", "HEAD").split()
    if len(head) != 2:
        return {}
    changes = _git(project, "status", "--porcelain", "--untracked-files=no")
    return {
        "mlflow.source.git.commit": head[0],
        "mlflow.source.git.branch": head[1],
        "mlflow.source.git.dirty": "true" if changes else "false",
    }


def _git(project: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", *words], cwd=project, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""  # no git, no repository, or no commit yet
    return done.stdout.strip()
