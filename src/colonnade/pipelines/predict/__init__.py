"""Predictions for rows without labels."""

from colonnade.pipelines.predict.pipeline import create_pipeline

__all__ = ["create_pipeline"]
