"""What an experiment varies: the words of a plan, and the configurations that they make."""

from __future__ import annotations

import itertools
import json
import math
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PositiveInt, field_validator, model_validator

from colonnade.errors import ParameterError
from colonnade.parameters import Params, nearest

Words = dict[str, Any]
"""Values by path, such as {"training.optimizer.lr": 0.01}."""

GROUPS = ("standardize", "model", "training")
"""What trials may differ in, of the table's words: the table is read and split once."""
VARIED = (*GROUPS, "outliers")
"""And beside them: targets of train rows that are spoiled on purpose."""
MOST_GRID = 100_000


class RangeParams(Params):
    """Numbers from low to high. log: evenly in their logarithms. whole: without decimals."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            above = " above 0" if self.log else ""
            raise ValueError(f"a range goes from a number{above} up to a larger one.")
        return self

    def draw(self, rng: np.random.Generator) -> float | int:
        """A number by chance."""
        ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        drawn = float(rng.uniform(*ends))
        value = min(max(math.exp(drawn) if self.log else drawn, self.low), self.high)
        return round(value) if self.whole else float(f"{value:.6g}")


Values = RangeParams | Annotated[list[Any], Field(min_length=1)]


class PlanParams(Params):
    """An experiment.

    question: what it answers, in words. tables: those that it is meant for; it runs on any.
    set: words that hold for all trials, by path.
    vary: by path, the values to try: a list, or a range {low, high, log, whole}.
    when: a path that is varied only where others have one of some values:
      {training.optimizer.momentum: {training.optimizer.name: [sgd]}}.
    seeds: how often each configuration is trained, from seeds that count up.
    random, search: so many configurations drawn by chance, or proposed by Optuna's TPE, each after
      those before it are known; by default all of the grid.
    folds: where the split has no validation rows, trials are judged by so many folds of the train
      rows. metric: what they are ranked by; by default the first that the report names.
    seed: of what is drawn and searched.
    """

    question: str = ""
    tables: list[str] = Field(default_factory=list)
    set: Words = Field(default_factory=dict)
    vary: dict[str, Values] = Field(default_factory=dict)
    when: dict[str, dict[str, list[Any]]] = Field(default_factory=dict)
    seeds: PositiveInt = 1
    random: PositiveInt | None = None
    search: PositiveInt | None = None
    folds: int = Field(5, ge=2, le=50)
    metric: str | None = None
    seed: int = Field(0, ge=0, lt=2**31)

    @field_validator("set", "vary", "when")
    @classmethod
    def _paths(cls, given: dict[str, Any]) -> dict[str, Any]:
        for path in given:
            group = path.partition(".")[0]
            if group not in VARIED:
                raise ValueError(
                    f"{path!r} does not begin with the name of a group that trials may differ in. "
                    f"{nearest(group, list(VARIED))}"
                )
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ranges = [path for path, values in self.vary.items() if isinstance(values, RangeParams)]
        if self.random and self.search:
            raise ValueError("`random` and `search` are two ways: leave one out")
        if ranges and not (self.random or self.search):
            raise ValueError(
                f"`vary.{ranges[0]}` is a range, of which a grid has no end: list values, or set "
                "`random` or `search` to a number of configurations"
            )
        for path, conditions in self.when.items():
            unknown = [other for other in (path, *conditions) if other not in self.vary]
            if unknown:
                raise ValueError(f"`when` names {unknown[0]!r}, which is not varied")
        return self

    @property
    def searched(self) -> bool:
        """Whether later configurations depend on how earlier ones did."""
        return self.search is not None

    def applies(self, path: str, words: Words) -> bool:
        """Whether a path is varied beside these values of others."""
        conditions = self.when.get(path, {})
        return all(words.get(other) in values for other, values in conditions.items())


def configurations(plan: PlanParams) -> list[Words]:
    """The configurations of a grid, or those drawn by chance, each once.

    >>> plan = PlanParams(vary={"model.dropout": [0, 0.5], "training.optimizer": ["sgd", "adam"]})
    >>> configurations(plan)[1]
    {'model.dropout': 0, 'training.optimizer': 'adam'}

    Raises: ParameterError for a grid beyond all measure.
    """
    if plan.random:
        rng = np.random.default_rng(plan.seed)
        return _each_once(plan, (_drawn(plan, rng) for _ in range(20 * plan.random)))[: plan.random]
    lists = [values for values in plan.vary.values() if not isinstance(values, RangeParams)]
    n = math.prod(map(len, lists))
    if n > MOST_GRID:
        raise ParameterError(
            f"the grid has {n:,} configurations: vary less, or draw some with `random`."
        )
    return _each_once(
        plan, (dict(zip(plan.vary, one, strict=True)) for one in itertools.product(*lists))
    )


def _drawn(plan: PlanParams, rng: np.random.Generator) -> Words:
    return {path: _draw(values, rng) for path, values in plan.vary.items()}


def _draw(values: Values, rng: np.random.Generator) -> Any:
    if isinstance(values, RangeParams):
        return values.draw(rng)
    return values[int(rng.integers(len(values)))]


def _each_once(plan: PlanParams, drawn: Any) -> list[Words]:
    """Leave out what does not apply, and then what came before."""
    found: dict[str, Words] = {}
    for words in drawn:
        own = {path: value for path, value in words.items() if plan.applies(path, words)}
        found.setdefault(json.dumps(own, sort_keys=True), own)
    return list(found.values())


def with_words(groups: dict[str, Any], words: Words) -> dict[str, Any]:
    """The groups with values put in at their paths; a path in a bare word makes it a group.

    The words of one kind of network, optimizer or schedule are no words of another: where
    `model.kind` or a `name` changes, the table's own are left out.

    >>> with_words({"training": {"optimizer": "adam", "epochs": 5}}, {"training.optimizer.lr": 0.1})
    {'training': {'optimizer': {'name': 'adam', 'lr': 0.1}, 'epochs': 5}}
    """
    changed = {name: dict(group) for name, group in groups.items()}
    kind = words.get("model.kind")
    if kind is not None and kind != changed.get("model", {}).get("kind", "mlp"):
        changed["model"] = {}
    # a name first: it may take away what stands beside it
    for path, value in sorted(words.items(), key=lambda word: not word[0].endswith(".name")):
        *parents, last = path.split(".")
        place: dict[str, Any] = changed
        for parent in parents:
            inner = place.get(parent)
            inner = {"name": inner} if isinstance(inner, str) else dict(inner or {})
            place[parent] = inner
            place = inner
        if last == "name" and place.get("name") != value:
            place.clear()
        place[last] = value
    return changed
