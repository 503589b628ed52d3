"""Runs in MLflow: the only code that imports mlflow.

`flavor` is what MLflow loads a model by. `registry` and `comparison` read what `recording` wrote;
below them stand `logged_models`, `store`, `server`, `naming` and `tracking_params`. May import
`evaluation`, `training` and `tables`, never a pipeline, a hook or a command.
"""
