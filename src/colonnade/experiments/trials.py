"""Trials: a configuration and a seed, checked, named by their content, and grouped."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError, Problem
from colonnade.experiments.plans.plan import VARIED, with_words
from colonnade.experiments.trial_rows import OutlierParams
from colonnade.tables.features.standardizer import StandardizeParams
from colonnade.training.networks.model_params import ModelParams, kind_named
from colonnade.training.training_params import TrainingParams

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from colonnade.experiments.plans.plan import PlanParams, Words
    from colonnade.parameters import Params

CLASSES: dict[str, type[Params]] = {
    "standardize": StandardizeParams,
    "model": ModelParams,
    "training": TrainingParams,
    "outliers": OutlierParams,
}
# What members of one program may differ in, as paths of their groups.
_OF_MEMBERS = {
    "model": ("dropout", "initializer"),
    "training": ("seed",),
    "optimizer": ("lr", "weight_decay"),
}
MOST_TOGETHER = 16
"""Networks of one program: more fill no cache better, and are lost together when it is killed."""


SHOWN_KEY = 16
"""Letters of a trial's key in tables."""


@dataclass(frozen=True)
class Trial:
    """One configuration with one seed.

    number: its place in the plan, from 1. words: what is varied. key: SHA-256 of all that decides
    its result.
    """

    number: int
    configuration: int
    words: Words
    standardize: StandardizeParams
    model: ModelParams
    training: TrainingParams
    outliers: OutlierParams
    key: str

    @property
    def seed(self) -> int:
        """Of weights, order and dropout."""
        return self.training.seed


def make_trials(
    plan: PlanParams, chosen: Sequence[Words], groups: dict[str, Any], data: str, *, first: int = 0
) -> list[Trial]:
    """Check every configuration, and give each as many trials as the plan has seeds.

    Args:
        chosen: configurations. groups: the table's own words of `standardize`, `model` and
            `training`. data: a digest of the rows, the split and the version.
        first: how many configurations came before.

    Raises: ParameterError naming all that is wrong with any configuration.
    """
    trials: list[Trial] = []
    problems: dict[str, Problem] = {}
    for place, words in enumerate(chosen, first):
        try:
            built = _build(with_words(groups, {**plan.set, **words}))
        except ParameterError as error:
            for problem in error.problems:
                problems.setdefault(str(problem), problem)
            continue
        for i in range(plan.seeds):
            seed = built["training"].seed + i
            own = {**built, "training": _seeded(built["training"], seed)}
            number = place * plan.seeds + i + 1
            trials.append(Trial(number, place + 1, words, **own, key=_key(own, plan, data)))
    if problems:
        raise ParameterError(list(problems.values()))
    return trials


def _build(groups: dict[str, Any]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in VARIED:
        try:
            built[name] = CLASSES[name].model_validate(groups.get(name))
        except ParameterError as error:
            problems += [replace(problem, source=name) for problem in error.problems]
    if problems:
        raise ParameterError(problems)
    return built


def _seeded(training: TrainingParams, seed: int) -> TrainingParams:
    words = training.model_dump(include=training.model_fields_set)
    return TrainingParams.model_validate({**words, "seed": seed})


def _key(groups: dict[str, Params], plan: PlanParams, data: str) -> str:
    said: dict[str, Any] = {name: one.model_dump(mode="json") for name, one in groups.items()}
    if not groups["outliers"].model_fields_set:
        del said["outliers"]
    # words that nobody has written may take the values of a kind's own recipe
    said["written"] = sorted(groups["training"].model_fields_set)
    text = json.dumps([said, plan.folds, data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def programs(trials: Iterable[Trial], n_networks: int) -> list[list[Trial]]:
    """Trials that one program can train together, whatever else is to be trained.

    Args: n_networks: of each trial: its folds, or one.
    """
    together: dict[str, list[Trial]] = {}
    for trial in trials:
        together.setdefault(_shape(trial), []).append(trial)
    size = max(1, MOST_TOGETHER // n_networks)
    found = []
    for alike in together.values():
        step = 1 if alone(alike[0]) else size
        found += [alike[start : start + step] for start in range(0, len(alike), step)]
    return sorted(found, key=lambda program: program[0].number)


def alone(trial: Trial) -> bool:
    """Whether its training is a program of its own: an ensemble, a blend, LBFGS, other networks."""
    kind, training = trial.model.kind, trial.training
    batched = kind != "auto" and kind_named(kind).member_axis
    return not batched or training.members > 1 or training.optimizer.full_batch


def _shape(trial: Trial) -> str:
    """All words but those in which members of a program may differ."""
    groups: dict[str, Any] = {name: getattr(trial, name).model_dump(mode="json") for name in VARIED}
    if not alone(trial):
        for name, words in _OF_MEMBERS.items():
            place = groups["training"]["optimizer"] if name == "optimizer" else groups[name]
            for word in words:
                place.pop(word, None)
        groups["written"] = sorted(trial.training.model_fields_set)
    else:
        groups["alone"] = trial.key
    return json.dumps(groups, sort_keys=True)
