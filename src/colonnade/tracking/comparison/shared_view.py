"""A saved view of the runs table: best run first, with the hyperparameters that differ.

MLflow's runs table shows name and time until someone chooses columns. A view that its page saves
under "Views" is a tag of the experiment; we write the same tag, and links of ours open it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from colonnade.tracking.comparison.ranking import headline, higher_is_better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

VIEW = "colonnade"
TAG = f"mlflow.sharedViewState.{VIEW}"
TITLE = "Best first"
RUNS_SEEN = 20  # as many as MLflow shows as charts; a hundred take a second to read
MOST_HYPERPARAMETERS = 8
QUIET = ("schema.", "evaluation.")  # what the table is, not what was tried
ALWAYS = (
    "training.loss",
    "training.loss.name",
    "training.optimizer.lr",
    "training.epochs",
    "training.seed",
)
SECTIONS = ("test", "validation", "train")
WIDTHS = {"0": 60, "attributes.`Run Name`": 300, "runDateAndNestInfo": 140, "tags.`data`": 320}


def share_view(client: MlflowClient, experiment_id: str) -> str:
    """Write the view for the runs that are there now; return the key that a link needs."""
    runs = client.search_runs([experiment_id], max_results=RUNS_SEEN)
    metrics = headline({name for run in runs for name in run.data.metrics})
    if not metrics:
        return ""
    now = round(time.time() * 1000)
    state = {**_columns(metrics, hyperparameters(runs)), **_charts(runs)}
    view = {"name": TITLE, "createdAt": now, "updatedAt": now, "state": json.dumps(state)}
    client.set_experiment_tag(experiment_id, TAG, json.dumps(view))
    return VIEW


def hyperparameters(
    runs: Sequence[Run], most: int = MOST_HYPERPARAMETERS, *, usual: Sequence[str] = ALWAYS
) -> list[str]:
    """Name the parameters worth a column: those that differ between runs, then the usual ones.

    An option that differs only because another word was chosen, as `eps` does where some runs use
    sgd and some adam, says no more than the word.
    """
    names = dict.fromkeys(name for run in runs for name in run.data.params)
    tried = [name for name in names if not name.startswith(QUIET)]
    differ = [name for name in tried if len({run.data.params.get(name) for run in runs}) > 1]
    differ = [name for name in differ if not _implied(runs, name)]
    return list(dict.fromkeys([*differ, *(name for name in usual if name in names)]))[:most]


def _implied(runs: Sequence[Run], option: str) -> bool:
    """Whether an option's value follows in every run from the choice that it belongs to."""
    word = f"{option.rpartition('.')[0]}.name"
    pairs = {(run.data.params.get(word), run.data.params.get(option)) for run in runs}
    words = {name for name, _ in pairs}
    return option != word and words != {None} and len(pairs) == len(words)


def _columns(metrics: Sequence[str], parameters: Sequence[str]) -> dict[str, object]:
    columns = [
        *(f"metrics.`{name}`" for name in metrics),
        *(f"params.`{name}`" for name in parameters),
        "tags.`data`",
    ]
    first = ["0", "attributes.`Run Name`"]
    return {
        "selectedColumns": columns,
        "columnOrder": [*first, *columns, "runDateAndNestInfo"],
        "columnWidths": {**WIDTHS, **{f"params.`{name}`": _width(name) for name in parameters}},
        "orderByKey": f"metrics.`{metrics[0]}`",
        "orderByAsc": not higher_is_better(metrics[0]),
        "startTime": "ALL",
        "lifecycleFilter": "Active",
    }


def _width(name: str) -> int:
    """Pixels that a heading needs: cut, `training.optimizer.name` and `.lr` look the same."""
    return max(100, 30 + 7 * len(name))


def _charts(runs: Sequence[Run]) -> dict[str, object]:
    """Order the chart page: what decides first, then the curves; baselines folded away.

    The page draws the charts of each section itself, alphabetically by default.
    """
    found = {name.rpartition("/")[0] for run in runs for name in run.data.metrics} - {""}
    sections = [*(name for name in SECTIONS if name in found), "Model metrics"]
    others = sorted(found - set(sections))
    return {
        "compareRunSections": [
            {
                "uuid": f"{VIEW}-{name}",
                "name": name,
                "display": name not in others,
                "isReordered": True,
                "deleted": False,
                "isGenerated": True,
            }
            for name in [*sections, *others, "System metrics"]
        ],
        "compareRunCharts": [],
        "isAccordionReordered": True,
        "runsHiddenMode": "FIRST_20_RUNS",
    }
