"""What a model learns from prepared rows: networks, losses, optimizers, the loop.

Usable without Kedro:

    standardizer = fit_standardizer(train, schema, StandardizeParams())
    fitted = train_model(
        standardizer.transform(train), standardizer.transform(validation), standardizer,
        ModelParams.model_validate({"hidden": [64]}), TrainingParams.model_validate({"epochs": 20}),
    )
    fitted.model.predict(new_rows)

Parameter classes import no torch; `train_model` and `TrainedModel` import it when they are used.
"""

from colonnade.training.crossfit import Fold, fit_folds
from colonnade.training.many import Member, fit_many
from colonnade.training.models import ModelParams
from colonnade.training.parameters import TrainingParams
from colonnade.training.single import Fitted
from colonnade.training.storage import load_model, save_model
from colonnade.training.train import train_model
from colonnade.training.trained import TrainedModel

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
