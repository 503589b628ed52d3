"""Names that nothing would read are refused before anything runs."""

import pytest

from colonnade.errors import ParameterError
from colonnade.names import check_names
from colonnade.pipeline_registry import table_names


def test_a_table_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ParameterError) as caught:
        check_names({"phone_prise": {"training": {"epochs": 2}}}, ["phone_price", "regression"])
    assert caught.value.problems == [
        "parameter `phone_prise`: no such table or word. Did you mean `phone_price`?"
    ]


def test_a_group_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ParameterError) as caught:
        check_names({"regression": {"trainin": {}, "schema": {}}}, ["regression"])
    assert caught.value.problems == [
        "parameter `regression.trainin`: no such group. Did you mean `training`?"
    ]


def test_words_of_a_run_are_known():
    check_names(
        {"raw": "x.csv", "encoding": "gbk", "resume": True, "regression": None}, ["regression"]
    )


@pytest.mark.parametrize("name", ["../etc", "2nd", "a b", "价格", ""])
def test_a_table_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(ParameterError, match="is not a table name"):
        table_names({"tables": {"good_1": None, name: None}})
