"""The page: self-contained, honest about its source, and safe with any name."""

from __future__ import annotations

import dataclasses
import re
from html import unescape as html_unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.explanation.explain import Explanation
from colonnade.evaluation.explanation.failures import Mistake, Slice
from colonnade.evaluation.explanation.importance import Importance
from colonnade.evaluation.metrics.calibration import Calibration, Reliability, calibration_sentence
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.metrics.scores import ClassMetrics
from colonnade.evaluation.report.content import ModelFacts, Origin, Results
from colonnade.evaluation.report.drawings import drawings
from colonnade.evaluation.report.environment import command_line, environment
from colonnade.evaluation.report.model_card import escape, model_card_markdown
from colonnade.evaluation.report.page import (
    ReportContent,
    breakable,
    hyperparameters,
    report_content,
    report_html,
)
from colonnade.evaluation.report.words.summary import summary_lines
from colonnade.evaluation.report.words.table_rows import metric_rows
from colonnade.evaluation.report.words.wording import (
    hyperparameter_facts,
    page_context,
    training_facts,
)
from colonnade.messages.catalog import speaking
from colonnade.tables.source import Source
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.training_params import TrainingParams

HOSTILE = ("<script>alert(1)</script>", r"$\frac{1}{0}$", "电池容量", "📱", "{{ 7*7 }}", "`x`|y")
PARAMS = EvaluationParams(baselines=["constant", "linear"], resamples=50, importance_repeats=2)
SOURCE = Source(name="手机<i>.csv", rows=200, columns=4, sha256="ab" * 32)
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "lr": 0.1,
        "train_loss": [1.0, 0.5, 0.4],
        "validation_loss": [1.0, 0.7, 0.6],
        "seconds": [0.1, 0.2, 0.3],
    }
)


@pytest.fixture
def content(bench):
    def build(params=PARAMS, source=SOURCE, **settings):
        case = bench(**settings)
        found = evaluate_model(case.model, *case.parts, params, source=source)
        return report_content(
            "phones",
            case.model,
            Results(found.predictions, found.metrics, HISTORY),
            case.primary,
            case.split,
            source=source,
            schema=case.schema,
            params=params,
            command="kedro run --pipeline phones",
        )

    return build


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.outside, self.texts, self.ids, self.script = set(), [], [], [], ""
        self._tag = ""
        self.feed(text.replace("<wbr>", ""))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._tag = tag
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "action", "data") and value[:1] != "#":
                self.outside.append(value)

    def handle_data(self, data):
        if self._tag == "script":
            self.script, self._tag = data, ""
        else:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


TASKS = {
    "classification": {"task": "classification", "classes": ["a", "b"]},
    "ordinal": {"task": "ordinal", "classes": [1, 2, 3]},
    "regression": {"task": "regression", "features": ("x",)},
}


PAGES: dict[str, str] = {}


@pytest.fixture
def page_of(content):
    """Render the page of a task, once for all tests."""

    def render(task):
        if task not in PAGES:
            PAGES[task] = report_html(content(**TASKS[task]))
        return PAGES[task]

    return render


@pytest.mark.parametrize("task", TASKS)
def test_the_page_needs_nothing_from_outside(page_of, task):
    html = page_of(task)
    page = Page(html)
    (predictions,) = page.outside
    assert predictions.startswith("data:text/csv;charset=utf-8;base64,")
    assert len(re.findall("<script", html)) == 1
    assert not re.search(r"fetch|XMLHttp|import\(|https?:", page.script)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert len(html.encode()) < 500_000


@pytest.mark.parametrize("task", TASKS)
def test_the_page_tells_every_chapter(page_of, task):
    page = Page(page_of(task))
    chapters = ["verdict", "errors", "drivers", "next", "data", "training", "appendix"]
    assert [name for name in page.ids if "-" not in name] == chapters
    assert "Is a linear model enough?" in page.text
    assert "network" not in page.text
    assert "kedro run --pipeline phones" in page.text
    assert "ab" * 32 in page.text
    assert "train 130, validation 30, test 40" in page.text


