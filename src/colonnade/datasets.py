"""Datasets of the catalog: raw tables read with care, results written whole or not at all.

Every save goes to a temporary file in the same folder, which takes the old file's place in one
step.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro.io.core import get_filepath_str, get_protocol_and_path
from kedro_datasets._typing import HTMLPreview, ImagePreview, JSONPreview, TablePreview
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset, ParquetDataset

from colonnade.tables.drawn import draw_table
from colonnade.tables.files import replaced_file
from colonnade.tables.outgoing import finite_document, without_formulas
from colonnade.tables.raw import MOST_BYTES, read_raw_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from colonnade.tables.standardize import Standardizer
    from colonnade.training.trained import TrainedModel


class _SourceTable(AbstractDataset[None, pd.DataFrame]):
    """A table that the project reads and never writes."""

    def save(self, data: None) -> None:
        """Refuse."""
        raise DatasetError(f"{self._describe()}: raw tables are read, never written.")

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return _table_preview(self.load(), nrows)


class RawTableDataset(_SourceTable):
    """A table as someone else wrote it: `.csv`, `.tsv`, `.txt` (also `.gz`), `.parquet`, `.xlsx`.

    Text tables come as text, cell by cell, so that what is checked is what the file says; where the
    rows came from stands in `frame.attrs["source"]`.

    Args: filepath: a path or an address that fsspec knows. encoding: of a text table, utf-8 unless
        given. separator: of a text table, by suffix unless given. max_bytes: the most that a text
        table may unpack to. load_args: handed to pandas for Parquet and Excel.
    """

    def __init__(
        self,
        *,
        filepath: str,
        encoding: str | None = None,
        separator: str | None = None,
        max_bytes: int = MOST_BYTES,
        load_args: dict[str, Any] | None = None,
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = str(filepath)
        self._encoding = encoding
        self._separator = separator
        self._max_bytes = max_bytes
        self._load_args = load_args or {}
        self._credentials = credentials or {}
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
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

    def load(self) -> pd.DataFrame:
        """Draw the table; the same arguments draw the same rows."""
        return draw_table(self._function, self._arguments, target=self._target)

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"function": self._function, "arguments": self._arguments}


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

    def _write(self, data: pd.DataFrame, stream: BinaryIO) -> None:
        data.to_parquet(stream, **self._save_args)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return _table_preview(self.load(), nrows)


class CsvTable(_WholeFile, CSVDataset):  # type: ignore[misc]  # kedro-datasets is untyped
    """A table in a CSV file that spreadsheets open safely: no text in it is taken for a formula."""

    def _write(self, data: pd.DataFrame, stream: BinaryIO) -> None:
        without_formulas(data).to_csv(stream, **self._save_args)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return _table_preview(self.load(), nrows)


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
        from colonnade.tables.standardize import Standardizer

        return Standardizer.model_validate(JSONDataset.load.__wrapped__(self))

    def save(self, data: Standardizer) -> None:
        """Write the standardizer."""
        _WholeFile.save(self, data.model_dump(mode="json"))

    def preview(self) -> JSONPreview:
        """The document, for kedro-viz."""
        return JSONPreview(json.dumps(JSONDataset.load.__wrapped__(self), ensure_ascii=False))


class _LocalPath(AbstractDataset[Any, Any]):
    """A file or folder of this machine."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self._filepath)

    def _exists(self) -> bool:
        return self.path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


class PngFigure(_LocalPath):
    """A matplotlib figure in a PNG file."""

    def load(self) -> Any:
        """Refuse: a picture does not become a figure again."""
        raise DatasetError(f"{self._filepath}: a picture cannot be loaded as a figure.")

    def save(self, data: Figure) -> None:
        """Draw the figure."""
        with replaced_file(self.path) as stream:
            # without the version of matplotlib in it, equal figures are equal files
            data.savefig(stream, format="png", metadata={"Software": None})

    def preview(self) -> ImagePreview:
        """The picture, for kedro-viz."""
        return ImagePreview(base64.b64encode(self.path.read_bytes()).decode())


class TextFile(_LocalPath):
    """Text in UTF-8."""

    def load(self) -> str:
        """Read the text."""
        return self.path.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Write the text."""
        with replaced_file(self.path) as stream:
            stream.write(data.encode())


class HtmlPage(TextFile):
    """An HTML page, as text."""

    def preview(self) -> HTMLPreview:
        """The page, for kedro-viz."""
        return HTMLPreview(self.path.read_text(encoding="utf-8"))


class ModelFolder(_LocalPath):
    """A trained model: weights and description in a folder of its own."""

    def load(self) -> TrainedModel:
        """Read the model back.

        Raises: ModelError (as the cause of Kedro's DatasetError) if the folder was cut or altered.
        """
        from colonnade.training.storage import load_model

        return load_model(self.path)

    def save(self, data: TrainedModel) -> None:
        """Write the model."""
        from colonnade.training.storage import save_model

        save_model(data, self.path)

    def _exists(self) -> bool:
        return (self.path / "model.json").exists()


class CheckpointFile(_LocalPath):
    """The path of a checkpoint that training itself reads and writes."""

    def load(self) -> Path:
        """Where the checkpoint is, or will be."""
        return self.path

    def save(self, data: Any) -> None:
        """Refuse: training writes its checkpoints while it runs."""
        raise DatasetError(f"{self._filepath}: training writes its checkpoints itself.")


def _table_preview(table: pd.DataFrame, nrows: int) -> TablePreview:
    # kedro-viz sends JSON, which knows neither NaN nor timestamps
    head = table.head(nrows).reset_index(drop=True)
    text = head.to_json(orient="split", date_format="iso", default_handler=str)
    return TablePreview(json.loads(text))
