"""What was decided for a new table, as its adder is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.cli.table_yaml.column_table import (
    ColumnLine,
    described,
    examples_of,
    missing_share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from colonnade.tables.inference.guesses.guess import Guess
    from colonnade.tables.inference.infer import Inference
    from colonnade.tables.source import RawTable

LEFT_OUT = ("identifier", "ignored")


@dataclass(frozen=True)
class NewTable:
    """What was decided for a new table, and the files that say so."""

    raw: RawTable
    inference: Inference
    suspicions: list[str]
    """Sentences on columns that the model should hardly learn from."""
    files: list[Path]

    def text(self) -> str:
        """What to look at first, then what every column was taken for, and why."""
        return described(self.raw.source, self.looks(), self.columns())

    def looks(self) -> list[str]:
        """Sentences on what may be wrong; what hurts most comes first."""
        notes_of_cells = {f"{name}: {guess.note}" for name, guess in self._guesses()}
        left_out = [
            f"{name} ({guess.why})" for name, guess in self._guesses() if guess.kind in LEFT_OUT
        ]
        notes = [note for note in self.inference.notes if note not in notes_of_cells]
        return [
            *self.suspicions,
            *([f"Left out of learning: {'; '.join(left_out)}."] if left_out else []),
            *notes,
        ]

    def columns(self) -> list[ColumnLine]:
        """The target, then every other column in the file's order."""
        found, frame = self.inference, self.raw.frame
        frame = frame.rename(columns=lambda name: str(name).strip())
        target = ColumnLine(
            found.target,
            found.task,
            found.task_reason,
            missing_share(frame[found.target]),
            examples_of(frame[found.target]),
            "target",
        )
        return [target, *(self._line(name, guess, frame) for name, guess in self._guesses())]

    def _line(self, name: str, guess: Guess, frame: pd.DataFrame) -> ColumnLine:
        mark = "left out" if guess.kind in LEFT_OUT else ""
        alike = any(note.startswith(f"{name}: ") for note in self.looks())
        if alike or any(sentence.startswith(f"Column '{name}' ") for sentence in self.suspicions):
            mark = "look"
        # a unit alone is seen in the range; marks between digits may be read in two ways
        is_plain = guess.kind == "numeric" and not {"decimal", "thousands"} & guess.schema.keys()
        note = "" if is_plain and "missing_words" not in guess.schema else guess.note
        why = "; ".join(filter(None, [guess.why, note]))
        missing = guess.gaps.replace(" missing", "") or missing_share(frame[name])
        return ColumnLine(name, guess.kind, why, missing, examples_of(frame[name]), mark)

    def _guesses(self) -> Iterable[tuple[str, Guess]]:
        return self.inference.columns.items()
