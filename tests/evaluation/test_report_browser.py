"""The page as a reader meets it, in a real browser."""

from __future__ import annotations

import pandas as pd
import pytest

from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.report.content import Results
from colonnade.evaluation.report.page import report_content, report_html
from colonnade.tables.source import Source

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

SOURCE = Source(name="样本.csv", rows=300, columns=4, sha256="ab" * 32, note="synthetic sample")
HISTORY = pd.DataFrame(
    {"epoch": [1, 2], "lr": 0.1, "train_loss": [1.0, 0.5], "validation_loss": [1.0, 0.7]}
)


@pytest.fixture(scope="module")
def address(bench, tmp_path_factory):
    """A page with hostile names, on disk."""
    features = ("<img src=x onerror=alert(1)>", r"$\frac{1}{0}$", "电池容量")
    case = bench("classification", n=300, features=features, classes=["低", "<b>hoch</b>"])
    found = evaluate_model(case.model, *case.parts, EvaluationParams(), source=SOURCE)
    content = report_content(
        "phones",
        case.model,
        Results(found.predictions, found.metrics, HISTORY),
        case.primary,
        case.split,
        source=SOURCE,
        schema=case.schema,
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_html(content), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_shows_its_content_and_asks_for_nothing(browser, address, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert said == []
    assert asked == [address]
    first_screen = page.inner_text("#verdict")
    assert "Is a linear model enough?" in first_screen
    assert "Test accuracy" in first_screen
    assert "gradient boosting" in first_screen
    assert page.locator("#verdict").bounding_box()["y"] < 900
    assert "Synthetic sample: 样本.csv, 300 rows" in page.inner_text("header")
    assert "<img src=x onerror=alert(1)>" in page.inner_text("#errors")
    assert page.locator("figure svg").count() == 8
    assert page.locator("img").count() == 0
    assert page.locator("figure svg[role=img][aria-label]").count() == 8
    # nothing hangs over the edge of a phone, and the first table is seen whole
    assert page.evaluate("document.documentElement.scrollWidth") == width
    table = "document.querySelector('#verdict .scroll')"
    assert page.evaluate(f"{table}.scrollWidth <= {table}.clientWidth")
    # a figure's title stands where words do
    title = page.locator("#training figure text", has_text="Learning curve").bounding_box()
    assert abs(title["x"] - page.locator("#training h2").bounding_box()["x"]) < 1.5


def test_a_table_sorts_by_the_column_that_is_chosen(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    table = page.locator("#data table.sort")
    page.locator("#data summary").click()
    head = table.locator("th").nth(4)
    head.click()
    assert head.get_attribute("aria-sort") == "descending"

    def shown():
        return [float(text.replace("\N{MINUS SIGN}", "-")) for text in
                table.locator("tbody td:nth-child(5)").all_inner_texts() if text]  # fmt: skip

    assert shown() == sorted(shown(), reverse=True)
    head.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert len(shown()) == 3
    assert shown() == sorted(shown())
    table.locator("th").first.click()
    names = table.locator("tbody td:first-child").all_inner_texts()
    assert len(names) == 4
    assert names[-1] == "电池容量"


def test_marks_say_what_they_stand_for(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    tip = page.locator(".tip")
    assert not tip.is_visible()
    figure = page.locator("#errors figure svg").first
    box = figure.bounding_box()
    page.mouse.wheel(0, box["y"] - 100)
    page.wait_for_timeout(100)
    box = figure.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    assert "actual" in tip.inner_text()
    assert "of the actual class" in tip.inner_text()
    page.mouse.move(5, 5)
    assert not tip.is_visible()


def test_predictions_can_be_taken_along(browser, address, tmp_path):
    page = browser.new_page()
    page.goto(address)
    with page.expect_download() as started:
        page.get_by_text("Download the predictions").click()
    started.value.save_as(tmp_path / "taken.csv")
    assert started.value.suggested_filename == "phones_predictions.csv"
    taken = pd.read_csv(tmp_path / "taken.csv")
    assert set(taken["part"]) == {"validation", "test"}
    assert list(taken.columns[:4]) == ["part", "row", "actual", "prediction"]


def test_words_of_figures_are_text_in_the_font_of_the_page(browser, address):
    page = browser.new_page()
    page.goto(address)
    name = page.locator("#drivers figure text", has_text="电池容量").first
    page.evaluate("e => getSelection().selectAllChildren(e)", name.element_handle())
    assert page.evaluate("getSelection().toString()") == "电池容量"
    font = "e => getComputedStyle(e).fontFamily"
    assert name.evaluate(font) == page.locator("body").evaluate(font)


def test_figures_follow_the_page_into_the_dark(browser, address):
    inks = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(address)
        inked = "document.querySelector('#training svg text[style*=ink]')"
        inks.append(page.evaluate(f"getComputedStyle({inked}).fill"))
        assert "Learning curve" in page.inner_text("#training figure")
    assert inks == ["rgb(31, 35, 40)", "rgb(230, 237, 243)"]


def test_a_page_from_the_dark_prints_dark_on_white_and_within_the_paper(browser, address):
    page = browser.new_page(viewport={"width": 680, "height": 900}, color_scheme="dark")
    page.goto(address)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"
    widest = "Math.max(...[...document.querySelectorAll('figure svg')].map(e => e.clientWidth))"
    assert page.evaluate(widest) <= 680
    assert not page.is_visible("nav")
    assert page.get_by_text("All 4 columns").is_visible()
    assert page.locator("#data td", has_text="numeric").first.bounding_box()["height"] > 10
