"""Sentences in the language that was asked for; English where none was."""

from __future__ import annotations

import gettext as stdlib
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "colonnade"
ENGLISH = "en"

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def _(message: str, **values: object) -> str:
    """The message in the reader's language, with `{name}` in it standing for a value.

    >>> _("{n} rows", n=3)
    '3 rows'
    """
    text = _catalog(_language.get()).gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """The message for so many things; `{n}` in it is their number unless it is given."""
    text = _catalog(_language.get()).ngettext(one, many, n)
    return text.format(**{"n": n, **values})


def marked(message: str) -> str:
    """Mark a message of a constant for the catalog; `_` translates it where it is shown."""
    return message


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within, messages are in this language.

    Raises: ValueError if the catalog does not have it.
    """
    if language not in languages():
        raise ValueError(f"no messages in {language!r}: {', '.join(languages())}")
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def spoken() -> str:
    """The language of messages here, as HTML names it."""
    return _language.get()


@cache
def languages() -> list[str]:
    """English, in which messages are written, and the languages of the catalog."""
    return [ENGLISH, *sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


@cache
def _catalog(language: str) -> stdlib.NullTranslations:
    if language == ENGLISH:
        return stdlib.NullTranslations()
    return stdlib.translation(DOMAIN, LOCALE, languages=[language])
