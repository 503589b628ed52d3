"""Runs in MLflow: the only code that imports mlflow."""
