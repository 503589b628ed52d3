"""An experiment in one call."""

import numpy as np
import pandas as pd
import pytest

import colonnade


def draw(n=150):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    return frame.assign(y=2 * frame["a"] - frame["b"])


def test_configurations_of_a_frame_are_ranked(tmp_path):
    words = {
        "vary": {"training.optimizer.lr": [1e-6, 0.01]},
        "seeds": 2,
        "model": {"kind": "mlp", "hidden": [16]},
        "training": {"epochs": 15, "optimizer": "adam", "early_stopping": None},
        "folder": tmp_path,
    }
    found = colonnade.experiment(draw(), target="y", **words)
    assert found.metric == "rmse"
    assert found.trials["training.optimizer.lr"].tolist() == [1e-6, 1e-6, 0.01, 0.01]
    assert found.ranking["training.optimizer.lr"].tolist() == [0.01, 1e-6]
    assert found.winner.words == {"training.optimizer.lr": 0.01}
    assert found.winner.metrics["test/rmse"] < 1
    again = colonnade.experiment(draw(), target="y", **words)
    pd.testing.assert_frame_equal(again.trials, found.trials)
    with pytest.raises(ValueError, match="Did you mean `model`"):
        colonnade.experiment(draw(), target="y", vary={"modle.dropout": [0]})
