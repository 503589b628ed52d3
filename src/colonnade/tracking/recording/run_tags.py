"""Tags of a run: its code, its source and what the simple models reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.report.environment import git

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.tracking.recording.journal import Message

BASELINE = "baseline/"  # how the metrics of simple models begin


def git_tags(project: Path) -> dict[str, str]:
    """Read commit, branch and whether there are uncommitted changes; empty without a commit."""
    head = git("rev-parse", "HEAD", "--abbrev-ref", "HEAD", folder=project).split()
    if len(head) != 2:
        return {}
    changes = git("status", "--porcelain", "--untracked-files=no", folder=project)
    return {
        "mlflow.source.git.commit": head[0],
        "mlflow.source.git.branch": head[1],
        "mlflow.source.git.dirty": "true" if changes else "false",
    }


def source_tags(message: Message) -> dict[str, str]:
    """Who has started the run, and by which command."""
    return {
        "mlflow.user": message["user"],
        "mlflow.source.type": "PROJECT",
        "mlflow.source.name": message["command"],
        "command": message["command"],
    }


def baseline_tags(values: dict[str, float]) -> dict[str, str]:
    """What each simple model reaches on the test rows, in a tag of its own."""
    return {
        f"{BASELINE}{name}": ", ".join(f"{key} {value:.4g}" for key, value in found.items())
        for name, found in Metrics.from_flat(values).baselines.items()
    }
