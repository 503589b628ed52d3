"""`kedro graph`: all pipelines as a folder of static pages, complete without a network."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from contextlib import chdir
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.framework.startup import ProjectMetadata
    from kedro.pipeline import Pipeline

# Kedro-viz asks the web for a font and, of static pages too, its server for a list of packages.
_FROM_THE_WEB = re.compile(r"\s*<link\s[^>]*https?://[^>]*>")
_PACKAGES = {
    "has_missing_dependencies": False,
    "package_compatibilities": [
        {"package_name": "fsspec", "package_version": "0", "is_compatible": False}
    ],
}
# At the first visit: no tour, no map in a corner of the graph, and names without their table's in
# front, which read better small.
_FIRST_VISIT = """<head>
        <script>
            if (!localStorage.getItem("KedroViz"))
                localStorage.setItem("KedroViz",
                    JSON.stringify({showFeatureHints: false, isPrettyName: true,
                        visible: {graph: true, sidebar: true, miniMap: false}}))
        </script>"""
_ALL = "__default__"  # every table side by side, too small to read; without it, the first opens
_OUT_OF_SIGHT = (".checkpoint", ".split_params", ".source", ".evaluated_csv", "params:resume")
_PAGES = "api/deploy-viz-metadata"  # what only such a folder holds


@click.command(name="graph", cls=PlainErrors)
@click.argument("folder", type=click.Path(path_type=Path), default="data/08_reporting/graph")
@click.pass_obj
def graph(project: ProjectMetadata, /, folder: Path) -> None:
    """Write the graph that kedro-viz shows as static pages into FOLDER."""
    export_graph(project.project_path, project.project_path / folder)
    click.echo(f"Written. View it with: python -m http.server --directory {folder}")


def export_graph(project: Path, target: Path) -> None:
    """Write what `kedro viz build` does, with previews, in place of an earlier export.

    Raises: UserError if kedro-viz is not installed, or the folder holds something else.
    """
    if target.exists() and not (target / _PAGES).exists():
        raise UserError(f"{target} exists and holds no graph. Choose another folder.")
    with tempfile.TemporaryDirectory() as room:
        _build(project, Path(room))
        built = Path(room) / "build"
        for page in built.glob("*.html"):
            text = _FROM_THE_WEB.sub("", page.read_text(encoding="utf-8"))
            page.write_text(text.replace("<head>", _FIRST_VISIT, 1), encoding="utf-8")
        (built / "api/metadata").write_text(json.dumps(_PACKAGES), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(built, target)


def _by_stage(pipeline: Pipeline) -> Pipeline:
    """A table's pipeline as it is looked at: a box a stage, and none around them all.

    What only keeps a run going, and is nothing to look at, is left out.
    """
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    class StageNode(Node):
        """In the box of its stage alone; to run it, its table's name stands before."""

        @property
        def name(self) -> str:
            return f"{self.outputs[0].partition('.')[0]}.{super().name}"

    return Pipeline(
        [
            StageNode(
                _of_any_inputs(one.func),
                [name for name in one.inputs if not name.endswith(_OUT_OF_SIGHT)],
                [name for name in one.outputs if not name.endswith(_OUT_OF_SIGHT)],
                name=one.name.rpartition(".")[2],
                namespace=str(one.namespace).rpartition(".")[2],
                tags=one.tags,
            )
            for one in pipeline.nodes
        ]
    )


def _of_any_inputs(work: Callable[..., object]) -> Callable[..., object]:
    """The same function, whose code is shown, with as many inputs as are in sight."""

    @wraps(work)
    def shown(*inputs: object) -> object:
        return work(*inputs)

    return shown


def _build(project: Path, room: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kedro-viz's own
        try:
            from kedro_viz.data_access import data_access_manager
            from kedro_viz.integrations.deployment.local_deployer import LocalDeployer
            from kedro_viz.integrations.kedro.data_loader import load_data
            from kedro_viz.server import populate_data
        except ImportError:
            raise UserError(
                "The graph needs kedro-viz, which is not installed: pip install kedro-viz."
            ) from None
        with chdir(project):
            catalog, pipelines, extras = load_data(project, package_name="colonnade")
            shown = {name: _by_stage(one) for name, one in pipelines.items() if name != _ALL}
            populate_data(data_access_manager, catalog, shown, extras)
        with chdir(room):  # it always writes to `build`, where setuptools builds, too
            LocalDeployer().deploy(is_all_previews_enabled=True)
