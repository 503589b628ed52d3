"""One self-contained page on odd rows: how many, which, why, and how well the labels agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.figures import learning_curve
from colonnade.evaluation.figures.pictures import score_histogram
from colonnade.evaluation.metrics.formatting import baseline_name, format_metric, part_name
from colonnade.evaluation.metrics.verdict import verdict
from colonnade.evaluation.report.environment import command_line, environment
from colonnade.evaluation.report.svg import inline_svg
from colonnade.messages.catalog import _, markup, spoken

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from colonnade.evaluation.metrics.groups import Metrics
    from colonnade.tables.source import Source
    from colonnade.training.models.trained import TrainedModel

_FOLDER = Path(__file__).parent
_ROWS = 20
_VALUES = 3


def oddity_figures(
    model: TrainedModel, scored: pd.DataFrame, history: pd.DataFrame
) -> dict[str, Figure]:
    """The learning curve, and the scores with the threshold."""
    return {
        "learning": learning_curve(history, None),
        "fit": score_histogram(scored, model.facts["threshold"]),
    }


def oddity_html(
    model: TrainedModel,
    scored: pd.DataFrame,
    metrics: Metrics,
    primary: pd.DataFrame,
    *,
    figures: dict[str, Figure],
    source: Source,
) -> str:
    """Render the page: one file that asks nothing of a network, in the language spoken."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup((_FOLDER / "report.css").read_text(encoding="utf-8"))
    return templates.get_template("oddity.html").render(
        _=markup,
        css_text=css,
        language=spoken(),
        name=model.table or source.name,
        source=source,
        judged=verdict(metrics, "anomaly"),
        threshold=f"{model.facts['threshold']:.4g}",
        share=f"{100 * model.standardizer.table_schema.odd_share:g} %",
        parts=_parts(metrics),
        compared=_compared(metrics),
        rows=oddest_rows(model, scored, primary),
        figures={name: Markup(inline_svg(figure, name)) for name, figure in figures.items()},
        environment=environment(),
        command=command_line(),
    )


def _parts(metrics: Metrics) -> list[list[str]]:
    """The error and the share flagged of each part."""
    return [
        [
            part_name(part),
            f"{metrics[part]['reconstruction_error']:.4g}",
            f"{100 * metrics[part]['flagged']:.1f} %",
        ]
        for part in ("train", "validation", "test")
        if metrics[part]
    ]


def _compared(metrics: Metrics) -> list[list[str]]:
    """The area under the ROC curve of the model and the simple models, if there are labels."""
    if "roc_auc" not in metrics["test"]:
        return []
    rows = {_("this model"): metrics["test"]}
    rows |= {baseline_name(name): values for name, values in metrics.baselines.items()}
    return [[name, format_metric("roc_auc", values["roc_auc"])] for name, values in rows.items()]


def oddest_rows(
    model: TrainedModel, scored: pd.DataFrame, primary: pd.DataFrame
) -> list[list[Any]]:
    """The rows with the largest scores, first those: row, label, score, why, and the values."""
    label = model.standardizer.table_schema.label
    found = []
    for one in scored.nlargest(_ROWS, "score").to_dict("records"):
        cells = primary.loc[one["row"]]
        columns = [piece.rsplit(" ", 2)[0] for piece in str(one["because"]).split("; ")][:_VALUES]
        values = ", ".join(f"{name} = {_shown(cells[name])}" for name in columns)
        named = str(cells[label]) if label else ""
        found.append([one["row"], named, f"{one['score']:.4g}", one["because"], values])
    return found


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def oddity_markdown(model: TrainedModel, metrics: Metrics, source: Source) -> str:
    """The model card: what it scores, from what, and how well it was found to do."""
    judged = verdict(metrics, "anomaly")
    lines = [
        f"# {model.table or source.name}",
        f"{judged.headline}. {judged.sentence}",
        f"- {source.describe()}",
        f"- {model.model.kind}, {model.facts['n_parameters']:,} parameters",
        f"- threshold {model.facts['threshold']:.4g}",
    ]
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:]) + "\n"
