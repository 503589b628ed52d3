"""Read a raw table from a file or address, and keep its source."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd

from colonnade.errors import DataError, UserError
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.numbers import EXACT_WHOLE
from colonnade.tables.source import RawTable, RowAside, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 2**31
"""The most that a text table may unpack to, unless the catalog says otherwise: 2 GiB."""

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": ","}
_BLOCK = 2**20


def read_raw_table(
    path: str,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    max_bytes: int = MOST_BYTES,
    load_args: dict[str, Any] | None = None,
    storage: dict[str, Any] | None = None,
    set_aside: bool = False,
) -> RawTable:
    """Text tables as text, Parquet and Excel typed.

    Args: path: a path or an address that fsspec supports. storage: options for fsspec.
        set_aside: see `read_text_table`.

    Raises: DataError if the file is missing, of an unknown kind, too large, or not a table.
    """
    name, options = _name(path), storage or {}
    suffix, aside = _suffix(name), list[RowAside]()
    if suffix in _SEPARATORS:
        if load_args:
            raise DataError(
                f"{name}: a text table takes no load_args ({', '.join(load_args)}). Write "
                "`encoding` and `separator` beside `filepath` in its catalog entry."
            )
        data, digest = _read_bytes(path, name, max_bytes, options)
        frame, aside = read_text_table(
            data,
            name,
            encoding=encoding or "utf-8-sig",
            separator=separator or _SEPARATORS[suffix],
            set_aside=set_aside,
        )
    elif suffix == ".parquet":
        frame, digest = _read_parquet(path, name, load_args or {}, options)
    elif suffix in (".xlsx", ".xlsm"):
        data, digest = _read_bytes(path, name, max_bytes, options)
        frame = _read_excel(data, name, load_args or {})
    elif suffix == ".xls":
        raise DataError(f"{name}: .xls is Excel's old format. Save it as .xlsx or .csv.")
    else:
        raise DataError(
            f"{path}: a table is a .csv, .tsv, .txt (also .gz), .parquet or .xlsx file, "
            f"not '{suffix}'."
        )
    source = Source.of(frame, name, sha256=digest, note=_note(path, digest))
    return RawTable(frame, source, aside)


def read_rows(path: Any) -> RawTable:
    """The table that lies at a path.

    Raises: DataError for anything but a path, too.
    """
    if isinstance(path, str | os.PathLike):
        return read_raw_table(os.fspath(path))
    raise DataError(
        "rows must be a pandas DataFrame, or the path of a .csv, .parquet or .xlsx file, not "
        f"{type(path).__name__}. Use pandas.DataFrame(rows), with the columns of the table."
    )


def _name(path: str) -> str:
    """The file's name, of an address without what follows a question mark."""
    return PurePosixPath(path.partition("?")[0] if _is_address(path) else path).name


def _is_address(path: str) -> bool:
    return "://" in path and not path.startswith("file://")


def _suffix(name: str) -> str:
    """The suffix that names the kind of file, without a ".gz"."""
    file = PurePosixPath(name)
    return (file.with_suffix("") if file.suffix.lower() == ".gz" else file).suffix.lower()


@contextmanager
def _opened(path: str, storage: dict[str, Any]) -> Iterator[BinaryIO]:
    """The file's bytes as a stream; a file that cannot be opened is the user's to correct."""
    import fsspec

    try:
        opened = fsspec.open(path, "rb", **storage)
    except (ImportError, ValueError) as error:
        raise DataError(f"{path}: the address cannot be opened ({error}).") from None
    try:
        with opened as stream:
            yield stream
    except FileNotFoundError as error:
        raise DataError(_not_found(path, error)) from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder, not a file. Correct the path.") from None
    except PermissionError:
        raise DataError(
            f"{path}: there is no permission to read the file. Change its permissions."
        ) from None
    except OSError as error:
        raise DataError(f"{path}: the file cannot be read ({error}).") from None
    except UserError:
        raise
    except Exception as error:
        # each kind of storage has errors of its own for a server that is away or says no
        if not _is_address(path):
            raise
        raise DataError(_refused(path, error)) from None


def _not_found(path: str, error: FileNotFoundError) -> str:
    refusal = error.__cause__
    # fsspec takes every refusal of a web server for a missing file
    if path.startswith("http") and refusal and getattr(refusal, "status", 0) != 404:
        return _refused(path, refusal)
    return f"{path}: there is no such file. Put it there, or correct the path."


