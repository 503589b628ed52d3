"""Mistakes of a caller in Python: in Python's words, and as the ValueError that tools expect."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from colonnade.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colonnade.errors import Problem

# --column 'age={missing_words: ["unknown"]}', as `kedro table add` takes it
_SAID = re.compile(r"--column '([^'=]+)=\{([^{}]*)\}'")
_KEY = re.compile(r"(^|, )(\w+): ")


class InputError(UserError, ValueError):
    """The rows or parameters given cannot be used; a ValueError, too, as in scikit-learn."""


@contextmanager
def in_python() -> Iterator[None]:
    """Raise the mistakes found in this block as InputError, with advice for a call in Python."""
    try:
        yield
    except UserError as error:
        problems = [in_python_words(problem) for problem in error.problems]
        raise InputError(problems, error.table) from None


def in_python_words(problem: Problem) -> Problem:
    """The same problem, with advice on arguments in place of options of a command.

    >>> from colonnade.errors import Problem
    >>> print(in_python_words(Problem("Say --column 'age={kind: \\"categorical\\"}'.")))
    Say columns={"age": {"kind": "categorical"}}.
    """
    return replace(problem, rule=_translated(problem.rule), remedy=_translated(problem.remedy))


def _translated(text: str) -> str:
    text = _SAID.sub(_argument, text)
    text = text.replace("--task classification", 'task="classification"')
    text = text.replace("as --target", "as `target`")
    return text.replace("which --column names", "which `columns` names")


def _argument(said: re.Match[str]) -> str:
    words = _KEY.sub(r'\1"\2": ', said[2])
    return f'columns={{"{said[1]}": {{{words}}}}}'
