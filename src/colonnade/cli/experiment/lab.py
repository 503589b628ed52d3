"""Run every plan that ships on the tables it is meant for, and gather the answers on one page."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.cli.experiment.experiment_run import run
from colonnade.errors import ExperimentError, UserError
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.experiments.report.lab_page import Answer

REPORTS = Path("data/08_reporting")
PAGE = REPORTS / "lab/index.html"
logger = logging.getLogger(__name__)


def run_lab(
    project: Path, plans: Mapping[str, Any], words: dict[str, Any], env: str | None
) -> Path:
    """Run the plans that name tables, one after another; one that fails stops no other.

    Args: words: what stands over each plan's own.

    Raises: ExperimentError naming those that failed, once the page is written.
    """
    chosen = [(name, table) for name in plans for table in plans[name].get("tables") or ()]
    failed = []
    began = time.perf_counter()
    for place, (name, table) in enumerate(chosen, 1):
        logger.info("lab: %d of %d, %s on %s", place, len(chosen), name, table)
        try:
            run(project, table, name, words, env)
        except UserError as error:
            failed.append(f"{name} on {table}: {error}")
    write_page(project, chosen)
    logger.info("lab: %d answers in %.0f s", len(chosen), time.perf_counter() - began)
    if failed:
        raise ExperimentError("; ".join(failed))
    return project / PAGE


def write_page(project: Path, chosen: list[tuple[str, str]]) -> None:
    """Write the page of the answers that are there."""
    from colonnade.experiments.report.lab_page import lab_html

    answers = [answer for one in chosen if (answer := _answer(project, *one))]
    with replaced_file(project / PAGE) as stream:
        stream.write(lab_html(answers).encode("utf-8"))


def _answer(project: Path, plan: str, table: str) -> Answer | None:
    import pandas as pd

    from colonnade.experiments.report.lab_page import Answer

    folder = project / REPORTS / table / "experiments" / plan
    if not (folder / "winner.json").exists():
        return None
    ranking = pd.read_csv(folder / "ranking.csv", keep_default_na=False, na_values=[""])
    question = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["question"]
    metric = json.loads((folder / "winner.json").read_text(encoding="utf-8"))["metric"]
    href = f"../{table}/experiments/{plan}/report.html"
    return Answer(plan, table, question, metric, ranking, href)
