"""The content of a report put into words and rows of text, ready for its template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.calibration import calibration_sentence
from colonnade.evaluation.metrics.formatting import format_metric, metric_name, number, part_name
from colonnade.evaluation.metrics.scores import HEADLINES, MOST_CLASSES
from colonnade.evaluation.metrics.verdict import compared_metrics, verdict
from colonnade.evaluation.observations import class_labels
from colonnade.evaluation.report.words import table_rows as rows
from colonnade.evaluation.report.words.advice import next_steps
from colonnade.evaluation.report.words.summary import summary_lines
from colonnade.messages.catalog import _, marked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.evaluation.report.content import ReportContent

_TASKS = {
    "classification": marked("classification"),
    "ordinal": marked("ordinal"),
    "regression": marked("regression"),
}
_FACTS = {
    "path": marked("gradients"),
    "device": marked("device"),
    "threads": marked("threads"),
    "seconds": marked("time"),
    "n_parameters": marked("parameters"),
    "n_members": marked("members"),
    "epochs_run": marked("epochs run"),
    "best_epoch": marked("epoch of the lowest validation loss"),
    "stopped_early": marked("stopped early"),
    "temperature": marked("temperature"),
    "l1_strength": marked("l1 strength"),
    "learned_from_validation_rows": marked("learned from validation rows"),
    "refit_epochs": marked("refit epochs"),
    "refit_train_loss": marked("refit train loss"),
}


def page_context(content: ReportContent) -> dict[str, Any]:
    """What the template prints, by the names that it uses."""
    return {
        "number": number,
        "part_name": part_name,
        **_verdict_context(content),
        **_failure_context(content),
        **_details_context(content),
    }


def _verdict_context(content: ReportContent) -> dict[str, Any]:
    """Whether the model is good, why, and what to try next."""
    metrics, task, why = content.results.metrics, content.task, content.explanation
    judged = verdict(metrics, task)
    linear = content.is_linear
    return {
        "verdict": judged,
        "question": _("Is a linear model enough?") if linear else _("Is the network worth it?"),
        "answer": judged.answer_for_linear if linear else judged.answer,
        "task": _(_TASKS[task]),
        "headline_names": [metric_name(name) for name in HEADLINES[task]],
        "compared_names": [metric_name(name) for name in compared_metrics(metrics, task)],
        "baselines": rows.baseline_rows(content),
        "confidence": format_metric("accuracy", content.params.confidence).replace(".0", ""),
        "highlights": summary_lines(content),
        "steps": next_steps(
            metrics,
            task,
            content.results.history,
            why,
            hyperparameters=content.model.hyperparameters,
            dropped=content.model.facts.get("dropped_columns", ()),
        ),
        "judged": number(int((content.results.predictions["part"] == why.part).sum())),
    }


def _failure_context(content: ReportContent) -> dict[str, Any]:
    """What the errors look like."""
    why = content.explanation
    return {
        "classes": rows.class_rows(why.classes),
        "worst_classes": rows.class_rows(rows.worst_classes(why.classes)),
        "slices": rows.slice_rows(content, beyond_chance=True),
        "lucky_slices": rows.slice_rows(content, beyond_chance=False),
        "mistake_columns": list(why.mistakes[0].values) if why.mistakes else [],
        "mistakes": rows.mistake_rows(content),
        "mistake_words": rows.word_columns(content),
    }


def _details_context(content: ReportContent) -> dict[str, Any]:
    """What the data are, how the model was trained, and every number behind the verdict."""
    metrics, why, model = content.results.metrics, content.explanation, content.model
    columns = content.data.profile.get("columns", {})
    score = rows.candidate_metric(content.task, model.hyperparameters.get("training.loss"))
    return {
        "line": rows.line_rows(metrics),
        "parts": part_sizes(content),
        "class_list": (" < " if content.task == "ordinal" else _(", ")).join(_labels(content)),
        "hyperparameters": hyperparameter_facts(model.hyperparameters),
        "layers": model.layers,
        "columns": rows.column_rows(content),
        "missing": sum(column["missing"] for column in columns.values()),
        "training": training_facts(content),
        "candidates": rows.candidate_rows(model.facts.get("leaderboard", ()), score),
        "candidate_score": metric_name(score),
        "measured": rows.measured_parts(metrics),
        "metrics": rows.metric_rows(metrics, class_labels(content.results.predictions)),
        "calibration": calibration_sentence(why.calibration, model.facts.get("temperature")),
        "folds": rows.fold_rows(content),
        "cross_validation": rows.cross_validation_cells(content),
    }


def part_sizes(content: ReportContent) -> str:
    """Rows of each part: "train 1,600, test 400"."""
    sizes = content.data.profile.get("parts", {})
    return _(", ").join(f"{part_name(part)} {number(n)}" for part, n in sizes.items())


def hyperparameter_facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of parameters, written as YAML has them."""
    return [(name, v if isinstance(v, str) else json.dumps(v)) for name, v in values.items()]


def training_facts(content: ReportContent) -> list[tuple[str, str]]:
    """How long, how far and by which way the model was trained."""
    unseen = content.data.profile and not content.data.profile["parts"].get("validation")
    found: list[tuple[str, str]] = []
    for name, value in content.model.facts.items():
        if isinstance(value, dict | list) or value is None or (name == "best_epoch" and unseen):
            continue
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        if isinstance(value, bool):
            text = _("yes") if value else _("no")
        elif name == "seconds":
            seconds = f"{value:.1f}" if value >= 1 else f"{value:.2g}"
            text = _("{n} s", n=seconds)
        elif isinstance(value, int):
            text = number(value)
        found.append((_(_FACTS[name]) if name in _FACTS else name.replace("_", " "), text))
    return found


def _labels(content: ReportContent) -> list[str]:
    labels = class_labels(content.results.predictions)
    return labels if len(labels) <= MOST_CLASSES else [*labels[:3], "…", labels[-1]]
