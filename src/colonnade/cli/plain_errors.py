"""Commands that report a user's mistake in plain words, without a traceback."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colonnade.cli.messages import plain_message

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata


class PlainErrors(click.Command):
    """A command that ends a mistake of the user's with one clear message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what the user can correct into a message."""
        _collect_seldom()
        _log_as_the_project(ctx.obj)
        _warn_once()
        # --pipeline is what people know; Kedro's hint at --pipelines is no news to them
        warnings.filterwarnings("ignore", "Option '--pipeline' is deprecated")
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would tear the goodbye
            click.secho("Interrupted.", fg="red", err=True)
            sys.exit(130)
        except Exception as error:
            message = plain_message(error)
            if message is None:
                raise
            if ctx.params.get("verbose"):
                traceback.print_exception(error)
            click.secho(message, fg="red", err=True)
            sys.exit(1)


def _collect_seldom() -> None:
    """Let Python look for cyclic garbage rarely: what a run imports lasts as long as the run.

    And not at its end, where it takes a second to find what the system takes back anyway.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)


def _log_as_the_project(project: ProjectMetadata | None) -> None:
    """Log as conf/logging.yml says from a folder inside the project, too: Kedro looks here alone.

    Args: project: None where the project is installed from a wheel.
    """
    if project is None or "KEDRO_LOGGING_CONFIG" in os.environ:
        return
    file = project.project_path / "conf/logging.yml"
    if file.exists() and not Path("conf/logging.yml").exists():
        import yaml
        from kedro.framework.project import configure_logging

        configure_logging(yaml.safe_load(file.read_text(encoding="utf-8")))


def _warn_once() -> None:
    """Keep Kedro's log from repeating what this command will say at its end."""

    def is_news(record: logging.LogRecord) -> bool:
        error = sys.exc_info()[1]
        repeats = record.name.startswith("kedro") and record.levelno >= logging.WARNING
        return not (repeats and error is not None and plain_message(error) is not None)

    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)
