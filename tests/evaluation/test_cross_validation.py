"""Cross-validation judges the parameters, and no fold learns from the rows that judge it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError
from colonnade.evaluation import cross_validation
from colonnade.evaluation.cross_validation import CrossValidation, cross_validate
from colonnade.evaluation.observations import observe
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, rows_of, split_table
from colonnade.training import ModelParams, TrainingParams, train_model
from colonnade.training.ensembles import fold_training

NUMBER = SchemaParams(target="y", task="regression")
LINEAR = ModelParams(kind="linear")
EXACT = TrainingParams.model_validate({"optimizer": "lbfgs", "epochs": 20})


def run(
    primary: pd.DataFrame,
    split: pd.DataFrame,
    schema: SchemaParams = NUMBER,
    training: TrainingParams = EXACT,
    **more: Any,
) -> CrossValidation:
    return cross_validate(
        primary, split, schema, StandardizeParams(), model=LINEAR, training=training, **more
    )


def folds_of(*columns: str) -> pd.DataFrame:
    """Parts of each row, a letter a row: t(rain), v(alidation), e (test), u(nused)."""
    words = {"t": "train", "v": "validation", "e": "test", "u": "unused"}
    frame = pd.DataFrame({"part": ["train"] * len(columns[0])})
    for place, letters in enumerate(columns, 1):
        frame[f"fold_{place}"] = [words[letter] for letter in letters]
    return frame


def test_each_fold_is_judged_on_its_own_test_rows() -> None:
    # Train rows lie on y = 2x; test rows are off it by 3, by 4 and by 0 and 5.
    x = np.arange(8.0)
    primary = pd.DataFrame({"x": x, "y": 2 * x})
    split = folds_of("etttuuuu", "uttteuuu", "uuttuute")
    primary.loc[0, "y"] += 3
    primary.loc[4, "y"] += 4
    primary.loc[7, "y"] -= 5
    found = run(primary, split)
    assert found.folds["fold"].tolist() == ["fold_1", "fold_2", "fold_3"]
    assert found.folds["train_rows"].tolist() == [3, 3, 3]
    assert found.folds["test_rows"].tolist() == [1, 1, 1]
    assert found.folds["mae"].tolist() == pytest.approx([3, 4, 5], abs=1e-3)
    assert found.metrics["mae"] == pytest.approx(4, abs=1e-3)
    assert found.metrics["mae_sd"] == pytest.approx(1, abs=1e-3)


def test_mean_and_sd_over_folds_leave_out_what_a_fold_does_not_define() -> None:
    folds = pd.DataFrame(
        {
            "fold": ["fold_1", "fold_2"],
            "train_rows": [8, 8],
            "test_rows": [2, 2],
            "accuracy": [0.5, 1.0],
            "roc_auc": [np.nan, 1.0],
        }
    )
    found = CrossValidation(folds)
    # sd with n - 1: sqrt((0.25^2 + 0.25^2) / 1)
    assert found.metrics == {"accuracy": 0.75, "accuracy_sd": pytest.approx(0.125**0.5)}
    first, second = found.document()["folds"]
    assert "roc_auc" not in first
    assert second["roc_auc"] == 1.0


def test_no_fold_learns_from_its_test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[fold_training.Fold] = []

    def spy(folds: Any, *args: Any, **more: Any) -> Any:
        seen.extend(folds)
        return fit_folds(folds, *args, **more)

    fit_folds = fold_training.fit_folds
    monkeypatch.setattr(fold_training, "fit_folds", spy)
    primary = pd.DataFrame({"x": [1e9, 1.0, 2.0, 3.0, -1e9], "y": [1e6, 1.0, 2.0, 3.0, -1e6]})
    run(primary, folds_of("ettve", "evtte"))
    # Centers of rows 2 and 3, then of rows 3 and 4: neither test nor validation rows enter.
    for fold, mean in zip(seen, (1.5, 2.5), strict=True):
        [column] = fold.standardizer.columns
        assert (column.scale.center, column.scale.scale) == (mean, 0.5)
        assert (fold.standardizer.target_center, fold.standardizer.target_scale) == (mean, 0.5)
        assert fold.train["x"].tolist() == [-1.0, 1.0]


def test_a_fold_equals_a_training_on_that_fold_alone() -> None:
    rng = np.random.default_rng(3)
    primary = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    primary["y"] = (primary["a"] > 0).astype(int) + (primary["b"] > 0.5)
    schema = SchemaParams(target="y", task="ordinal")
    split = split_table(primary, schema, SplitParams(folds=3, repeats=2))
    training = TrainingParams(epochs=5)
    found = run(primary, split, schema, training).folds.set_index("fold")
    assert len(found) == 6
    for column in found.index:
        train, validation, test = (
            rows_of(primary, split, part, column) for part in ("train", "validation", "test")
        )
        own = fit_standardizer(train, schema, StandardizeParams())
        alone = train_model(own.transform(train), own.transform(validation), own, LINEAR, training)
        expected = cross_validation.measure(observe(alone.model, "test", own.transform(test)))
        values = found.loc[column, list(expected)].to_dict()
        assert values == pytest.approx(expected, rel=1e-4)


def test_folds_by_group_are_of_any_size_and_share_no_group() -> None:
    rng = np.random.default_rng(0)
    schema = SchemaParams.model_validate(
        {"target": "y", "task": "regression", "columns": {"who": {"kind": "identifier"}}}
    )
    who = np.repeat([f"p{i}" for i in range(7)], [3, 5, 7, 9, 11, 13, 15])
    primary = pd.DataFrame({"who": who, "x": rng.normal(size=len(who))})
    primary["y"] = 5 * primary["x"]
    split = split_table(
        primary,
        schema,
        SplitParams(strategy="group", column="who", folds=3, validation_fraction=0),
    )
    reported: list[tuple[int, int]] = []
    found = run(primary, split, schema, progress=lambda done, of: reported.append((done, of)))
    assert found.folds["test_rows"].sum() == len(primary)
    assert found.metrics["rmse"] < 0.01
    assert reported == [(1, 3), (2, 3), (3, 3)]
    for column in ("fold_1", "fold_2", "fold_3"):
        sides = split[column] == "test"
        assert not set(primary["who"][sides]) & set(primary["who"][~sides])


def test_a_category_known_to_some_folds_alone_makes_networks_of_other_widths() -> None:
    schema = SchemaParams.model_validate(
        {"target": "y", "task": "regression", "columns": {"c": {"kind": "categorical"}}}
    )
    primary = pd.DataFrame({"c": pd.Series(list("abcabb"), dtype="str"), "y": [1.0, 2, 9, 1, 2, 2]})
    split = folds_of("ttettt", "tttett")
    found = run(primary, split, schema)
    # Fold 2 knows c; fold 1 has never met it and answers with the "other" slot's start.
    assert found.folds["mae"].iloc[1] == pytest.approx(0, abs=0.01)
    assert found.folds["mae"].iloc[0] > 1


def test_large_tables_are_trained_a_few_folds_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def spy(folds: Any, *args: Any, **more: Any) -> Any:
        sizes.append(len(folds))
        return fit_folds(folds, *args, **more)

    fit_folds = fold_training.fit_folds
    monkeypatch.setattr(fold_training, "fit_folds", spy)
    monkeypatch.setattr(cross_validation, "MOST_NUMBERS", 2 * 40 * 2)
    primary = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0)})
    split = split_table(primary, NUMBER, SplitParams(folds=5))
    assert len(run(primary, split).folds) == 5
    assert sizes == [2, 2, 1]


def test_a_split_without_folds_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        run(pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0]}), folds_of("tt")[["part"]])
    assert str(caught.value) == "there are no folds to cross-validate on. Set `split.folds`."