def test_ids_are_unique(page_of):
    ids = Page(page_of("ordinal")).ids
    own = [name for name in ids if "-" not in name]
    assert len(own) == len(set(own))
    # matplotlib repeats the id of a glyph within one drawing, never across two
    assert {name.split("-")[0] for name in ids if "-" in name} == {
        "learning",
        "fit",
        "roc",
        "pr",
        "reliability",
        "importance",
        "dependence",
        "targets",
    }


def test_hostile_names_stay_text(content):
    html = report_html(
        content(task="classification", n=300, features=HOSTILE, classes=list(HOSTILE))
    )
    page = Page(html)
    assert "i" not in page.tags
    assert len(re.findall("<script", html)) == 1
    for name in HOSTILE:
        assert name in page.text
    assert "手机<i>.csv" in page.text
    assert "49" not in [text.strip() for text in page.texts if "7*7" in text]


def test_a_synthetic_sample_is_called_so(content, page_of):
    drawn = SOURCE.model_copy(update={"note": "synthetic sample", "name": "sample.csv"})
    text = Page(report_html(content(source=drawn, **TASKS["ordinal"]), {})).text
    assert f"Synthetic sample : sample.csv, 200 rows, sha256 {'ab' * 32}." in text
    assert "ynthetic sample" not in Page(page_of("ordinal")).text


def test_one_feature_shows_three_lines_in_raw_units(content):
    drawn = SOURCE.model_copy(update={"coefficients": {"x": 1.0}, "intercept": 50.0})
    text = Page(report_html(content(source=drawn, **TASKS["regression"]), {})).text
    assert "y = slope × x + intercept, in raw units." in text
    assert "learned" in text
    assert "least squares of the same train rows" in text
    assert "true, from which the rows were drawn 1.000 50.00" in text


def test_explaining_can_be_left_out(content):
    page = Page(report_html(content(params=EvaluationParams(explain=False), **TASKS["ordinal"])))
    assert "drivers" not in page.ids
    assert {name.split("-")[0] for name in page.ids if "-" in name} == {"learning", "fit"}


# Names of methods, packages and files, which a Chinese reader knows by no other.
LATIN = {
    "auc",
    "brier",
    "ece",
    "kappa",
    "logits",
    "mae",
    "mape",
    "nat",
    "rmse",
    "roc",
    "sha",
    "top",
}
LATIN |= {"python", "colonnade", "kedro", "torch", "pandas", "numpy", "scikit", "learn", "mlflow"}
LATIN |= {"matplotlib", "git", "linux", "pr", "csv", "cpu"}


@pytest.mark.parametrize("task", TASKS)
def test_a_chinese_page_and_card_hold_no_english(content, task):
    words = {"features": ("面积",), "target": "价格"} | TASKS[task]
    if task != "regression":
        words |= {"classes": ["低", "中", "高"], "features": ("面积", "房龄", "楼层")}
    with speaking("zh"):
        known = content(**{**words, "task": task})
        html, card = report_html(known), model_card_markdown(known)
    assert '<html lang="zh">' in html
    shown = re.sub(r"<(style|script|code|pre)\b.*?</\1>", " ", html, flags=re.DOTALL)
    shown = re.sub(r"<dd>.*?</dd>", " ", shown)
    said = [*re.findall(r'aria-label="([^"]*)"', shown), re.sub("<[^>]*>", " ", shown)]
    said.append(re.sub(r"`{4}.*", " ", card, flags=re.DOTALL))
    text = re.sub(r"\w+(\.\w+)+(：.*)?", " ", html_unescape(" ".join(said)))  # parameters
    english = {word.lower() for word in re.findall("[A-Za-z]{2,}", text)}
    assert english - LATIN - {"phones", "ab" * 32} == set()
    assert "价格" in html
    assert "模型卡：phones" in card


