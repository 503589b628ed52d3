"""Recent runs of a table side by side, best first, with the hyperparameters that differ."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from colonnade.errors import TrackingError
from colonnade.tracking.comparison.comparison_figure import draw
from colonnade.tracking.comparison.comparison_text import DATA, ROWS, counted, wrapped, written
from colonnade.tracking.comparison.experiment_lookup import champion, find_experiment
from colonnade.tracking.comparison.ranking import headline, higher_is_better, judged_by
from colonnade.tracking.comparison.run_parameters import differing, is_hyperparameter, is_used
from colonnade.tracking.naming import flatten
from colonnade.tracking.server import pages_open, runs_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from colonnade.tracking.tracking_params import TrackingParams

PARAMETERS = "parameters.yml"  # all of a run's; its page shows those that matter
ENDS = ("_low", "_high")


@dataclass(frozen=True)
class Comparison:
    """Runs as a table, those judged by the same rows together, best first.

    Args: runs: one row a run: run (short id), name, started, seconds, status, hyperparameters (none
    where a run does not use it), metrics, champion; "rows": which runs may be ranked with each
    other, the newest one's 0; "data": their table.
    hyperparameters, metrics: names of those columns; metrics[0] decides. url: the runs in MLflow.
    shown: whether its pages are open now. everything: all that is recorded of each run, in order.
    """

    table: str
    runs: pd.DataFrame
    hyperparameters: list[str]
    metrics: list[str]
    url: str
    shown: bool = False
    everything: pd.DataFrame = field(default_factory=pd.DataFrame)

    def text(self, width: int | None = 100) -> str:
        """Write the table for a terminal.

        Args: width: what does not fit into so many columns is left out, and named; None: nothing.
        """
        best = f"{self.metrics[0]}, best first" if self.metrics else "time: no test metrics yet"
        mark = " (*: the champion)" if self.runs["champion"].any() else ""
        groups = [group for _, group in self.runs.groupby(ROWS)]
        lines = wrapped(f"{self.table}: {counted(len(groups[0]))} by {best}{mark}", width)
        lines += written(groups[0], self.drawn, self.metrics, width)
        for group in groups[1:]:
            of = _other(group[DATA].iloc[0], groups[0][DATA].iloc[0])
            lines += wrapped(f"Evaluated on other rows, not comparable with these{of}:", width)
            lines += written(group, self._unlike(groups[0], group), self.metrics, width)
        where = f"In MLflow: {self.url}" if self.shown else f"`make ui` shows them at {self.url}"
        return "\n".join([*lines, *wrapped(where, width)])

    @property
    def drawn(self) -> list[str]:
        """The hyperparameters that differ between the runs that are ranked first."""
        return self._differing(self.runs[self.runs[ROWS] == 0])

    def _unlike(self, first: pd.DataFrame, group: pd.DataFrame) -> list[str]:
        """The hyperparameters that differ within a group, or that no run of the first has so."""
        own = self._differing(group)
        return [
            name
            for name in self.hyperparameters
            if name in own or not {*group[name]} & {*first[name]}
        ]

    def _differing(self, runs: pd.DataFrame) -> list[str]:
        return [name for name in self.hyperparameters if runs[name].nunique(dropna=False) > 1]

    def figure(self) -> Figure:
        """Draw the deciding metric against each hyperparameter that differs.

        Raises: TrackingError if there is nothing to set against each other.
        """
        if not self.metrics or not self.drawn:
            raise TrackingError(
                f"{self.table}: no two finished runs differ in a hyperparameter. Run one with "
                f"another, for example --params {self.table}.training.epochs=50."
            )
        runs = self.runs[self.runs[ROWS] == 0].dropna(subset=[self.metrics[0]])
        return draw(self.table, runs, self.drawn, self.metrics[0])


def compare_runs(project: Path, params: TrackingParams, table: str, last: int = 10) -> Comparison:
    """Read a table's last runs and rank them.

    Raises: TrackingError if the store is not there, or has no run of the table.
    """
    params = params.located(project.resolve())
    client, experiment_id = find_experiment(params, table)
    runs = list(
        client.search_runs(
            [experiment_id], max_results=last, order_by=["attributes.start_time DESC"]
        )
    )
    if not runs:
        raise TrackingError(f"{table}: no runs yet. Start one: kedro run --pipeline {table}.")
    metrics = headline({name for run in runs for name in run.data.metrics})
    parameters = [dict(run.data.params) for run in runs]
    _complete(client, runs, parameters)
    hyperparameters = differing(parameters)
    kept = champion(client, table)
    frame = pd.DataFrame(
        [
            _row(run, used, hyperparameters, metrics)
            for run, used in zip(runs, parameters, strict=True)
        ]
    )
    frame["champion"] = [kept is not None and kept.info.run_id == run.info.run_id for run in runs]
    frame[ROWS] = _groups(runs, metrics)
    if metrics:
        up = higher_is_better(metrics[0])
        frame = frame.sort_values([ROWS, metrics[0]], ascending=[True, not up], na_position="last")
    everything = pd.DataFrame([_everything(runs[k], frame.loc[k]) for k in frame.index])
    return Comparison(
        table,
        frame.reset_index(drop=True),
        hyperparameters,
        metrics,
        runs_page(params.pages, experiment_id),
        pages_open(params),
        everything,
    )


def _complete(client: MlflowClient, runs: list[Run], parameters: list[dict[str, Any]]) -> None:
    """Add what a run left at its default where another did not, from the run's own record."""
    asked = {name for run in parameters for name in run if is_hyperparameter(name)}
    for run, known in zip(runs, parameters, strict=True):
        missing = {name for name in asked - known.keys() if is_used(name, known)}
        if missing:
            whole = _recorded(client, run)
            known |= {name: whole[name] for name in missing if name in whole}


