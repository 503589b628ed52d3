"""Promote a run's model to the registry, if it is better than the current one."""

from __future__ import annotations

from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from colonnade.errors import TrackingError
from colonnade.parameters import nearest
from colonnade.tracking.comparison.experiment_lookup import CHAMPION, find_experiment
from colonnade.tracking.comparison.experiment_lookup import champion as find_champion
from colonnade.tracking.comparison.ranking import (
    headline,
    higher_is_better,
    judged_by,
    told_metric,
)
from colonnade.tracking.naming import DESCRIPTION
from colonnade.tracking.server import unwritable
from colonnade.tracking.tracking_params import GateParams

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.tracking_params import TrackingParams

PREVIOUS = "previous"  # the champion before, to go back to


@dataclass(frozen=True)
class PromotionDecision:
    """Whether a model was promoted, and why, in one sentence."""

    promoted: bool
    reason: str
    version: str = ""


def register(project: Path, params: TrackingParams, table: str, run: str = "") -> PromotionDecision:
    """Make a run's model the table's champion if it passes the table's gate.

    The registered model has the table's name; its version under the alias `champion` is the one
    to serve: `models:/<table>@champion`.

    Args: run: the run's id or how it begins; by default the best finished run of those that were
    judged by the same rows as the last one.
    Raises: TrackingError if the store is away or read-only, there is no such run, or it has no
    model, or not the gate's metric.
    """
    params = params.located(project.resolve())
    client, experiment_id = find_experiment(params, table)
    if problem := unwritable(params.uri):
        raise TrackingError(problem)
    gate = params.gates.get(table, GateParams())
    candidate, chosen = _candidate(client, experiment_id, table, run, gate)
    model_id = _model_of(candidate, table)
    metric = gate.metric or _deciding(candidate, table)
    champion = find_champion(client, table)
    if champion and champion.info.run_id == candidate.info.run_id:
        return PromotionDecision(
            False, f"{table}: {_describe(candidate)}{chosen} is already the champion."
        )
    rival = champion if champion and judged_by(champion) == judged_by(candidate) else None
    refusal = _refusal(gate, metric, candidate, rival, table)
    if not refusal and champion and not rival and not run:
        refusal = (
            f"{_describe(candidate)}{chosen} was evaluated on other rows than the champion "
            f"({_describe(champion)}): neither is known to be better. To promote it anyway: "
            f"kedro register {table} --run {candidate.info.run_id[:8]}"
        )
    if refusal:
        return PromotionDecision(False, f"{table}: not promoted: {refusal}")
    version = _promote(client, params.uri, model_id, run=candidate, table=table, metric=metric)
    value = f"{metric} {told_metric(candidate.data.metrics[metric])}"
    over = f" over {told_metric(rival.data.metrics.get(metric, float('nan')))}" if rival else ""
    if champion and not rival:
        over = f"; {_describe(champion)}, the champion before, was evaluated on other rows"
    message = (
        f"{_describe(candidate)}{chosen} is the champion now (version {version}), by {value}{over}."
    )
    return PromotionDecision(True, f"{table}: {message}", version)


def _candidate(
    client: MlflowClient, experiment_id: str, table: str, run: str, gate: GateParams
) -> tuple[Run, str]:
    """The run that is meant, or the best of those that may be compared, and why it was chosen."""
    finished = client.search_runs(
        [experiment_id],
        filter_string="attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1000,
    )
    found = [one for one in finished if one.info.run_id.startswith(run)]
    if not found:
        raise TrackingError(f"{table}: {_unfit(client, experiment_id, run, finished)}")
    if run:
        if len(found) > 1:
            ids = ", ".join(one.info.run_id for one in found[:5])
            raise TrackingError(
                f"{table}: {run} matches more than one run: {ids}. Give more of the id."
            )
        return found[0], ""
    return _best(found, gate)


def _best(finished: list[Run], gate: GateParams) -> tuple[Run, str]:
    """The best of the runs with a model that were judged by the same rows as the last of them."""
    metric = gate.metric or next(iter(headline(finished[0].data.metrics)), "")
    fit = [
        one
        for one in finished
        if metric in one.data.metrics and one.outputs and one.outputs.model_outputs
    ]
    rivals = [one for one in fit if judged_by(one) == judged_by(fit[0])]
    if not rivals:
        return finished[0], ""  # what it lacks is reported for the last run
    up = _points_up(gate, metric)
    # the last of equals: runs come newest first
    best = max(rivals, key=lambda one: one.data.metrics[metric] * (1 if up else -1))
    return best, f", the best of {len(rivals)} on its rows," if len(rivals) > 1 else ""


