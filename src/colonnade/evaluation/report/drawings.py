"""The figures of a report, each drawn once: the page and the pictures beside it show the same."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from colonnade.evaluation import figures
from colonnade.evaluation.figures.fonts import font_for, undrawn
from colonnade.evaluation.figures.style import of_part
from colonnade.evaluation.metrics.formatting import part_name
from colonnade.evaluation.observations import class_labels
from colonnade.messages.catalog import ENGLISH, speaking, spoken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from colonnade.evaluation.report.content import ReportContent


logger = logging.getLogger(__name__)


def drawings(content: ReportContent) -> dict[str, Figure]:
    """Draw what the content has, each figure by its name in the template.

    Returns: "learning" and "fit" always; the others where the content explains the model.
    """
    sizes = content.data.profile.get("parts")
    found: dict[str, Figure] = {
        "learning": figures.learning_curve(content.results.history, sizes),
        "fit": figures.fit_figure(
            content.results.predictions,
            target=content.with_unit(content.target),
            metrics=content.results.metrics,
            line=content.data.line,
        ),
    }
    if content.params.explain:
        found |= _of_predictions(content) | _of_columns(content)
    return found


def pictures(content: ReportContent, drawn: dict[str, Figure]) -> dict[str, Figure]:
    """The figures as files are to show them, who have this machine's fonts alone.

    Where these lack the signs of the language spoken, the words are English, and the log says
    which font to install. On a page, figures have the fonts of its reader.
    """
    saved = {name: drawn[name] for name in ("learning", "fit")}
    missing = "".join(undrawn(figure) for figure in saved.values())
    if spoken() == ENGLISH or not missing:
        return saved
    with speaking(ENGLISH):
        english = drawings(content)
    saved = {name: english[name] for name in saved}
    if not any(undrawn(figure) for figure in saved.values()):  # else who saves them says so
        logger.warning(
            "pictures are in English: no installed font has %s. Install %s and run again.",
            ", ".join(dict.fromkeys(missing[:3])), font_for(missing),
        )  # fmt: skip
    return saved


def _of_predictions(content: ReportContent) -> dict[str, Figure]:
    part, predictions = content.explanation.part, content.results.predictions
    rows = predictions[predictions["part"] == part]
    if not len(rows):
        return {}
    if content.task == "regression":
        target = content.with_unit(content.target)
        found = {"residuals": figures.residuals(predictions, target, part)}
        if content.data.line is not None:
            found["against"] = figures.predicted_vs_actual(predictions, target, part)
        return found
    found = {}
    if rows["actual"].nunique() > 1:
        found["roc"] = figures.roc_curves(predictions, part)
        found["pr"] = figures.precision_recall_curves(predictions, part)
    if content.explanation.calibration is not None:
        found["reliability"] = figures.reliability_diagram(content.explanation.calibration, part)
    return found


def _of_columns(content: ReportContent) -> dict[str, Figure]:
    explanation, found = content.explanation, {}
    asked = explanation.importance_part
    sizes = content.data.profile.get("parts")
    subtitle = of_part(asked, sizes[asked]) if sizes else part_name(asked)
    if explanation.saliency:
        found["saliency"] = figures.saliency_maps(explanation.saliency, part_name(explanation.part))
    if explanation.importance:
        found["importance"] = figures.importance_bars(
            explanation.importance, explanation.importance_metric, subtitle
        )
    if explanation.dependence:
        named = [
            one.model_copy(update={"feature": content.with_unit(one.feature)})
            for one in explanation.dependence
        ]
        found["dependence"] = figures.dependence_curves(named, content.task, subtitle)
    if content.data.targets is not None:
        target = content.data.targets["target"].rename(content.with_unit(content.target))
        found["targets"] = figures.target_distribution(
            target, content.data.targets["part"], class_labels(content.results.predictions)
        )
    return found
