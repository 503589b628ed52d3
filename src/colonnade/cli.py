"""The project's commands: Kedro's own, with a user's mistakes told in plain words."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from colonnade.errors import UserError

_IN_GROUP = re.compile(
    r"- Parameter '(?P<group>[^']*)': (Failed to instantiate \w+ for parameter '[^']*': )?"
    r"(?P<problem>.*)"
)


@click.group(name="colonnade")
def cli() -> None:
    """Commands of this project."""


class PlainErrors(click.Command):
    """A command that ends a mistake of the user's with one clear message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what the user can mend into a message."""
        _tell_once()
        # --pipeline is what people know; Kedro's hint at --pipelines is no news to them
        warnings.filterwarnings("ignore", "Option '--pipeline' is deprecated")
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.secho("Interrupted.", fg="red", err=True)
            sys.exit(130)
        except Exception as error:
            message = plain_message(error)
            if message is None:
                raise
            click.secho(message, fg="red", err=True)
            sys.exit(1)


def plain_message(error: BaseException) -> str | None:
    """The words for a user's mistake, found anywhere in the chain of causes; None for a defect."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return str(cause)
        if type(cause).__name__ == "ParameterValidationError":
            return _parameter_problems(str(cause))
        if str(cause).startswith("Failed to find the pipeline named"):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return None


def _parameter_problems(text: str) -> str:
    """One line a problem, each with its group, from Kedro's account of them all."""
    group, lines = "", []
    for line in text.splitlines()[1:]:
        found = _IN_GROUP.match(line)
        group = found["group"] if found else group
        lines.append(f"{group}: {found['problem'] if found else line}")
    return "\n".join(lines)


def _tell_once() -> None:
    """Keep Kedro's log from repeating what this command will say at its end."""

    def is_news(record: logging.LogRecord) -> bool:
        error = sys.exc_info()[1]
        repeats = record.name.startswith("kedro") and record.levelno >= logging.WARNING
        return not (repeats and error is not None and plain_message(error) is not None)

    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)


run = PlainErrors(
    name="run",
    callback=kedro_run.callback,
    params=kedro_run.params,
    help=kedro_run.help,
    short_help=kedro_run.short_help,
)
cli.add_command(run)
