"""A model as a folder: weights named by their content, and a description that points to them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.errors import ModelError
from colonnade.tables.writing.atomic_file import replaced_file
from colonnade.training.models.blended import BlendedModel
from colonnade.training.models.described import DESCRIPTION, model_described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from colonnade.training.models.trained import TrainedModel

RUN = "run.json"
FORMAT = 2
_WEIGHTS = re.compile(r"weights-[0-9a-f]{12}\.safetensors")


def save_model(model: TrainedModel, folder: Path, *, table: str | None = None) -> None:
    """Write the model so that a kill at any moment leaves the old one or the new one.

    The description is replaced last; weights that it no longer names are removed after.

    Args: table: the name of the table that it was trained on.
    """
    folder = Path(folder)
    files = packed_model(model, table=table)
    for name, content in files.items():
        with replaced_file(folder / name) as stream:
            stream.write(content)
    for file in folder.iterdir():
        # The second are what killed writers left of other weights.
        old = _WEIGHTS.fullmatch(file.name) or file.name.startswith(".weights-")
        if old and file.name not in files:
            file.unlink(missing_ok=True)


def packed_model(model: TrainedModel, *, table: str | None = None) -> dict[str, bytes]:
    """Give the files of a model's folder by name, the description last.

    Args: table: the name of the table that it was trained on.
    """
    from safetensors.torch import save

    content = save({name: weight.contiguous() for name, weight in _tensors(model).items()})
    digest = hashlib.sha256(content).hexdigest()
    name = f"weights-{digest[:12]}.safetensors"
    description = {
        "format": FORMAT,
        "table": table or model.table,
        "weights": {"file": name, "sha256": digest},
        **model.describe(),
    }
    description["sha256"] = _digest(description)
    text = json.dumps(description, indent=2, allow_nan=False, ensure_ascii=False)
    return {name: content, DESCRIPTION: f"{text}\n".encode()}


def _tensors(model: TrainedModel) -> dict[str, Tensor]:
    """All weights by name; those of a blend's parts begin with the part's number."""
    if not isinstance(model, BlendedModel):
        return model.weights
    return {
        f"{i}.{name}": weight
        for i, part in enumerate(model.parts)
        for name, weight in part.model.weights.items()
    }


def note_run(folder: Path, run_id: str, name: str) -> None:
    """Write beside the model which run it is of; valid for this model only.

    Args: run_id, name: as the tracking store has them.
    """
    folder = Path(folder)
    note = {"run_id": run_id, "name": name, "model": _read_description(folder).get("sha256")}
    with replaced_file(folder / RUN) as stream:
        stream.write(f"{json.dumps(note, indent=2, ensure_ascii=False)}\n".encode())


def _read_run(folder: Path, described: dict[str, Any]) -> str | None:
    """The run that the model is of, by its name and number, where that was noted of this model."""
    try:
        note = json.loads((folder / RUN).read_bytes())
        if note["model"] == described["sha256"]:
            return f"{str(note['run_id'])[:8]} ({note['name']})"
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no more than a note
    return None


def load_model(
    folder: Path, *, table: str | None = None, network: type | str | None = None
) -> TrainedModel:
    """Read a model back.

    Args:
        table: the name of the table that it has to be of, if it says of which it is.
        network: the class of its network, or its import path, where that is no kind of this
            package: a folder can name a class, but is never trusted to have it imported.

    Raises: ModelError if the folder holds no model, one that was altered or cut, one of another
        version, of another table, or of a class that was not given.
    """
    folder = Path(folder)
    described = _read_description(folder)
    content = _read_weights(folder, described)
    model = model_described(folder, described, content, network)
    _refuse_altered(folder, described, table)
    return dataclasses.replace(model, run=_read_run(folder, described))


def unpacked_model(
    files: Mapping[str, bytes], *, network: type | str | None = None
) -> TrainedModel:
    """Build a model from what `packed_model` has given.

    Args: network: see `load_model`.

    Raises: ModelError.
    """
    place = Path("the packed model")

    def read(path: Path) -> bytes:
        if path.name not in files:
            raise FileNotFoundError(2, "it is missing")
        return files[path.name]

    described = _read_description(place, read)
    model = model_described(place, described, _read_weights(place, described, read), network)
    _refuse_altered(place, described, None)
    return model


def _digest(description: dict[str, Any]) -> str:
    """SHA-256 of everything that a description says, however it is laid out."""
    said = {key: value for key, value in description.items() if key != "sha256"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_altered(folder: Path, described: dict[str, Any], table: str | None) -> None:
    """Refuse a number that was changed by hand, and a model that lies in another's place."""
    if described.get("sha256") != _digest(described):
        raise ModelError(
            f"{folder / DESCRIPTION} is not as it was written: it was altered. "
            "Train the model again."
        )
    trained_on = described.get("table")
    if table and trained_on and trained_on != table:
        raise ModelError(
            f"{folder} holds a model of the table '{trained_on}', not of '{table}'. Put the right "
            f"folder there, or train: kedro run --pipeline {table}"
        )


def _read_description(
    folder: Path, read: Callable[[Path], bytes] = Path.read_bytes
) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        described = json.loads(read(path))
        if not isinstance(described, dict) or not isinstance(described.get("format"), int):
            raise ValueError("it is not a model's description")
        if described["format"] != FORMAT:
            raise ValueError(
                f"it is not a model's description of format {FORMAT}, which this version reads, "
                f"but of format {described['format']}"
            )
    except FileNotFoundError:
        raise ModelError(f"{folder} holds no model: {DESCRIPTION} is missing. Train one.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Train the model again.") from None
    return described


def _read_weights(
    folder: Path, described: dict[str, Any], read: Callable[[Path], bytes] = Path.read_bytes
) -> bytes:
    entry = described.get("weights")
    name = entry.get("file") if isinstance(entry, dict) else None
    # The pattern keeps a hostile description from naming a file outside its folder.
    if not isinstance(entry, dict) or not isinstance(name, str) or not _WEIGHTS.fullmatch(name):
        raise ModelError(f"{folder / DESCRIPTION} names no file of weights. Train the model again.")
    try:
        content = read(folder / name)
    except OSError as error:
        raise ModelError(
            f"{folder / name} cannot be read: {error.strerror}. Train the model again."
        ) from None
    if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise ModelError(
            f"{folder / name} is not what {DESCRIPTION} describes: it was altered or cut. "
            "Train the model again."
        )
    return content
