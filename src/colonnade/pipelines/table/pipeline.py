"""The pipeline of one table, one namespace a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro.pipeline import Pipeline, node

from colonnade.pipelines.table.nodes import (
    Ingestion,
    cross_validate,
    evaluate,
    split_rows,
    standardize,
    train,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.pipeline.node import Node


def create_pipeline(table: str) -> Pipeline:
    """Build the pipeline of one table; its datasets and parameters begin with the table's name.

    Args: table: a name from `tables.yml`.
    """
    preparation = "params:schema params:standardize"
    stages = [
        stage("ingest", Ingestion(f"{table}.raw").ingest, "raw params:schema", "primary source"),
        stage("prepare", split_rows, "primary params:schema params:split", "split split_params"),
        stage(
            "prepare",
            standardize,
            f"primary split source {preparation}",
            "standardizer train validation test",
        ),
        stage(
            "train",
            train,
            "train validation standardizer params:split params:model params:training checkpoint "
            "params:resume",
            "model history",
        ),
        stage("evaluate", cross_validate, f"model primary split {preparation}", "cross_validation"),
        stage(
            "evaluate",
            evaluate,
            "model train validation test source cross_validation params:evaluation",
            "evaluated evaluated_csv metrics",
        ),
        stage(
            "report",
            write_report,
            "model history evaluated metrics primary split source cross_validation "
            "params:schema params:evaluation params:language",
            "learning_curve fit report model_card",
        ),
    ]
    return Pipeline(
        stages, namespace=table, parameters={"params:resume", "params:language"}, tags=[table]
    )


def stage(namespace: str, work: Callable[..., object], inputs: str, outputs: str) -> Node:
    """One node, named for its function and tagged for its stage; datasets, separated by blanks."""
    written: str | list[str] = outputs.split() if " " in outputs else outputs
    name = work.__name__
    return node(
        work,
        inputs=inputs.split(),
        outputs=written,
        name=name,
        namespace=namespace,
        tags=[namespace],
    )
