"""A name in YAML with its options: `optimizer: adam`, or `optimizer: {name: adam, lr: 0.01}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from pydantic import model_validator

from colonnade.parameters import Params, nearest


class Entry(Protocol):
    """What a table of names holds: the options of one, with their defaults."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Options and their defaults."""


class NamedChoice(Params):
    """One name of a table and its options; a bare name takes every default.

    An option of another name in the same table is an error, so that nobody believes that
    `{name: adam, momentum: 0.9}` does something.
    """

    kind: ClassVar[str]
    table: ClassVar[Mapping[str, Entry]]
    default: ClassVar[str]

    name: str

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"name": given}
        if given is None:
            given = {}
        if not isinstance(given, dict):
            return given
        name = given.get("name", cls.default)
        if name not in cls.table:
            names = list(cls.table)
            raise ValueError(f"{cls.kind} {name!r} is not known. {nearest(str(name), names)}")
        options = cls.table[name].options
        written = {key: value for key, value in given.items() if value is not None}
        foreign = [k for k in written if k in cls.model_fields and k not in {*options, "name"}]
        if foreign:
            takes = f"it takes {', '.join(options)}" if options else "it takes no options"
            raise ValueError(
                f"{cls.kind} {name!r} has no option {', '.join(map(repr, foreign))}: {takes}."
            )
        return {"name": name, **options, **written}
