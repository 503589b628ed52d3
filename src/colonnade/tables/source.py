"""Where a table came from: as logs, reports and tracked runs name it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from colonnade.messages.catalog import marked
from colonnade.parameters import Params

SYNTHETIC = marked("synthetic sample")
"""Said of rows that were drawn, not observed."""
BLOCK = 65_536
"""Rows hashed at once: a block's columns stay in the processor's cache."""


class Source(Params):
    """Name, size and content of the file or generator that a table was read from."""

    name: str
    rows: int
    columns: int
    sha256: str
    note: str = ""
    """ "synthetic sample" where the rows were drawn, not observed."""
    coefficients: dict[str, float] = Field(default_factory=dict)
    """The true coefficients of a drawn regression table, by feature."""
    intercept: float | None = None
    readings: list[str] = Field(default_factory=list)
    """What was read otherwise than it stands in the file, in sentences."""

    @classmethod
    def of(
        cls, frame: pd.DataFrame, name: str = "table", *, sha256: str = "", **facts: Any
    ) -> Source:
        """The source of a frame's rows.

        Args: sha256: of the file; of the frame's contents, where there is none.
        """
        digest = sha256 or content_hash(frame)
        rows, columns = frame.shape
        return cls(name=name, rows=rows, columns=columns, sha256=digest, **facts)

    def describe(self) -> str:
        """One line for the log: "phones.csv, 2000 rows, sha256 1f3a5c7e9b2d"."""
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}{note}, {self.rows} rows, sha256 {self.sha256[:12]}"


@dataclass(frozen=True)
class RowAside:
    """A row of a file that its table is without; row and line are counted from 1."""

    row: int
    line: int
    reason: str


@dataclass(frozen=True)
class RawTable:
    """Rows as they were read, where they came from, and what was set aside of them."""

    frame: pd.DataFrame
    source: Source
    set_aside: list[RowAside] = field(default_factory=list)

    @classmethod
    def of(cls, rows: RawTable | pd.DataFrame, name: str) -> RawTable:
        """The table itself; a frame, as one from a database, becomes the table of that name."""
        return cls(rows, Source.of(rows, name)) if isinstance(rows, pd.DataFrame) else rows


def rows_digest(*parts: pd.DataFrame) -> str:
    """SHA-256 of the rows of some parts of a table, in order, whatever they are numbered."""
    return hashlib.sha256("".join(map(content_hash, parts)).encode()).hexdigest()


def part_digest(source: Source, split: pd.DataFrame, part: str) -> str:
    """SHA-256 of which rows of which data make a part: results on equal ones may be compared.

    Args: split: row numbers, with each row's "part".
    """
    rows = split.index[split["part"] == part].to_numpy(dtype="int64")
    return hashlib.sha256(source.sha256.encode() + rows.tobytes()).hexdigest()


def content_hash(frame: pd.DataFrame) -> str:
    """SHA-256 of the columns' names and cells, in order."""
    digest = hashlib.sha256("\x00".join(map(str, frame.columns)).encode())
    # lists and the like have no hash of their own: their text stands for them
    odd = {place for place, dtype in enumerate(frame.dtypes) if dtype.kind == "O"}
    frame = frame.set_axis(range(frame.shape[1]), axis=1)
    frame = frame.astype(dict.fromkeys(odd, "str"))
    digest.update(hash_rows(frame).tobytes())
    return digest.hexdigest()


def hash_rows(frame: pd.DataFrame) -> np.ndarray:
    """Equal rows, equal numbers, whatever their index says.

    Shape: (n_rows, ...) -> (n_rows,) uint64.
    """
    hashes = np.empty(len(frame), dtype=np.uint64)
    for start in range(0, len(frame), BLOCK):
        block = frame.iloc[start : start + BLOCK]
        hashes[start : start + BLOCK] = pd.util.hash_pandas_object(block, index=False)
    return hashes
