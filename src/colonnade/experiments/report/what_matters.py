"""What an experiment found, in sentences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import NAMES, format_difference, format_metric
from colonnade.evaluation.metrics.scores import HIGHER_IS_BETTER

if TYPE_CHECKING:
    from colonnade.experiments.analysis.effects import Effect
    from colonnade.experiments.analysis.interactions import Cell, Interaction
    from colonnade.experiments.experiment import Outcome
    from colonnade.experiments.plans.plan import PlanParams

MOST_PAIRS = 3


def named_words(words: dict[str, Any]) -> str:
    """A configuration as a person writes it.

    >>> named_words({"training.optimizer": {"name": "sgd", "momentum": 0.9}, "model.hidden": [8]})
    'optimizer=sgd(momentum=0.9), hidden=8'
    """
    names = short_paths(list(words))
    parts = [f"{names[path]}={shown(value)}" for path, value in words.items()]
    return ", ".join(parts) or "as the table's YAML"


def short_paths(paths: list[str]) -> dict[str, str]:
    """Each path's last word, or as many as distinguish it; a `name` is its group's.

    >>> short_paths(["training.optimizer.name", "training.optimizer.lr"])
    {'training.optimizer.name': 'optimizer', 'training.optimizer.lr': 'lr'}
    """
    bare = {path: path.removesuffix(".name").removesuffix(".kind") for path in paths}
    last = {path: text.rpartition(".")[2] for path, text in bare.items()}
    alike = list(last.values())
    return {
        path: last[path] if alike.count(last[path]) == 1 else path.partition(".")[2] or path
        for path in paths
    }


def shown(value: Any) -> str:
    """A value as short as it can be read."""
    if isinstance(value, dict):
        rest = dict(value)
        name = rest.pop("name", rest.pop("kind", ""))
        inner = ", ".join(f"{key}={shown(one)}" for key, one in rest.items())
        return f"{name}({inner})" if inner else str(name)
    if isinstance(value, list | tuple):
        return "-".join(shown(one) for one in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def shown_cell(text: Any) -> str:
    """A value that a table of trials holds as text, JSON where it is a group or a list."""
    if not isinstance(text, str) or not text.startswith(("{", "[")):
        return str(text).removesuffix(".0")
    try:
        return shown(json.loads(text))
    except ValueError:
        return text


def together(pairs: list[Interaction], metric: str) -> list[str]:
    """Which hyperparameters act together; the first few."""
    clear = [pair for pair in pairs if pair.clear]
    if not pairs:
        return []
    if not clear:
        return ["No two of them act together by more than chance: each can be chosen alone."]
    return [_pair_sentence(pair, metric) for pair in clear[:MOST_PAIRS]]


def _pair_sentence(pair: Interaction, metric: str) -> str:
    best: dict[str, Cell] = {}
    for cell in sorted(pair.cells, key=lambda c: c.mean, reverse=metric in HIGHER_IS_BETTER):
        best.setdefault(cell.second, cell)
    order = dict.fromkeys(cell.second for cell in pair.cells)
    said = [_best_beside(best[name], metric) for name in order]
    middle = f"{'; '.join(said[:4])}" + ("; ..." if len(said) > 4 else "")
    score = NAMES.get(metric, metric)
    if len({cell.first for cell in best.values()}) > 1:
        text = f"What is best of {pair.first} depends on {pair.second}"
    else:
        text = f"How much {pair.first} matters depends on {pair.second}"
    return (
        f"{text} ({pair.share:.0%} of the variance beyond what each does alone). "
        f"{score[:1].upper()}{score[1:]}: {middle}."
    )


def _best_beside(cell: Cell, metric: str) -> str:
    text = f"with {shown_cell(cell.second)}, {shown_cell(cell.first)} is best at "
    text += format_metric(metric, cell.mean)
    if cell.low == cell.low:  # of a single trial there is no interval
        low, high = (format_metric(metric, end) for end in (cell.low, cell.high))
        text += f" ({low} to {high})"
    return text


def effect_sentence(effect: Effect, metric: str) -> str:
    """What one hyperparameter does, or that it does nothing beyond chance."""
    best_first = sorted(effect.rows, key=lambda row: row[1], reverse=metric in HIGHER_IS_BETTER)
    best, worst = best_first[0], best_first[-1]
    apart = format_difference(metric, abs(best[1] - worst[1]))
    if not effect.clear:
        return (
            f"{effect.path} makes no difference that could not be chance: its values lie "
            f"{apart} apart, {effect.share:.0%} of the variance."
        )
    return (
        f"{effect.path} matters: {shown_cell(best[0])} is best on average, "
        f"{shown_cell(worst[0])} worst, {apart} apart; it explains "
        f"{effect.share:.0%} of the variance between trials."
    )


def advice(plan: PlanParams, outcome: Outcome) -> list[str]:
    """What to try next."""
    # outliers are no choice of anybody's
    effects = [one for one in outcome.effects if not one.path.startswith("outliers.")]
    clear = [effect for effect in effects if effect.clear]
    steps = []
    if plan.seeds < 3:
        steps.append(
            "Train each configuration with more seeds (--seeds 5): what is luck shows then."
        )
    if clear:
        first = clear[0]
        steps.append(f"Vary {first.path} further around its best value: it explains most.")
    elif effects:
        steps.append("Nothing that was varied matters: keep the cheapest, and vary something else.")
    dull = [effect.path for effect in effects if not effect.clear]
    if clear and dull:
        they = "it is" if len(dull) == 1 else "they are"
        steps.append(
            f"Leave {', '.join(dull)} as {they}: fewer trials, or more seeds for the rest."
        )
    return steps
