"""The group of all commands, and Kedro's own `run` among them."""

from __future__ import annotations

from functools import partial

import click
from kedro.framework.cli.project import run as kedro_run

from colonnade.cli.experiment.experiment_command import adopt, experiment, lab
from colonnade.cli.plain_errors import PlainErrors
from colonnade.cli.publishing.exporting import export
from colonnade.cli.publishing.graph import graph
from colonnade.cli.publishing.serving import serve
from colonnade.cli.runs import compare, deliver, register
from colonnade.cli.table import table_group
from colonnade.cli.table_runs import run_tables


@click.group(name="colonnade")
def cli() -> None:
    """Commands of this project."""


LOUDNESS = [
    # the words of Kedro's other commands
    click.Option(
        ["--verbose", "-v"], is_flag=True, help="See extensive logging and error stack traces."
    ),
    click.Option(["--quiet", "-q"], is_flag=True, help="See warnings and errors alone."),
]
FRESH = click.Option(
    ["--fresh"], is_flag=True, help="Run every node, also those for which nothing has changed."
)
assert kedro_run.callback is not None
run = PlainErrors(
    name="run",
    callback=partial(run_tables, kedro_run.callback),
    params=[*kedro_run.params, *LOUDNESS, FRESH],
    help=kedro_run.help,
    short_help=kedro_run.short_help,
)
for command in (
    run,
    table_group,
    graph,
    compare,
    register,
    deliver,
    experiment,
    adopt,
    lab,
    serve,
    export,
):
    cli.add_command(command)
