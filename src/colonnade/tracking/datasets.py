"""The table that a run learned from, in MLflow's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlflow.entities import Dataset, DatasetInput, InputTag

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = "mlflow.data.context"


def described(source: Mapping[str, Any]) -> str:
    """Say in one line what the rows were: `synthetic sample: phones.csv, 2,000 rows, sha256 …`."""
    note = f"{source['note']}: " if source.get("note") else ""
    return f"{note}{source['name']}, {source['rows']:,} rows, sha256 {source['sha256'][:12]}"


def dataset_input(source: Mapping[str, Any], location: str) -> DatasetInput:
    """Describe a source to MLflow.

    Args: source: `tables.source.Source` as a plain dict. location: the file's path or address.
    """
    profile = {"num_rows": source["rows"], "num_columns": source["columns"]}
    dataset = Dataset(
        name=source["name"][:500],
        digest=source["sha256"][:12],
        source_type="local",
        source=json.dumps({"uri": location or source["name"]}, ensure_ascii=False),
        profile=json.dumps(profile),
    )
    tags = [InputTag(CONTEXT, "training")]
    if source.get("note"):
        tags.append(InputTag("note", source["note"]))
    return DatasetInput(dataset, tags)
