"""Results in files that a save replaces as a whole, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from kedro.io.core import get_filepath_str
from kedro_datasets._typing import JSONPreview, TablePreview
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset, ParquetDataset

from colonnade.datasets.previews import table_preview
from colonnade.tables.writing.atomic_file import replaced_file
from colonnade.tables.writing.sanitize import finite_document, without_formulas

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.features.standardizer import Standardizer


class _WholeFile:
    """Mixed into a dataset of kedro-datasets: a save replaces the file as a whole."""

    _protocol: str

    def save(self, data: Any) -> None:
        """Write all of it, then put it in the file's place."""
        path = get_filepath_str(self._get_save_path(), self._protocol)  # type: ignore[attr-defined]  # of the dataset mixed with
        if self._protocol == "file":
            with replaced_file(Path(path)) as stream:
                self._write(data, stream)
        else:
            with self._fs.open(path, "wb") as stream:  # type: ignore[attr-defined]  # of the dataset mixed with
                self._write(data, stream)
        self._invalidate_cache()  # type: ignore[attr-defined]  # of the dataset mixed with

    def _write(self, data: Any, stream: BinaryIO) -> None:
        raise NotImplementedError


class ParquetTable(_WholeFile, ParquetDataset):  # type: ignore[misc]  # kedro-datasets is untyped
    """A typed table in a Parquet file."""

    # column by column, each given free once it is converted: half the memory
    DEFAULT_LOAD_ARGS: ClassVar = {
        "to_pandas_kwargs": {"split_blocks": True, "self_destruct": True},
        "page_checksum_verification": True,
    }
    DEFAULT_SAVE_ARGS: ClassVar = {"write_page_checksum": True}

    def load(self) -> pd.DataFrame:
        """Read the table.

        Arrow keeps the memory of tables that are gone: it goes back to the system before and after.
        """
        import pyarrow as pa

        pool = pa.default_memory_pool()
        pool.release_unused()
        frame: pd.DataFrame = ParquetDataset.load.__wrapped__(self)
        pool.release_unused()
        return frame

    def _write(self, data: pd.DataFrame, stream: BinaryIO) -> None:
        data.to_parquet(stream, **self._save_args)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return table_preview(self.load(), nrows)


class CsvTable(_WholeFile, CSVDataset):  # type: ignore[misc]  # kedro-datasets is untyped
    """A table in a CSV file that spreadsheets open safely: no text in it is taken for a formula."""

    def load(self) -> pd.DataFrame:
        """Read the table.

        Raises: ValueError (as the cause of DatasetError) if its last line is incomplete.
        """
        path = get_filepath_str(self._get_load_path(), self._protocol)
        if self._fs.exists(path) and (tail := self._fs.tail(path, 1)) and tail != b"\n":
            raise ValueError("its last line is incomplete")
        frame: pd.DataFrame = CSVDataset.load.__wrapped__(self)
        return frame

    def _write(self, data: pd.DataFrame, stream: BinaryIO) -> None:
        without_formulas(data).to_csv(stream, **self._save_args)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return table_preview(self.load(), nrows)


class JsonDocument(_WholeFile, JSONDataset):  # type: ignore[misc]  # kedro-datasets is untyped
    """A JSON file that every JSON reader can read: indented, and null for what is not a number."""

    def _write(self, data: Any, stream: BinaryIO) -> None:
        text = json.dumps(finite_document(data), indent=2, ensure_ascii=False, allow_nan=False)
        stream.write(f"{text}\n".encode())

    def preview(self) -> JSONPreview:
        """The document, for kedro-viz."""
        return JSONPreview(json.dumps(self.load(), ensure_ascii=False))


class StandardizerDataset(JsonDocument):
    """A fitted standardizer in a JSON file; its numbers come back bit for bit."""

    def load(self) -> Standardizer:
        """Read the standardizer back."""
        from colonnade.tables.features.standardizer import Standardizer

        return Standardizer.model_validate(JSONDataset.load.__wrapped__(self))

    def save(self, data: Standardizer) -> None:
        """Write the standardizer."""
        _WholeFile.save(self, data.model_dump(mode="json"))

    def preview(self) -> JSONPreview:
        """The document, for kedro-viz."""
        return JSONPreview(json.dumps(JSONDataset.load.__wrapped__(self), ensure_ascii=False))
