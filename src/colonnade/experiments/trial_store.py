"""What became of trials, kept so that none is trained twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial.

    metrics: on validation rows, by name. history: epochs, train and validation losses, at most 100
    of each. reason: why it failed, or "".
    """

    key: str
    metrics: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    n_parameters: int = 0
    seconds: float = 0.0
    reason: str = ""


class TrialStore:
    """Finished trials in a folder, one file a program, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> dict[str, TrialResult]:
        """All results by their trials' keys."""
        found: dict[str, TrialResult] = {}
        for file in sorted(self.folder.glob("*.json")):
            for one in json.loads(file.read_bytes()):
                found.setdefault(one["key"], TrialResult(**one))
        return found

    def keep(self, results: Sequence[TrialResult]) -> None:
        """Write the results of one program."""
        name = hashlib.sha256("".join(one.key for one in results).encode()).hexdigest()[:16]
        text = json.dumps([asdict(one) for one in results], allow_nan=False)
        with replaced_file(self.folder / f"{name}.json") as stream:
            stream.write(text.encode())
