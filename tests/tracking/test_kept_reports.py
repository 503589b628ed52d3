"""A run's report outlives the next run."""

from __future__ import annotations

import os

from colonnade.hooks.reporters import kept_reports
from colonnade.hooks.reporters.kept_reports import keep_report


def test_each_run_keeps_its_own_page(tmp_path):
    page, card = tmp_path / "report.html", tmp_path / "model_card.md"
    for run in ("11112222aaaa", "33334444bbbb"):
        page.write_text(run)
        keep_report([page, card], run)
    assert (tmp_path / "runs/11112222/report.html").read_text() == "11112222aaaa"
    assert (tmp_path / "runs/33334444/report.html").read_text() == page.read_text()
    assert not (tmp_path / "runs/33334444/model_card.md").exists()


def test_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_reports, "MOST", 2)
    page = tmp_path / "report.html"
    page.write_text("a page")
    for second, run in enumerate(("a" * 12, "b" * 12, "c" * 12)):
        keep_report([page], run)
        folder = tmp_path / "runs" / run[:8]
        if folder.exists():
            os.utime(folder, (second, second))
    assert {folder.name for folder in (tmp_path / "runs").iterdir()} == {"b" * 8, "c" * 8}


def test_nothing_reported_leaves_nothing(tmp_path):
    keep_report([tmp_path / "report.html"], "a" * 12)
    assert not list(tmp_path.iterdir())
