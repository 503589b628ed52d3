"""Tables that the project reads and never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro.io.core import get_protocol_and_path

from colonnade.datasets.previews import table_preview
from colonnade.tables.reading.raw import MOST_BYTES, read_raw_table
from colonnade.tables.reading.sklearn_tables import draw_table
from colonnade.tables.source import RawTable

if TYPE_CHECKING:
    from pathlib import Path

    from kedro_datasets._typing import TablePreview


class _SourceTable(AbstractDataset[None, RawTable]):
    """A table that the project reads and never writes."""

    def save(self, data: None) -> None:
        """Refuse."""
        raise DatasetError(f"{self._describe()}: raw tables are read, never written.")

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return table_preview(self.load().frame, nrows)


class RawTableDataset(_SourceTable):
    """A table as someone else wrote it: `.csv`, `.tsv`, `.txt` (also `.gz`), `.parquet`, `.xlsx`.

    Text tables come as text, cell by cell, so that what is checked is what the file says.

    Args: filepath: a path or an address for fsspec. encoding: of a text table, utf-8 unless given.
        separator: of a text table, by suffix unless given. max_bytes: the most that a text
        table may unpack to. set_aside: leave rows of another width than the header's out of a text
        table, and report them, instead of refusing it. load_args: handed to pandas for Parquet
        and Excel.
    """

    def __init__(
        self,
        *,
        filepath: str,
        encoding: str | None = None,
        separator: str | None = None,
        max_bytes: int = MOST_BYTES,
        set_aside: bool = False,
        load_args: dict[str, Any] | None = None,
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = str(filepath)
        self._encoding = encoding
        self._separator = separator
        self._max_bytes = max_bytes
        self._set_aside = set_aside
        self._load_args = load_args or {}
        self._credentials = credentials or {}
        self.metadata = metadata

    def load(self) -> RawTable:
        """Read the table.

        Raises: DataError (as the cause of Kedro's DatasetError) if the file is not a table.
        """
        return read_raw_table(
            self._filepath,
            encoding=self._encoding,
            separator=self._separator,
            max_bytes=self._max_bytes,
            load_args=self._load_args,
            storage=self._credentials,
            set_aside=self._set_aside,
        )

    def _exists(self) -> bool:
        import fsspec

        protocol, path = get_protocol_and_path(self._filepath)
        return bool(fsspec.filesystem(protocol, **self._credentials).exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "encoding": self._encoding}


class ScikitLearnDataset(_SourceTable):
    """A table that scikit-learn draws (`make_regression`) or carries (`load_wine`).

    Args: function: its name in `sklearn.datasets`. arguments: handed to it. target: the name of the
        column to be predicted.
    """

    def __init__(
        self,
        *,
        function: str,
        arguments: dict[str, Any] | None = None,
        target: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._function = function
        self._arguments = arguments or {}
        self._target = target
        self.metadata = metadata

    def load(self) -> RawTable:
        """Draw the table; the same arguments draw the same rows."""
        return draw_table(self._function, self._arguments, target=self._target)

    def content_files(self) -> list[Path]:
        """None: its arguments say all of it."""
        return []

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"function": self._function, "arguments": self._arguments}
