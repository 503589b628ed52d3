"""A model as a program of torch alone, by torch.export, without a pickle in it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from colonnade.exporting.agreement import Agreement, awkward_rows, compare
from colonnade.exporting.onnx_file import traced
from colonnade.exporting.raw_inputs import (
    coded,
    describe_inputs,
    example_tensors,
    typed_inputs,
)
from colonnade.exporting.whole_model import WholeModel
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from colonnade.training.models.trained import TrainedModel

FACTS = "colonnade.json"


def export_torch(
    model: TrainedModel, rows: pd.DataFrame, path: Path, *, coverage: float
) -> Agreement:
    """Write the program, load it, run it on a thousand rows, and keep it if it agrees.

    Words are given as codes, by their place among the column's `words` in the file's facts; next
    come another word, and a missing one; of an ordered column both are -1.

    Raises: ModelError for what cannot be exported, by its name, or an answer that differs.
    """
    import torch

    whole = WholeModel(model, model.half_width(coverage)).eval()
    dims = (tuple({0: torch.export.Dim("rows")} for _ in model.standardizer.columns),)
    with traced(model):
        program = torch.export.export(
            whole, example_tensors(model.standardizer, 3), dynamic_shapes=dims
        )
    checked = awkward_rows(model.standardizer, rows)
    facts = {
        "target": model.standardizer.target,
        "classes": model.standardizer.classes,
        "table": model.table,
        "run": model.run,
        "inputs": describe_inputs(model.standardizer),
        "coverage": coverage,
    }
    stream = io.BytesIO()
    torch.export.save(program, stream, extra_files={FACTS: json.dumps(facts, ensure_ascii=False)})
    content = _without_pickle(stream.getvalue())
    agreement = compare(model, checked, run_torch(content, model, checked[0]), coverage)
    with replaced_file(path) as file:
        file.write(content)
    return agreement


def run_torch(content: bytes, model: TrainedModel, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the program makes of rows, by output."""
    import torch

    cells = typed_inputs(model.standardizer, rows)
    tensors = [
        torch.from_numpy(np.ascontiguousarray(coded(column, cells[column.name])))
        for column in model.standardizer.columns
    ]
    program = torch.export.load(io.BytesIO(content)).module()
    with torch.inference_mode():
        given = [found.numpy() for found in program(*tensors)]
    classes = model.standardizer.classes
    if classes is None:
        return dict(zip(("prediction", "lower", "upper"), given, strict=False))
    labels = np.array(classes, dtype=object if isinstance(classes[0], str) else None)
    return {"probabilities": given[0], "prediction": labels[model.decide(given[0])]}


def _without_pickle(content: bytes) -> bytes:
    """The archive without its example inputs, which torch pickles and reads no answer from."""
    emptied = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as given, ZipFile(emptied, "w", ZIP_STORED) as kept:
        for entry in given.infolist():
            sample = "/sample_inputs/" in entry.filename
            kept.writestr(entry.filename, b"" if sample else given.read(entry))
    return emptied.getvalue()
