"""One page of all answers: each plan's question, what won, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import NAMES, format_metric
from colonnade.evaluation.report import svg
from colonnade.experiments.analysis.effects import varied
from colonnade.experiments.report.experiment_figures import ranking_figure
from colonnade.experiments.report.what_matters import short_paths, shown_cell

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parent
_STYLE = Path(svg.__file__).parent / "report.css"


@dataclass(frozen=True)
class Answer:
    """What an experiment said. ranking: as the experiment wrote it. href: of its report."""

    plan: str
    table: str
    question: str
    metric: str
    ranking: pd.DataFrame
    href: str

    @property
    def names(self) -> list[str]:
        """What is varied, of each configuration in the ranking's order."""
        paths = varied(self.ranking)
        named = short_paths(paths)
        return [
            ", ".join(
                f"{named[path]}={shown_cell(row[path])}" for path in paths if not _empty(row[path])
            )
            for _, row in self.ranking.iterrows()
        ]

    @property
    def sentence(self) -> str:
        """The best, its interval, and how many are within it."""
        best = self.ranking.iloc[0]
        score = format_metric(self.metric, best["mean"])
        text = f"{self.names[0]}: {NAMES.get(self.metric, self.metric)} {score}"
        if math.isnan(best["low"]):
            return f"{text} on validation rows."
        low, high = (format_metric(self.metric, best[end]) for end in ("low", "high"))
        within = self.ranking["mean"].between(best["low"], best["high"]).sum() - 1
        rest = f"{within} of {len(self.ranking) - 1} others are" if within else "no other is"
        seeds = int(best["trials"])
        return f"{text} ({low} to {high} over {seeds} seeds); {rest} within its interval."


def lab_html(answers: list[Answer]) -> str:
    """Render the page: no network, one file; it links to the reports."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    figures = [
        Markup(svg.inline_svg(ranking_figure(one.ranking, one.names, one.metric), f"lab{i}"))
        for i, one in enumerate(answers)
    ]
    return templates.get_template("lab.html").render(
        css=Markup(_STYLE.read_text(encoding="utf-8")),  # of this package
        answers=list(zip(answers, figures, strict=True)),
    )


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
