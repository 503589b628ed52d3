"""One call from a frame to a ranking of configurations."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from colonnade.estimators.frames.fit_frame import readable_frame
from colonnade.estimators.python_errors import in_python
from colonnade.estimators.recipe import choose_recipe
from colonnade.experiments.experiment import Winner, judge_winner, run_experiment
from colonnade.experiments.plans.plan import GROUPS, PlanParams
from colonnade.experiments.trial_rows import Rows
from colonnade.experiments.trial_store import TrialStore
from colonnade.messages.printed import Facts, Printed, some_of
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.reading.plain_frames import kinds_by_dtype
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.splitting.split import split_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from colonnade.estimators.recipe import Recipe
    from colonnade.experiments.analysis.effects import Effect
    from colonnade.tables.schema.table_schema import Task


_SHOWN = 5
"""Configurations of the ranking that are printed."""


@dataclass(frozen=True, repr=False)
class Experiment(Printed):
    """What an experiment came to.

    metric: what is ranked by. trials: one row each. ranking: one row a configuration, the best
    first. effects: of each varied hyperparameter, the largest first. winner: its words, and its
    metrics on validation and test rows.
    """

    metric: str
    trials: pd.DataFrame
    ranking: pd.DataFrame
    effects: list[Effect]
    winner: Winner

    def printed(self) -> tuple[str, Facts]:
        """How many were tried, which won, what matters."""
        words = ", ".join(f"{path}={value}" for path, value in self.winner.varied.items())
        clear = some_of(effect.path for effect in self.effects if effect.clear)
        return f"Experiment: {len(self.ranking)} configurations, {len(self.trials)} trials", [
            ("winner", words or "the only one"),
            ("score", f"{self.metric} {self.winner.score:.4g}, on rows that chose it"),
            ("matters", clear or "nothing beyond chance"),
            ("ranking", self.ranking.head(_SHOWN)),
        ]


def experiment(
    frame: Any,
    target: str,
    vary: Mapping[str, Any],
    *,
    seeds: int = 1,
    task: Task | None = None,
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    model: str | Mapping[str, Any] = "mlp",
    training: Mapping[str, Any] | None = None,
    standardize: Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    workers: int = 1,
    **plan: Any,
) -> Experiment:
    """Train a frame's table under many configurations, and rank them by validation rows.

    Args:
        vary: by path, the values to try: `{"training.optimizer": ["sgd", "adam"]}`, or a range
            `{"low": 0.001, "high": 0.1, "log": True}`. seeds: trials of each configuration.
        task, columns, model, training, standardize, split: as `fit` takes them; `model` is one
            network, not a blend.
        folder: where finished trials are kept, so that the same call goes on with them.
        workers: processes; more than one only in a script guarded by `if __name__ == "__main__"`.
        plan: other words of a plan: `when`, `random`, `search`, `folds`, `metric`, `seed`.

    Raises: InputError, a ValueError, naming everything that cannot be used; ExperimentError if all
        trials fail.
    """
    with in_python():
        words = PlanParams.model_validate({**plan, "vary": dict(vary), "seeds": seeds})
        raw = readable_frame(frame, columns or {}, "table")
        said = {**kinds_by_dtype(frame), **(columns or {})}
        inference = infer_table(raw, target, task=task, said=said, name="table")
        recipe = choose_recipe(
            inference,
            model=model,
            training=training,
            standardize=standardize,
            split=split,
            validated=(split or {}).get("validation_fraction") != 0,
        )
        rows, groups = _read(raw, recipe, words.folds)
        with TemporaryDirectory() as temporary:
            store = TrialStore(Path(folder or temporary))
            found = run_experiment(
                words, groups, rows, store, version("colonnade"), workers=workers
            )
        winner = judge_winner(words, groups, rows, found)
        return Experiment(found.metric, found.trials, found.ranking, found.effects, winner)


def _read(raw: pd.DataFrame, recipe: Recipe, folds: int) -> tuple[Rows, dict[str, Any]]:
    """The table, split, and the words that trials begin with."""
    primary = ingest_table(raw, recipe.schema)
    split = split_table(primary, recipe.schema, recipe.split)
    groups = {
        name: getattr(recipe, name).model_dump(mode="json", exclude_unset=True) for name in GROUPS
    }
    return Rows(primary, split, recipe.schema, folds), groups
