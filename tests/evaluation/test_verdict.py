"""The sentence that a reader came for, word for word."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.evaluation.explanation.explain import Explanation
from colonnade.evaluation.explanation.failures import Slice
from colonnade.evaluation.explanation.importance import Importance
from colonnade.evaluation.metrics.calibration import Calibration, Reliability
from colonnade.evaluation.metrics.formatting import (
    NB,
    format_difference,
    format_interval_end,
    format_metric,
    metric_with_interval,
)
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.metrics.scores import ClassMetrics
from colonnade.evaluation.metrics.verdict import Verdict, compared_metrics
from colonnade.evaluation.metrics.verdict import verdict as judge
from colonnade.evaluation.report.words.advice import next_steps


def verdict(metrics: dict[str, float], task: Any) -> Verdict:
    return judge(Metrics.from_flat(metrics), task)


def accuracies(gain, low, high):
    return {
        "test/accuracy": 0.95,
        "test/accuracy_low": 0.93,
        "test/accuracy_high": 0.97,
        "baseline/majority/accuracy": 0.25,
        "baseline/logistic/accuracy": 0.95 - gain,
        "gain/accuracy": gain,
        "gain/accuracy_low": low,
        "gain/accuracy_high": high,
    }


def test_a_clear_lead_is_a_yes():
    found = verdict(accuracies(0.05, 0.02, 0.08), "classification")
    assert found.word == "yes"
    assert found.headline == f"test accuracy 95.0{NB}% (93.0{NB}% to 97.0{NB}%)"
    assert found.sentence == (
        f"The model beats the best simple model, logistic regression (90.0{NB}%), by "
        f"5.0{NB}points (interval 2.0 to 8.0{NB}points)."
    )


def test_a_lead_that_may_be_luck_is_unclear():
    found = verdict(accuracies(0.01, -0.01, 0.03), "ordinal")
    assert found.word == "unclear"
    assert found.sentence == (
        f"The model is ahead of the best simple model, logistic regression (94.0{NB}%), "
        f"by 1.0{NB}points, but that may be luck: on other rows "
        f"its lead may be anything from −1.0 to 3.0{NB}points."
    )


def test_a_better_simple_model_is_a_no():
    found = verdict(accuracies(-0.03, -0.05, -0.01), "classification")
    assert found.word == "no"
    assert found.sentence == (
        f"A simple model does better: logistic regression (98.0{NB}%), by 3.0{NB}points "
        f"(interval 1.0 to 5.0{NB}points)."
    )
    assert found.answer == "No."


def test_a_lag_that_may_be_luck_is_reported_as_one():
    found = verdict(accuracies(-0.01, -0.03, 0.0), "classification")
    assert found.word == "unclear"
    assert found.sentence == (
        f"The model is behind the best simple model, logistic regression (96.0{NB}%), "
        f"by 1.0{NB}points, but that may be luck: on other rows "
        f"its lead may be anything from −3.0 to 0.0{NB}points."
    )
    even = verdict(accuracies(0.0, -0.03, 0.03), "classification")
    assert (
        f"level with the best simple model, logistic regression (95.0{NB}%): on other"
        in even.sentence
    )


def test_what_the_commonest_class_alone_would_score_is_said():
    lopsided = accuracies(0.05, 0.02, 0.08) | {"baseline/majority/accuracy": 0.9}
    sentence = verdict(lopsided, "classification").sentence
    assert sentence.endswith(
        f" Always predicting the most frequent class is right on 90.0{NB}%, too."
    )


def test_a_rare_class_is_judged_by_its_own_precision_and_recall():
    lopsided = {
        "test/accuracy": 0.97,
        "test/rare_pr_auc": 0.6,
        "test/rare_pr_auc_low": 0.5,
        "test/rare_pr_auc_high": 0.7,
        "baseline/majority/accuracy": 0.98,
        "baseline/majority/rare_pr_auc": 0.02,
        "baseline/logistic/rare_pr_auc": 0.4,
        "gain/accuracy": -0.01,
        "gain/rare_pr_auc": 0.2,
        "gain/rare_pr_auc_low": 0.1,
        "gain/rare_pr_auc_high": 0.3,
    }
    found = verdict(lopsided, "classification")
    assert found.word == "yes"
    assert found.headline == "test PR-AUC of the rarest class 0.600 (0.500 to 0.700)"
    assert found.sentence == (
        "The model beats the best simple model, logistic regression (0.400), by 0.200 (interval "
        "0.100 to 0.300). Accuracy is misleading here: always predicting the most frequent class "
        "is right "
        f"on 98.0{NB}%."
    )
    known = Metrics.from_flat(lopsided)
    assert compared_metrics(known, "classification")[:2] == ["rare_pr_auc", "balanced_accuracy"]


def test_worse_than_a_constant_is_a_no_whatever_chance_may_do():
    metrics = {
        "test/rmse": 900.0,
        "baseline/mean/rmse": 60.0,
        "baseline/ridge/rmse": 10.0,
        "gain/rmse": 890.0,
        "gain/rmse_low": -1.0,
        "gain/rmse_high": 2000.0,
    }
    found = verdict(metrics, "regression")
    assert (found.word, found.answer) == ("no", "No.")
    assert found.sentence == (
        "Always predicting the mean does better (60.00). The best simple model is ridge "
        "regression (10.00)."
    )
    better = verdict(metrics | {"test/rmse": 11.0, "gain/rmse": 1.0}, "regression")
    assert better.word == "unclear"


def test_behind_a_constant_by_luck_alone_is_no_no_where_probabilities_tell_more():
    even = {
        "test/accuracy": 0.79,
        "test/log_loss": 0.47,
        "baseline/majority/accuracy": 0.794,
        "baseline/majority/log_loss": 0.51,
        "gain/accuracy": -0.004,
        "gain/accuracy_low": -0.02,
        "gain/accuracy_high": 0.01,
    }
    found = verdict(even, "classification")
    assert found.word == "unclear"
    assert found.sentence.endswith(
        f" Always predicting the most frequent class is right on 79.4{NB}%, too."
    )
    blind = verdict(even | {"test/log_loss": 0.52}, "classification")
    assert blind.word == "no"
    assert blind.sentence.startswith("Always predicting the most frequent class does better (79.4")


def test_worse_probabilities_are_reported_beside_the_same_accuracy():
    known = {"baseline/logistic/log_loss": 0.08, "baseline/majority/log_loss": 0.6}
    judged = verdict(accuracies(0.0, 0.0, 0.0) | known | {"test/log_loss": 0.2}, "classification")
    assert judged.sentence.endswith(
        " Its probabilities are worse than those of logistic regression: log-loss 0.200 against "
        "0.080."
    )
    even = verdict(accuracies(0.0, 0.0, 0.0) | known | {"test/log_loss": 0.1}, "classification")
    assert "probabilities" not in even.sentence


def test_less_error_is_better():
    metrics = {
        "test/rmse": 8.0,
        "baseline/mean/rmse": 60.0,
        "baseline/ridge/rmse": 10.0,
        "gain/rmse": -2.0,
        "gain/rmse_low": -3.0,
        "gain/rmse_high": -1.0,
    }
    found = verdict(metrics, "regression")
    assert (found.word, found.headline) == ("yes", "test RMSE 8.000")
    assert "ridge regression (10.00), by 2.00 (interval 1.00 to 3.00)." in found.sentence


def test_a_lead_below_one_percent_is_none():
    metrics = {"test/rmse": 9.99, "baseline/ridge/rmse": 10.0, "gain/rmse": -0.01}
    found = verdict(metrics | {"gain/rmse_low": -0.011, "gain/rmse_high": -0.009}, "regression")
    assert found.word == "level"
    assert found.sentence == (
        "The model is as good as the best simple model, ridge regression (10.00): they differ "
        f"by less than 1{NB}%."
    )


def test_the_same_hits_are_a_level():
    found = verdict(accuracies(0.0, 0.0, 0.0), "classification")
    assert found.word == "level"
    assert found.sentence == (
        f"The model is as good as the best simple model, logistic regression (95.0{NB}%), on "
        "these rows."
    )


@pytest.mark.parametrize(
    ("metrics", "headline", "sentence"),
    [
        ({}, "No rows to evaluate on", "The validation and test parts are both empty."),
        (
            {"validation/accuracy": 0.5},
            f"validation accuracy 50.0{NB}%",
            "Not compared: the test part is empty.",
        ),
        (
            {"test/accuracy": 0.5},
            f"test accuracy 50.0{NB}%",
            "Not compared: no baseline was fitted.",
        ),
    ],
)
def test_what_cannot_be_judged_is_said(metrics, headline, sentence):
    found = verdict(metrics, "classification")
    assert (found.word, found.headline, found.sentence) == ("unknown", headline, sentence)


def test_numbers_read_as_a_reader_wants_them():
    assert format_metric("rmse", 1234.5678) == "1235"
    assert format_metric("rmse", 802_412_345.0) == "802,400,000"
    assert format_metric("rmse", 26.3) == "26.30"
    assert format_metric("rmse", 999.96) == "1000"
    assert format_metric("slope", 0.0) == "0"
    assert format_interval_end("mae", 3.9) == "3.90"
    assert format_interval_end("rmse", 1234.5678) == "1230"
    assert format_difference("rmse", -0.42861) == "−0.429"
    assert format_metric("accuracy", 0.99996) == f"> 99.9{NB}%"
    assert format_metric("accuracy", 0.0001) == f"< 0.1{NB}%"
    assert (format_metric("accuracy", 1.0), format_metric("accuracy", 0.0)) == (
        f"100.0{NB}%",
        f"0.0{NB}%",
    )
    assert format_metric("mape", 3938.832) == f"393,883{NB}%"
    assert format_difference("accuracy", -0.0123) == f"−1.2{NB}points"
    assert format_difference("accuracy", -0.0001) == f"0.0{NB}points"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.99, "0.990"),
        (1.0, "1.000"),
        (0.99975, "0.9998"),
        (0.0, "0.000"),
        (0.00766, "0.0077"),
        (0.00904, "0.0090"),
        (0.0000689, "0.00007"),
        (1.386294, "1.386"),
        (-0.01253, "−0.013"),
        (-39_050_000.0, "−39,050,000"),
    ],
)
def test_scores_have_three_decimals_and_never_round_up_to_perfect(value, text):
    assert format_metric("r2", value) == text


def test_units_are_reported_once():
    assert metric_with_interval(Metrics({"test": {"rmse": 1.0}}), "test", "mae") is None


HISTORY = pd.DataFrame(
    {"epoch": range(1, 21), "lr": 0.1, "train_loss": 1.0, "validation_loss": 1.0}
)


def steps(metrics=None, explanation=None, history=HISTORY, task="classification", **more):
    return next_steps(
        Metrics.from_flat(metrics or {}), task, history, explanation or Explanation(), **more
    )


def test_nothing_to_say_is_said():
    (found,) = steps()
    assert found.startswith("Nothing stands out. See how far the numbers of one split may be off (")
    known = {"test/accuracy": 0.9, "baseline/logistic/accuracy": 0.8, "gain/accuracy": 0.1}
    folded = known | {"cv/accuracy": 0.9}
    assert steps(folded) == ["Nothing stands out: change one parameter at a time and compare runs."]


def test_without_test_rows_a_test_part_is_asked_for():
    (found,) = steps({"train/rmse": 1.0}, task="regression")
    assert found.startswith("There are no test rows: set `split.test_fraction: 0.2`")


def test_a_better_simple_model_asks_for_another_kind():
    worse = accuracies(-0.03, -0.05, -0.01)
    assert "start from `model: linear`" in steps(worse)[0]
    linear = {"model.kind": "linear"}
    assert "`training.optimizer: lbfgs`" in steps(worse, hyperparameters=linear)[0]
    trees = worse | {"baseline/gradient_boosting/accuracy": 0.99}
    assert "`model.kind: mlp`" in steps(trees, hyperparameters=linear)[0]
    assert "order of `schema.classes`" in steps(worse, task="ordinal")[0]


def test_a_rare_class_is_reported_where_accuracy_hides_it():
    classes = [
        ClassMetrics(label=label, precision=0.5, recall=recall, f1=0.5, rows=rows)
        for label, recall, rows in (("no", 0.99, 95), ("yes", 0.2, 5))
    ]
    lopsided = {"baseline/majority/accuracy": 0.95, "test/accuracy": 0.95, "gain/accuracy": 0.0}
    (found,) = steps(lopsided, Explanation(classes=classes))
    assert found == (
        f"Accuracy hides the rare class 'yes': 20.0{NB}% of its 5 test rows are found; "
        "try `training.loss.class_weights: balanced`."
    )
    assert "Accuracy hides" not in steps({"test/accuracy": 0.95}, Explanation(classes=classes))[0]


def test_few_extreme_rows_ask_for_another_loss():
    extreme = {"test/rmse": 60.0, "test/median_error": 10.0}
    assert steps(extreme, task="regression")[0].endswith(
        "try `training.loss: huber`, or `standardize.target: log`."
    )
    huber = steps(extreme, task="regression", hyperparameters={"training.loss": "huber"})
    assert huber[0].endswith("look at them, or try `standardize.target: log`.")
    assert "A few rows" not in steps(extreme | {"test/rmse": 50.0}, task="regression")[0]


def test_columns_that_the_model_dropped_are_named():
    (found,) = steps(dropped=["a", "b"])
    assert found == "The model does not use 'a', 'b': they need not be collected."


def test_a_model_that_is_not_worth_it_gives_no_advice_on_columns():
    advice = steps(accuracies(-0.03, -0.05, -0.01), dropped=["a", "b"])
    assert "need not be collected" not in " ".join(advice)


def test_a_gap_between_train_and_test_asks_for_restraint():
    found, *_ = steps({"train/accuracy": 1.0, "test/accuracy": 0.9})
    assert found.startswith(
        f"Train rows are predicted better than test rows (100.0{NB}% against 90.0"
    )
    found, *_ = steps({"train/rmse": 1.0, "test/rmse": 2.0}, task="regression")
    assert "`training.optimizer.weight_decay`" in found


def test_a_loss_that_still_falls_asks_for_epochs():
    falling = HISTORY.assign(validation_loss=[1 / epoch for epoch in range(1, 21)])
    assert steps(history=falling) == [
        "The loss was still falling at the last epoch: try more `training.epochs`."
    ]
    # a learning rate that has come to its end has nothing left to learn with
    cooled = falling.assign(lr=[0.1 * (1 - epoch / 20) for epoch in range(1, 21)])
    assert "epochs" not in steps(history=cooled)[0]


def test_a_validation_loss_that_rose_asks_for_early_stopping():
    risen = HISTORY.assign(validation_loss=[1.0, 0.5, *[0.8] * 18])
    assert steps(history=risen) == [
        "The validation loss was lowest at epoch 2 of 20 and rose after it: try "
        "`training.early_stopping.patience: 20`."
    ]


def test_what_contradicts_or_changes_nothing_is_not_advised():
    history = pd.DataFrame({"epoch": range(1, 11), "lr": 0.1, "validation_loss": float("nan")})
    history["train_loss"] = 1 / history["epoch"]
    assert "still falling" in steps({"test/accuracy": 0.9}, history=history)[0]
    advice = steps({"train/accuracy": 1.0, "test/accuracy": 0.9}, history=history)
    assert "Train rows are predicted better" in advice[0]
    assert "still falling" not in " ".join(advice)
    before = Reliability(confidence=[0.9], accuracy=[0.8], rows=[9], ece=0.1, log_loss=0.5)
    after = before.model_copy(update={"log_loss": 0.4999})
    same = Explanation(calibration=Calibration(before=before, after=after, temperature=1.01))
    assert "temperature" not in " ".join(steps(explanation=same))


def test_what_a_constant_may_do_as_well_is_reported():
    known = {"test/rmse": 9.9, "baseline/mean/rmse": 10.0, "gain/rmse": -0.1}
    known |= {"gain/rmse_low": -0.3, "gain/rmse_high": 0.1}
    found = steps(known | {"test/r2_low": -0.1, "test/r2_high": 0.1}, task="regression")[0]
    assert found.startswith("Always predicting the mean may do as well: ")
    advice = steps(known | {"test/r2_low": 0.1}, task="regression")
    assert "may do as well" not in " ".join(advice)
    low = accuracies(0.01, -0.01, 0.03) | {"baseline/majority/accuracy": 0.93}
    assert steps(low)[0].startswith("Always predicting the most frequent class may do as well")


def test_a_run_without_baselines_asks_for_them():
    assert steps({"test/accuracy": 0.9})[-1] == (
        "No simple model was fitted to compare with: set `evaluation.baselines: [constant, linear, "
        "gradient_boosting]`."
    )
    known = {"test/accuracy": 0.9, "baseline/logistic/accuracy": 0.8, "gain/accuracy": 0.1}
    assert "No simple model" not in " ".join(steps(known))


def test_early_stopping_is_not_advised_where_it_is_on():
    history = pd.DataFrame({"epoch": range(1, 7), "lr": 0.1, "train_loss": 0.1})
    history["validation_loss"] = [0.5, 0.3, 0.4, 0.5, 0.6, 0.7]
    on = {"training.early_stopping.patience": 3}
    assert "early_stopping" in " ".join(next_steps(Metrics(), "ordinal", history, Explanation()))
    advice = next_steps(Metrics(), "ordinal", history, Explanation(), hyperparameters=on)
    assert "early_stopping" not in " ".join(advice)


def test_useless_columns_and_weak_slices_are_named():
    importance = [
        Importance(feature=name, mean=mean, low=low, high=high)
        for name, mean, low, high in [("a", 0.3, 0.2, 0.4), ("b", 0, -0.1, 0), ("c", 0, 0, 0)]
    ]
    weak = Slice(feature="a", values="1 to 2", rows=30, metric=0.5, overall=0.9, beyond_chance=True)
    columns, slices = steps(explanation=Explanation(importance=importance, slices=[weak]))
    assert columns == (
        "Shuffling 'b', 'c' costs nothing: try without them "
        "(`schema.columns.<name>.feature: false`)."
    )
    assert slices.startswith(f"The model is weak where 'a' is 1 to 2 (50.0{NB}% on 30 rows")


def test_miscalibration_asks_for_a_temperature():
    before, after = (
        Reliability(confidence=[0.9], accuracy=[0.8], rows=[100], ece=ece, log_loss=loss)
        for ece, loss in ((0.1, 0.5), (0.02, 0.4))
    )
    calibration = Calibration(before=before, after=after, temperature=1.7)
    assert steps(explanation=Explanation(calibration=calibration)) == [
        "The model is overconfident (calibration error 0.100): `training.temperature: true` would "
        "bring it to 0.020."
    ]
