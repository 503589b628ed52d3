"""What a person sees of a run: on a terminal, on one without colors, and in a log."""

from __future__ import annotations

import io
import logging
import os
import pty
import re
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node

from colonnade.evaluation.metrics.groups import Metrics
from colonnade.hooks import run_log
from colonnade.hooks.run_log.log_lines import lines_of
from colonnade.hooks.run_log.run_outcome import RunOutcome
from colonnade.hooks.run_log.stage_facts import fact
from colonnade.hooks.run_log.stages import Stages
from colonnade.hooks.run_log.tables_view import TablesView
from colonnade.hooks.run_log.terminal import RunView, clock
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.training.progress import Progress
from tests.conftest import COMMAND, environment

CONTROL = re.compile(r"\x1b|\r")
METRICS = {
    "test/accuracy": 0.968,
    "test/accuracy_low": 0.948,
    "test/accuracy_high": 0.982,
    "baseline/logistic/accuracy": 0.95,
    "baseline/majority/accuracy": 0.25,
    "gain/accuracy": 0.018,
}


class Terminal(io.StringIO):
    """What was written to a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Give the process a terminal of 80 columns, in color; pytest takes its own back first."""
    return partial(_on_terminal, monkeypatch)


def _on_terminal(monkeypatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def make(name: str, *outputs: str):
    def work() -> tuple[int, ...]:
        return (1,) * len(outputs)

    work.__name__ = name
    return node(work, None, list(outputs), name=name, namespace=f"phones.{name}")


INGEST = make("ingest", "phones.primary", "phones.source")


def stages() -> Stages:
    pipeline = Pipeline([INGEST, make("train", "phones.model", "phones.history")])
    return Stages(pipeline)


def outcome(**changes) -> RunOutcome:
    found = RunOutcome.of("phones", Metrics.from_flat(METRICS), "ordinal", "mlp")
    for name, value in changes.items():
        setattr(found, name, value)
    return found


@contextmanager
def begun(view):
    """A view in the middle of the first stage."""
    told = stages()
    view.begin(told)
    first = told.all[0]
    first.began = time.perf_counter()
    view.started(first)
    try:
        yield first
    finally:
        view.close()


def test_a_stage_ends_once_all_that_it_makes_is_written():
    told = stages()
    assert [stage.name for stage in told.all] == ["ingest", "train"]
    first = told.begin(INGEST)
    assert first is told.all[0]
    assert told.running == [first]
    assert told.waiting == [told.all[1]]
    assert told.wrote("phones.source", "2,000 rows") is None
    assert told.wrote("phones.primary", "") is first
    assert first.fact == "2,000 rows"
    assert told.running == []


def test_what_is_done_stays_and_what_is_to_come_is_named(on_terminal):
    terminal = on_terminal()
    view = RunView()
    with begun(view) as first:
        first.seconds, first.facts = 0.1, ["2,000 rows, 21 columns, no problems"]
        view.done(first)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "✓  ingest    0.1 s  2,000 rows, 21 columns, no problems" in text
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is there, even for one who kills the run


def test_a_bar_shows_epochs_and_the_time_left(on_terminal):
    terminal = on_terminal()
    view = RunView()
    assert view.watcher is not None
    view.watcher(Progress("phones", "epoch", 57, 200, "loss 0.08", 63.0, at_most=True))
    view._screen.console.print(view._moving.cell("phones", 120))
    assert "epoch 57/200" in terminal.getvalue()
    assert "at most 1:03 left" in terminal.getvalue()
    assert clock(3723) == "1:02:03"


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_text_alone_where_no_color_is_wanted(on_terminal, monkeypatch, variable):
    terminal = on_terminal()
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    view = RunView()
    assert view.watcher is None  # epochs are lines of the log
    with begun(view) as first:
        first.seconds, first.facts = 0.1, ["2,000 rows"]
        view.done(first)
        view.finish([outcome(report=Path("data/report.html"))])
    assert not CONTROL.search(terminal.getvalue())
    assert "report  data/report.html" in terminal.getvalue()


def test_the_verdict_is_framed_with_a_link_and_one_command(on_terminal):
    terminal = on_terminal()
    RunView().finish([outcome(report=Path("data/report.html"), run_id="0123456789abcdef")])
    text = terminal.getvalue()
    assert "\x1b]8;id=" in text
    assert Path("data/report.html").resolve().as_uri() in text
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\]8;[^\x1b]*\x1b\\", "", text)
    assert max(map(len, plain.splitlines())) == 80
    for words in ("test accuracy  96.8", "best baseline  95.0", "run 01234567", "logistic"):
        assert words in plain
    assert "http" not in plain  # no page of a server that does not run
    assert plain.count("kedro ") == 1


