"""Names that nothing would read are refused before anything runs."""

import pytest

from colonnade.errors import ParameterError
from colonnade.hooks.names import check_groups, check_tables
from colonnade.pipeline_registry import name_problem, table_names


def test_a_table_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ParameterError) as caught:
        check_tables(
            {"phone_prise": {"training": {"epochs": 2}}}, ["phone_price", "regression"], []
        )
    assert caught.value.sentences() == [
        "parameter `phone_prise`: no such table or parameter. Did you mean `phone_price`?"
    ]


def test_a_group_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ParameterError) as caught:
        check_groups({"regression": {"trainin": {}, "schema": {}}}, ["regression"])
    assert caught.value.sentences() == [
        "parameter `regression.trainin`: no such group. Did you mean `training`?"
    ]


def test_words_of_a_run_are_known():
    words = {
        "raw": "x.csv",
        "encoding": "gbk",
        "resume": True,
        "bad_rows": "refuse",
        "language": "zh",
        "regression": None,
    }
    check_tables(words, ["regression"], ["regression"])
    check_groups(words, ["regression"])


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ({"training": {"epochs": 3}}, "`wine.training.epochs`"),
        ({"training": {"optimizer": {"lr": 0.1}}}, "`wine.training.optimizer.lr`"),
        ({"epochs": 3}, "`wine.training.epochs`"),
        ({"batch_size": 3}, "`wine.training.batch_size`"),
        ({"columns": {}}, "`wine.schema.columns` or `wine.standardize.columns`"),
    ],
)
def test_a_parameter_without_its_table_is_reported_in_full(words, meant):
    with pytest.raises(ParameterError) as caught:
        check_tables(words, ["diabetes", "wine"], ["wine"])
    [problem] = caught.value.sentences()
    assert problem.endswith(f": no such table or parameter. Name its table: {meant}.")


def test_a_group_of_a_table_that_is_not_run_is_none_of_the_runs_business():
    check_groups({"diabetes": {"trainin": {}}, "wine": {"training": {}}}, ["wine"])


NO_NAMES = ["../etc", "/etc", "a/b", "a\\b", "2nd", "a b", "价 格", "a.b", "a:b", "_a", "½", ""]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_table_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(ParameterError, match="is not a table name"):
        table_names({"tables": {"good_1": None, name: None}})


def test_table_names_are_of_the_letters_of_any_language():
    names = ["phones_2", "价格", "Ätna", "квартиры", "सारणी"]
    assert table_names({"tables": dict.fromkeys(names)}) == names


def test_a_name_of_combining_marks_is_refused_with_the_one_that_looks_like_it():
    with pytest.raises(ParameterError) as caught:
        table_names({"tables": {"A\N{COMBINING DIAERESIS}tna": None}})
    assert caught.value.sentences()[0].endswith("are not found again. Write 'Ätna'.")


def test_a_name_that_yaml_takes_for_something_else_is_refused():
    assert "'on' means something else in YAML" in name_problem("on")
