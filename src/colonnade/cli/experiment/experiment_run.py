"""Run an experiment as Kedro runs a pipeline, or say what it would be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from colonnade.experiments.experiment import count_trials
from colonnade.experiments.plan import configurations

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.experiments.plan import PlanParams

SHOWN = 10


def run(project: Path, table: str, plan: str, words: dict[str, Any], env: str | None) -> None:
    """Run the table's experiment pipeline."""
    from kedro.framework.session import KedroSession

    params = {"plan": plan, **({"experiment": words} if words else {})}
    with KedroSession.create(project_path=project, env=env, runtime_params=params) as session:
        session.run(  # type: ignore[call-arg]  # the new name, which the base class lacks
            pipeline_names=[f"{table}_experiment"]
        )


def show(table: str, plan: PlanParams) -> str:
    """How many trials, and the first configurations."""
    n = count_trials(plan)
    head = f"{table}: {n} trials" + (f", {plan.seeds} of each configuration" * (plan.seeds > 1))
    if plan.searched:
        return f"{head}; each ten follow from the results of those before them."
    chosen = configurations(plan)
    lines = [f"  {json.dumps(words)}" for words in chosen[:SHOWN]]
    more = [f"  ... and {len(chosen) - SHOWN} more"] if len(chosen) > SHOWN else []
    return "\n".join([f"{head}:", *lines, *more])
