"""Recent runs of a table side by side, best first, with the hyperparameters that differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from colonnade.errors import TrackingError
from colonnade.tracking.comparison.experiment_lookup import find_experiment
from colonnade.tracking.comparison.ranking import headline, higher_is_better, judged_by
from colonnade.tracking.naming import short_names
from colonnade.tracking.server import pages_open, runs_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from mlflow.entities import Run

    from colonnade.tracking.tracking_params import TrackingParams

ROWS = "rows"  # 0 for runs judged by the rows of the newest, then 1 and so on
DATA = "data"
MOST_HYPERPARAMETERS = 10
MOST_PANELS = 6
PANELS = 6.4  # inches for all panels of a row
LYING = 0.2  # inches below a panel whose words lie side by side
WIDE_RATIO = 20  # a hyperparameter tried over a wider range is drawn on a logarithmic axis


@dataclass(frozen=True)
class Comparison:
    """Runs as a table, those judged by the same rows together, best first.

    Args: runs: one row a run: run (short id), name, started, seconds, status, hyperparameters,
    metrics;
    "rows": which runs may be ranked with each other, the newest one's 0; "data": their table.
    hyperparameters, metrics: names of those columns; metrics[0] decides. url: the runs in MLflow.
    shown: whether its pages are open now.
    """

    table: str
    runs: pd.DataFrame
    hyperparameters: list[str]
    metrics: list[str]
    url: str
    shown: bool = False

    def text(self) -> str:
        """Write the table for a terminal."""
        best = f"{self.metrics[0]}, best first" if self.metrics else "time: no test metrics yet"
        groups = [group for _, group in self.runs.groupby(ROWS)]
        lines = [f"{self.table}: {_counted(len(groups[0]))} by {best}", self._written(groups[0])]
        for group in groups[1:]:
            of = _other(group[DATA].iloc[0], groups[0][DATA].iloc[0])
            lines += [f"Evaluated on other rows, not comparable with these{of}:"]
            lines += [self._written(group)]
        where = f"In MLflow: {self.url}" if self.shown else f"`make ui` shows them at {self.url}"
        return "\n".join([*lines, where])

    def _written(self, runs: pd.DataFrame) -> str:
        shown = runs.drop(columns=["name", ROWS, DATA]).rename(
            columns=short_names(self.hyperparameters)
        )
        formats: dict[str, Callable[[Any], str]] = {"seconds": "{:.1f}".format}
        formats |= dict.fromkeys(self.metrics, _metric)
        cells = {name: shown[name].map(formats.get(str(name), _cell)) for name in shown}
        return pd.DataFrame(cells).to_string(index=False)

    @property
    def drawn(self) -> list[str]:
        """The hyperparameters that differ between the runs that are ranked first."""
        first = self.runs[self.runs[ROWS] == 0]
        return [
            hyperparameter
            for hyperparameter in self.hyperparameters
            if first[hyperparameter].nunique(dropna=False) > 1
        ]

    def figure(self) -> Figure:
        """Draw the deciding metric against each hyperparameter that differs.

        Raises: TrackingError if there is nothing to set against each other.
        """
        from colonnade.evaluation.figures.style import Margins, finish, new_figure, plain

        if not self.metrics or not self.drawn:
            raise TrackingError(
                f"{self.table}: no two finished runs differ in a hyperparameter. Run one with "
                f"another, for example --params {self.table}.training.epochs=50."
            )
        hyperparameters = self.drawn[:MOST_PANELS]
        columns = min(len(hyperparameters), 3)
        rows = -(-len(hyperparameters) // columns)
        runs = self.runs[self.runs[ROWS] == 0].dropna(subset=[self.metrics[0]])
        counted = f"{_counted(len(runs))} (diamond: the best)"
        title = f"{plain(self.table)}: {self.metrics[0]} by hyperparameter, {counted}"
        below = [_room_below(runs[hyperparameter], columns) for hyperparameter in hyperparameters]
        last = columns * (rows - 1)
        margins = Margins(
            bottom=0.35 + max(below[last:]),
            between_rows=0.45 + max(below[:last], default=0),
            between_columns=0.35,
        )
        height = margins.top + margins.bottom + 2.1 * rows + margins.between_rows * (rows - 1)
        figure, axes = new_figure(
            title, columns=columns, rows=rows, height=height, margins=margins, sharey=True
        )
        for ax, hyperparameter, room in zip(axes, hyperparameters, below, strict=False):
            _panel(ax, runs[hyperparameter], runs[self.metrics[0]], first=ax in axes[::columns])
            if room > LYING:
                ax.tick_params(axis="x", rotation=90)
        for ax in axes[len(hyperparameters) :]:
            ax.set_visible(False)
        return finish(figure, [self.table, *hyperparameters])


def compare_runs(project: Path, params: TrackingParams, table: str, last: int = 10) -> Comparison:
    """Read a table's last runs and rank them.

    Raises: TrackingError if the store is not there, or has no run of the table.
    """
    from colonnade.tracking.comparison.shared_view import VIEW, hyperparameters

    params = params.located(project.resolve())
    client, experiment_id = find_experiment(params, table)
    runs = client.search_runs(
        [experiment_id], max_results=last, order_by=["attributes.start_time DESC"]
    )
    if not runs:
        raise TrackingError(f"{table}: no runs yet. Start one: kedro run --pipeline {table}.")
    metrics = headline({name for run in runs for name in run.data.metrics})
    differ = hyperparameters(runs, MOST_HYPERPARAMETERS, usual=())
    frame = pd.DataFrame([_row(run, differ, metrics) for run in runs])
    frame[ROWS] = _groups(runs, metrics)
    if metrics:
        up = higher_is_better(metrics[0])
        frame = frame.sort_values([ROWS, metrics[0]], ascending=[True, not up], na_position="last")
    url = runs_page(params.pages, experiment_id, VIEW)
    shown = pages_open(params)
    return Comparison(table, frame.reset_index(drop=True), differ, metrics, url, shown)


def _groups(runs: list[Run], metrics: list[str]) -> list[int]:
    """Number the rows that runs were judged by, from the newest; what was not judged has 0."""
    marks = [judged_by(run) if {*metrics} & {*run.data.metrics} else None for run in runs]
    numbers = {mark: k for k, mark in enumerate(dict.fromkeys(filter(None, marks)))}
    return [numbers[mark] if mark else 0 for mark in marks]


def _other(data: str, first: str) -> str:
    """What other rows these are, as far as is known."""
    return f" ({data})" if data and data != first else " (another split)" if data else ""


def _counted(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs} runs"


def _row(run: Run, differ: list[str], metrics: list[str]) -> dict[str, Any]:
    start, end = run.info.start_time, run.info.end_time
    return {
        "run": run.info.run_id[:8],
        "name": run.info.run_name,
        "started": pd.Timestamp(start, unit="ms", tz="UTC").tz_convert(_here()),
        "seconds": (end - start) / 1000 if end else float("nan"),
        "status": run.info.status.lower(),
        **{
            hyperparameter: _value(run.data.params.get(hyperparameter)) for hyperparameter in differ
        },
        DATA: _data(run),
        **{metric: run.data.metrics.get(metric, float("nan")) for metric in metrics},
    }


def _data(run: Run) -> str:
    """The name of the rows that a run learned from and was judged by, and their fingerprint."""
    described, _, sha256 = run.data.tags.get("data", "").rpartition(", sha256 ")
    name, _, _ = described.rpartition(", ")
    return f"{name.removeprefix('synthetic sample: ')} {sha256[:6]}".strip()


def _here() -> tzinfo | None:
    return datetime.now().astimezone().tzinfo


def _value(text: str | None) -> Any:
    """Read a parameter back: numbers as numbers, the rest as text."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.strftime("%m-%d %H:%M")
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _words(hyperparameter: pd.Series) -> list[str]:
    """A hyperparameter's values as words, one a run; none where they are numbers."""
    from colonnade.evaluation.figures.style import plain

    if pd.api.types.is_numeric_dtype(hyperparameter):
        return []
    return [plain("none" if value is None else value, 16) for value in hyperparameter]


