"""The pipeline of one table's experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro.pipeline import Pipeline

from colonnade.pipelines.experiment.nodes import Planning, rank_trials, run_trials, write_report
from colonnade.pipelines.table.nodes import Ingestion, split_rows
from colonnade.pipelines.table.pipeline import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

WORDS = ("params:plan", "params:experiment")


def create_pipeline(table: str, plans: Callable[[], Mapping[str, Any]]) -> Pipeline:
    """Build the pipeline; it reads the table as the table's own pipeline does.

    Args: table: a name from `tables.yml`. plans: gives the plans of `experiments/*.yml` by name.
    """
    groups = "params:standardize params:model params:training"
    stages = [
        stage("ingest", Ingestion(f"{table}.raw").ingest, "raw params:schema", "primary source"),
        stage("prepare", split_rows, "primary params:schema params:split", "split split_params"),
        stage(
            "experiment",
            Planning(plans).plan,
            f"primary split params:schema {groups} params:plan params:experiment",
            "experiment_plan",
        ),
        stage(
            "experiment",
            run_trials,
            f"experiment_plan primary split trial_store params:schema {groups}",
            "trials outcome",
        ),
        stage(
            "experiment",
            rank_trials,
            f"experiment_plan outcome primary split params:schema {groups}",
            "ranking winner",
        ),
        stage(
            "experiment",
            write_report,
            "experiment_plan outcome winner source params:schema",
            "experiment_report",
        ),
    ]
    return Pipeline(stages, namespace=table, parameters=set(WORDS), tags=[table])
