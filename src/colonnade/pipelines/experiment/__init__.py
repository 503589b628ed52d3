"""One table under many configurations: plan, trials, rank, report."""

from colonnade.pipelines.experiment.pipeline import create_pipeline

__all__ = ["create_pipeline"]
