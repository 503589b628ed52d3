"""The pages that a user opens, in a real browser: the graph in kedro-viz and the runs in MLflow."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request

import pytest

from colonnade.tracking.server import runs_page
from tests.browser.screenshots import QUIET, open_stages

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("browser")]
STAGES = ("ingest", "prepare", "train", "evaluate", "report")
LAYERS = ["01_raw", "03_primary", "05_model_input", "06_models", "07_model_output", "08_reporting"]


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.add_init_script(QUIET)
    yield opened
    opened.close()


def test_a_tables_graph_shows_its_five_stages_and_layers(page, viz):
    page.goto(f"{viz}/?pid=phone_price")
    open_stages(page, "phone_price")
    boxes = page.locator(".pipeline-node--modularPipeline").all_text_contents()
    assert sorted(boxes) == sorted(f"phone_price.{stage}" for stage in STAGES)
    assert page.locator(".pipeline-layer-name").all_text_contents() == LAYERS


def test_no_dataset_of_a_graph_stands_alone(viz):
    with urllib.request.urlopen(f"{viz}/api/pipelines/phone_price") as answer:
        graph = json.load(answer)
    tied = {edge[end] for edge in graph["edges"] for end in ("source", "target")}
    alone = [n["name"] for n in graph["nodes"] if n["type"] == "data" and n["id"] not in tied]
    assert alone == []
    assert graph["layers"] == LAYERS


@pytest.mark.parametrize(
    "name",
    ["fit", "history", "learning_curve", "metrics", "model", "model_card", "primary", "report"],
)
def test_a_click_shows_a_preview(viz, name):
    with urllib.request.urlopen(f"{viz}/api/pipelines/phone_price") as answer:
        nodes = json.load(answer)["nodes"]
    data = [n for n in nodes if n["type"] == "data"]  # a stage may bear a dataset's name
    [node] = [n["id"] for n in data if n["name"] == f"phone_price.{name}"]
    with urllib.request.urlopen(f"{viz}/api/nodes/{node}") as answer:
        found = json.load(answer)
    assert found["preview"]


def test_the_exported_graph_opens_on_five_stages_in_order_and_nothing_in_their_way(
    browser, exported
):
    page = browser.new_page(viewport={"width": 1440, "height": 900})  # at a first visit
    page.goto(exported)
    page.locator(".pipeline-node--modularPipeline", has_text="Evaluate").wait_for()
    page.wait_for_timeout(2000)  # until all stand in their places
    boxes = page.locator(".pipeline-node--modularPipeline").all()
    order = sorted(boxes, key=lambda box: box.bounding_box()["y"])
    assert [box.text_content().strip().lower() for box in order] == list(STAGES)
    assert page.locator(".pipeline-layer-name").all_text_contents() == LAYERS
    names = page.locator(".pipeline-node--data").all_text_contents()
    assert {"Raw", "Primary", "Model", "Metrics", "Report"} <= set(names)
    assert not {"Checkpoint", "Split Params"} & set(names)
    assert page.locator(".pipeline-node--parameters").count() == 0
    page.close()


def test_the_nodes_of_a_graph_are_tagged_by_table_and_stage(exported):
    with urllib.request.urlopen(f"{exported}/api/pipelines/phone_price") as answer:
        graph = json.load(answer)
    tags = {node["name"]: set(node["tags"]) for node in graph["nodes"] if node["type"] == "task"}
    assert tags["train"] == {"phone_price", "train"}
    assert {"phone_price", *STAGES} <= {tag["id"] for tag in graph["tags"]}


def test_the_exported_graph_is_complete_without_a_network(browser, exported):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{exported}/?pid=phone_price")
    page.locator(".pipeline-node--data", has_text="Learning Curve").click()
    page.locator(".pipeline-metadata__plot-image").wait_for()
    page.goto(f"{exported}/?pid=phone_price&expandAllPipelines=true")
    page.locator(".pipeline-node--task", has_text="Write Report").click()
    assert "kedro run --to-nodes='phone_price.report.write_report'" in page.inner_text("body")
    page.get_by_text("Show Code").click()
    page.locator(".pipeline-metadata-code", has_text="report_content").wait_for()
    page.close()
    ours = (exported, f"blob:{exported}", "data:")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert problems == []


def experiment(project, table: str) -> int:
    with sqlite3.connect(project / "mlflow.db") as store:
        query = "select experiment_id from experiments where name = ?"
        return store.execute(query, (table,)).fetchone()[0]


def test_the_runs_are_distinguished_and_ranked_without_choosing_columns(page, mlflow, toured):
    page.goto(runs_page(mlflow, experiment(toured, "phone_price"), "test/accuracy"))
    page.get_by_text("lr=0.02 linear ordinal adamw").first.wait_for(timeout=60_000)
    text = page.inner_text("body")
    assert "Sort: test/accuracy" in text
    assert "phone_price_sample.csv" in text
    names = [name for name in text.splitlines() if re.match(r"0\.\d{3} .*seed=0", name)]
    assert len(names) == 3
    assert names == sorted(names, key=lambda name: name[:5], reverse=True)
    assert any("optimizer=adam linear ordinal" in name for name in names)


def test_the_charts_open_on_the_curves_and_hold_no_baseline(page, mlflow, toured):
    page.goto(runs_page(mlflow, experiment(toured, "phone_price")) + "&compareRunsMode=CHART")
    page.get_by_text("Loss/train").first.wait_for(timeout=60_000)
    text = page.inner_text("body")
    assert text.index("Loss/train") < text.index("test/accuracy")
    assert "baseline/" not in text


def test_the_runs_compare(page, mlflow, toured):
    number = experiment(toured, "phone_price")
    with sqlite3.connect(toured / "mlflow.db") as store:
        runs = [run for (run,) in store.execute(
            "select run_uuid from runs where experiment_id = ?", (number,)
        )]  # fmt: skip
    page.goto(
        f"{mlflow}/#/compare-runs?runs={json.dumps(runs)}&experiments={json.dumps([str(number)])}"
        "&workflowType=machine_learning"
    )
    page.get_by_text("Comparing 3 Runs").wait_for(timeout=60_000)
    page.get_by_text("training.optimizer.lr").first.wait_for(timeout=60_000)
    assert "optimizer=adam linear ordinal lr=0.2" in page.inner_text("body")
