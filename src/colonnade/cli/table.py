"""`kedro table`: add a table, check it, show it, list them all or remove one."""

from __future__ import annotations

import json
import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.errors import UserError
from colonnade.pipeline_registry import config_loader, table_names

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata


@click.group(name="table")
def table_group() -> None:
    """Add a table of your own, check or show one, list them all or remove one."""


@table_group.command(name="add", cls=PlainErrors)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The column to be predicted.")
@click.option("--ordered", is_flag=True, help="The classes have an order: cheap to expensive.")
@click.option("--weight", help="The column that says how much each row counts.")
@click.option("--task", type=click.Choice(["classification", "ordinal", "regression"]))
@click.option(
    "--column",
    "said",
    multiple=True,
    metavar="NAME={WORDS}",
    help="What a column means, in the YAML's words: --column 'age={missing_words: [unknown]}'.",
)
@click.option(
    "--effort",
    type=click.Choice(["quick", "normal", "best"]),
    default="normal",
    help="quick: one network in place of a blend of several. best: RealMLP and TabM in it, too.",
)
@click.option("--shared", is_flag=True, help="Write into conf/base, for everyone.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@click.pass_obj
def add(project: ProjectMetadata, /, name: str, path: Path, shared: bool, **choices: Any) -> None:
    """Read a file, guess what its columns mean, and write the YAML of table NAME."""
    from colonnade.cli.table_yaml.new_table import add_table

    root = project.project_path
    place = path.resolve()
    place = place.relative_to(root) if place.is_relative_to(root) else place
    with chdir(root):
        folder = Path("conf") / ("base" if shared else "local")
        new = add_table(folder, name, place, others=table_names(config_loader()), **choices)
    click.echo(new.text())
    click.echo(f"\nTo correct: {new.files[0]}. To train: kedro run --pipeline {name}")


@table_group.command(name="check", cls=PlainErrors)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def check(project: ProjectMetadata, /, name: str, as_json: bool) -> None:
    """Check the data and the parameters of table NAME without training; list every problem."""
    from colonnade.cli.table_yaml.configured_table import check_table

    with chdir(project.project_path):
        try:
            summary = check_table(config_loader(), name)
        except UserError as error:
            if not as_json:
                raise
            problems = [{"table": name, **one.document()} for one in error.problems]
            click.echo(json.dumps(problems, ensure_ascii=False))
            sys.exit(1)
        click.echo("[]" if as_json else summary)


@table_group.command(name="show", cls=PlainErrors)
@click.argument("name")
@click.pass_obj
def show(project: ProjectMetadata, /, name: str) -> None:
    """Show the columns of table NAME, what is suspicious about them, and its last result."""
    from colonnade.cli.table_yaml.configured_table import show_table
    from colonnade.cli.table_yaml.known_tables import parameter_files

    with chdir(project.project_path):
        click.echo(show_table(config_loader(), name))
        files = ", ".join(map(str, parameter_files(Path("conf"), name)))
    click.echo(f"To correct: {files}. To train: kedro run --pipeline {name}")


@table_group.command(name="list", cls=PlainErrors)
@click.pass_obj
def list_tables(project: ProjectMetadata, /) -> None:
    """List every table: what it predicts, where it is read from, which file lists it."""
    from colonnade.cli.table_yaml.known_tables import listed_tables

    with chdir(project.project_path):
        click.echo(listed_tables(config_loader(), Path("conf")))


@table_group.command(name="remove", cls=PlainErrors)
@click.argument("name")
@click.option("--shared", is_flag=True, help="Remove it from conf/base, for everyone.")
@click.pass_obj
def remove(project: ProjectMetadata, /, name: str, shared: bool) -> None:
    """Delete the YAML of table NAME; its file, its results and its runs stay."""
    from colonnade.cli.table_yaml.known_tables import remove_table

    with chdir(project.project_path):
        changed = remove_table(config_loader(), Path("conf"), name, shared=shared)
        results = sorted(map(str, Path("data").glob(f"0[2-8]_*/{name}")))
    click.echo(f"Removed from {', '.join(map(str, changed))}.")
    if results:
        click.echo(f"Its results are kept; delete them yourself: {', '.join(results)}")
