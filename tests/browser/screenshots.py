"""Redraw the README's pictures: the report, the graph and the runs, from real runs.

Use: make screenshots
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from colonnade.tracking.server import runs_page
from tests.browser.servers import ARGUMENTS, find_chromium, mlflow_ui
from tests.conftest import REPOSITORY, kedro_in, make_project
from tests.loopback import files_of, listening

PICTURES = REPOSITORY / "docs/pages/images"
HYPERPARAMETERS = [
    "training.epochs=20",
    "training.optimizer.lr=0.02",
    "training.optimizer.name=adam",
]
# kedro-viz shows a tour and a banner at the first visit, MLflow an assistant
QUIET = """
localStorage.setItem('KedroViz', JSON.stringify(
    {showFeatureHints: false, theme: 'light', layer: {visible: true}, textLabels: true}));
localStorage.setItem('KedroViz-banners', JSON.stringify({}));
localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
"""


def make_runs(folder: Path) -> Path:
    project = make_project(folder / "project")
    kedro = kedro_in(project)
    for hyperparameter in HYPERPARAMETERS:
        params = ("--params", f"phone_price.{hyperparameter}") if hyperparameter else ()
        kedro("run", "--pipeline", "phone_price", *params)
    kedro("run", "--env", "classic", "--pipeline", "phone_price")
    kedro("run", "--pipeline", "phone_price")
    return project


def open_page(browser: Any, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.add_init_script(QUIET)
    return page


def report_picture(browser: Any, project: Path) -> None:
    page = open_page(browser, 1000, 790)
    page.goto((project / "data/08_reporting/phone_price/report.html").as_uri())
    page.screenshot(path=PICTURES / "report.png")


def graph_picture(browser: Any, address: str) -> None:
    page = open_page(browser, 900, 1300)  # the graph is drawn as large as its height allows
    page.add_init_script(QUIET.replace("textLabels", "isPrettyName: true, textLabels"))
    page.goto(f"{address}/?pid=phone_price")
    page.locator(".pipeline-node--modularPipeline", has_text="Evaluate").wait_for(timeout=60_000)
    for banner in page.get_by_text("Dismiss").all():
        banner.click()
    page.locator(".pipeline-menu-button--menu").click()
    page.locator(".pipeline-minimap-button--map").click()
    page.mouse.move(500, 5)
    page.wait_for_timeout(3000)
    beside = 136  # the width of the tools
    page.screenshot(
        path=PICTURES / "graph.png",
        clip={"x": beside, "y": 0, "width": 900 - beside, "height": 1300},
    )


def open_stages(page: Page, table: str) -> None:
    """Unfold a table's box, so that its five stages show."""
    row = page.locator(".MuiTreeItem-content", has_text=table).first
    row.locator("[data-testid=ChevronRightIcon]").click(timeout=60_000)
    page.locator(".pipeline-node--modularPipeline", has_text="evaluate").first.wait_for()
    page.wait_for_timeout(2000)  # until the table's own box has faded


def runs_picture(browser: Any, address: str, project: Path) -> None:
    with sqlite3.connect(project / "mlflow.db") as store:
        [(experiment,)] = store.execute(
            "select experiment_id from experiments where name = 'phone_price'"
        )
    page = open_page(browser, 1500, 640)
    page.goto(runs_page(address, experiment, "test/accuracy") + "&compareRunsMode=CHART")
    page.get_by_text("Loss/train").first.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    page.screenshot(path=PICTURES / "runs.png")


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium on this machine: install it, then make screenshots")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = make_runs(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        report_picture(browser, project)
        kedro_in(project)("graph")
        with listening(files_of(project / "data/08_reporting/graph")) as address:
            graph_picture(browser, address)
        with mlflow_ui(project) as address:
            runs_picture(browser, address, project)
        browser.close()


if __name__ == "__main__":
    main()
