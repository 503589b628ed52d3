"""`kedro graph`: all pipelines as a folder of static pages, complete without a network."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colonnade.cli.plain_errors import PlainErrors
from colonnade.errors import UserError

if TYPE_CHECKING:
    from kedro.framework.startup import ProjectMetadata

# Kedro-viz asks the web for a font and, of static pages too, its server for a list of packages.
_FROM_THE_WEB = re.compile(r"\s*<link\s[^>]*https?://[^>]*>")
_PACKAGES = {
    "has_missing_dependencies": False,
    "package_compatibilities": [
        {"package_name": "fsspec", "package_version": "0", "is_compatible": False}
    ],
}
# At the first visit: no tour, and names without their table's in front, which read better small.
_FIRST_VISIT = """<head>
        <script>
            if (!localStorage.getItem("KedroViz"))
                localStorage.setItem("KedroViz",
                    JSON.stringify({showFeatureHints: false, isPrettyName: true}))
        </script>"""
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


def _build(project: Path, room: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kedro-viz's own
        try:
            from kedro_viz.integrations.deployment.local_deployer import LocalDeployer
            from kedro_viz.server import load_and_populate_data
        except ImportError:
            raise UserError(
                "The graph needs kedro-viz, which is not installed: pip install kedro-viz."
            ) from None
        with chdir(project):
            load_and_populate_data(project, package_name="colonnade")
        with chdir(room):  # it always writes to `build`, where setuptools builds, too
            LocalDeployer().deploy(is_all_previews_enabled=True)
