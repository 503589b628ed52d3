"""A user's network class: found by its import path, its options checked against its signature."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.training.networks.kinds.kind import ModelParams

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN = ("inputs", "n_outputs")
"""What the class is given before its words: `Inputs`, and how many numbers it gives a row."""


class OwnNetworkParams(ModelParams):
    """A class of the user's own, by its import path; all other words are its keyword arguments.

    It is imported when this is built from the project's configuration. What a model folder names is
    never imported: `context={"network": ...}` gives the class then.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    _network: type

    def model_post_init(self, context: Any, /) -> None:
        """Find the class, and hold the words against what it takes."""
        self._network = (context or {}).get("network") or import_class(self.kind)
        check_words(self.kind, self._network, self.words)

    @property
    def words(self) -> dict[str, Any]:
        """Keyword arguments of the class."""
        return dict(self.model_extra or {})

    @property
    def network(self) -> type:
        """The class."""
        return self._network


def import_class(path: str) -> type:
    """Import the class of a dotted path.

    Raises: ParameterError if there is none, or it is no torch module.
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"`kind`: {path} cannot be imported: there is no module {error.name!r}. A package in "
            "the project's src/ is found; any other has to be installed."
        ) from None
    except AttributeError:
        raise ParameterError(f"`kind`: the module {module!r} has no {name!r}.") from None
    except Exception as error:
        raise ParameterError(
            f"`kind`: {path} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    from torch import nn

    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise ParameterError(f"`kind`: {path} is not a subclass of torch.nn.Module.")
    return found


def check_words(path: str, network: type, words: Mapping[str, Any]) -> None:
    """Hold words against what the class takes: names, what it cannot do without, and types.

    Raises: ParameterError with every problem.
    """
    name, parameters = path.rpartition(".")[2], _keywords(path, network)
    open_ended = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    known = [key for key, one in parameters.items() if one.kind is not one.VAR_KEYWORD]
    problems = [
        f"`{word}`: {name} takes no such argument. {nearest(word, known) if known else ''}".strip()
        for word in words
        if word not in known and not open_ended
    ]
    problems += [
        f"`{key}`: {name} requires it: write it below `kind`."
        for key in known
        if parameters[key].default is inspect.Parameter.empty and key not in words
    ]
    hints = get_type_hints(network.__init__)  # type: ignore[misc]
    for word in words:
        if word in known and word in hints:
            problems += _type_problems(word, words[word], hints[word])
    if problems:
        raise ParameterError(problems)


def _keywords(path: str, network: type) -> dict[str, inspect.Parameter]:
    """Give the arguments of a class after those that it is given."""
    found = dict(inspect.signature(network).parameters)
    if tuple(found)[: len(GIVEN)] != GIVEN:
        raise ParameterError(
            f"`kind`: {path} has to begin as __init__(self, {', '.join(GIVEN)}, ...): the columns "
            "that it is given, and how many numbers it has to give for a row."
        )
    return {name: one for name, one in found.items() if name not in GIVEN}


def _type_problems(word: str, value: Any, hint: Any) -> list[str]:
    try:
        TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        return [f"`{word}`: {error.errors()[0]['msg']} (got {value!r})"]
    return []
