"""Sentences in the language that was asked for; English where none was."""

from __future__ import annotations

import gettext as stdlib
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "colonnade"
ENGLISH = "en"

_language: ContextVar[str | None] = ContextVar("language", default=None)
_usual = [ENGLISH]
"""The language of this process; a context may have another."""


def _(message: str, **values: object) -> str:
    """The message in the reader's language, with `{name}` in it standing for a value.

    >>> _("{n} rows", n=3)
    '3 rows'
    """
    text = _catalog(spoken()).gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """The message for so many things; `{n}` in it is their number unless it is given."""
    text = _catalog(spoken()).ngettext(one, many, n)
    return text.format(**{"n": n, **values})


def markup(message: str, **values: object) -> Any:
    """The message as HTML, of a page's template: its own marks stay, values are escaped."""
    from markupsafe import Markup

    return Markup(_(message)).format(**values)


def marked(message: str) -> str:
    """Mark a message of a constant for the catalog; `_` translates it where it is shown."""
    return message


def speak(language: str) -> None:
    """From now on, messages of this process are in this language.

    Raises: ValueError if the catalog does not have it.
    """
    _usual[0] = _known(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within, messages are in this language.

    Raises: ValueError if the catalog does not have it.
    """
    before = _language.set(_known(language))
    try:
        yield
    finally:
        _language.reset(before)


def spoken() -> str:
    """The language of messages here, as HTML names it."""
    return _language.get() or _usual[0]


def _known(language: str) -> str:
    if language not in languages():
        raise ValueError(f"no messages in {language!r}: {', '.join(languages())}")
    return language


@cache
def languages() -> list[str]:
    """English, in which messages are written, and the languages of the catalog."""
    return [ENGLISH, *sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


@cache
def _catalog(language: str) -> stdlib.NullTranslations:
    if language == ENGLISH:
        return stdlib.NullTranslations()
    return stdlib.translation(DOMAIN, LOCALE, languages=[language])
