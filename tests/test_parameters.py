from typing import Literal

import pytest
from pydantic import Field

from colonnade.errors import ParameterError
from colonnade.parameters import Params, nearest
from colonnade.training.networks.model_params import ModelParams


class Rate(Params):
    name: Literal["constant", "cosine"] = "constant"
    lr: float = Field(0.1, gt=0)


class Training(Params):
    epochs: int = Field(10, ge=1)
    rate: Rate = Rate()


def problems(values: object) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        Training.model_validate(values)
    return caught.value.sentences()


def test_a_group_left_empty_in_yaml_takes_the_defaults():
    assert Training.model_validate(None) == Training(epochs=10, rate=Rate(lr=0.1))


def test_a_typo_suggests_the_nearest_name():
    assert problems({"epoch": 5}) == ["`epoch` is not a known parameter. Did you mean `epochs`?"]


def test_a_typo_deep_inside_suggests_names_of_its_own_group():
    assert problems({"rate": {"nam": "cosine"}}) == [
        "`rate.nam` is not a known parameter. Did you mean `name`?"
    ]


def test_every_problem_is_reported_at_once():
    assert problems({"epochs": 0, "rate": {"lr": -1, "name": "sine"}}) == [
        "`epochs`: Input should be greater than or equal to 1 (got 0)",
        "`rate.name`: Input should be 'constant' or 'cosine' (got 'sine')",
        "`rate.lr`: Input should be greater than 0 (got -1)",
    ]


def test_a_rate_that_is_not_finite_is_refused():
    assert problems({"rate": {"lr": float("inf")}}) == [
        "`rate.lr`: Input should be a finite number (got inf)"
    ]


def test_a_name_like_no_other_gets_the_whole_list():
    assert nearest("xyz", ["b", "a"]) == "Known: a, b."


def test_a_word_of_another_kind_of_network_is_no_typo():
    with pytest.raises(ParameterError) as refused:
        ModelParams.model_validate({"kind": "auto", "hidden": [8]})
    assert str(refused.value).startswith("`hidden` is not a known parameter. It is a word of ")
    assert "mlp" in str(refused.value)
    assert "`--params NAME.model=auto` replaces the whole group" in str(refused.value)
