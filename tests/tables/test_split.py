from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.sampling import random_draw, stratified_draw
from colonnade.tables.splitting.split import SplitParams, rows_of, split_table

CLASSES = SchemaParams.model_validate(
    {
        "target": "y",
        "task": "classification",
        "columns": {
            "group": {"kind": "identifier"},
            "when": {"kind": "datetime", "feature": False},
            "part": {"kind": "identifier"},
        },
    }
)
NUMBER = SchemaParams(target="y", task="regression")


def table(n_rows: int = 120, n_classes: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n_rows),
            "z": np.random.default_rng(1).normal(size=n_rows),
            "group": [f"g{code}" for code in rng.integers(0, 12, n_rows)],
            "when": pd.Timestamp(2020, 1, 1) + pd.to_timedelta(rng.permutation(n_rows), unit="D"),
            "part": rng.choice(["train", "VAL", "test"], n_rows),
            "y": np.arange(n_rows) % n_classes,
        }
    )


def split(frame: pd.DataFrame, schema: SchemaParams = CLASSES, **keys: Any) -> pd.DataFrame:
    return split_table(frame, schema, SplitParams.model_validate(keys))


def error_of(frame: pd.DataFrame, schema: SchemaParams = CLASSES, **keys: Any) -> str:
    with pytest.raises(DataError) as caught:
        split(frame, schema, **keys)
    return str(caught.value)


def counts(parts: pd.Series) -> dict[str, int]:
    return {str(part): int(count) for part, count in parts.value_counts().items() if count}


@pytest.mark.parametrize("seed", [0, 7, 42])
@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.333])
@pytest.mark.parametrize("n_rows", [50, 997])
def test_stratified_test_rows_are_those_of_scikit_learn(
    seed: int, fraction: float, n_rows: int
) -> None:
    from sklearn.model_selection import train_test_split

    labels = np.random.default_rng(n_rows).choice(4, n_rows, p=[0.4, 0.3, 0.2, 0.1])
    frame = pd.DataFrame({"x": np.arange(n_rows), "y": labels})
    rest, tested = train_test_split(
        np.arange(n_rows), stratify=labels, test_size=fraction, random_state=seed
    )
    parts = split(frame, seed=seed, test_fraction=fraction, validation_fraction=0)["part"]
    assert np.flatnonzero(parts == "test").tolist() == sorted(tested)
    n_validation = int(np.ceil(0.1 * n_rows))
    _, validated = train_test_split(
        np.sort(rest), stratify=labels[np.sort(rest)], test_size=n_validation, random_state=seed
    )
    parts = split(frame, seed=seed, test_fraction=fraction, validation_fraction=0.1)["part"]
    assert np.flatnonzero(parts == "validation").tolist() == sorted(validated)


def test_draws_come_in_scikit_learns_order() -> None:
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    codes = np.repeat([0, 1, 2], [11, 7, 5])
    ((_, drawn),) = StratifiedShuffleSplit(1, test_size=6, random_state=3).split(codes, codes)
    assert stratified_draw(codes, 6, 3).tolist() == drawn.tolist()
    ((_, drawn),) = ShuffleSplit(1, test_size=6, random_state=3).split(codes)
    assert random_draw(23, 6, 3).tolist() == drawn.tolist()


def test_random_rows_for_a_number_are_those_of_scikit_learn() -> None:
    from sklearn.model_selection import train_test_split

    frame = pd.DataFrame({"x": np.arange(100), "y": np.arange(100) / 3})
    _, tested = train_test_split(np.arange(100), test_size=0.2, random_state=42)
    parts = split(frame, NUMBER)["part"]
    assert np.flatnonzero(parts == "test").tolist() == sorted(tested)
    assert counts(parts) == {"train": 70, "test": 20, "validation": 10}


def test_classes_keep_their_proportions_in_every_part() -> None:
    frame = table(120)
    parts = split(frame)["part"]
    assert counts(parts) == {"train": 84, "test": 24, "validation": 12}
    for part, each in (("train", 28), ("test", 8), ("validation", 4)):
        assert frame["y"][parts == part].value_counts().to_dict() == {0: each, 1: each, 2: each}


def test_split_depends_on_the_seed_alone_and_leaves_the_table_untouched() -> None:
    frame = table()
    before = frame.copy()
    np.random.default_rng(1)
    first, again, other = split(frame), split(frame), split(frame, seed=43)
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    pd.testing.assert_frame_equal(frame, before)


