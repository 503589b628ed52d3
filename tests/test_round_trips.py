"""What is written down, or sent to another process, comes back the same."""

from __future__ import annotations

import json
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.errors import DataError, Problem
from colonnade.evaluation.metrics.groups import Metrics

drawn = settings(max_examples=50, deadline=None, derandomize=True)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
GROUPS = st.sampled_from(["test", "validation", "train", "gain", "cv", "line"]) | NAMES.map(
    lambda name: f"baseline/{name}"
)
VALUES = st.dictionaries(
    NAMES | NAMES.map(lambda n: f"precision/{n}"), st.floats(-9, 9), min_size=1
)
PROBLEMS = st.builds(
    Problem,
    rule=st.text(min_size=1, max_size=20),
    source=st.text(max_size=8),
    column=st.text(max_size=8),
    rows=st.lists(st.integers(1, 99).map("line {}".format), max_size=5).map(tuple),
    values=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    remedy=st.text(max_size=12),
)


@drawn
@given(st.dictionaries(GROUPS, VALUES))
def test_metrics_keep_their_groups_through_flat_names(groups):
    flat = Metrics(groups).flat()
    again = Metrics.from_flat(json.loads(json.dumps(flat)))
    assert dict(again.groups) == groups
    assert again.flat() == flat


@drawn
@given(st.lists(PROBLEMS, min_size=1, max_size=3), st.text(max_size=5))
def test_an_error_keeps_its_problems_on_its_way_from_another_process(problems, table):
    error = DataError(problems, table)
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == problems
    assert str(again) == str(error)


@drawn
@given(PROBLEMS)
def test_a_problem_as_json_holds_all_that_it_knows(problem):
    loaded = json.loads(json.dumps(problem.document()))
    assert Problem(
        **{**loaded, "rows": tuple(loaded["rows"]), "values": tuple(loaded["values"])}
    ) == (problem)
