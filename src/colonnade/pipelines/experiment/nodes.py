"""The nodes of an experiment: unpack, call the library, return."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from colonnade import __version__
from colonnade.errors import ParameterError
from colonnade.experiments.experiment import (
    Outcome,
    Progress,
    data_digest,
    judge_winner,
    planned,
    run_experiment,
)
from colonnade.experiments.plans.plan import PlanParams
from colonnade.experiments.report import experiment_html
from colonnade.experiments.trial_rows import Rows
from colonnade.experiments.trial_store import TrialStore
from colonnade.parameters import Params, nearest
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.progress import Progress as Shown
from colonnade.training.progress import tell
from colonnade.training.training_params import TrainingParams

Json = dict[str, Any]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planning:
    """The first node, which knows the plans of the project by name."""

    plans: Callable[[], Mapping[str, Any]]

    def plan(
        self,
        primary: pd.DataFrame,
        split: pd.DataFrame,
        schema: SchemaParams,
        standardize: StandardizeParams,
        model: ModelParams,
        training: TrainingParams,
        plan: str,
        experiment: Json,
    ) -> Json:
        """Read the plan, with the words given beside it, and check every configuration."""
        words = plan_words(self.plans(), plan, experiment)
        params = PlanParams.model_validate(words)
        rows = Rows(primary, split, schema, params.folds)
        groups = written_groups(standardize, model, training)
        planned(params, groups, rows, data_digest(rows, __version__))
        return {"name": plan, **params.model_dump(mode="json")}


def plan_words(plans: Mapping[str, Any], name: str, own: Json) -> Json:
    """The words of a plan of the project, and over them those given by hand.

    Raises: ParameterError if there are neither.
    """
    if name and not re.fullmatch(r"[\w-]+", name):
        raise ParameterError(f"`plan`: {name!r} cannot be a folder: use letters, digits, _ and -.")
    if own:
        return {**(plans.get(name) or {}), **own}
    if name not in plans:
        known = f" {nearest(name, sorted(plans))}" if plans else ""
        raise ParameterError(
            f"there is no plan '{name}' in conf/base/experiments.{known} Choose one by --params "
            "plan=NAME, or vary by hand: kedro experiment TABLE --vary PATH=VALUE,VALUE"
        )
    return dict(plans[name] or {})


def run_trials(
    experiment_plan: Json,
    primary: pd.DataFrame,
    split: pd.DataFrame,
    trial_store: Path,
    schema: SchemaParams,
    standardize: StandardizeParams,
    model: ModelParams,
    training: TrainingParams,
) -> tuple[pd.DataFrame, Outcome]:
    """Train what is not finished yet; what is finished is kept, however this ends."""
    plan = _plan(experiment_plan)
    rows = Rows(primary, split, schema, plan.folds)
    outcome = run_experiment(
        plan,
        written_groups(standardize, model, training),
        rows,
        TrialStore(trial_store),
        __version__,
        told=_Teller(trial_store.parent.name),  # the table's folder
    )
    return outcome.trials, outcome


def rank_trials(
    experiment_plan: Json,
    outcome: Outcome,
    primary: pd.DataFrame,
    split: pd.DataFrame,
    schema: SchemaParams,
    standardize: StandardizeParams,
    model: ModelParams,
    training: TrainingParams,
) -> tuple[pd.DataFrame, Json]:
    """Rank the configurations by validation rows; the first alone is judged by test rows."""
    plan = _plan(experiment_plan)
    rows = Rows(primary, split, schema, plan.folds)
    winner = judge_winner(plan, written_groups(standardize, model, training), rows, outcome)
    return outcome.ranking, asdict(winner)


def write_report(
    experiment_plan: Json, outcome: Outcome, winner: Json, source: Json, schema: SchemaParams
) -> str:
    """Say which configuration won, how sure that is, and which hyperparameters matter."""
    return experiment_html(
        str(experiment_plan["name"]),
        _plan(experiment_plan),
        outcome,
        winner,
        source=source,
        target=schema.target,
    )


def _plan(document: Json) -> PlanParams:
    return PlanParams.model_validate({k: v for k, v in document.items() if k != "name"})


def written_groups(*groups: Params) -> Json:
    """The words that the table's YAML has, of the groups that trials may differ in."""
    names = ("standardize", "model", "training")
    return {
        name: group.model_dump(mode="json", exclude_unset=True)
        for name, group in zip(names, groups, strict=True)
    }


class _Teller:
    """Shows how far the trials are: a bar on a terminal, about ten lines in a log."""

    def __init__(self, table: str) -> None:
        self._table, self._tenths = table, -1
        self._began: tuple[int, float] | None = None

    def __call__(self, progress: Progress) -> None:
        left = self._left(progress)
        note = "" if progress.best is None else f"best {progress.best:.4g}"
        note += f", {progress.failed} failed" if progress.failed else ""
        shown = Shown(self._table, "trial", progress.done, progress.total, note, left)
        tenths = 10 * progress.done // progress.total
        if not tell(shown) and tenths > self._tenths:
            time = "" if left is None else f", {left:.0f} s left"
            logger.info(
                "%s: trial %d of %d, %s%s",
                self._table, progress.done, progress.total, note, time,
            )  # fmt: skip
        self._tenths = tenths

    def _left(self, progress: Progress) -> float | None:
        """Seconds at the pace since the first trials, before which the workers started."""
        if self._began is None:
            self._began = progress.done, progress.seconds
            return None
        done, seconds = progress.done - self._began[0], progress.seconds - self._began[1]
        return seconds * (progress.total - progress.done) / done if done else None
