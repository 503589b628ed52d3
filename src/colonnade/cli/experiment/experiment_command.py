"""`kedro experiment` and `kedro adopt`: one table under many configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import yaml

from colonnade.cli.plain_errors import PlainErrors
from colonnade.errors import ParameterError

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata


@click.command(name="experiment", cls=PlainErrors)
@click.argument("name")
@click.argument("table", required=False, metavar="")
@click.option("--plan", default="", help="A plan of conf/base/experiments/*.yml.")
@click.option(
    "--vary",
    multiple=True,
    metavar="PATH=VALUES",
    help="training.optimizer=sgd,adam, or a range: training.optimizer.lr=log:0.001..0.1",
)
@click.option("--set", "fixed", multiple=True, metavar="PATH=VALUE", help="For all trials.")
@click.option("--seeds", type=int, help="Trials of each configuration.")
@click.option("--random", type=int, help="So many configurations drawn by chance.")
@click.option("--search", type=int, help="So many configurations proposed by Optuna.")
@click.option("--metric", help="What trials are ranked by: accuracy, log_loss, rmse ...")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the configurations and an estimate of the time; nothing is kept.",
)
@click.option("--env", "-e", help="Kedro's configuration environment.")
@click.pass_obj
@click.pass_context
def experiment(
    context: click.Context,
    project: ProjectMetadata,
    /,
    name: str,
    table: str | None,
    **options: Any,
) -> None:
    """Train table NAME under many configurations, and rank them by validation rows.

    What is finished is kept: the same command goes on where it was interrupted. `kedro experiment
    adopt NAME` writes the winner into the table's YAML, as `kedro adopt NAME` does.
    """
    if name == "adopt" and table:
        context.invoke(adopt, name=table, plan=options["plan"])
        return
    if table:
        raise ParameterError(f"one table at a time: '{table}' is one word too many.")
    from colonnade.cli.experiment.experiment_run import run, show
    from colonnade.pipeline_registry import config_loader, table_names

    known = table_names(config_loader())
    if name not in known:
        raise ParameterError(f"there is no table '{name}': kedro table list names them.")
    words = _words(options)
    plan = options["plan"] or ("by_hand" if words else "")
    if options["dry_run"]:
        click.echo(show(project.project_path, name, plan, words, options["env"]))
        return
    run(project.project_path, name, plan, words, options["env"])


def _words(options: dict[str, Any]) -> dict[str, Any]:
    """The words of a plan that the command line gives."""
    words = {
        name: options[name]
        for name in ("seeds", "random", "search", "metric")
        if options[name] is not None
    }
    if options["vary"]:
        words["vary"] = dict(_pair(text, _values) for text in options["vary"])
    if options["fixed"]:
        words["set"] = dict(_pair(text, yaml.safe_load) for text in options["fixed"])
    return words


def _pair(text: str, read: Any) -> tuple[str, Any]:
    path, mark, values = text.partition("=")
    if not mark or not path.strip() or not values.strip():
        raise ParameterError(f"{text!r}: write PATH=VALUE, such as training.optimizer=sgd,adam")
    return path.strip(), read(values.strip())


def _values(text: str) -> Any:
    """A list between commas, or a range: `log:0.001..0.1`, `1..8`."""
    log, body = text.startswith("log:"), text.removeprefix("log:")
    if ".." in body:
        low, high = (yaml.safe_load(end) for end in body.split("..", 1))
        whole = isinstance(low, int) and isinstance(high, int)
        return {"low": low, "high": high, "log": log, "whole": whole}
    return [yaml.safe_load(value) for value in body.split(",")]


@click.command(name="adopt", cls=PlainErrors)
@click.argument("name")
@click.option("--plan", default="", help="Whose winner; by default of the last experiment.")
@click.pass_obj
def adopt(project: ProjectMetadata, /, name: str, plan: str) -> None:
    """Write the winner of table NAME's experiment into its YAML; comments are kept."""
    from colonnade.cli.experiment.adoption import adopt_winner

    done = adopt_winner(project.project_path, name, plan)
    if not done.diff:
        click.echo(f"{done.file.name} says so already: nothing is written.")
        return
    click.echo(done.diff, nl=False)
    file, backup = (one.relative_to(project.project_path) for one in (done.file, done.backup))
    click.echo(
        f"{name}: {file} has the words of the winner of {done.plan} ({done.metric} "
        f"{done.score:.4g} on validation rows); before: {backup}. Next: kedro run --pipeline {name}"
    )


@click.command(name="lab", cls=PlainErrors)
@click.option("--seeds", type=int, help="Trials of each configuration; by default the plan's.")
@click.option("--env", "-e", help="Kedro's configuration environment.")
@click.pass_obj
def lab(project: ProjectMetadata, /, seeds: int | None, env: str | None) -> None:
    """Run the plans of conf/base/experiments on the tables they name; answers on one page."""
    from colonnade.cli.experiment.lab import run_lab
    from colonnade.pipeline_registry import experiment_plans

    words = {} if seeds is None else {"seeds": seeds}
    page = run_lab(project.project_path, experiment_plans(), words, env)
    click.echo(f"The answers: {page.relative_to(project.project_path)}")
