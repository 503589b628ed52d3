"""One node a figure; nothing goes in."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from colonnade.pipelines.lessons.nodes import (
    draw_activations,
    draw_initialisation,
    draw_optimizers,
    draw_schedules,
)


def create_pipeline() -> Pipeline:
    """Build the pipeline that writes the lessons' figures."""
    figures = {
        "activations": draw_activations,
        "initialisation": draw_initialisation,
        "optimizers": draw_optimizers,
        "schedules": draw_schedules,
    }
    stages = [
        node(draw, inputs=None, outputs=figure, name=f"draw_{figure}")
        for figure, draw in figures.items()
    ]
    return Pipeline(stages, namespace="lessons", tags=["lessons"])
