"""scikit-learn's own tests of an estimator."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import check_estimator

from colonnade import ColonnadeClassifier, ColonnadeRegressor

QUICK = {"epochs": 8, "batch_size": 16, "members": 1}
EXPECTED_TO_FAIL: dict[str, str] = {
    "check_sample_weight_equivalence_on_dense_data": "rows repeated are dealt to other batches and "
    "validation parts than rows weighted, and the standardizer counts all rows alike; without "
    "these, weights and repetitions are equal: test_sample_weight.py"
}
"""Names of checks that cannot pass, each with its reason."""


@pytest.mark.filterwarnings("ignore")  # they provoke warnings, and look for those that they want
@pytest.mark.parametrize("kind", [ColonnadeClassifier, ColonnadeRegressor])
@pytest.mark.parametrize("model", ["mlp_skip", pytest.param(None, marks=pytest.mark.slow)])
def test_every_check_of_scikit_learn_passes(kind, model):
    checks = check_estimator(
        kind(model, QUICK), expected_failed_checks=EXPECTED_TO_FAIL, on_fail=None, on_skip=None
    )
    failed = {one["check_name"]: one["exception"] for one in checks if one["status"] == "failed"}
    assert failed == {}
    weighed = {one["check_name"] for one in checks if "sample_weight" in one["check_name"]}
    assert len(weighed) > 6
    assert weighed > EXPECTED_TO_FAIL.keys()
    assert sum(one["status"] == "passed" for one in checks) > 45
