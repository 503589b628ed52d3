"""Fonts come and go on a machine: those there now are used, and the one to get is named."""

from __future__ import annotations

import logging
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.font_manager import FontEntry

from colonnade.datasets.local import PngFigure
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.figures.fonts import (
    characters_of,
    fallback_fonts,
    font_for,
    installed_families,
    undrawn,
)
from colonnade.evaluation.figures.style import finish, label, new_figure, plain
from colonnade.evaluation.report.content import ReportContent, Results
from colonnade.evaluation.report.drawings import drawings, pictures
from colonnade.messages.catalog import speaking
from colonnade.tables.source import Source


@pytest.fixture
def machine(monkeypatch):
    """A machine with matplotlib's own fonts alone, and the list of font files found on it."""
    own = str(Path(mpl.get_data_path()))
    fonts = [font for font in font_manager.fontManager.ttflist if font.fname.startswith(own)]
    found: list[str] = []
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: list(found))
    forget()
    yield found
    forget()


def forget():
    installed_families.cache_clear()
    characters_of.cache_clear()


def font_file(path, family, characters):
    """A font whose every character is a square."""
    pen = TTGlyphPen(None)
    for k, point in enumerate([(0, 0), (0, 700), (700, 700), (700, 0)]):
        (pen.lineTo if k else pen.moveTo)(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(c): "square" for c in characters})
    builder.setupGlyf({".notdef": square, "square": square})
    builder.setupHorizontalMetrics({".notdef": (800, 0), "square": (800, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def named(word):
    figure, (ax,) = new_figure("t")
    label(ax, x=plain(word))
    return finish(figure, [word])


def test_a_font_installed_after_matplotlib_made_its_list_is_found(machine, tmp_path):
    assert fallback_fonts("价") == []
    machine.append(font_file(tmp_path / "later.ttf", "Later", "价格"))
    forget()  # as the next process does
    assert fallback_fonts("a价格") == ["Later"]
    assert undrawn(named("价格")) == ""
    assert undrawn(named("价格类")) == "类"


def test_what_is_no_font_is_passed_over(machine, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    machine.append(str(tmp_path / "broken.ttf"))
    assert fallback_fonts("价") == []


def test_a_font_removed_after_matplotlib_made_its_list_is_not_used(machine):
    gone = FontEntry(fname="/nowhere/gone.ttc", name="Noto Sans CJK SC")
    font_manager.fontManager.ttflist.append(gone)
    assert fallback_fonts("价") == []
    assert undrawn(named("价格")) == "价格"


def test_pictures_say_once_which_font_to_install(machine, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        for name in ("fit", "learning"):
            PngFigure(filepath=str(tmp_path / f"{name}.png")).save(named("价格"))
    assert (tmp_path / "learning.png").stat().st_size > 0
    assert [record.getMessage() for record in caplog.records] == [
        "fit.png: no installed font has 价, 格, drawn as boxes. Install Noto Sans CJK (on Debian "
        "and Ubuntu: apt-get install fonts-noto-cjk) and run again."
    ]


def test_pictures_are_english_where_no_font_has_the_language(machine, bench, caplog):
    case = bench("classification", classes=["a", "b"])
    params = EvaluationParams(explain=False, baselines=[], resamples=0)
    found = evaluate_model(case.model, *case.parts, params)
    history = pd.DataFrame({"epoch": [1], "lr": 0.1, "train_loss": 1.0, "validation_loss": 1.0})
    source = Source(name="t", rows=1, columns=1, sha256="ab")
    content = ReportContent(
        "t", "y", "classification", source,
        Results(found.predictions, found.metrics, history), params=params,
    )  # fmt: skip
    with speaking("zh"), caplog.at_level(logging.WARNING):
        drawn = drawings(content)
        assert "混淆矩阵" in drawn["fit"].texts[0].get_text()
        saved = pictures(content, drawn)
    assert saved["fit"].texts[0].get_text().startswith("Confusion matrix")
    [hint] = [record.getMessage() for record in caplog.records]
    assert hint.startswith("pictures are in English: no installed font has ")
    assert "fonts-noto-cjk" in hint


@pytest.mark.parametrize(
    ("characters", "package"), [("价", "noto-cjk"), ("📱", "symbola"), ("ไทย", "noto-core")]
)
def test_the_font_to_install_is_one_of_the_script(characters, package):
    assert package in font_for(characters)