def test_figures_drawn_for_elsewhere_are_those_of_the_page(content, page_of):
    known = content(**TASKS["ordinal"])
    drawn = drawings(known)
    assert {"learning", "fit"} < set(drawn)
    assert report_html(known, drawn) == page_of("ordinal")


def test_a_table_without_held_out_rows_still_has_a_page(content):
    for task, settings in TASKS.items():
        html = report_html(content(fractions=(0.0, 0.0), **settings))
        assert "No rows to evaluate on" in html, task


def test_plain_data_is_enough_for_a_page():
    predictions = pd.DataFrame({"part": ["test"] * 3, "actual": [1.0, 2, 3], "prediction": 2.0})
    found = ReportContent(
        table="t",
        target="y",
        task="regression",
        source=SOURCE,
        results=Results(predictions, Metrics({"test": {"rmse": 0.816}}), HISTORY),
        params=EvaluationParams(explain=False),
        origin=Origin(environment={}, command="kedro run"),
    )
    assert "Test RMSE 0.816" in report_html(found)


def test_the_same_content_gives_the_same_page(content, page_of):
    assert report_html(content(**TASKS["ordinal"])) == page_of("ordinal")


def test_hyperparameters_are_written_as_yaml_has_them():
    found = hyperparameter_facts({"a": True, "b": [32, 16], "c": "cosine", "d": 0.2, "e": None})
    assert found == [("a", "true"), ("b", "[32, 16]"), ("c", "cosine"), ("d", "0.2"), ("e", "null")]


def test_a_short_training_takes_some_time():
    facts = training_facts(plain_content(facts={"seconds": 0.0384}))
    assert facts == [("time", "0.038 s")]


def test_names_may_be_cut_after_an_underscore():
    assert breakable("px_<b>") == "px_<wbr>&lt;b&gt;"
    assert breakable("a" * 20) == "a" * 16 + "<wbr>" + "a" * 4
    odd = "__a b__c \n d_ "
    assert breakable(odd).replace("<wbr>", "") == odd


def test_the_page_tells_the_model_and_how_it_was_trained(content):
    page = report_html(content(), {})
    for word in ("model.kind", "linear", "training.epochs", "Linear: 20 inputs", "epochs run"):
        assert word in page
    assert "training seed" in page
    assert "Every knob stands at its default" not in page


def test_only_parameters_that_differ_from_their_defaults_are_reported():
    assert hyperparameters(model=ModelParams(), training=TrainingParams()) == {}
    training = TrainingParams.model_validate(
        {"optimizer": {"name": "adamw", "lr": 0.2}, "scheduler": "cosine", "epochs": 200}
    )
    found = hyperparameters(model=ModelParams(kind="linear"), training=training)
    assert found == {
        "model.kind": "linear",
        "training.optimizer": "adamw",
        "training.optimizer.lr": 0.2,
        "training.scheduler": "cosine",
        "training.epochs": 200,
    }


def test_early_stopping_and_widths_are_reported_as_they_are_written():
    training = TrainingParams.model_validate({"early_stopping": {"patience": 20}})
    found = hyperparameters(model=ModelParams(hidden=(32, 16)), training=training)
    assert found["model.hidden"] == [32, 16]
    assert found == {"model.hidden": [32, 16], "training.early_stopping.patience": 20}


def test_a_kind_is_named_though_its_own_defaults_are_not():
    assert hyperparameters(model=ModelParams(kind="realmlp")) == {"model.kind": "realmlp"}
    found = hyperparameters(model=ModelParams(kind="realmlp", dropout=0.3))
    assert found == {"model.kind": "realmlp", "model.dropout": 0.3}


def test_area_of_two_classes_names_the_class_that_it_is_about():
    (row,) = metric_rows(Metrics({"test": {"pr_auc": 0.5}}), ["no", "yes"])
    assert row[0] == "PR-AUC (average precision) of 'yes'"
    (row,) = metric_rows(Metrics({"test": {"pr_auc": 0.5}}), ["a", "b", "c"])
    assert row[0].endswith("mean of each class against the rest")


