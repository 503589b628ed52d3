"""From a raw table to a report: ingest, prepare, train, evaluate, report."""

from colonnade.pipelines.table.pipeline import create_pipeline

__all__ = ["create_pipeline"]
