"""`kedro export`: a table's model as one file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.cli.publishing.meant_model import meant_model
from colonnade.cli.publishing.serving import WHICH
from colonnade.errors import DataError

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata

ENDINGS = {"onnx": ".onnx", "torch": ".pt2"}


@click.command(name="export", cls=PlainErrors)
@click.argument("name")
@click.option("--to", type=click.Choice(list(ENDINGS)), default="onnx", show_default=True)
@click.option("--model", "word", default="", help=WHICH)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to; by default data/07_model_output/NAME/NAME.onnx, or .pt2.",
)
@click.pass_obj
def export(project: ProjectMetadata, /, name: str, to: str, word: str, file: Path | None) -> None:
    """Write the model of table NAME as one file: from raw columns to labels, probabilities or
    numbers with their interval.

    The file is run on 1,000 rows before it is kept, and holds what that found.
    """
    import pandas as pd

    from colonnade.exporting.onnx_file import export_onnx
    from colonnade.exporting.torch_program import export_torch

    root = project.project_path
    meant = meant_model(root, name, word)
    primary = root / "data/03_primary" / name / "table.parquet"
    if not primary.exists():
        raise DataError(
            f"{name}: {primary.relative_to(root)}, whose rows the file is checked on, is missing. "
            f"Run: kedro run --pipeline {name}"
        )
    path = file or root / f"data/07_model_output/{name}/{name}{ENDINGS[to]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write = export_onnx if to == "onnx" else export_torch
    live = meant.live.now
    if live.model.standardizer.task == "anomaly":
        raise DataError(f"{name}: models of `schema.task: anomaly` cannot be exported yet.")
    agreement = write(live.model, pd.read_parquet(primary), path, coverage=meant.coverage)
    click.echo(f"{name}: {live.title}, as {path.relative_to(root) if file is None else path}")
    click.echo(f"{name}: {agreement.describe()}")
