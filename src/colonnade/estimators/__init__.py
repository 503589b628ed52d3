"""colonnade from Python: `fit` for a frame, and estimators for scikit-learn's tools.

Modules, each importing only from those after it: `classifier` and `regressor`, `table_estimator`,
`fit_frame` and `sklearn_inputs`, `report_folder`, `table_training`, `recipe`, `python_errors`. The
room imports from `evaluation`, `training` and `tables`, never from Kedro or MLflow.
"""

from colonnade.estimators.classifier import ColonnadeClassifier
from colonnade.estimators.fit_frame import fit
from colonnade.estimators.regressor import ColonnadeRegressor

__all__ = ["ColonnadeClassifier", "ColonnadeRegressor", "fit"]