def _points_up(gate: GateParams, metric: str) -> bool:
    return higher_is_better(metric) if gate.higher_is_better is None else gate.higher_is_better


def _unfit(client: MlflowClient, experiment_id: str, run: str, finished: list[Run]) -> str:
    """Say why a run is no candidate: it did not finish, is another table's, or is not there."""
    names = {one.experiment_id: one.name for one in client.search_experiments()}
    others = client.search_runs(list(names), max_results=1000) if run else []
    for other in (one for one in others if one.info.run_id.startswith(run)):
        if other.info.experiment_id != experiment_id:
            name = names[other.info.experiment_id]
            return f"{_describe(other)} is of {name}: kedro register {name} --run {run}."
        return (
            f"{_describe(other)} is {other.info.status.lower()}: only a finished run is promoted."
        )
    known = nearest(run, [one.info.run_id[:8] for one in finished[:10]]) if finished else ""
    return f"no finished run {run}".rstrip() + f". {known}".rstrip()


def _model_of(run: Run, table: str) -> str:
    outputs = run.outputs.model_outputs if run.outputs else []
    if not outputs:
        raise TrackingError(
            f"{table}: {_describe(run)} has no model. Set `log_model: true` in "
            "conf/base/mlflow.yml and run again."
        )
    return str(outputs[-1].model_id)


def _deciding(run: Run, table: str) -> str:
    names = headline(run.data.metrics)
    if not names:
        raise TrackingError(
            f"{table}: {_describe(run)} has no test metric to compare by. Give the table test "
            f"rows, or set `gates.{table}.metric` in conf/base/mlflow.yml."
        )
    return names[0]


def _refusal(
    gate: GateParams, metric: str, candidate: Run, champion: Run | None, table: str
) -> str:
    """Say why the gate stays shut; empty if it opens."""
    if metric not in candidate.data.metrics:
        names = nearest(metric, list(candidate.data.metrics))
        raise TrackingError(f"{table}: {_describe(candidate)} has no metric {metric}. {names}")
    value = candidate.data.metrics[metric]
    up = _points_up(gate, metric)
    sign = 1 if up else -1
    more = "more" if up else "less"
    if gate.bar is not None and sign * (value - gate.bar) < 0:
        return f"{metric} is {told_metric(value)}, and the gate requires {gate.bar:.5g} or {more}."
    standing = champion.data.metrics.get(metric) if champion else None
    if champion is None or standing is None:
        return ""
    gain = sign * (value - standing)
    if gain > gate.margin or (gate.margin and gain == gate.margin):
        return ""
    than = f" by {gate.margin:.5g}" if gate.margin else ""
    return (
        f"{metric} {told_metric(value)} does not beat the champion's "
        f"{told_metric(standing)}{than} ({_describe(champion)}; {more} is better)."
    )


def _promote(
    client: MlflowClient, uri: str, model_id: str, *, run: Run, table: str, metric: str
) -> str:
    """Make the model a version that says what it is worth, and the champion."""
    import mlflow

    from colonnade.tracking.store import as_default

    tags = {
        metric: told_metric(run.data.metrics[metric]),
        "verdict": run.data.tags.get("verdict", "not judged"),
        "data": run.data.tags.get("data", "unknown"),
    }
    with as_default(uri), redirect_stderr(StringIO()):  # where MLflow says what we say below
        version = mlflow.register_model(f"models:/{model_id}", table, tags=tags).version
    client.update_model_version(table, version, _about(run))
    before = client.get_registered_model(table).aliases.get(CHAMPION)
    if before:
        client.set_registered_model_alias(table, PREVIOUS, before)
    client.set_registered_model_alias(table, CHAMPION, version)
    return str(version)


def _about(run: Run) -> str:
    """The description of a version: the run's own, which ends with its data and its command."""
    return f"{run.info.run_name}\n\n{run.data.tags.get(DESCRIPTION, '')}".strip()


def _describe(run: Run) -> str:
    return f"run {run.info.run_id[:8]} ({run.info.run_name})"
