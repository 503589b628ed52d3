"""The table that a run was trained on, as an MLflow dataset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.types import ColSpec, DataType, Schema
from mlflow.utils.validation import MAX_DATASET_SCHEMA_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = "mlflow.data.context"
TYPES = {
    "bool": DataType.boolean,
    "int": DataType.long,
    "uint": DataType.long,
    "float": DataType.double,
    "double": DataType.double,
    "halffloat": DataType.double,
    "timestamp": DataType.datetime,
    "date": DataType.datetime,
}
"""By how Arrow's word for a type begins; all else is text."""


def described(source: Mapping[str, Any]) -> str:
    """Say in one line what the rows were: `synthetic sample: phones.csv, 2,000 rows, sha256 …`."""
    note = f"{source['note']}: " if source.get("note") else ""
    return f"{note}{source['name']}, {source['rows']:,} rows, sha256 {source['sha256'][:12]}"


def dataset_input(source: Mapping[str, Any], location: str) -> DatasetInput:
    """Describe a source to MLflow.

    Args: source: `tables.source.Source` as a plain dict, with the "types" of the typed table's
    columns, in Arrow's words, where they are known. location: the file's path or address.
    """
    profile = {"num_rows": source["rows"], "num_columns": source["columns"]}
    dataset = Dataset(
        name=source["name"][:500],
        digest=source["sha256"][:12],
        source_type="local",
        source=json.dumps({"uri": location or source["name"]}, ensure_ascii=False),
        profile=json.dumps(profile),
        schema=_schema(source.get("types") or {}),
    )
    tags = [InputTag(CONTEXT, "training")]
    if source.get("note"):
        tags.append(InputTag("note", source["note"]))
    return DatasetInput(dataset, tags)


def _schema(types: Mapping[str, str]) -> str | None:
    """The columns as MLflow's page shows them; None where they are not known, or too many."""
    if not types:
        return None
    columns = Schema([ColSpec(_data_type(dtype), name) for name, dtype in types.items()])
    text = json.dumps({"mlflow_colspec": columns.to_dict()})
    return text if len(text) <= MAX_DATASET_SCHEMA_SIZE else None


def _data_type(dtype: str) -> DataType:
    for word, data_type in TYPES.items():
        if dtype.startswith(word):
            return data_type
    return DataType.string
