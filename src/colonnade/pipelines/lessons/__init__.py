"""The figures of the course."""

from colonnade.pipelines.lessons.pipeline import create_pipeline

__all__ = ["create_pipeline"]
