"""What a model learns from prepared rows: networks, losses, optimizers, the loop.

Usable without Kedro:

    standardizer = fit_standardizer(train, schema, StandardizeParams())
    fitted = train_model(
        standardizer.transform(train), standardizer.transform(validation), standardizer,
        ModelParams.model_validate({"hidden": [64]}), TrainingParams.model_validate({"epochs": 20}),
    )
    fitted.model.predict(new_rows)

Rooms, each importing only from those after it: `fit` (the front door), `ensembles`, `prepare`,
`engine`, `models`, `training_params`, `networks`, `components`. The room itself imports from
`tables`, never from Kedro or MLflow.

Parameter classes import no torch; what trains does, and is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from colonnade.training.fit import train_model
from colonnade.training.models.storage import load_model, save_model
from colonnade.training.models.trained import TrainedModel
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from colonnade.training.ensembles.fold_training import Fold, fit_folds
    from colonnade.training.ensembles.many import Member, fit_many
    from colonnade.training.ensembles.outcome import Fitted

__all__ = [
    "Fitted",
    "Fold",
    "Member",
    "ModelParams",
    "TrainedModel",
    "TrainingParams",
    "fit_folds",
    "fit_many",
    "load_model",
    "save_model",
    "train_model",
]

_IMPORTED_LATER = {
    "Fitted": "outcome",
    "Fold": "fold_training",
    "Member": "many",
    "fit_folds": "fold_training",
    "fit_many": "many",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is asked for: every `kedro` command imports this room."""
    if name not in _IMPORTED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.ensembles.{_IMPORTED_LATER[name]}"), name)
