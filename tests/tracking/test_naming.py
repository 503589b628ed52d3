from __future__ import annotations

from colonnade.tracking.naming import (
    flatten,
    run_name,
    safe_key,
    safe_keys,
    safe_value,
)

USUAL = flatten(
    {
        "split": {"seed": 42},
        "model": {"hidden": [128, 256], "dropout": 0.0},
        "training": {
            "loss": "ordinal",
            "optimizer": {"name": "adamw", "lr": 0.2},
            "scheduler": {"name": "cosine"},
            "epochs": 200,
            "seed": 0,
        },
    }
)


def test_parameters_are_flattened_with_dots() -> None:
    nested = {"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None, "f": {}}
    assert flatten(nested) == {"a.b.c": 1, "a.d": [1, 2], "e": None, "f": {}}


def test_usual_run_is_named_by_loss_optimizer_rate_and_seed() -> None:
    assert run_name(USUAL) == "ordinal adamw lr=0.2 seed=0"


def test_loss_left_to_the_task_is_named_by_it() -> None:
    parameters = {**USUAL, "training.loss": None, "schema.task": "regression"}
    assert run_name(parameters) == "regression adamw lr=0.2 seed=0"
    parameters |= {"training.loss.name": "huber"}
    assert run_name(parameters) == "huber adamw lr=0.2 seed=0"


def test_kind_of_network_stands_before_how_it_learns() -> None:
    assert run_name({**USUAL, "model.kind": "mlp"}) == "mlp ordinal adamw lr=0.2 seed=0"
    assert run_name({"model.kind": "auto", "training.seed": 0}) == "auto seed=0"


def test_name_tells_each_special_hyperparameter() -> None:
    changed = {
        **USUAL,
        "model.hidden": [8, 8],
        "training.scheduler.name": "one_cycle",
        "training.optimizer.lr": 1e-4,
        "split.seed": 7,
    }
    special = [key for key, value in changed.items() if USUAL.get(key) != value]
    name = "split.seed=7 hidden=8-8 lr=0.0001 scheduler=one_cycle ordinal adamw seed=0"
    assert run_name(changed, special) == name


def test_a_bare_word_is_told_as_the_choice_that_it_makes() -> None:
    parameters = {**USUAL, "training.scheduler.name": "step", "training.l1.strength": "auto"}
    words = ["training.scheduler", "training.l1", "training.optimizer"]
    name = "scheduler=step l1=auto optimizer=adamw ordinal lr=0.2 seed=0"
    assert run_name(parameters, words) == name


def test_knobs_of_one_name_are_distinguished() -> None:
    parameters = {"a.x.size": 1, "b.x.size": 2, "c.rate": 3}
    assert run_name(parameters, parameters) == "a.x.size=1 b.x.size=2 rate=3"


def test_long_name_counts_what_it_leaves_out() -> None:
    parameters = {**USUAL, **{f"model.knob_number_{i}": i for i in range(9)}}
    name = run_name(parameters, [key for key in parameters if "knob_number" in key])
    assert name == "knob_number_0=0 knob_number_1=1 knob_number_2=2 +6 ordinal adamw lr=0.2 seed=0"
    assert len(name) < 80


def test_unusual_parameters_still_give_a_name() -> None:
    assert run_name({}) == "run"
    assert run_name({"training.loss": None}, ["training.loss"]) == "run"


def test_names_become_names_that_mlflow_accepts() -> None:
    assert safe_key("内存.kind") == "内存.kind"
    assert safe_key("price ($)") == "price (_)".replace("(", "_").replace(")", "_")
    assert safe_key("a//../b") == "a/_/_/b"
    assert len(safe_key("x" * 300)) == 250


def test_names_that_would_become_the_same_stay_apart() -> None:
    names = safe_keys(["a(b", "a[b", "a_b"])
    assert names["a(b"] == "a_b"
    assert len(set(names.values())) == 3


def test_values_are_json_and_cut_at_the_limit() -> None:
    assert safe_value("ordinal") == "ordinal"
    assert safe_value([128, 256]) == "[128, 256]"
    assert safe_value(None) == "null"
    assert len(safe_value("x" * 9000)) == 6000


def test_a_blend_is_named_by_its_kind():
    written = {"model.kind": "auto", "schema.task": "classification"}
    assert run_name(written) == "auto"
    assert run_name({**written, "training.seed": 3}, ["training.seed"]) == "seed=3 auto"
