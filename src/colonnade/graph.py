"""The graph of all pipelines as a folder of static pages, complete without a network."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from contextlib import chdir
from pathlib import Path

from colonnade.errors import UserError

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


def export_graph(project: Path, target: Path) -> None:
    """Write what `kedro viz build` does, with previews, in place of an earlier export.

    Raises: UserError if kedro-viz is not installed, or the folder holds something else.
    """
    if target.exists() and not (target / _PAGES).exists():
        raise UserError(f"{target} is there already and holds no graph. Name another folder.")
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
            load_and_populate_data(project, package_name=__package__)
        with chdir(room):  # it always writes to `build`, where setuptools builds, too
            LocalDeployer().deploy(is_all_previews_enabled=True)
