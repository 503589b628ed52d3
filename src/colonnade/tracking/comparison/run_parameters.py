"""Which parameters are worth recording and comparing: those that matter, are set, and are used."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MATTER = (
    "env",
    "model.kind",
    "model.candidates",
    "model.folds",
    "model.hidden",
    "training.loss.name",
    "training.optimizer.name",
    "training.optimizer.lr",
    "training.optimizer.weight_decay",
    "training.scheduler.name",
    "training.epochs",
    "training.batch_size",
    "model.dropout",
    "training.l1.strength",
    "training.members",
    "training.refit",
    "training.seed",
    "split.strategy",
    "split.test_fraction",
    "split.validation_fraction",
    "split.seed",
    "split.folds",
    "schema.target",
    "schema.task",
)
"""Recorded of every run, in this order, and compared first."""
MOST_RECORDED = 40
NOT_TRIED = (
    "env",
    "schema.",
    "evaluation.",
    "training.threads",
    "training.device",
    "training.gradients",
    "training.checkpoint_every",
)
"""What the table is, how it is judged, and where it is computed: no hyperparameter."""
_COLUMNS = "schema.columns."
_LEFT_TO_CANDIDATES = (
    "training.loss",
    "training.optimizer",
    "training.scheduler",
    "training.epochs",
    "training.batch_size",
    "training.l1",
    "training.refit",
)
_UNDRAWN = ("time", "expanding", "rolling", "column")
_OF_HIDDEN_LAYERS = ("model.hidden", "model.activation.", "model.dropout", "model.batch_norm")


def worth_recording(parameters: Mapping[str, Any], changed: Iterable[str] = ()) -> dict[str, Any]:
    """What a run's page shows: what matters, then what is otherwise than its default, if used.

    The candidates of `model: auto` have words of their own for what `training` leaves at default.

    Args: parameters: all, flat. changed: names of those that are not at their default.
    """
    changed = [name for name in changed if not name.startswith(_COLUMNS)]
    names = [*MATTER, *changed]
    if parameters.get("model.kind") == "auto":
        names = [
            n for n in names if not n.startswith(_LEFT_TO_CANDIDATES) or _is_written(n, changed)
        ]
    found = (n for n in dict.fromkeys(names) if n in parameters and is_used(n, parameters))
    return {name: parameters[name] for name in islice(found, MOST_RECORDED)}


def _is_written(name: str, changed: Sequence[str]) -> bool:
    """Whether a parameter, or another of its choice, is otherwise than its default."""
    choice = name.rpartition(".")[0]
    return name in changed or (choice != "training" and any(c.startswith(choice) for c in changed))


def is_hyperparameter(name: str) -> bool:
    """Whether a parameter may make a model better or worse."""
    return not name.startswith(NOT_TRIED)


def is_used(name: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a run with these parameters reads one of them, as far as the others tell.

    >>> is_used("model.hidden", {"model.kind": "linear"})
    False
    """
    if name.startswith(_OF_HIDDEN_LAYERS):
        return parameters.get("model.kind") != "linear"
    if name.startswith("training.l1.") and name != "training.l1.strength":
        return str(parameters.get("training.l1.strength")) not in ("0", "0.0")
    if name in ("training.batch_size", "training.drop_last"):
        return parameters.get("training.optimizer.name") != "lbfgs"
    return name != "split.seed" or parameters.get("split.strategy") not in _UNDRAWN


def differing(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the hyperparameters that differ between runs that use them, what matters most first.

    An option that differs only because another word was chosen, as `eps` does where some runs use
    sgd and some adam, says no more than the word.

    >>> differing([{"model.kind": "mlp", "training.epochs": 5}, {"training.epochs": 9}])
    ['model.kind', 'training.epochs']
    """
    names = dict.fromkeys([*MATTER, *(name for run in runs for name in run)])
    tried = [name for name in names if is_hyperparameter(name)]
    return [name for name in tried if _differs(runs, name) and not _implied(runs, name)]


def _differs(runs: Sequence[Mapping[str, Any]], name: str) -> bool:
    return len({run.get(name) for run in runs if is_used(name, run)}) > 1


def _implied(runs: Sequence[Mapping[str, Any]], option: str) -> bool:
    """Whether an option's value follows in every run from the choice that it belongs to."""
    word = f"{option.rpartition('.')[0]}.name"
    pairs = {(run.get(word), run.get(option)) for run in runs}
    words = {name for name, _ in pairs}
    return option not in MATTER and words != {None} and len(pairs) == len(words)
