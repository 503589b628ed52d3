"""Write a guessed schema as YAML that explains itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from colonnade.tables.inference.guesses.known_words import usual_order
from colonnade.tables.inference.hyperparameters import Effort, usual_hyperparameters
from colonnade.tables.inference.target_guess import RARE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.inference.infer import Inference

_SPECIAL = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "none"}


def parameters_text(name: str, inference: Inference, origin: str, effort: Effort = "normal") -> str:
    """The parameters file of a new table; a comment beside each choice says what it rests on.

    Args: name: the table's name. origin: the file that the guesses come from, for the first line.
        effort: see `usual_hyperparameters`.
    """
    lines = [
        f"# {_one_line(name)}: guessed from {_one_line(origin)}. Correct what is wrong; "
        "what is not written keeps its default.",
        f"{_word(name)}:",
        "  schema:",
    ]
    schema = inference.schema()
    columns = schema.pop("columns")
    comments = {
        "task": inference.task_reason,
        "classes": _describe_order(inference),
        "decimal": "the mark before decimals",
        "thousands": "the mark between groups of three digits",
        "unit": "stands beside every number",
        "unlabelled": f"rows without a label, {inference.n_unlabelled} in all; or: error",
        "rare_classes": f"{RARE_CLASSES}: {inference.rare_classes}; or: drop, error",
        "others": "a column that is not listed stops the run; or: ignored, numeric",
    }
    for key, value in schema.items():
        lines.append(_line(4, key, _value(value), comments.get(key, "")))
    lines.append("    columns:")
    for column, meaning in columns.items():
        lines.append(_line(6, column, _value(meaning), inference.columns[column].reason))
    lines.append(_line(2, "split", "{}", "70 % of the rows train, 10 % validate, 20 % test"))
    chosen = usual_hyperparameters(inference.task, inference.n_rows, effort)
    lines += _standardize(inference, chosen["standardize"])
    lines += _hyperparameters(inference, chosen)
    return "\n".join(lines) + "\n"


def _describe_order(inference: Inference) -> str:
    if usual_order({str(label) for label in inference.classes or []}):
        return "from lowest to highest"
    return "sorted by letter: put them from lowest to highest"


def _standardize(inference: Inference, chosen: Mapping[str, Any]) -> list[str]:
    own = inference.standardize().get("columns", {})
    if not own and not chosen:
        return ["  standardize: {}"]
    comments = {"bins": "how far each number has come through so many bins, beside the number"}
    lines = ["  standardize:"]
    lines += [_line(4, word, _value(value), comments[word]) for word, value in chosen.items()]
    if own:
        lines.append("    columns:")
        lines += [_line(6, column, _value(choice), "") for column, choice in own.items()]
    return lines


def _hyperparameters(inference: Inference, chosen: Mapping[str, Any]) -> list[str]:
    comments = {
        "batch_size": f"for {inference.n_rows:,} rows",
        "early_stopping": "the best epoch on the validation rows is kept",
        "temperature": "probabilities calibrated on the validation rows",
    }
    auto = chosen["model"]["kind"] == "auto"
    what = "lines and small networks, blended as rows left out of 8 folds say"
    lines = [
        _line(2, "model", _value(chosen["model"]), what if auto else "a network beside a line")
    ]
    if not chosen["training"]:
        lines.append(_line(2, "training", "{}", "what is written here holds for every candidate"))
    else:
        lines.append("  training:")
    lines += [
        _line(4, word, _value(value), comments.get(word, ""))
        for word, value in chosen["training"].items()
    ]
    return [*lines, "  evaluation: {}"]


def _line(indent: int, key: str, value: str, comment: str) -> str:
    text = f"{' ' * indent}{_word(key)}: {value}"
    return f"{text}  # {_one_line(comment)}" if comment else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _value(value: Any) -> str:
    """Plain data in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(str(k))}: {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return _word(value) if isinstance(value, str) else json.dumps(value)


def _word(text: str) -> str:
    """Text as it is where YAML cannot take it for anything else, else in quotes."""
    if text.isidentifier() and text.lower() not in _SPECIAL:
        return text
    return json.dumps(text, ensure_ascii=False)
