"""What a model learns from prepared rows: networks, losses, optimizers, the loop.

Usable without Kedro:

    standardizer = fit_standardizer(train, schema, StandardizeParams())
    fitted = train_model(
        standardizer.transform(train), standardizer.transform(validation), standardizer,
        ModelParams.model_validate({"hidden": [64]}), TrainingParams.model_validate({"epochs": 20}),
    )
    fitted.model.predict(new_rows)

Rooms, each importing only from those after it: `fit` (the front door), `ensembles`, `prepare`,
`engine`, `models`, `networks`, `parameters`, `components`. The room itself imports from `tables`,
never from Kedro or MLflow.

Parameter classes import no torch; `train_model` and `TrainedModel` import it when they are used.
"""

from colonnade.training.ensembles.fold_training import Fold, fit_folds
from colonnade.training.ensembles.many import Member, fit_many
from colonnade.training.ensembles.single import Fitted
from colonnade.training.fit import train_model
from colonnade.training.models.storage import load_model, save_model
from colonnade.training.models.trained import TrainedModel
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.parameters import TrainingParams

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