def _recorded(client: MlflowClient, run: Run) -> dict[str, str]:
    """All parameters of a run as MLflow would write them; none where they are not recorded."""
    from mlflow.exceptions import MlflowException

    from colonnade.tracking.naming import safe_value

    with TemporaryDirectory() as folder:
        try:
            file = client.download_artifacts(run.info.run_id, PARAMETERS, folder)
        except (MlflowException, OSError):
            return {}  # of an earlier version, which logged all, or without artifacts
        [groups] = yaml.safe_load(Path(file).read_text(encoding="utf-8")).values()
    flat = flatten(groups)
    return {name: safe_value(value) for name, value in flat.items() if value is not None}


def _groups(runs: list[Run], metrics: list[str]) -> list[int]:
    """Number the rows that runs were judged by, from the newest; what was not judged has 0."""
    marks = [judged_by(run) if {*metrics} & {*run.data.metrics} else None for run in runs]
    numbers = {mark: k for k, mark in enumerate(dict.fromkeys(filter(None, marks)))}
    return [numbers[mark] if mark else 0 for mark in marks]


def _other(data: str, first: str) -> str:
    """What other rows these are, as far as is known."""
    return f" ({data})" if data and data != first else " (another split)" if data else ""


def _row(
    run: Run, parameters: dict[str, Any], hyperparameters: list[str], metrics: list[str]
) -> dict[str, Any]:
    start, end = run.info.start_time, run.info.end_time
    measured = [*metrics, *(f"{metrics[0]}{end}" for end in ENDS if metrics)]
    return {
        "run": run.info.run_id[:8],
        "name": run.info.run_name,
        "started": pd.Timestamp(start, unit="ms", tz="UTC").tz_convert(_here()),
        "seconds": (end - start) / 1000 if end else float("nan"),
        "status": run.info.status.lower(),
        **{
            name: _value(parameters.get(name)) if is_used(name, parameters) else None
            for name in hyperparameters
        },
        DATA: _data(run),
        **{metric: run.data.metrics.get(metric, float("nan")) for metric in measured},
    }


def _everything(run: Run, row: pd.Series) -> dict[str, Any]:
    tags = {name: run.data.tags.get(name, "") for name in ("verdict", "data", "command")}
    return {
        "run": run.info.run_id,
        **row[["name", "started", "seconds", "status", "champion", ROWS]],
        **tags,
        **run.data.metrics,
        **run.data.params,
    }


def _data(run: Run) -> str:
    """The name of the rows that a run learned from and was judged by, and their fingerprint."""
    described, _, sha256 = run.data.tags.get("data", "").rpartition(", sha256 ")
    name, _, _ = described.rpartition(", ")
    return f"{name.removeprefix('synthetic sample: ')} {sha256[:6]}".strip()


def _here() -> tzinfo | None:
    return datetime.now().astimezone().tzinfo


def _value(text: str | None) -> Any:
    """Read a parameter back: numbers as numbers, widths as the YAML writes them, the rest as text.

    >>> _value("0.1"), _value("[128, 64]"), _value("adam")
    (0.1, '128x64', 'adam')
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, list):
        mark = "+" if any(isinstance(one, str) for one in value) else "x"
        return mark.join(map(str, value)) or "none"
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
