"""Names that distinguish runs: flat parameter names, run names, names that MLflow accepts."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

DESCRIPTION = "mlflow.note.content"  # the tag of a run's text; the name is MLflow's
LONGEST_NAME = 80
LONGEST_HYPERPARAMETER = 24
LONGEST_KEY = 250
LONGEST_VALUE = 6000
RATE, SEED = "training.optimizer.lr", "training.seed"
USUAL = (  # told of every run that has them; of each, the first that is there
    ("model.kind",),
    ("training.loss.name", "training.loss", "schema.task"),
    ("training.optimizer.name",),
    (RATE,),
    (SEED,),
)
# what a bare word stands for: `scheduler.name=cosine` is shown as `scheduler=cosine`
NAMES = (".name", ".kind", ".strength")

_NAMED = f"({'|'.join(map(re.escape, NAMES))})$"


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
    """Say what is special about a run, and then how it learns: `epochs=50 mlp mse adamw lr=0.2`.

    What is `special` comes first, since tables cut names: what the command line gives, or what is
    otherwise than in the run before. The kind of network, the loss (or the task that chooses it),
    the optimizer, the learning rate and the seed follow. What does not fit in 80 characters is
    counted: `+3`.
    """
    words = [_leaf(key, parameters) for key in dict.fromkeys(special)]
    told = [key for key in words if parameters.get(key) is not None]
    names = {**short_names(told), SEED: "seed"}
    usual = [next((key for key in keys if parameters.get(key) is not None), "") for keys in USUAL]
    pairs = [f"{names[key]}={shown(parameters[key])}" for key in told]
    # a blend's candidates choose a loss each
    left = {*told, "", "schema.task" if parameters.get("model.kind") == "auto" else ""}
    return _fitted(pairs, [_usual(key, parameters[key]) for key in usual if key not in left])


def _usual(key: str, value: Any) -> str:
    """A word that speaks for itself, or a number with its name."""
    return f"{key.rpartition('.')[2]}={shown(value)}" if key in (RATE, SEED) else shown(value)


def _leaf(key: str, parameters: Mapping[str, Any]) -> str:
    """The parameter that a bare word stands for: `training.scheduler.name` for its group."""
    found = (key + ending for ending in ("", *NAMES) if key + ending in parameters)
    return next(found, key)


def _fitted(pairs: list[str], usual: list[str]) -> str:
    for kept in range(len(pairs), -1, -1):
        left = len(pairs) - kept
        name = " ".join([*pairs[:kept], *([f"+{left}"] if left else []), *usual])
        if len(name) < LONGEST_NAME:
            break
    return name[: LONGEST_NAME - 1] or "run"


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Shorten paths to their last word, or to as many words as distinguish them."""
    paths = {key: re.sub(_NAMED, "", key) for key in keys}
    return {key: _shortest(path, list(paths.values())) for key, path in paths.items()}


def named_values(words: Mapping[str, Any]) -> str:
    """Words by path, as short as they can be read.

    >>> named_values({"training.optimizer.lr": 0.1, "model.activation": "relu"})
    'lr=0.1, activation=relu'
    """
    names = short_names(words)
    return ", ".join(f"{names[path]}={shown(value)}" for path, value in words.items())


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
    if isinstance(value, Mapping):
        words = dict(value)
        name = words.pop("name", words.pop("kind", ""))
        return _cut(f"{name}({','.join(f'{key}={shown(one)}' for key, one in words.items())})")
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
