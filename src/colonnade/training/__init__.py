"""What a model learns from prepared rows: networks, losses, optimizers, the loop.

Parameter classes import no torch; `train_model` and `TrainedModel` import it when they are used.
"""

from colonnade.training.many import Member, fit_many
from colonnade.training.models import ModelParams
from colonnade.training.parameters import TrainingParams
from colonnade.training.storage import load_model, save_model
from colonnade.training.train import Fitted, train_model
from colonnade.training.trained import TrainedModel

__all__ = [
    "Fitted",
    "Member",
    "ModelParams",
    "TrainedModel",
    "TrainingParams",
    "fit_many",
    "load_model",
    "save_model",
    "train_model",
]
