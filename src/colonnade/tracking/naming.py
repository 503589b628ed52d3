"""Names that distinguish runs: flat parameter names, run names, names that MLflow accepts."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST_NAME = 80
LONGEST_HYPERPARAMETER = 24
LONGEST_KEY = 250
LONGEST_VALUE = 6000
LOSS = ("training.loss.name", "training.loss")
OPTIMIZER = "training.optimizer.name"
RATE = "training.optimizer.lr"
SEED = "training.seed"
NAMES = (".name", ".kind")  # `scheduler.name=cosine` is shown as `scheduler=cosine`


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name every leaf of nested parameters by its path: `training.optimizer.lr`.

    Lists and empty groups are leaves.
    """
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{path}."))
        else:
            flat[path] = value
    return flat


def run_name(parameters: Mapping[str, Any], special: Iterable[str] = ()) -> str:
    """Say what is special about a run: `ordinal adamw lr=0.2 epochs=50 seed=42`.

    Loss (or the task that chooses it), optimizer and learning rate come first, the seed last;
    between them stand the `special` ones: those given on the command line, or set otherwise than
    the table's YAML has them. What does not fit in 80 characters is counted: `+3`.
    """
    losses = [parameters.get(key) for key in (*LOSS, "schema.task")]
    leading = [shown(loss) for loss in losses if loss not in (None, "auto")][:1]
    if parameters.get(OPTIMIZER) is not None:
        leading.append(shown(parameters[OPTIMIZER]))
    if parameters.get(RATE) is not None:
        leading.append(f"lr={shown(parameters[RATE])}")
    last = [f"seed={shown(parameters[SEED])}"] if SEED in parameters else []
    hyperparameters = [
        key for key in dict.fromkeys(special) if key not in (*LOSS, OPTIMIZER, RATE, SEED)
    ]
    names = short_names(hyperparameters)
    pairs = [
        f"{names[key]}={shown(parameters[key])}" for key in hyperparameters if key in parameters
    ]
    return _fitted(leading, pairs, last)


def _fitted(leading: list[str], pairs: list[str], last: list[str]) -> str:
    for kept in range(len(pairs), -1, -1):
        left = len(pairs) - kept
        words = [*leading, *pairs[:kept], *([f"+{left}"] if left else []), *last]
        name = " ".join(words)
        if len(name) < LONGEST_NAME:
            break
    return name[: LONGEST_NAME - 1] or "run"


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Shorten paths to their last word, or to as many words as distinguish them."""
    paths = {key: key.removesuffix(NAMES[0]).removesuffix(NAMES[1]) for key in keys}
    return {key: _shortest(path, list(paths.values())) for key, path in paths.items()}


def _shortest(path: str, paths: list[str]) -> str:
    words = path.split(".")
    for size in range(1, len(words)):
        name = ".".join(words[-size:])
        alike = [other for other in paths if f".{other}".endswith(f".{name}")]
        if len(alike) == 1 and name != "seed":  # which alone stands for the training's
            return name
    return path


def shown(value: Any) -> str:
    """Write a parameter's value as short as it can be read."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return _cut("-".join(shown(item) for item in value) or "none")
    return _cut("none" if value is None else re.sub(r"\s+", "_", str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_HYPERPARAMETER else f"{text[: LONGEST_HYPERPARAMETER - 1]}…"


def safe_key(key: str) -> str:
    """Turn any name into one that MLflow accepts for a parameter, metric or tag.

    Allowed are letters of every script, digits, `_ - . /` and blanks; parts between slashes are
    neither empty nor dots alone; 250 characters at most.
    """
    name = re.sub(r"[^\w\-. /]", "_", key)
    name = "/".join(part if part.strip(".") else "_" for part in name.split("/"))
    return name if len(name) <= LONGEST_KEY else _marked(name, key)


def safe_keys(keys: Iterable[str]) -> dict[str, str]:
    """Make each key safe, and keep apart those that would become the same."""
    names: dict[str, str] = {}
    for key in keys:
        name = safe_key(key)
        names[key] = _marked(name, key) if name in names.values() else name
    return names


def _marked(name: str, key: str) -> str:
    return f"{name[: LONGEST_KEY - 9]}_{zlib.crc32(key.encode()):08x}"


def safe_value(value: Any) -> str:
    """Write a parameter's value in full, cut where MLflow's limit is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
