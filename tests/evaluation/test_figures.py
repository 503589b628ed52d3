"""Every figure: labeled, of which rows, text stays text, and drawn without pyplot."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
import subprocess
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from colonnade.evaluation import figures
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.explanation.explain import explain_model
from colonnade.evaluation.explanation.importance import Dependence, partial_dependences
from colonnade.evaluation.figures.fonts import fallback_fonts
from colonnade.evaluation.figures.hover import MARKS
from colonnade.evaluation.figures.probabilities import precision_recall_curves
from colonnade.evaluation.figures.style import INK, label, new_figure, plain
from colonnade.evaluation.metrics.calibration import Calibration, Reliability
from colonnade.evaluation.metrics.fitted_line import line_data
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.observations import label_codes
from colonnade.evaluation.report.svg import alternative, inline_svg

# Whether this machine has fonts for every name is no matter here.
pytestmark = pytest.mark.filterwarnings(r"ignore:Glyph \d+:UserWarning")
HOSTILE = ("<script>", r"$\frac{1}{0}$", "电池容量", "📱", "new\nline", "a" * 200)
PARAMS = EvaluationParams(baselines=[], resamples=0, importance_repeats=1)


def history(n=30, validation=True):
    epochs = np.arange(1, n + 1)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "lr": 0.01,
            "train_loss": 1 / epochs,
            "validation_loss": 1 / epochs + 0.001 * epochs if validation else np.nan,
        }
    )


def all_figures(case):
    target, task = case.schema.target, case.schema.task
    found = evaluate_model(case.model, *case.parts, PARAMS)
    why = explain_model(case.model, case.primary, case.split, found.predictions, PARAMS)
    classes = [str(label) for label in case.model.standardizer.classes or []]
    drawn = {
        "learning": figures.learning_curve(history(), {"train": 130, "validation": 30}),
        "importance": figures.importance_bars(
            why.importance, why.importance_metric, "validation, n = 30"
        ),
        "dependence": figures.dependence_curves(why.dependence, task, "validation, n = 30"),
        "targets": figures.target_distribution(case.primary[target], case.split["part"], classes),
        "fit": figures.fit_figure(
            found.predictions,
            target=target,
            metrics=found.metrics,
            line=line_data(case.model, case.primary, case.split),
        ),
    }
    if task == "regression":
        drawn["residuals"] = figures.residuals(found.predictions, target)
        drawn["against"] = figures.predicted_vs_actual(found.predictions, target)
    else:
        drawn["roc"] = figures.roc_curves(found.predictions)
        drawn["pr"] = figures.precision_recall_curves(found.predictions)
        drawn["reliability"] = figures.reliability_diagram(why.calibration)
    return drawn


CASES = {
    "two classes": {"task": "classification", "classes": ["是", "<b>no</b>"]},
    "ordinal": {"task": "ordinal", "classes": [1, 2, 3, 4]},
    "one feature": {"task": "regression", "features": ("x",)},
    "hostile numbers": {"task": "regression", "features": HOSTILE, "target": "$价$"},
    "hostile classes": {"task": "classification", "features": HOSTILE, "classes": list(HOSTILE)},
    "many": {
        "task": "classification",
        "n": 700,
        "features": tuple(f"column {i}" for i in range(200)),
        "classes": [f"类别 {i}" for i in range(60)],
    },
}


@pytest.fixture
def drawn(bench):
    """Draw all figures of a case, once for all tests."""

    def draw(name):
        if name not in DRAWN:
            DRAWN[name] = all_figures(bench(**CASES[name]))
        return DRAWN[name]

    return draw


@pytest.mark.parametrize("name", CASES)
def test_every_figure_draws_with_labels_and_rows_in_its_title(drawn, name):
    for figure in drawn(name).values():
        assert isinstance(figure, Figure)
        assert figure.get_size_inches()[0] == 8
        shown = [ax for ax in figure.axes if ax.get_visible()]
        assert any(ax.get_xlabel() for ax in shown)
        assert any(ax.get_ylabel() or ax.get_yticklabels() for ax in shown)
        assert "n = " in figure.texts[0].get_text()
        figure.savefig(io.BytesIO(), format="png")


DRAWN: dict[str, dict[str, Figure]] = {}


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def test_hostile_names_stay_text(drawn):
    figure = drawn("hostile numbers")["importance"]
    shown = texts(figure)
    assert "<script>" in shown
    assert r"\$\frac{1}{0}\$" in shown  # matplotlib shows an escaped dollar as a dollar
    assert "new\\nline" in shown
    assert any("…" in text and len(text) <= 32 for text in shown)
    svg = inline_svg(figure, "importance")
    assert "<script" not in svg


def test_chinese_is_drawn_in_a_chinese_font_where_one_is_installed(drawn):
    figure = drawn("two classes")["fit"]
    labels = figure.axes[0].get_yticklabels()
    assert [text.get_text() for text in labels] == ["是", "<b>no</b>"]
    families = labels[0].get_fontfamily()
    installed = fallback_fonts("是")
    assert families == (["DejaVu Sans", *installed] if installed else ["sans-serif"])


def test_words_of_a_page_are_text_whatever_fonts_are_installed(drawn):
    for case in ("hostile classes", "hostile numbers"):
        for name, figure in drawn(case).items():
            assert "\\u" not in inline_svg(figure, name).lower(), name
    svg = inline_svg(drawn("hostile classes")["targets"], "targets")
    assert ">电池容量</text>" in svg
    assert ">📱</text>" in svg


def test_names_are_cut_in_the_middle_and_stay_on_one_line():
    assert plain("abcdefghij", 7) == "abc…hij"
    assert plain("📱价") == "📱价"
    assert plain("a$b") == r"a\$b"
    assert plain("tab\there\x00") == "tab\\there\\x00"
    assert plain("full\u3000width\xa0blank\u2028") == "full width blank "
    assert plain("half \ud83d of a pair\uffff") == "half \ufffd of a pair\ufffd"


def test_sixty_classes_fold_into_twenty(drawn):
    fit = drawn("many")["fit"]
    labels = [text.get_text() for text in fit.axes[0].get_yticklabels()]
    assert len(labels) == 20
    assert labels[-1] == "41 others"


def test_one_folded_class_taken_for_another_is_no_hit():
    names = [f"{k:02}" for k in range(22)]
    # three rows of each class but the last three, which are folded: one right, one wrong each
    actual = [name for name in names[:19] for _ in range(3)] + names[19:] + names[19:]
    prediction = [*actual[:-3], names[20], names[21], names[0]]
    predictions = pd.DataFrame({"part": "test", "actual": actual, "prediction": prediction})
    for name in names:
        predictions[f"probability_{name}"] = 1 / 22
    counts, rates = (
        axes.collections[0].get_array() for axes in figures.confusion_matrix(predictions).axes
    )
    assert counts.shape == (20, 20)
    # the picture's shade is the share of the actual class: of six others three are hits
    assert rates[-1, -1] == pytest.approx(3 / 6)
    assert rates[-1, 0] == pytest.approx(1 / 6)


def test_two_hundred_columns_show_the_first_twenty(drawn):
    found = drawn("many")
    assert len(found["importance"].axes[0].get_yticklabels()) == 20
    assert "20 of 200 columns" in found["importance"].texts[0].get_text()
    lines = found["roc"].axes[0].get_lines()
    assert len(lines) == 7  # six classes and the diagonal


def test_confusion_matrix_counts_rows():
    predictions = pd.DataFrame(
        {
            "part": ["test"] * 4 + ["validation"],
            "actual": [0, 0, 1, 1, 1],
            "prediction": [0, 1, 1, 1, 0],
            "probability_0": 0.5,
            "probability_1": 0.5,
        }
    )
    counts, rates = figures.confusion_matrix(predictions).axes
    assert [text.get_text() for text in counts.texts] == ["1", "1", "2"]
    assert [text.get_text() for text in rates.texts] == ["50%", "50%", "100%"]


def test_labels_that_look_alike_keep_codes_of_their_own():
    assert label_codes(pd.Series(["01", "1", "'1"]), ["1", "01"]).tolist() == [1, 0, -1]
    assert label_codes(pd.Series([10, 9]), ["9", "10"]).tolist() == [1, 0]


def test_learning_curve_without_validation_rows_has_one_line():
    figure = figures.learning_curve(history(validation=False), {"train": 80})
    losses, rates = figure.axes
    assert len(losses.get_lines()) == 1
    assert "validation" not in figure.texts[0].get_text()
    assert rates.get_xlabel() == "epoch"


def test_learning_curve_marks_the_lowest_validation_loss():
    table = history(5)
    table["validation_loss"] = [3.0, 2.0, 1.0, 2.0, 3.0]
    label = figures.learning_curve(table).axes[0].get_legend().get_texts()[-1].get_text()
    assert label == "lowest validation loss 1, epoch 3"


def test_three_lines_of_one_feature_are_reported_with_their_slopes():
    data = pd.DataFrame({"part": ["train", "test"], "x": [0.0, 1.0], "y": [0.0, 2.0]})
    lines = {"line": {"slope": 2.0, "intercept": 0.5}, "least_squares": {"slope": 2.1}}
    figure = figures.fitted_line(data, Metrics({**lines, "true": {"slope": 2.2}}), "x", "y")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[-3:] == [
        "true: slope 2.2, intercept 0",
        "least squares: slope 2.1, intercept 0",
        "learned: slope 2, intercept 0.5",
    ]


def test_one_epoch_is_seen():
    figure = figures.learning_curve(history(1))
    losses, rates = figure.axes
    assert [line.get_marker() for line in losses.get_lines()[:2]] == ["o", "o"]
    assert rates.get_lines()[0].get_marker() == "o"
    low, high = rates.get_xlim()
    assert [tick for tick in rates.get_xticks() if low < tick < high] == [1]


def test_epochs_are_whole_numbers():
    ax = figures.learning_curve(history(21)).axes[1]
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_the_legend_of_losses_stands_above_them():
    figure = figures.learning_curve(history(1000), {"train": 1600})
    figure.canvas.draw()
    box = figure.axes[0].get_legend().get_window_extent()
    assert box.y0 >= figure.axes[0].get_window_extent().y1
    assert box.y1 <= figure.texts[0].get_window_extent().y0
    assert box.x1 <= figure.bbox.x1


def test_a_temperature_that_changes_nothing_is_not_drawn():
    bins = Reliability(confidence=[0.9], accuracy=[0.8], rows=[100], ece=0.1, log_loss=0.5)
    after = bins.model_copy(update={"log_loss": 0.4})
    for shown, n_texts in ((bins, 2), (after, 3)):
        calibration = Calibration(before=bins, after=shown, temperature=1.1)
        figure = figures.reliability_diagram(calibration)
        figure.canvas.draw()
        legend = figure.axes[0].get_legend()
        assert len(legend.get_texts()) == n_texts
        gap = figure.texts[0].get_window_extent().y0 - legend.get_window_extent().y1
        assert 0 <= gap < 20


@pytest.mark.parametrize(("confidence", "start"), [([0.55, 0.95], 0.5), ([0.28], 0.2), ([], 0.0)])
def test_a_reliability_diagram_begins_where_its_rows_do(confidence, start):
    n = len(confidence)
    bins = Reliability(
        confidence=confidence, accuracy=[0.5] * n, rows=[9] * n, ece=0.1, log_loss=0.5
    )
    calibration = Calibration(before=bins, after=None, temperature=None)
    low, high = figures.reliability_diagram(calibration).axes[0].get_xlim()
    assert (low, high) == pytest.approx((start - 0.02, 1.02))


def test_every_figure_says_in_words_what_it_shows(drawn):
    for name, figure in drawn("hostile classes").items():
        tag = inline_svg(figure, name).partition(">")[0]
        assert tag.startswith('<svg role="img" aria-label="'), name
        assert html.escape(figure.texts[0].get_text()) in tag
    text = alternative(figures.learning_curve(history(5)))
    assert text.startswith(
        "Learning curve · train, validation. loss (mean over rows). rate against"
    )
    assert "lowest validation loss" in text
    assert "$价$" in alternative(drawn("hostile numbers")["residuals"])


def test_svg_follows_the_page_from_light_to_dark():
    svg = inline_svg(figures.learning_curve(history()), "learning")
    assert svg.startswith("<svg")
    assert "var(--ink)" in svg
    assert "#1f2328" not in svg
    assert 'id="learning-' in svg
    assert "http" not in svg.replace('xlink:href="#', "")


def test_figures_and_parameters_import_nothing_heavy():
    code = (
        "import sys, colonnade.evaluation.evaluate, colonnade.evaluation.figures, "
        "colonnade.evaluation.report.page, colonnade.evaluation.report.model_card\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'matplotlib', 'mlflow', 'kedro', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_no_figure_touches_pyplot():
    code = (
        "import io, sys, pandas as pd\n"
        "from colonnade.evaluation.figures import learning_curve\n"
        "row = {'epoch': [1, 2], 'lr': 0.1, 'train_loss': 1.0, 'validation_loss': 1.0}\n"
        "learning_curve(pd.DataFrame(row)).savefig(io.BytesIO())\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_losses_of_rows_held_out_in_turn_are_not_called_validation():
    figure = figures.learning_curve(history(), {"train": 130, "test": 40})
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert figure.texts[0].get_text() == "Learning curve · train n = 130"
    assert labels[1] == "held-out folds of train"
    assert labels[2].startswith("lowest held-out loss ")


def test_a_logarithmic_axis_has_plain_numbers():
    ax = figures.learning_curve(history()).axes[0]
    ax.figure.canvas.draw()
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert ax.get_yscale() == "log"
    assert {"0.1", "0.2", "0.5", "1"} <= set(labels)
    assert not any(tick.get_text() for tick in ax.get_yticklabels(minor=True))


def test_the_legend_of_curves_stands_beside_them(drawn):
    for case, name in product(("many", "hostile classes", "two classes"), ("roc", "pr")):
        figure = drawn(case)[name]
        figure.canvas.draw()
        ax = figure.axes[0]
        box = ax.get_legend().get_window_extent()
        assert box.x0 >= ax.get_window_extent().x1
        assert box.x1 <= figure.bbox.x1


def test_marks_of_a_figure_have_words_on_a_page_and_none_in_a_picture(drawn):
    for case in CASES:
        for name, figure in drawn(case).items():
            text = inline_svg(figure, name)
            told = [
                json.loads(artist.get_gid().removeprefix(MARKS))
                for artist in figure.findobj()
                if (artist.get_gid() or "").startswith(MARKS)
            ]
            titles = re.findall("<title>(.*?)</title>", text, re.DOTALL)
            assert sorted(map(html.unescape, titles)) == sorted(itertools.chain(*told)), name
            assert MARKS + "[" not in text
    (matrix, _) = drawn("ordinal")["fit"].axes
    words = json.loads(matrix.collections[0].get_gid().removeprefix(MARKS))
    assert re.fullmatch(r"actual 1, predicted 2: \d+ rows, [\d.]+% of the actual class", words[1])


def test_words_are_not_joined_by_a_line():
    one = Dependence(feature="city", values=["a", "b", "c"], curves={"yes": [0.1, 0.5, 0.2]})
    (line,) = figures.dependence_curves([one], "classification").axes[0].get_lines()
    assert line.get_linestyle() == "None"
    numbers = Dependence(feature="x", values=[1.0, 2.0, 3.0], curves={"yes": [0.1, 0.5, 0.2]})
    (line,) = figures.dependence_curves([numbers], "classification").axes[0].get_lines()
    assert line.get_linestyle() == "-"


def test_points_of_classes_above_one_word_stand_side_by_side():
    curves = {"a": [0.3, 0.4], "b": [0.3, 0.4], "c": [0.4, 0.2]}
    one = Dependence(feature="city", values=["x", "y"], curves=curves)
    lines = figures.dependence_curves([one], "classification").axes[0].get_lines()
    assert len({line.get_xdata()[0] for line in lines}) == 3


def test_room_for_upright_words_is_kept_only_where_they_stand():
    words = Dependence(feature="w", values=["long word"] * 9, curves={"prediction": [1.0] * 9})
    plain_one = Dependence(feature="x", values=[1.0, 2.0, 3.0], curves={"prediction": [1.0] * 3})
    first, last = (
        figures.dependence_curves(order, "regression")
        for order in ([words, plain_one, plain_one], [plain_one, plain_one, words])
    )
    assert first.get_size_inches()[1] == pytest.approx(last.get_size_inches()[1])
    assert first.subplotpars.bottom < last.subplotpars.bottom


def test_partial_dependence_of_two_classes_names_the_rarer(bench):
    case = bench(classes=["rare", "common"])
    case.primary["y"] = np.where(case.primary["a"] < 42, "rare", "common")
    for flipped in (False, True):
        names = {"rare": "common", "common": "rare"} if flipped else {}
        raw = case.primary.assign(y=case.primary["y"].replace(names))
        (one,) = partial_dependences(case.model, raw, ["a"])
        rarer = raw["y"].value_counts().index[-1]
        assert list(one.curves) == [rarer]
        figure = figures.dependence_curves([one], "classification", "train n = 200")
        title = f"Partial dependence of the probability of {rarer} · train n = 200"
        assert figure.texts[0].get_text() == title


def test_words_in_a_page_stay_words_whatever_they_say():
    words = f'url(#a) id="b" {INK} font-family: c; <i>'
    figure, (ax,) = new_figure("t")
    label(ax, x=words)
    svg = inline_svg(figure, "n")
    assert f">{html.escape(words, quote=False)}</text>" in svg
    assert f"fill: {INK}" not in svg
    assert 'id="n-axes_1"' in svg


def test_of_two_classes_the_rarer_is_followed():
    predictions = pd.DataFrame(
        {"part": "test", "actual": list("aaab"), "probability_a": [0.9, 0.8, 0.7, 0.1]}
    ).assign(probability_b=lambda p: 1 - p["probability_a"])
    label = precision_recall_curves(predictions).axes[0].get_legend().get_texts()[0].get_text()
    assert label.startswith("b\n")
    flipped = predictions.assign(actual=list("bbba"))
    label = precision_recall_curves(flipped).axes[0].get_legend().get_texts()[0].get_text()
    assert label.startswith("a\n")
