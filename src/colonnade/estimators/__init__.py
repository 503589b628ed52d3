"""colonnade from Python: `fit`, `experiment`, and estimators for scikit-learn's tools.

Modules, each importing only from those after it: `classifier` and `regressor`, `table_estimator`,
`frames` and `sklearn_inputs`, `report_folder`, `table_training`, `recipe`, `python_errors`. The
room imports from `experiments`, `evaluation`, `training` and `tables`, never from Kedro or MLflow.
"""

from colonnade.estimators.classifier import ColonnadeClassifier
from colonnade.estimators.frames.experiment_frame import Experiment, experiment
from colonnade.estimators.frames.fit_frame import fit
from colonnade.estimators.regressor import ColonnadeRegressor

__all__ = ["ColonnadeClassifier", "ColonnadeRegressor", "Experiment", "experiment", "fit"]
