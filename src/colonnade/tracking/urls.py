"""Pages of MLflow that show what was recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

# without it the page opens in the view for chat traces, where a training run is not to be seen
WORKFLOW = "workflowType=machine_learning"


def run_page(pages: str, experiment_id: str, run_id: str) -> str:
    """One run: its parameters, metrics, charts, artifacts."""
    return f"{pages}/#/experiments/{experiment_id}/runs/{run_id}?{WORKFLOW}"


def runs_page(pages: str, experiment_id: str, view: str = "") -> str:
    """The table of a table's runs, with the columns of a shared view, best first."""
    shared = f"&viewStateShareKey={view}" if view else ""
    return f"{pages}/#/experiments/{experiment_id}/runs?{WORKFLOW}{shared}"


def charts_page(pages: str, experiment_id: str, view: str = "") -> str:
    """The same runs as charts: final metrics as bars, losses by epoch as lines."""
    return f"{runs_page(pages, experiment_id, view)}&compareRunsMode=CHART"


def compare_page(pages: str, experiment_id: str, run_ids: Iterable[str]) -> str:
    """Chosen runs side by side."""
    runs = quote(json.dumps(list(run_ids), separators=(",", ":")))
    experiments = quote(json.dumps([experiment_id]))
    return f"{pages}/#/compare-runs?runs={runs}&experiments={experiments}&{WORKFLOW}"