def test_a_number_says_how_far_off_it_usually_is():
    metrics = {"test/rmse": 3.0, "test/median_error": 2.0}
    known = plain_content(task="regression", metrics=Metrics.from_flat(metrics))
    assert (
        dict(summary_lines(known))["How far off"]
        == "Half of the test rows are predicted to within 2.00."
    )
    metrics |= {"test/interval_width": 9.0, "test/interval_coverage": 0.9}
    known = plain_content(task="regression", metrics=Metrics.from_flat(metrics))
    text = dict(summary_lines(known))["How far off"]
    assert text.startswith(
        f"Half of the test rows are predicted to within 2.00; 90.0{NB}% lie within ±4.50, "
    )
    assert text.endswith(f"cover 90{NB}%.")
    watched = dataclasses.replace(known.model, interval_caveat="its rows chose when to stop")
    text = dict(summary_lines(dataclasses.replace(known, model=watched)))["How far off"]
    assert text.endswith(". It may cover somewhat fewer of new rows: its rows chose when to stop.")


def test_environment_names_versions():
    assert {"Python", "torch", "scikit-learn", "machine"} <= set(environment())


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["/usr/bin/kedro", "run", "--params", "a.b=c d"], "kedro run --params 'a.b=c d'"),
        (["python -m kedro", "run", "--pipeline", "a"], "python -m kedro run --pipeline a"),
        (["/x/colonnade/__main__.py", "--pipeline=a"], "python -m colonnade --pipeline=a"),
        (["/x/my script.py"], "'my script.py'"),
    ],
)
def test_command_can_be_pasted_into_a_shell(argv, line):
    assert command_line(argv) == line


def test_model_card_tells_what_the_page_tells_and_keeps_names_text(content):
    drawn = SOURCE.model_copy(update={"note": "synthetic sample"})
    card = model_card_markdown(
        content(source=drawn, task="classification", features=HOSTILE, classes=list(HOSTILE))
    )
    assert card.startswith("# Model card: phones\n\n> **synthetic sample**: 手机\\<i\\>.csv")
    for chapter in ("Intended use", "Data", "Model", "Performance", "Limits", "Reproduce"):
        assert f"## {chapter}" in card
    assert "<script>" not in card
    assert "| \\`x\\`\\|y | numeric |" in card
    assert "kedro run --pipeline phones" in card
    assert "Predicts y, a class, from the other columns below." in card
    assert "On the same test rows; in brackets 95 % bootstrap intervals:" in card


def test_markdown_marks_are_escaped():
    assert escape("a|b *c*\n<d>") == r"a\|b \*c\* \<d\>"
    assert escape("- item") == r"\- item"
    assert escape("12. item") == r"12\. item"
    assert escape("0.2") == "0.2"
    assert escape("_x_ but px_height, 96.5 (now)") == r"\_x\_ but px_height, 96.5 (now)"


def test_folds_of_a_cross_validation_are_shown_with_mean_and_sd(content):
    folds = [
        {"fold": f"fold_{i}", "train_rows": 1600, "test_rows": 400, "accuracy": accuracy}
        for i, accuracy in enumerate((0.95, 0.97), 1)
    ]
    bare = content()
    metrics = bare.results.metrics | {"cv": {"accuracy": 0.96, "accuracy_sd": 0.014142}}
    results = dataclasses.replace(bare.results, folds=folds, metrics=metrics)
    with_folds = dataclasses.replace(bare, results=results)
    page, card = report_html(with_folds, {}), model_card_markdown(with_folds)
    for text in ("Cross-validation on 2 folds", f"96.0{NB}%{NB}±{NB}1.4", "97.0", "1,600"):
        assert text in page
    assert r"cross-validation on 2 folds, mean ± sd | 96.0 % ± 1.4" in card
    assert dict(summary_lines(with_folds))["Over folds"].startswith(
        "Cross-validation on 2 folds (mean ± sd): accura"
    )
    assert "Cross-validation on" not in report_html(bare, {})
    assert "folds" not in model_card_markdown(bare)


