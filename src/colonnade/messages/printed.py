"""Objects that print themselves: a few facts, aligned in a shell, a table in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

Facts = Sequence[tuple[str, Any]]
_CELL = "text-align:left;vertical-align:top;white-space:normal;max-width:60em"
_MOST_NAMES = 12


class Printed(ABC):
    """What has facts to show; a fact whose value is a frame is shown as one."""

    @abstractmethod
    def printed(self) -> tuple[str, Facts]:
        """A title, and facts by name."""

    def __repr__(self) -> str:
        title, facts = self.printed()
        width = max((len(name) for name, _ in facts), default=0)
        lines = [_line(name, value, width) for name, value in facts]
        return "\n".join([title, *lines])

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        """As Jupyter shows it; what stands in a table cannot become markup."""
        title, facts = self.printed()
        rows = "".join(
            f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{_html(value)}</td>'
            "</tr>"
            for name, value in facts
        )
        return f"<div><strong>{escape(title)}</strong><table>{rows}</table></div>"


def some_of(names: Iterable[Any], most: int = _MOST_NAMES) -> str:
    """The first names, and how many more there are.

    >>> some_of(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    every = [str(name) for name in names]
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")


def _line(name: str, value: Any, width: int) -> str:
    text = value.to_string(index=False) if hasattr(value, "to_string") else str(value)
    first, *rest = text.split("\n")
    if hasattr(value, "to_string"):
        first, rest = "", [first, *rest]
    return "\n".join(
        [f"  {name:{width}}  {first}".rstrip(), *(f"  {'':{width}}  {line}" for line in rest)]
    )


def _html(value: Any) -> str:
    if hasattr(value, "to_html"):
        return str(value.to_html(index=False, border=0))
    return escape(str(value)).replace("\n", "<br>")
