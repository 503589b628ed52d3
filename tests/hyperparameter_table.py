"""The table of hyperparameters, written from the classes that read them.

`make reference` puts it between its marks in the docs; a test holds that page to it, so that no
word is missing.
"""

from __future__ import annotations

import json
import re
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from colonnade.parameters import Params
from colonnade.pipelines.table.parameter_groups import GROUPS
from colonnade.tables.schema.table_schema import ColumnParams
from colonnade.training.components.activations import ActivationParams
from colonnade.training.components.initializers import InitializerParams
from colonnade.training.components.losses.loss_params import LossParams
from colonnade.training.components.named_choice import NamedChoice
from colonnade.training.components.optimizers import OptimizerParams
from colonnade.training.components.schedulers import SchedulerParams
from colonnade.training.networks.model_params import KINDS

PAGE = Path(__file__).parents[1] / "docs/pages/reference/hyperparameters.md"
BEGIN, END = "<!-- hyperparameters: make reference -->\n", "<!-- hyperparameters: end -->\n"

LESSONS = {
    3: "03_linear_regression",
    4: "04_activations",
    5: "05_initialization",
    6: "06_losses",
    7: "07_building_networks",
    8: "08_optimizers",
    9: "09_schedules",
    10: "10_regularization",
    11: "11_phone_prices",
}
# Which fields stand in one row, and the lesson that teaches them; a field that is named nowhere
# stands in the last row of its group.
ROWS: dict[str, list[tuple[str, int]]] = {
    "model": [
        ("hidden", 7),
        ("activation", 4),
        ("initializer", 5),
        ("embedding_width", 7),
        ("dropout batch_norm", 10),
    ],
    "training": [
        ("loss", 6),
        ("optimizer", 8),
        ("scheduler dropout_scheduler weight_decay_scheduler", 9),
        ("l1", 10),
        ("early_stopping", 10),
        ("clip_norm ema", 10),
        ("epochs batch_size drop_last seed", 3),
        ("refit members temperature decision", 11),
        ("", 11),
    ],
    "standardize": [("numeric log1p bins", 11), ("", 11)],
    "split": [("strategy", 11), ("", 11)],
    "schema": [("task", 6), ("", 11)],
    "columns": [("kind", 11), ("missing fill indicator", 11), ("", 11)],
    "evaluation": [("", 11)],
}


# Where each choice is spelled out: other fields that take it point there.
_HOME: dict[type, str] = {
    ActivationParams: "activation",
    InitializerParams: "initializer",
    LossParams: "loss",
    OptimizerParams: "optimizer",
    SchedulerParams: "scheduler",
}


def table() -> str:
    """Give the whole table in Markdown."""
    lines = ["| group | words, the default first | lesson |", "|---|---|---|"]
    names = [f"`{name}`" for name in KINDS if name != "own"]
    names.append("or a class of your own by its import path")
    lines.append(_row("model", f"`kind`: {', '.join(_default_first(names, '`mlp`'))}", 7))
    for name, group in GROUPS.items():
        if name == "model":
            lines += _rows("model", KINDS["mlp"].params, "")
            lines += [
                _row(f"model` of `{kind}", _fields(one.params, _own(one.params), again=True), 7)
                for kind, one in KINDS.items()
                if kind != "own" and one.params is not KINDS["mlp"].params
            ]
        else:
            lines += _rows(name, group, "")
        if name == "schema":
            lines += _rows("columns", ColumnParams, "schema.columns.NAME")
    return "\n".join(lines) + "\n"


def _own(group: type[Params]) -> list[str]:
    return [name for name in group.model_fields if name != "kind"]


def _rows(name: str, group: type[Params], title: str) -> Iterator[str]:
    fields = [one for one in group.model_fields if not (name == "model" and one == "kind")]
    named = {one for row, _ in ROWS[name] for one in row.split()}
    for row, lesson in ROWS[name]:
        chosen = row.split() or [one for one in fields if one not in named]
        yield _row(title or name, _fields(group, chosen), lesson)


def _row(name: str, words: str, lesson: int) -> str:
    link = f"[{lesson}](../tutorials/lessons/{LESSONS[lesson]}.html)"
    return f"| `{name}` | {words} | {link} |"


def _fields(group: type[Params], names: list[str], *, again: bool = False) -> str:
    """again: the group's choices were spelled out for another kind of network."""
    return "; ".join(_field(name, group.model_fields[name], again) for name in names)


def _field(name: str, info: FieldInfo, again: bool) -> str:
    kinds = list(_parts(info.annotation))
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    choice = next((one for one in kinds if _is(one, NamedChoice)), None)
    if choice is not None:
        return f"`{name}`: {_choice('' if again else name, choice, default, _words(kinds))}"
    group = next((one for one in kinds if _is(one, Params) and one is not ColumnParams), None)
    if group is not None and not isinstance(default, dict):
        inner = ", ".join(_plain(key, one) for key, one in group.model_fields.items())
        return f"`{name}` ({inner})"
    if words := _words(kinds):
        usual = default[0] if isinstance(default, list) else default
        shown = [f"`{word}`" for word in words]
        return f"`{name}`: {', '.join(_default_first(shown, f'`{_value(usual)}`'))}"
    return _plain(name, info)


def _choice(name: str, choice: type[NamedChoice], default: Any, words: list[str]) -> str:
    """Give the names of a choice with their options; what most of them take, once."""
    if (first := _HOME[choice]) != name:
        return ", ".join(
            [*(f"`{word}`" for word in words), f"as `{first}`" if name else "those of `mlp`"]
        )
    options = [entry.options for entry in choice.table.values()]
    pairs = Counter((key, _value(value)) for one in options for key, value in one.items())
    common = {pair for pair, n in pairs.items() if n > 0.6 * len(options)}
    entries = []
    for word, entry in choice.table.items():
        own = {k: _value(v) for k, v in entry.options.items() if (k, _value(v)) not in common}
        inner = ", ".join(f"`{key}: {value}`" for key, value in own.items())
        entries.append(f"`{word}` ({inner})" if inner else f"`{word}`")
    usual = f"`{getattr(default, 'name', None)}`"
    most = ", ".join(f"`{key}: {value}`" for key, value in sorted(common))
    return ", ".join(_default_first(entries, usual)) + (f"; most take {most}" if most else "")


def _plain(name: str, info: FieldInfo) -> str:
    if info.is_required():
        return f"`{name}`"
    default = info.get_default(call_default_factory=True)
    empty = default is None or default in ([], {}, ())
    return f"`{name}`" if empty else f"`{name}: {_value(default)}`"


def _value(value: Any) -> str:
    if hasattr(value, "name"):
        return str(value.name)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _parts(annotation: Any) -> Iterator[Any]:
    """Give the types that an annotation is made of, but for those inside containers."""
    origin = get_origin(annotation)
    if origin is Literal or origin is None:
        yield annotation
    elif origin in (list, tuple):
        yield from (part for part in get_args(annotation) if get_origin(part) is Literal)
    elif isinstance(annotation, types.UnionType) or origin not in (dict,):
        for part in get_args(annotation):
            yield from _parts(part)


def _words(kinds: list[Any]) -> list[str]:
    return [str(w) for one in kinds if get_origin(one) is Literal for w in get_args(one)]


def _is(one: Any, base: type) -> bool:
    return isinstance(one, type) and issubclass(one, base)


def _default_first(shown: list[str], default: str) -> list[str]:
    def is_default(one: str) -> bool:
        return one == default or one.startswith(f"{default} (")

    return sorted(shown, key=lambda one: not is_default(one))


def written(text: str) -> str:
    """Put the table into the text of the page."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