NB = "\N{NO-BREAK SPACE}"


def plain_content(**changes):
    """Four rows of classes a, b and c; one a is taken for b."""
    predictions = pd.DataFrame(
        {
            "part": "test",
            "row": range(4),
            "actual": list("aabc"),
            "prediction": list("abbc"),
            **{f"probability_{label}": 1 / 3 for label in "abc"},
        }
    )
    metrics = Metrics({"test": {"accuracy": 0.75}, "train": {"accuracy": 0.75}})
    facts = {
        "table": "t",
        "target": "y",
        "task": "ordinal",
        "source": SOURCE,
        "results": Results(predictions, metrics, HISTORY),
    }
    content = ReportContent(**facts)
    for name in ("results", "data", "model"):
        own = {field.name for field in dataclasses.fields(getattr(content, name))}
        group = {key: changes.pop(key) for key in own & changes.keys()}
        changes[name] = dataclasses.replace(getattr(content, name), **group)
    return dataclasses.replace(content, **changes)


def explanation(**more):
    importance = [
        Importance(feature="ram", mean=0.3, low=0.2, high=0.4),
        Importance(feature="fc", mean=0.01, low=-0.01, high=0.02),
    ]
    return Explanation(importance=importance, **more)


def a_slice(beyond_chance):
    return Slice(
        feature="ram", values="1 to 2", rows=30, metric=0.5, overall=0.9,
        beyond_chance=beyond_chance,
    )  # fmt: skip


def test_a_glance_tells_why_and_where_it_fails():
    found = dict(summary_lines(plain_content(explanation=explanation(slices=[a_slice(True)]))))
    assert list(found) == ["Why", "Where it fails"]
    assert f"ram (30.0{NB}points)" in found["Why"]
    confusion, slice_ = found["Where it fails"].split(". ", 1)
    assert confusion == "Most often 'a' is predicted as 'b': 1 of its 2 test rows"
    assert slice_.endswith(f"ram is 1 to 2: 50.0{NB}% on 30 rows, 90.0{NB}% overall.")
    lucky = dict(summary_lines(plain_content(explanation=explanation(slices=[a_slice(False)]))))
    assert lucky["Where it fails"].endswith(
        "test rows. No value or range of any column is predicted clearly worse than the rest."
    )
    assert summary_lines(plain_content(params=EvaluationParams(explain=False))) == []


def test_suspicious_columns_are_reported_on_the_first_screen(content):
    page = content()
    sentence = "Column 'paid' predicts 'y' almost alone: set `schema.columns.paid.kind: ignored`."
    page.data.profile["suspicions"] = [sentence]
    assert summary_lines(page)[0] == ("Suspicious", sentence)
    assert "<code>schema.columns.paid.kind: ignored</code>" in report_html(page, {})


def test_a_glance_at_a_perfect_model_finds_no_row_wrong():
    bare = plain_content()
    right = bare.results.predictions.assign(prediction=bare.results.predictions["actual"])
    assert summary_lines(plain_content(predictions=right)) == [
        ("Where it fails", "No test row is misclassified.")
    ]


def test_slices_that_may_be_luck_are_folded_away():
    page = Page(report_html(plain_content(explanation=explanation(slices=[a_slice(False)])), {}))
    assert "No quarter and no value of any column stands out on test rows" in page.text
    assert "1 that may be luck" in page.text
    lucky = page_context(plain_content(explanation=explanation(slices=[a_slice(True)])))
    assert len(lucky["slices"]) == 1
    assert lucky["lucky_slices"] == []


