"""Run an experiment as Kedro runs a pipeline, or say what it would be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from colonnade.experiments.experiment import count_trials
from colonnade.experiments.plans.plan import GROUPS, PlanParams, configurations
from colonnade.training.engine.cores import available_cores

if TYPE_CHECKING:
    from pathlib import Path

    from kedro.framework.context import KedroContext

    from colonnade.experiments.estimate import Estimate

SHOWN = 10


def run(project: Path, table: str, plan: str, words: dict[str, Any], env: str | None) -> None:
    """Run the table's experiment pipeline."""
    from kedro.framework.session import KedroSession

    params = {"plan": plan, **({"experiment": words} if words else {})}
    with KedroSession.create(project_path=project, env=env, runtime_params=params) as session:
        session.run(  # type: ignore[call-arg]  # the new name, which the base class lacks
            pipeline_names=[f"{table}_experiment"]
        )


def show(project: Path, table: str, name: str, words: dict[str, Any], env: str | None) -> str:
    """How many trials, the first configurations, and how long they may take.

    Raises: ParameterError naming all that is wrong with any configuration.
    """
    from kedro.framework.session import KedroSession

    told = {"plan": name, **({"experiment": words} if words else {})}
    with KedroSession.create(project_path=project, env=env, runtime_params=told) as session:
        return _shown(table, name, words, session.load_context())  # type: ignore[attr-defined]  # of Kedro's own class


def _shown(table: str, name: str, words: dict[str, Any], context: KedroContext) -> str:
    from colonnade import __version__
    from colonnade.experiments.estimate import estimate
    from colonnade.experiments.experiment import data_digest, planned
    from colonnade.experiments.trial_rows import Rows
    from colonnade.experiments.trial_store import TrialStore
    from colonnade.experiments.trials import CLASSES
    from colonnade.pipeline_registry import experiment_plans
    from colonnade.pipelines.experiment.nodes import plan_words, written_groups
    from colonnade.tables.schema.ingest import ingest_table
    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.tables.source import RawTable
    from colonnade.tables.splitting.split import SplitParams, split_table

    plan = PlanParams.model_validate(plan_words(experiment_plans(), name, words))
    own = context.params[table]
    schema = SchemaParams.model_validate(own["schema"])
    catalog = context.catalog
    raw = RawTable.of(catalog.load(f"{table}.raw"), f"{table}.raw")
    primary = ingest_table(raw.frame, schema, name=raw.source.name)
    split = split_table(primary, schema, SplitParams.model_validate(own.get("split") or {}))
    rows = Rows(primary, split, schema, plan.folds)
    groups = written_groups(*(CLASSES[group].model_validate(own.get(group)) for group in GROUPS))
    trials = planned(plan, groups, rows, data_digest(rows, __version__))
    store = TrialStore(catalog.load(f"{table}.trial_store"))
    return described(table, plan, estimate(plan, trials, rows, store, groups))


def described(table: str, plan: PlanParams, found: Estimate) -> str:
    """Say what an experiment would be."""
    from colonnade.experiments.estimate import spoken

    n = count_trials(plan)
    head = f"{table}: {n} trials" + (f", {plan.seeds} of each configuration" * (plan.seeds > 1))
    if plan.searched:
        lines = [f"{head}; each ten follow from the results of those before them."]
    else:
        chosen = configurations(plan)
        lines = [f"{head}:", *(f"  {json.dumps(words)}" for words in chosen[:SHOWN])]
        lines += [f"  ... and {len(chosen) - SHOWN} more"] * (len(chosen) > SHOWN)
    if not found.trials:
        return "\n".join([*lines, "All are finished: nothing is left to train."])
    some = "" if found.trials == n else f" for the {found.trials} that are not finished"
    return "\n".join(
        [
            *lines,
            f"Estimate: about {spoken(found.seconds)} on {available_cores()} cores{some}, from a "
            "few epochs of some of them: longer on a busy machine, less where they stop early.",
        ]
    )
