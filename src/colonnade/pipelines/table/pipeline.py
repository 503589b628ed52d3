"""The way of one table's data, all forward, one namespace a stage."""

from __future__ import annotations

from functools import partial, update_wrapper

from kedro.pipeline import Pipeline, node

from colonnade.pipelines.table.nodes import (
    draw_figures,
    evaluate,
    ingest,
    split_rows,
    standardize,
    train,
    try_recipe,
    write_report,
)


def create_pipeline(table: str) -> Pipeline:
    """Build the pipeline of one table; its datasets and parameters bear the table's name.

    Args: table: a name from `tables.yml`.
    """
    stages = [
        node(
            ingest,
            inputs=["raw", "params:schema"],
            outputs=["primary", "source"],
            name="ingest",
            namespace="ingest",
        ),
        node(
            split_rows,
            inputs=["primary", "params:schema", "params:split"],
            outputs="split",
            name="split",
            namespace="prepare",
        ),
        node(
            standardize,
            inputs=["primary", "split", "params:schema", "params:standardize"],
            outputs=["standardizer", "train", "validation", "test"],
            name="standardize",
            namespace="prepare",
        ),
        node(
            train,
            inputs=[
                "train",
                "validation",
                "standardizer",
                "params:model",
                "params:training",
                "checkpoint",
                "params:resume",
            ],
            outputs=["model", "history"],
            name="train",
            namespace="train",
        ),
        node(
            try_recipe,
            inputs=["model", "primary", "split", "params:schema", "params:standardize"],
            outputs="cross_validation",
            name="cross_validate",
            namespace="evaluate",
        ),
        node(
            evaluate,
            inputs=[
                "model",
                "train",
                "validation",
                "test",
                "source",
                "cross_validation",
                "params:evaluation",
            ],
            outputs=["evaluated", "metrics"],
            name="evaluate",
            namespace="evaluate",
        ),
        node(
            draw_figures,
            inputs=["model", "history", "evaluated", "metrics", "primary", "split"],
            outputs=["learning_curve", "fit"],
            name="draw_figures",
            namespace="report",
        ),
        node(
            update_wrapper(partial(write_report, table=table), write_report),
            inputs=[
                "model",
                "history",
                "evaluated",
                "metrics",
                "primary",
                "split",
                "source",
                "cross_validation",
                "params:schema",
                "params:evaluation",
            ],
            outputs=["report", "model_card"],
            name="write_report",
            namespace="report",
        ),
    ]
    return Pipeline(stages, namespace=table, parameters={"params:resume"}, tags=[table])
