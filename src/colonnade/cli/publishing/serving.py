"""`kedro serve`: a table's model behind an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.cli.publishing.meant_model import meant_model

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata

MEGABYTE = 2**20
WHICH = "champion (if there is one, the default), latest, a version's number, or the id of a run."


@click.command(name="serve", cls=PlainErrors)
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every address.")
@click.option("--port", default=8000, show_default=True, help="0: any that is free.")
@click.option("--model", "word", default="", help=WHICH)
@click.option("--max-rows", default=10_000, show_default=True, help="Of one request.")
@click.option("--max-mb", default=16.0, show_default=True, help="Megabytes of one request.")
@click.option(
    "--refresh",
    default=2.0,
    show_default=True,
    help="Seconds between two looks for another champion.",
)
@click.option(
    "--drain",
    default=30.0,
    show_default=True,
    help="Seconds that requests under way have to finish after SIGTERM.",
)
@click.pass_obj
def serve(project: ProjectMetadata, /, name: str, word: str, max_mb: float, **options: Any) -> None:
    """Answer requests for predictions of table NAME over HTTP.

    The champion answers, and the next one as soon as it is registered; else the model that was
    trained last.
    """
    from colonnade.serving.server_process import serve as run_server
    from colonnade.serving.serving_params import ServingParams

    meant = meant_model(project.project_path, name, word)
    size = round(max_mb * MEGABYTE)
    params = ServingParams(max_bytes=size, coverage=meant.coverage, **options)
    click.echo(f"{name}: {meant.live.now.title}, answers")
    run_server(
        meant.live, params, lambda address: click.echo(f"Listening at {address} (Ctrl-C ends it)")
    )