def test_parts_may_be_empty_but_not_train() -> None:
    frame = table()
    assert counts(split(frame, test_fraction=0, validation_fraction=0)["part"]) == {"train": 120}
    assert len(rows_of(frame, split(frame, test_fraction=0), "test")) == 0
    assert error_of(frame.head(1)) == (
        "the table has 1 row, of which the split leaves none to train on. "
        "Add rows, or lower `split.test_fraction` and `split.validation_fraction`."
    )


def with_a_rare_class(n_rows: int = 120) -> pd.DataFrame:
    frame = table(n_rows)
    frame.loc[[0, n_rows - 1], "y"] = 9
    return frame


def test_rows_of_a_rare_class_are_train_rows_and_the_others_stay_in_proportion(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = with_a_rare_class()
    with caplog.at_level(logging.WARNING):
        parts = split(frame)["part"]
    assert set(parts[frame["y"] == 9]) == {"train"}
    assert counts(parts) == {"train": 84, "test": 24, "validation": 12}
    assert frame["y"][parts == "test"].value_counts().to_dict() == {0: 8, 1: 8, 2: 8}
    assert "classes with fewer than 3 rows are only in train" in caplog.text
    assert caplog.text.endswith(": 9 (2).\n")


def test_rows_of_a_class_with_fewer_rows_than_folds_are_train_rows_in_each() -> None:
    frame = with_a_rare_class()
    folds = split(frame, folds=4).drop(columns="part")
    assert (folds[frame["y"] == 9] == "train").all(axis=None)
    assert ((folds[frame["y"] != 9] == "test").sum(axis=1) == 1).all()


def test_rare_class_is_refused_where_the_schema_says_so_or_one_class_is_left() -> None:
    message = (
        "column 'y': class 9 has 2 rows, fewer than the 3 parts that need one each. "
        "Add rows of it, remove it, or set `split.strategy: random`."
    )
    strict = CLASSES.model_copy(update={"rare_classes": "error"})
    assert error_of(with_a_rare_class(), strict) == message
    assert error_of(with_a_rare_class().replace({"y": {1: 0, 2: 0}})) == message


def test_class_without_a_train_row_is_named() -> None:
    frame = table()
    frame.loc[frame["when"].idxmax(), "y"] = 9
    assert error_of(frame, strategy="time", column="when") == (
        "column 'y': class 9 has no train row in this split. "
        "Add rows of it, remove it, or change `split`."
    )


def test_stratified_needs_classes() -> None:
    assert error_of(table(), NUMBER, strategy="stratified") == (
        "`split.strategy: stratified` needs classes, and the target is a number. Set it to random."
    )


@pytest.mark.parametrize("folds", [None, 4])
def test_no_group_stands_on_two_sides(folds: int | None) -> None:
    frame = table()
    parts = split(frame, strategy="group", column="group", folds=folds)
    for name in parts:
        assert (parts[name].astype(str).groupby(frame["group"]).nunique() == 1).all()
        assert set(parts[name].unique()) == {"train", "validation", "test"}


def test_group_parts_come_near_the_fractions_asked_for() -> None:
    frame = table()
    found = counts(split(frame, strategy="group", column="group")["part"])
    half_a_group = frame["group"].value_counts().max() / 2
    assert abs(found["test"] - 24) <= half_a_group
    assert abs(found["validation"] - 12) <= half_a_group


def test_too_few_groups_are_reported() -> None:
    frame = table().assign(group="g1")
    assert error_of(frame, strategy="group", column="group") == (
        "`split.column` has 1 group, fewer than the 3 parts. "
        "Set `split.validation_fraction: 0`, or choose another column."
    )


@pytest.mark.parametrize(
    ("strategy", "folds"), [("time", None), ("time", 4), ("expanding", 4), ("rolling", 4)]
)
def test_no_future_stands_in_train(strategy: str, folds: int | None) -> None:
    frame = table()
    parts = split(frame, strategy=strategy, column="when", folds=folds)
    for name in parts:
        when = {
            part: frame["when"][parts[name] == part] for part in ("train", "validation", "test")
        }
        assert when["train"].max() < when["validation"].min()
        assert when["validation"].max() < when["test"].min()
        future = frame["when"][parts[name] == "unused"]
        if strategy != "rolling":
            assert future.empty or future.min() > when["test"].max()


def test_expanding_folds_are_those_of_a_split_by_time() -> None:
    keys = {"column": "when", "folds": 4}
    pd.testing.assert_frame_equal(
        split(table(), strategy="expanding", **keys), split(table(), strategy="time", **keys)
    )


@pytest.mark.parametrize(("window", "max_train_size"), [(None, 24), (0.25, 30), (0.5, 60)])
def test_rolling_folds_are_those_of_scikit_learn(window: float | None, max_train_size: int) -> None:
    from sklearn.model_selection import TimeSeriesSplit

    frame = table(120).assign(when=np.arange(120))
    keys = {"column": "when", "folds": 4, "validation_fraction": 0, "window": window}
    parts = split(frame, strategy="rolling", **keys).drop(columns="part")
    theirs = TimeSeriesSplit(4, max_train_size=max_train_size).split(frame)
    for name, (trained, tested) in zip(parts, theirs, strict=True):
        assert np.flatnonzero(parts[name] == "train").tolist() == trained.tolist()
        assert np.flatnonzero(parts[name] == "test").tolist() == tested.tolist()


def test_a_rolling_model_learns_from_the_window_before_the_test_rows() -> None:
    frame = table(100).assign(when=np.arange(100))
    keys = {"column": "when", "folds": 4, "window": 0.3}
    parts = split(frame, strategy="rolling", **keys)["part"].astype(str).tolist()
    # 20 rows are tested, 30 before them used; of these 50 a tenth, as of all rows, is validated
    assert parts == ["unused"] * 50 + ["train"] * 25 + ["validation"] * 5 + ["test"] * 20


def test_a_rolling_model_without_test_rows_learns_from_the_last_window() -> None:
    frame = table(100).assign(when=np.arange(100))
    keys = {"column": "when", "folds": 4, "test_fraction": 0, "validation_fraction": 0}
    parts = split(frame, strategy="rolling", **keys)["part"].astype(str).tolist()
    assert parts == ["unused"] * 80 + ["train"] * 20


def test_a_window_keeps_rows_of_one_moment_together() -> None:
    frame = table().assign(when=np.repeat(np.arange(12), 10))
    folds = split(frame, strategy="rolling", column="when", folds=4, window=0.2)
    used = folds.drop(columns="part") != "unused"
    assert used.groupby(frame["when"]).nunique().eq(1).all(axis=None)


def test_rows_of_one_moment_stay_together() -> None:
    frame = table().assign(when=np.repeat(np.arange(12), 10))
    parts = split(frame, strategy="time", column="when")["part"].astype(str)
    assert (parts.groupby(frame["when"]).nunique() == 1).all()
    assert counts(parts) == {"train": 70, "test": 30, "validation": 20}


def test_rows_of_one_moment_are_tested_in_one_fold() -> None:
    frame = table().assign(when=np.repeat(np.arange(12), 10))
    folds = split(frame, strategy="time", column="when", folds=4).drop(columns="part")
    tested = (folds == "test").sum(axis=1)
    assert tested.groupby(frame["when"]).nunique().eq(1).all()
    # a fold's share of 24 rows begins within a moment: all ten rows of it are tested
    assert tested.tolist() == [0] * 20 + [1] * 100
    assert [int((folds[name] == "test").sum()) for name in folds] == [20, 30, 20, 30]
    crowded = frame.assign(when=np.concatenate([np.arange(60), np.full(60, 60)]))
    assert error_of(crowded, strategy="time", column="when", folds=4) == (
        "the table has 3 stretches of time of their own, fewer than 4 folds need. "
        "Lower `split.folds`."
    )


def test_one_moment_cannot_be_split() -> None:
    assert error_of(table().assign(when=1), strategy="time", column="when") == (
        "`split.column`: too many rows have the same time for a split by time. "
        "Choose another column or strategy."
    )


def test_column_names_each_rows_part() -> None:
    frame = table()
    parts = split(frame, strategy="column", column="part")["part"]
    assert (parts == frame["part"].str.lower().replace("val", "validation")).all()
    frame.loc[3, "part"] = "exam"
    assert error_of(frame, strategy="column", column="part") == (
        "column 'part': 'exam' is not a part. Write train, validation or test."
    )


def test_column_that_is_absent_or_has_gaps_is_reported() -> None:
    assert error_of(table(), strategy="group", column="groop") == (
        "`split.column`: the table has no column 'groop' "
        "(ignored ones are left out; `kind: identifier` keeps them). Did you mean `group`?"
    )
    frame = table()
    frame.loc[:1, "group"] = None
    assert error_of(frame, strategy="group", column="group") == (
        "column 'group' has no value in 2 rows: fill it in to split by it."
    )


def test_every_row_is_tested_once_a_repeat() -> None:
    frame = table()
    parts = split(frame, folds=4, repeats=2)
    assert list(parts) == ["part", *[f"fold_{place}" for place in range(1, 9)]]
    tested = (parts.drop(columns="part") == "test").to_numpy()
    assert (tested[:, :4].sum(axis=1) == 1).all()
    assert (tested[:, 4:].sum(axis=1) == 1).all()
    assert not (tested[:, :4] == tested[:, 4:]).all()
    assert counts(parts["fold_1"]) == {"train": 78, "test": 30, "validation": 12}
    assert frame["y"][parts["fold_1"] == "test"].value_counts().tolist() == [10, 10, 10]


def test_folds_are_those_of_scikit_learn() -> None:
    from sklearn.model_selection import StratifiedKFold

    frame = table()
    folds = StratifiedKFold(4, shuffle=True, random_state=42).split(frame, frame["y"])
    parts = split(frame, folds=4)
    for place, (_, tested) in enumerate(folds, 1):
        assert np.flatnonzero(parts[f"fold_{place}"] == "test").tolist() == tested.tolist()


def test_more_folds_than_rows_are_refused() -> None:
    assert error_of(table(12), folds=5) == (
        "the table has 4 rows of its smallest class, fewer than 5 folds need. Lower `split.folds`."
    )


def test_doubled_table_is_warned_of_and_dropping_cures_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    doubled = pd.concat([table(), table()], ignore_index=True)
    with caplog.at_level(logging.WARNING):
        parts = split(doubled)
    shared = doubled["x"][parts["part"] == "test"].isin(doubled["x"][parts["part"] == "train"])
    assert f"{shared.sum()} of 48 test rows equal a train row" in caplog.text
    caplog.clear()
    parts = split(doubled, drop_duplicates=True)
    assert caplog.text == ""
    assert counts(parts["part"]) == {"unused": 120, "train": 84, "test": 24, "validation": 12}
    assert (parts["part"][120:] == "unused").all()


@pytest.mark.parametrize("names", [["x"], ["x", "z"]])
def test_equal_rows_that_chance_explains_are_not_warned_of(
    names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    # dice: of 36 pairs most stand in train as well
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({name: rng.integers(1, 7, 300) for name in names})
    split(frame.assign(y=rng.integers(0, 2, 300)))
    assert caplog.text == ""


def test_identifiers_do_not_make_equal_rows_different() -> None:
    doubled = pd.concat([table(), table().assign(group="other")], ignore_index=True)
    assert counts(split(doubled, drop_duplicates=True)["part"])["unused"] == 120


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"test_fraction": 0.6, "validation_fraction": 0.4},
            "test_fraction 0.6 and validation_fraction 0.4 leave no rows to train on",
        ),
        (
            {"strategy": "group"},
            "`column` goes with the strategies group, time, expanding, rolling and column, which "
            "need it",
        ),
        (
            {"column": "a"},
            "`column` goes with the strategies group, time, expanding, rolling and column, which "
            "need it",
        ),
        (
            {"strategy": "rolling", "column": "a"},
            "`strategy: rolling` is about `folds`, and needs their number; `strategy: time` does "
            "without",
        ),
        (
            {"strategy": "expanding", "column": "a", "folds": 3, "window": 0.2},
            "`window` goes with `strategy: rolling`",
        ),
        (
            {"strategy": "rolling", "column": "a", "folds": 3, "repeats": 2},
            "`repeats` needs `folds`, and rows that may be shuffled",
        ),
        ({"repeats": 2}, "`repeats` needs `folds`, and rows that may be shuffled"),
        ({"sed": 1}, "`sed` is not a known parameter. Did you mean `seed`?"),
        ({"test_fraction": 1.5}, "`test_fraction`: Input should be less than 1 (got 1.5)"),
    ],
)
def test_parameters_that_cannot_be_are_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError) as caught:
        SplitParams.model_validate(keys)
    assert str(caught.value) == problem


def test_a_class_that_a_fold_cannot_learn_is_refused() -> None:
    frame = table(30)
    frame["y"] = [2, *[0, 1] * 14, 0]
    assert error_of(frame, strategy="random", folds=3, seed=1) == (
        "column 'y': class 2 has no train row in fold 3. Add rows of it, remove it, or change "
        "`split`."
    )
