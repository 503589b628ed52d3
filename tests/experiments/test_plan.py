"""Plans: their words, and the configurations that they make."""

import pytest

from colonnade.errors import ParameterError
from colonnade.experiments.plans.plan import PlanParams, configurations, with_words
from colonnade.experiments.trials import MOST_TOGETHER, make_trials, programs
from tests.experiments.conftest import GROUPS


def of(**words):
    return PlanParams.model_validate(words)


def test_a_grid_has_every_combination_once():
    plan = of(vary={"model.dropout": [0, 0.5], "training.optimizer": ["sgd", "adam", "sgd"]})
    assert configurations(plan) == [
        {"model.dropout": dropout, "training.optimizer": optimizer}
        for dropout in (0, 0.5)
        for optimizer in ("sgd", "adam")
    ]


def test_what_does_not_apply_is_not_varied():
    plan = of(
        vary={
            "training.optimizer.name": ["sgd", "adam"],
            "training.optimizer.momentum": [0, 0.9],
        },
        when={"training.optimizer.momentum": {"training.optimizer.name": ["sgd"]}},
    )
    assert configurations(plan) == [
        {"training.optimizer.name": "sgd", "training.optimizer.momentum": 0},
        {"training.optimizer.name": "sgd", "training.optimizer.momentum": 0.9},
        {"training.optimizer.name": "adam"},
    ]


def test_numbers_are_drawn_within_their_range():
    lr = {"low": 1e-4, "high": 1e-1, "log": True}
    width = {"low": 4, "high": 64, "whole": True}
    plan = of(vary={"training.optimizer.lr": lr, "training.batch_size": width}, random=200)
    drawn = configurations(plan)
    rates = [one["training.optimizer.lr"] for one in drawn]
    sizes = [one["training.batch_size"] for one in drawn]
    assert len(drawn) == 200
    assert configurations(plan) == drawn
    assert configurations(plan.model_copy(update={"seed": 1})) != drawn
    assert 1e-4 <= min(rates) < 3e-4
    assert 3e-2 < max(rates) <= 1e-1
    assert 0.3 < sum(rate < 10**-2.5 for rate in rates) / 200 < 0.7
    assert all(isinstance(size, int) and 4 <= size <= 64 for size in sizes)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"vary": {"modle.dropout": [0]}}, "Did you mean `model`"),
        ({"vary": {"split.seed": [0, 1]}}, "trials may differ in"),
        ({"vary": {"model.dropout": {"low": 0, "high": 0.5}}}, "of which a grid has no end"),
        ({"vary": {"model.dropout": {"low": 1, "high": 0}}, "random": 3}, "up to a larger one"),
        ({"vary": {"model.dropout": {"low": 0, "high": 1, "log": True}}, "random": 3}, "above 0"),
        ({"vary": {"model.dropout": []}}, "at least 1 item"),
        ({"random": 3, "search": 3}, "leave one out"),
        ({"when": {"model.dropout": {}}}, "is not varied"),
        ({"seeeds": 3}, "Did you mean `seeds`"),
    ],
)
def test_mistakes_are_named(words, message):
    with pytest.raises(ParameterError, match=message):
        of(**words)


def test_a_grid_beyond_measure_is_refused():
    many = list(range(400))
    plan = of(vary={"training.seed": many, "training.batch_size": many})
    with pytest.raises(ParameterError, match="160,000 configurations"):
        configurations(plan)


def test_words_are_put_in_at_their_paths():
    groups = {"model": {"kind": "mlp", "hidden": [8]}, "training": {"optimizer": "adam"}}
    assert with_words(groups, {"training.optimizer": "sgd"})["training"] == {"optimizer": "sgd"}
    assert with_words(groups, {"model.kind": "linear"})["model"] == {"kind": "linear"}
    assert with_words(groups, {"model.kind": "mlp"})["model"]["hidden"] == [8]
    assert groups["training"] == {"optimizer": "adam"}
    own = {"training": {"optimizer": {"name": "adamw", "lr": 0.2, "eps": 1e-8}}}
    other = with_words(own, {"training.optimizer.lr": 0.1, "training.optimizer.name": "sgd"})
    assert other["training"] == {"optimizer": {"name": "sgd", "lr": 0.1}}
    same = with_words(own, {"training.optimizer.lr": 0.1, "training.optimizer.name": "adamw"})
    assert same["training"]["optimizer"] == {"name": "adamw", "lr": 0.1, "eps": 1e-8}


def test_all_that_is_wrong_is_said_at_once(plan):
    wrong = plan(vary={"training.optimizer": ["adma"], "model.activation": ["rleu", "relu"]})
    with pytest.raises(ParameterError) as raised:
        make_trials(wrong, configurations(wrong), GROUPS, "")
    assert "`adam`" in str(raised.value)
    assert "`relu`" in str(raised.value)


def test_keys_say_all_that_decides_a_result(plan):
    def keys(data="x", groups=GROUPS, **words):
        own = plan(**words)
        return [one.key for one in make_trials(own, configurations(own), groups, data)]

    first = keys(seeds=2)
    assert len(set(first)) == 8
    assert keys(seeds=2, question="why?") == first
    # more seeds, and other values, leave the keys of those that were there
    assert set(first) < set(keys(seeds=3))
    assert not set(first) & set(keys(data="y", seeds=2))
    assert not set(first) & set(keys(groups={**GROUPS, "standardize": {"bins": 3}}, seeds=2))
    assert not set(first) & set(keys(folds=4, seeds=2))


def test_trials_of_one_shape_share_programs(plan):
    own = plan(seeds=10)
    trials = make_trials(own, configurations(own), GROUPS, "")
    together = programs(trials, 1)
    assert [len(one) for one in together] == [MOST_TOGETHER, MOST_TOGETHER, 8]
    assert [one.number for program in together for one in program] == list(range(1, 41))
    assert max(map(len, programs(trials, 5))) == MOST_TOGETHER // 5


def test_other_shapes_are_programs_of_their_own():
    plan = of(vary={"model.kind": ["mlp", "resnet"], "training.optimizer": ["adam", "lbfgs"]})
    shapes = programs(make_trials(plan, configurations(plan), GROUPS, ""), 1)
    assert [len(one) for one in shapes] == [1, 1, 1, 1]
