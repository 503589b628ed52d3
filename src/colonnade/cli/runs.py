"""`kedro compare`, `kedro register` and `kedro deliver`: what to do with recorded runs."""

from __future__ import annotations

import shutil
import sys
from typing import IO, TYPE_CHECKING

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.pipeline_registry import config_loader

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata

    from colonnade.tracking.tracking_params import TrackingParams

WIDTH = 100


@click.command(name="compare", cls=PlainErrors)
@click.argument("name")
@click.option("--last", default=10, show_default=True, help="How many runs.")
@click.option("--wide", is_flag=True, help="Every column, however wide: all metrics, time, name.")
@click.option("--csv", type=click.File("w"), help="Write all that is recorded; - is the terminal.")
@click.pass_obj
def compare(
    project: ProjectMetadata, /, name: str, last: int, wide: bool, csv: IO[str] | None
) -> None:
    """Rank the last runs of table NAME beside what differs between them, and draw it.

    The champion of `kedro register` is marked; "-" is what a run does not use.
    """
    from colonnade.datasets import PngFigure
    from colonnade.tracking.comparison.compare import compare_runs

    found = compare_runs(project.project_path, _tracking(), name, last)
    if csv:
        found.everything.to_csv(csv, index=False)
        return
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    click.echo(found.text(None if wide else min(columns, WIDTH)))
    if found.metrics and found.drawn:
        path = project.project_path / f"data/08_reporting/{name}/comparison.png"
        PngFigure(filepath=str(path)).save(found.figure())
        click.echo(f"Drawn: {path.relative_to(project.project_path)}")


@click.command(name="register", cls=PlainErrors)
@click.argument("name")
@click.option(
    "--run", "run_id", default="", help="A run's id; by default the best on the last run's rows."
)
@click.pass_obj
def register(project: ProjectMetadata, /, name: str, run_id: str) -> None:
    """Make a run's model the champion of table NAME, if it passes the gate in mlflow.yml."""
    from colonnade.tracking.comparison import registry

    decision = registry.register(project.project_path, _tracking(), name, run_id)
    click.echo(decision.reason)
    if not decision.promoted:
        sys.exit(1)


@click.command(name="deliver", cls=PlainErrors)
@click.pass_obj
def deliver(project: ProjectMetadata, /) -> None:
    """Send runs that were kept while the tracking server was away."""
    from colonnade.tracking.recording import delivery

    found = delivery.deliver(project.project_path, _tracking())
    for one in found:
        click.echo(str(one))
    kept = [one for one in found if one.kept]
    counted = f"{len(found) - len(kept)} delivered, {len(kept)} kept."
    click.echo(counted if found else "No run is waiting: all have been delivered.")
    if not all(one.going_on for one in kept):
        sys.exit(1)


def _tracking() -> TrackingParams:
    from colonnade.tracking.tracking_params import TrackingParams

    return TrackingParams.model_validate(config_loader()["mlflow"])