def _room_below(hyperparameter: pd.Series, columns: int) -> float:
    """Inches below a panel: more than LYING where its words are too many to lie side by side."""
    from colonnade.evaluation.figures.style import room_for

    words = list(dict.fromkeys(_words(hyperparameter)))
    own = PANELS / columns / max(1, len(words))
    crowded = any((room_for([a]) + room_for([b])) / 2 > own for a, b in pairwise(words))
    return room_for(words) if crowded else LYING


def _metric(value: float) -> str:
    """Four decimals below a hundred, so that equal ones look equal and columns align."""
    return "-" if pd.isna(value) else f"{value:.4f}" if abs(value) < 100 else f"{value:.5g}"


def _panel(ax: Axes, hyperparameter: pd.Series, metric: pd.Series, *, first: bool) -> None:
    from colonnade.evaluation.figures.style import BLUE, VERMILION, label, plain

    best = metric.index.get_loc(
        metric.idxmax() if higher_is_better(str(metric.name)) else metric.idxmin()
    )
    places = hyperparameter.to_list()
    words = _words(hyperparameter)
    if words:
        ticks = {word: place for place, word in enumerate(dict.fromkeys(words))}
        places = [ticks[word] for word in words]
        ax.set_xticks(list(ticks.values()), list(ticks))
        ax.set_xlim(-0.5, len(ticks) - 0.5)
    elif hyperparameter.min() > 0 and hyperparameter.max() > WIDE_RATIO * hyperparameter.min():
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.minorticks_off()
    else:
        ax.locator_params(axis="x", nbins=5)
    values = metric.to_list()
    ax.scatter(places, values, c=BLUE, s=30, alpha=0.6, linewidths=0, zorder=3)
    ax.scatter(places[best], values[best], c=VERMILION, s=60, marker="D", zorder=4)
    name = plain(str(hyperparameter.name).removeprefix("training."), 30)
    label(ax, x=name, y=str(metric.name) if first else "")
