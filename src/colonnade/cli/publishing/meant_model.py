"""The model of a table that a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.pipeline_registry import config_loader, table_names

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.serving.live_model import LiveModel


@dataclass(frozen=True)
class Meant:
    """A model, and the table's `evaluation.prediction_interval`."""

    live: LiveModel
    coverage: float


def meant_model(project: Path, name: str, word: str) -> Meant:
    """Load what `--model` means: by default the champion, else the model trained last.

    Raises: ParameterError if there is no such table.
    """
    from colonnade.serving.live_model import LiveModel
    from colonnade.tracking.tracking_params import TrackingParams
    from colonnade.training.models.conformal import COVERAGE

    loader = config_loader()
    known = table_names(loader)
    if name not in known:
        raise ParameterError(f"no such table: {name}. {nearest(name, known)}")
    groups = dict(loader["parameters"]).get(name) or {}
    kind = str(_group(groups, "model").get("kind") or "")
    live = LiveModel(
        project,
        TrackingParams.model_validate(loader["mlflow"]),
        name,
        project / "data/06_models" / name,
        word=word,
        network=kind if "." in kind else None,
    )
    coverage = _group(groups, "evaluation").get("prediction_interval")

    return Meant(live, COVERAGE if coverage is None else float(coverage))


def _group(groups: dict[str, Any], name: str) -> dict[str, Any]:
    group = groups.get(name)
    return group if isinstance(group, dict) else {}