def test_the_order_of_ordered_classes_is_reported():
    assert "(ordinal: a < b < c)" in Page(report_html(plain_content(), {})).text


def test_parts_without_metrics_have_no_column():
    page = Page(report_html(plain_content(), {}))
    assert "metric test train accuracy" in page.text


def test_the_worst_of_many_classes_come_first_and_the_rest_is_folded():
    classes = [
        ClassMetrics(label=f"c{k}", precision=0.5, recall=0.5, f1=k / 30, rows=2) for k in range(30)
    ]
    words = page_context(plain_content(explanation=Explanation(classes=classes[::-1])))
    assert [row[0] for row in words["worst_classes"]] == [f"c{k}" for k in range(10)]
    assert len(words["classes"]) == 30
    assert (
        page_context(plain_content(explanation=Explanation(classes=classes[:20])))["worst_classes"]
        == []
    )


def test_a_missing_value_beside_a_mistake_is_called_so():
    mistake = Mistake(row="1", actual="a", prediction="b", certainty=0.9, values={"age": "nan"})
    (row,) = page_context(plain_content(explanation=Explanation(mistakes=[mistake])))["mistakes"]
    assert row == ("1", "a", "b", f"90.0{NB}%", "missing")


def test_words_beside_a_mistake_stand_at_the_left():
    cells = {"age": "3", "city": "Bern"}
    mistake = Mistake(row="1", actual="a", prediction="b", certainty=0.9, values=cells)
    profile = {
        "columns": {
            "age": {"kind": "numeric", "missing": 0, "distinct": 2, "minimum": 1, "maximum": 3},
            "city": {"kind": "categorical", "missing": 0, "distinct": 2},
        },
        "parts": {"validation": 4, "test": 4},
        "duplicates": {"repeated": 0},
        "notes": [],
    }
    explained = plain_content(profile=profile, explanation=Explanation(mistakes=[mistake]))
    assert page_context(explained)["mistake_words"] == [5]
    page = report_html(explained, {})
    assert "<td>Bern</td>" in page
    assert '<td class="n">3</td>' in page


def test_the_summary_keeps_layers_and_their_sum_alone():
    printed = "=====\nLayer  Param #\n=====\nLinear: 1-1  23\n=====\nTotal params: 23\n"
    printed += "Trainable params: 23\nNon-trainable params: 0\n"
    printed += "Total mult-adds (Units.MEGABYTES): 0.00\n=====\nInput size (MB): 0.00\n====="
    assert ModelFacts(summary=printed).layers == "Layer  Param #\nLinear: 1-1  23\nTotal params: 23"


def test_a_temperature_that_training_chose_is_reported():
    before, after = (
        Reliability(confidence=[0.9], accuracy=[0.8], rows=[100], ece=ece, log_loss=loss)
        for ece, loss in ((0.1, 0.5), (0.02, 0.4))
    )
    alone = Calibration(before=before, after=None, temperature=None)
    assert calibration_sentence(None) == ""
    assert calibration_sentence(alone).startswith("Temperature scaling was not tried")
    assert calibration_sentence(alone, 0.436) == (
        "Training has divided the logits by 0.44, the temperature that fits rows held out of "
        "training best."
    )
    tried = Calibration(before=before, after=after, temperature=1.7)
    text = calibration_sentence(tried)
    assert "would help: log-loss from 0.500 to 0.400, calibration error from 0.100 to 0.020" in text
    worse = Calibration(before=after, after=before, temperature=0.2)
    assert "would not help: log-loss from 0.400 to 0.500" in calibration_sentence(worse)
    same = Calibration(before=before, after=before, temperature=1.0)
    assert calibration_sentence(same) == "No other temperature would help."


def test_validation_rows_that_a_refit_has_learned_from_are_reported():
    sentence = "its validation numbers are of rows that it has seen"
    assert sentence not in report_html(plain_content(), {})
    assert sentence in report_html(plain_content(facts={"refit_epochs": 7}), {})
