"""The project's commands: Kedro's own, with a user's mistakes told in plain words."""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import signal
import sys
import warnings
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.project import run as kedro_run

from colonnade.errors import UserError
from colonnade.messages import plain_message
from colonnade.pipeline_registry import config_loader, table_names
from colonnade.table_runs import run_tables

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata

    from colonnade.tracking.params import TrackingParams


@click.group(name="colonnade")
def cli() -> None:
    """Commands of this project."""


class PlainErrors(click.Command):
    """A command that ends a mistake of the user's with one clear message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what the user can mend into a message."""
        _collect_seldom()
        _log_as_the_project(ctx.obj)
        _tell_once()
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


def _tell_once() -> None:
    """Keep Kedro's log from repeating what this command will say at its end."""

    def is_news(record: logging.LogRecord) -> bool:
        error = sys.exc_info()[1]
        repeats = record.name.startswith("kedro") and record.levelno >= logging.WARNING
        return not (repeats and error is not None and plain_message(error) is not None)

    for handler in logging.getLogger().handlers:
        handler.addFilter(is_news)


assert kedro_run.callback is not None
run = PlainErrors(
    name="run",
    callback=partial(run_tables, kedro_run.callback),
    params=kedro_run.params,
    help=kedro_run.help,
    short_help=kedro_run.short_help,
)
cli.add_command(run)


@cli.group(name="table")
def table_group() -> None:
    """Add a table of your own, check one, list them all or remove one."""


@table_group.command(name="add", cls=PlainErrors)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The column to be predicted.")
@click.option("--ordered", is_flag=True, help="The classes have an order: cheap to expensive.")
@click.option("--task", type=click.Choice(["classification", "ordinal", "regression"]))
@click.option("--shared", is_flag=True, help="Write into conf/base, for everyone.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.pass_obj
def add(project: ProjectMetadata, /, name: str, path: Path, shared: bool, **choices: Any) -> None:
    """Read a file, guess what its columns mean, and write the YAML of table NAME."""
    from colonnade.new_table import add_table

    root = project.project_path
    place = path.resolve()
    place = place.relative_to(root) if place.is_relative_to(root) else place
    with chdir(root):
        folder = Path("conf") / ("base" if shared else "local")
        new = add_table(folder, name, place, others=table_names(config_loader()), **choices)
    for line in new.inference.lines():
        click.echo(line)
    click.echo(f"\nWritten: {', '.join(map(str, new.files))}. Correct what is wrong there.")
    click.echo(f"Next: kedro table check {name}, then kedro run --pipeline {name}")


@table_group.command(name="check", cls=PlainErrors)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def check(project: ProjectMetadata, /, name: str, as_json: bool) -> None:
    """Check the data and the parameters of table NAME without training; list every problem."""
    from colonnade.new_table import check_table

    with chdir(project.project_path):
        try:
            told = check_table(config_loader(), name)
        except UserError as error:
            if not as_json:
                raise
            problems = [{"table": name, **one.document()} for one in error.problems]
            click.echo(json.dumps(problems, ensure_ascii=False))
            sys.exit(1)
        click.echo("[]" if as_json else told)


@table_group.command(name="list", cls=PlainErrors)
@click.pass_obj
def list_tables(project: ProjectMetadata, /) -> None:
    """List every table: what it predicts, where it is read from, which file lists it."""
    from colonnade.known_tables import listed_tables

    with chdir(project.project_path):
        click.echo(listed_tables(config_loader(), Path("conf")))


@table_group.command(name="remove", cls=PlainErrors)
@click.argument("name")
@click.option("--shared", is_flag=True, help="Take it from conf/base, for everyone.")
@click.pass_obj
def remove(project: ProjectMetadata, /, name: str, shared: bool) -> None:
    """Delete the YAML of table NAME; its file, its results and its runs stay."""
    from colonnade.known_tables import remove_table

    with chdir(project.project_path):
        changed = remove_table(config_loader(), Path("conf"), name, shared=shared)
        results = sorted(map(str, Path("data").glob(f"0[2-8]_*/{name}")))
    click.echo(f"Removed from {', '.join(map(str, changed))}.")
    if results:
        click.echo(f"Its results stay, to be deleted by you: {', '.join(results)}")


@cli.command(name="graph", cls=PlainErrors)
@click.argument("folder", type=click.Path(path_type=Path), default="data/08_reporting/graph")
@click.pass_obj
def graph(project: ProjectMetadata, /, folder: Path) -> None:
    """Write the graph that kedro-viz shows as static pages into FOLDER."""
    from colonnade.graph import export_graph

    export_graph(project.project_path, project.project_path / folder)
    click.echo(f"Written. To look at it: python -m http.server --directory {folder}")


@cli.command(name="compare", cls=PlainErrors)
@click.argument("name")
@click.option("--last", default=10, show_default=True, help="How many runs.")
@click.pass_obj
def compare(project: ProjectMetadata, /, name: str, last: int) -> None:
    """Rank the last runs of table NAME beside the knobs that differ, and draw metric by knob."""
    from colonnade.datasets import PngFigure
    from colonnade.tracking.compare import compare_runs

    found = compare_runs(project.project_path, _tracking(), name, last)
    click.echo(found.text())
    if found.metrics and found.drawn:
        path = project.project_path / f"data/08_reporting/{name}/comparison.png"
        PngFigure(filepath=str(path)).save(found.figure())
        click.echo(f"Drawn: {path.relative_to(project.project_path)}")


@cli.command(name="register", cls=PlainErrors)
@click.argument("name")
@click.option(
    "--run", "run_id", default="", help="A run's id; by default the best on the last run's rows."
)
@click.pass_obj
def register(project: ProjectMetadata, /, name: str, run_id: str) -> None:
    """Make a run's model the champion of table NAME, if it passes the gate in mlflow.yml."""
    from colonnade.tracking import registry

    verdict = registry.register(project.project_path, _tracking(), name, run_id)
    click.echo(verdict.reason)
    if not verdict.promoted:
        sys.exit(1)


@cli.command(name="deliver", cls=PlainErrors)
@click.pass_obj
def deliver(project: ProjectMetadata, /) -> None:
    """Send runs that were kept while the tracking server was away."""
    from colonnade.tracking import delivery

    found = delivery.deliver(project.project_path, _tracking())
    for one in found:
        click.echo(str(one))
    kept = [one for one in found if one.kept]
    counted = f"{len(found) - len(kept)} delivered, {len(kept)} kept."
    click.echo(counted if found else "Nothing is kept: every run has been delivered.")
    if not all(one.going_on for one in kept):
        sys.exit(1)


def _tracking() -> TrackingParams:
    from colonnade.tracking.params import TrackingParams

    return TrackingParams.model_validate(config_loader()["mlflow"])
