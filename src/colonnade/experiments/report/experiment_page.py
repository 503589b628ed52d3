"""One self-contained page: who won, how sure that is, what mattered, what to try next."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import NAMES, format_difference, format_metric
from colonnade.evaluation.metrics.scores import HIGHER_IS_BETTER
from colonnade.evaluation.report import svg
from colonnade.experiments.report.experiment_figures import (
    cost_figure,
    curves_figure,
    effects_figure,
    interaction_figure,
    ranking_figure,
)
from colonnade.experiments.report.what_matters import (
    advice,
    effect_sentence,
    named_words,
    together,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from colonnade.experiments.experiment import Outcome
    from colonnade.experiments.plans.plan import PlanParams

_FOLDER = Path(__file__).parent
_STYLE = Path(svg.__file__).parent / "report.css"
MOST_ROWS = 50


def experiment_html(
    name: str,
    plan: PlanParams,
    outcome: Outcome,
    winner: dict[str, Any],
    *,
    source: dict[str, Any],
    target: str,
) -> str:
    """Render the page: no network, one file.

    Args: winner: its words, and its metrics on validation and test rows. source: of the rows.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    names = [named_words(outcome.words[int(one)]) for one in outcome.ranking["configuration"]]
    figures = _figures(outcome, names)
    return templates.get_template("experiment.html").render(
        name=name,
        plan=plan,
        css=Markup(_STYLE.read_text(encoding="utf-8")),  # of this package
        figures={key: Markup(svg.inline_svg(one, key)) for key, one in figures.items()},
        target=target,
        source=source,
        metric=NAMES.get(outcome.metric, outcome.metric),
        verdict=_verdict(outcome, names),
        luck=_luck(outcome, winner),
        matters=[effect_sentence(effect, outcome.metric) for effect in outcome.effects],
        together=together(outcome.interactions, outcome.metric),
        importances=[(path, f"{share:.0%}") for path, share in outcome.importances.items()],
        advice=advice(plan, outcome),
        rows=_rows(outcome, names),
        failed=_failed(outcome),
        winner=named_words(winner["words"]),
        n_trials=len(outcome.trials),
        n_configurations=len(outcome.ranking),
        seconds=float(outcome.trials["seconds"].sum()),
    )


def _figures(outcome: Outcome, names: list[str]) -> dict[str, Figure]:
    figures = {"ranking": ranking_figure(outcome.ranking, names, outcome.metric)}
    if outcome.effects:
        figures["effects"] = effects_figure(outcome.effects, outcome.metric)
    clear = [pair for pair in outcome.interactions if pair.clear]
    if clear:
        figures["interaction"] = interaction_figure(clear[0], outcome.metric)
    figures["curves"] = curves_figure(outcome, _chosen(outcome))
    figures["cost"] = cost_figure(outcome, outcome.metric)
    return figures


def _verdict(outcome: Outcome, names: list[str]) -> str:
    best, metric = outcome.ranking.iloc[0], outcome.metric
    text = f"{names[0]}: {NAMES.get(metric, metric)} {format_metric(metric, best['mean'])}"
    if not math.isnan(best["low"]):
        low, high = (format_metric(metric, best[end]) for end in ("low", "high"))
        text += f" ({low} to {high} over {int(best['trials'])} seeds)"
    return text + " on validation rows."


def _luck(outcome: Outcome, winner: dict[str, Any]) -> str:
    """What choosing the best of many makes of its score, and what test rows say."""
    metric, best = outcome.metric, outcome.ranking.iloc[0]
    n = len(outcome.ranking)
    test = winner["metrics"].get(f"test/{metric}")
    text = f"It is the best of {n} configurations, chosen by the rows that it is ranked by: "
    text += "some of its lead is luck, the more so the more were tried."
    beaten = _as_good(outcome.ranking, metric)
    if beaten > 1:
        text += f" {beaten - 1} others are within its interval: they may be as good."
    if test is not None:
        text += (
            f" Trained alone with its first seed and judged once by test rows, it has "
            f"{NAMES.get(metric, metric)} {format_metric(metric, test)} "
            f"({format_difference(metric, test - best['mean'])} from the mean on validation rows)."
        )
    return text


def _as_good(ranking: pd.DataFrame, metric: str) -> int:
    """How many means lie within the best one's interval."""
    best = ranking.iloc[0]
    if math.isnan(best["low"]):
        return 1
    if metric in HIGHER_IS_BETTER:
        return int((ranking["mean"] >= best["low"]).sum())
    return int((ranking["mean"] <= best["high"]).sum())


def _rows(outcome: Outcome, names: list[str]) -> list[tuple[str, str, str, str, str]]:
    metric, found = outcome.metric, []
    for name, (_, one) in zip(names, outcome.ranking.head(MOST_ROWS).iterrows(), strict=False):
        mean = "failed" if math.isnan(one["mean"]) else format_metric(metric, one["mean"])
        interval = ""
        if not math.isnan(one["low"]):
            interval = " to ".join(format_metric(metric, one[end]) for end in ("low", "high"))
        found.append((name, mean, interval, str(int(one["trials"])), f"{one['seconds']:.2g} s"))
    return found


def _failed(outcome: Outcome) -> list[tuple[str, int]]:
    reasons = outcome.trials.loc[outcome.trials["failed"] != "", "failed"]
    return [(str(reason), int(n)) for reason, n in reasons.value_counts().items()]


def _chosen(outcome: Outcome) -> dict[str, int]:
    """The first trials of the best, the median and the worst configuration that did not fail."""
    ranked = outcome.ranking.dropna(subset=["mean"])["configuration"].tolist()
    if not ranked:
        return {}
    places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    trials = outcome.trials[outcome.trials["failed"] == ""]
    first = trials.groupby("configuration")["trial"].min()
    found: dict[str, int] = {}
    for title, place in places.items():
        number = ranked[place]
        if number in first.index and int(first[number]) not in found.values():
            found[f"{title}: {named_words(outcome.words[number])}"] = int(first[number])
    return found