def test_letters_alone_where_the_terminal_knows_no_others(on_terminal, monkeypatch):
    terminal = on_terminal()
    monkeypatch.setattr(terminal, "encoding", "ascii", raising=False)
    view = RunView()
    with begun(view) as first:
        first.seconds = 0.1
        view.failed(first)
    assert terminal.getvalue().isascii()
    assert "x" in terminal.getvalue()


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({"word": "unclear"}, "kedro run --pipeline phones --params phones.split.folds=5"),
        ({"word": "no"}, "kedro run --pipeline phones --params phones.model=linear"),
        ({"word": "no", "simpler": "", "run_id": "1"}, "kedro compare phones"),
        ({"word": "yes", "run_id": "1"}, "kedro register phones"),
        ({"word": "unclear", "folds": True, "run_id": "1"}, "kedro compare phones"),
        ({"word": "yes"}, "kedro run --pipeline phones_predict --params rows=ROWS.csv"),
    ],
)
def test_the_next_command_follows_from_the_verdict(changes, command):
    assert outcome(**changes).next_command == command
    assert lines_of(outcome(**changes))[-1].endswith(f": {command}")


def test_addresses_are_given_only_where_a_server_shows_them():
    assert "tracked as run 01234567: `make ui` shows it" in lines_of(
        outcome(run_id="0123456789abcdef")
    )
    open_pages = outcome(run_id="0123", page="http://here/run", all_runs="http://here/runs")
    assert "tracked as http://here/run" in lines_of(open_pages)


def test_several_tables_have_a_line_each(on_terminal):
    terminal = on_terminal()
    view = TablesView(["phones", "shop"])
    view.turn("phones")
    view.finish([outcome()])
    view.turn("shop")
    view.broke("shop")
    view.close()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    # the baseline's name has no room in 80 columns
    assert re.search(
        r"✓  phones +\d\.\d s  test accuracy 96\.8\s%    baseline 95\.0\s%\s*\n", plain
    )
    assert "(logistic" not in plain
    assert re.search(r"✗  shop +\d\.\d s  failed", plain)


def test_the_log_goes_above_what_moves_and_back_to_its_stream(on_terminal):
    terminal = on_terminal()
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    try:
        with begun(RunView()):
            assert handler.stream is not terminal
            logging.getLogger().warning("a word to the wise")
        assert handler.stream is terminal
        assert "a word to the wise" in terminal.getvalue()
    finally:
        logging.getLogger().removeHandler(handler)


def test_what_is_said_of_each_dataset():
    schema = SchemaParams(target="y", task="ordinal")
    catalog = DataCatalog({"params:phones.schema": MemoryDataset(schema)})
    source = {"name": "p.csv", "rows": 2000, "columns": 21, "sha256": "ab", "note": "sample"}
    split = pd.DataFrame({"part": ["train"] * 7 + ["test"] * 2 + ["validation"]})
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [3.0, 2.0, 1.0], "validation_loss": [0.5, 0.25, 0.75]}
    )
    said = {
        "source": (source, "2,000 rows, 21 columns, no problems; p.csv (sample)"),
        "split": (split, "7 train, 1 validation, 2 test rows"),
        "history": (history, "3 epochs, lowest validation loss 0.25 at epoch 2"),
        "metrics": (METRICS, "test accuracy 96.8\N{NO-BREAK SPACE}% (94.8"),
        "cross_validation": ({}, ""),
        "model": (object(), ""),
    }
    for name, (data, words) in said.items():
        found = fact(f"phones.{name}", data, catalog)
        assert found.startswith(words)
        assert bool(found) == bool(words)


@pytest.mark.slow
def test_a_run_on_a_terminal_ends_with_the_verdict_and_leaves_the_terminal_in_order(project):
    parent, child = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "run", "--pipeline", "regression"],
        cwd=project,
        env={**environment(), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        written = b""
        while True:
            try:
                block = os.read(parent, 65_536)
            except OSError:  # the other end is closed
                break
            written += block
    text = written.decode()
    assert process.returncode == 0
    for stage in ("ingest", "prepare", "train", "evaluate", "report"):
        assert re.search(rf"✓\x1b\[0m  {stage} ", text)
    assert "regression: as good as a simple model" in text
    assert "0.00 s" not in text
    assert "http://" not in text


def test_rich_is_imported_only_where_there_is_a_terminal():
    code = (
        "import sys, colonnade.settings\n"
        "print(sorted({'rich', 'torch', 'pandas', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [COMMAND.with_name("python"), "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert done.stdout.strip() == "[]"


def test_views_are_closed_however_often_one_asks():
    run_log.close_views()
    run_log.close_views()