def _refused(path: str, why: BaseException) -> str:
    status = getattr(why, "status", None)
    reason = f"{status}, {getattr(why, 'message', '')}" if status else f"{why}"
    return f"{path}: the file cannot be read ({reason}). Correct the address or its credentials."


def _read_bytes(path: str, name: str, max_bytes: int, storage: dict[str, Any]) -> tuple[bytes, str]:
    """The file's bytes, unpacked, and the SHA-256 of the file as stored."""
    with _opened(path, storage) as stream:
        if name.lower().endswith(".gz"):
            return _unpack(stream, name, max_bytes)
        data: bytes = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DataError(_too_large(name, max_bytes))
    return data, hashlib.sha256(data).hexdigest()


def _unpack(stream: BinaryIO, name: str, max_bytes: int) -> tuple[bytes, str]:
    digest, unpacked = hashlib.sha256(), bytearray()
    unpacker = zlib.decompressobj(wbits=31)
    try:
        while block := stream.read(_BLOCK):
            digest.update(block)
            while block:
                unpacked += unpacker.decompress(block, max_bytes + 1 - len(unpacked))
                if len(unpacked) > max_bytes:
                    raise DataError(_too_large(name, max_bytes))
                block = unpacker.unused_data if unpacker.eof else b""
                if unpacker.eof and block:  # one more gzip member follows
                    unpacker = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise DataError(f"{name}: the file is not gzip, or is damaged ({error}).") from None
    if not unpacker.eof:
        raise DataError(f"{name}: the gzip file is cut off. Copy it again.")
    return bytes(unpacked), digest.hexdigest()


def _too_large(name: str, max_bytes: int) -> str:
    return (
        f"{name}: the table is larger than {max_bytes} bytes unpacked. "
        "Set `max_bytes` in the catalog if it may be, or save it as Parquet."
    )


def _read_parquet(
    path: str, name: str, load_args: dict[str, Any], storage: dict[str, Any]
) -> tuple[pd.DataFrame, str]:
    import pyarrow as pa

    with _opened(path, storage) as stream:
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK):
            digest.update(block)
        stream.seek(0)
        try:
            # column by column, each given free once it is converted: half the memory
            thrifty = {"split_blocks": True, "self_destruct": True}
            # floats, which pandas makes of whole numbers where one is missing, have but 53 bits
            exact = {"integer_object_nulls": True}
            options = {"to_pandas_kwargs": {**thrifty, **exact}, **load_args}
            frame = _plain_whole_numbers(pd.read_parquet(stream, **options))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise DataError(f"{name}: the file is not Parquet, or is damaged ({error}).") from None
    return frame, digest.hexdigest()


def _plain_whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers, some missing: as floats where that keeps every digit."""
    for place, dtype in enumerate(frame.dtypes):
        cells = frame.iloc[:, place]
        if dtype != "object" or pd.api.types.infer_dtype(cells, skipna=True) != "integer":
            continue
        largest = int(cells.max())
        kept = pd.UInt64Dtype() if largest >= 2**63 else pd.Int64Dtype()
        exact = max(largest, -int(cells.min())) <= EXACT_WHOLE
        frame.isetitem(place, cells.astype("float64").array if exact else cells.astype(kept).array)
    return frame


def _read_excel(data: bytes, name: str, load_args: dict[str, Any]) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pd.read_excel(io.BytesIO(data), **load_args)
    except ImportError:
        raise DataError(f"{name}: reading Excel needs `pip install openpyxl`.") from None
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"{name}: the file is not Excel, or is damaged ({error}).") from None
    if not len(frame):
        raise DataError(f"{name}: the sheet has no rows. Add rows to it.")
    return frame


def _note(path: str, digest: str) -> str:
    """The note of a file's sidecar `<stem>.source.json`, if it is of this very file."""
    if _is_address(path):
        return ""
    import fsspec

    beside = path.removesuffix(".gz").rsplit(".", 1)[0] + ".source.json"
    try:
        with fsspec.open(beside, "rb") as stream:
            sidecar = json.loads(stream.read(_BLOCK))
    except (OSError, ValueError):
        return ""
    if not isinstance(sidecar, dict) or sidecar.get("sha256") != digest:
        return ""
    return str(sidecar.get("note", ""))
