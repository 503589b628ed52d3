"""From unlabelled rows and a saved model to predictions."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from colonnade.pipelines.predict.nodes import predict


def create_pipeline(table: str) -> Pipeline:
    """Build the pipeline that predicts new rows of one table.

    Args: table: a name from `tables.yml`, whose own pipeline has run.
    """
    stages = [
        node(
            predict,
            inputs=["model", "rows", "params:evaluation", "params:bad_rows"],
            outputs=["predictions", "predictions_parquet", "predictions_refused"],
            name="predict",
            namespace="predict",
            tags=["predict"],
        )
    ]
    return Pipeline(stages, namespace=table, parameters={"params:bad_rows"}, tags=[table])
