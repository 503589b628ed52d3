"""The seam between networks and training: rows that a module computes with, and foreign modules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from colonnade.training import ModelParams, TrainingParams, load_model, save_model, train_model
from colonnade.training.networks.base import Inputs
from colonnade.training.networks.binding.spec import NetworkSpec
from colonnade.training.networks.kinds.mlp_params import MlpParams
from colonnade.training.networks.model_params import KINDS, NetworkKind


class TorchMlp(nn.Module):
    """A body of torch's own layers, which know no member axis, and forget who draws their start."""

    def __init__(self, inputs, outputs, params, generator):
        super().__init__()
        self.first = nn.Linear(inputs.n_numeric, params.hidden[0])
        self.head = nn.Linear(params.hidden[0], outputs.width, bias=outputs.bias)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.4, 0.4, generator=generator)

    def forward(self, numeric, categorical=None):
        return self.head(torch.relu(self.first(numeric)))


def set_body(monkeypatch, body):
    """Let the kind `mlp` be another body for the time of a test."""
    monkeypatch.setitem(KINDS, "mlp", NetworkKind(MlpParams, ("mlp", body.__name__)))
    monkeypatch.setattr(f"colonnade.training.networks.mlp.{body.__name__}", body, raising=False)


@pytest.fixture
def foreign(monkeypatch):
    """The kind `mlp` is torch's own layers for the time of a test."""
    set_body(monkeypatch, TorchMlp)


def spec_of(**model):
    return NetworkSpec(ModelParams.model_validate({"hidden": [5], **model}), Inputs(4), 3, 3)


def test_a_bound_module_computes_with_what_lies_in_the_rows():
    spec = spec_of()
    rows = torch.zeros(2, spec.parameters.size)
    network, x = spec.bound(spec.parameters.views(rows)), torch.ones(7, 4)
    assert bool((network(x) == 0).all())
    for member, seed in enumerate((3, 4)):
        for name, parameter in spec.build(seed).body.named_parameters():
            spec.parameters[name].view(rows)[member] = parameter.detach()
    assert network(x).shape == (2, 7, 3)
    for member, seed in enumerate((3, 4)):
        torch.testing.assert_close(network(x)[member], spec.build(seed)(x))


@pytest.mark.parametrize("model", [{}, {"batch_norm": True}, {"kind": "mlp_skip"}], ids=str)
def test_slices_fill_the_row_without_gap_or_overlap(model):
    layout = spec_of(**model).parameters
    row = torch.zeros(1, layout.size)
    for view in layout.views(row).values():
        view.add_(1)
    assert bool((row == 1).all())


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("task", ["classification", "ordinal", "regression"])
def test_a_foreign_module_trains_by_autograd_and_is_kept(table, task, tmp_path):
    prepared, model = table(task), ModelParams(hidden=(6,))
    words = {"optimizer": {"name": "adamw", "lr": 0.05}, "epochs": 30, "members": 2, "ema": 0.9}
    done = train_model(*prepared, model, TrainingParams.model_validate(words))
    assert done.model.facts["path"] == "autograd"
    assert done.history["train_loss"].iloc[-1] < 0.6 * done.history["train_loss"].iloc[0]
    assert set(done.model.weights) >= {"first.weight", "first.bias", "head.weight"}
    save_model(done.model, tmp_path)
    X = prepared[1][prepared[2].feature_names].to_numpy()
    assert (load_model(tmp_path).scores(X) == done.model.scores(X)).all()


def test_a_body_that_names_a_parameter_as_its_head_does_is_refused(monkeypatch):
    class WithCuts(TorchMlp):
        def __init__(self, *parts):
            super().__init__(*parts)
            self.cuts = nn.Parameter(torch.zeros(2))

    set_body(monkeypatch, WithCuts)
    with pytest.raises(ValueError, match="'cuts', 'cuts'"):
        assert NetworkSpec(ModelParams(hidden=(5,)), Inputs(4), 1, 2).parameters


@pytest.mark.usefixtures("foreign")
def test_members_of_a_foreign_module_equal_their_solo_runs(table):
    prepared, model = table("ordinal"), ModelParams(hidden=(6,))
    together = train_model(*prepared, model, TrainingParams(epochs=3, members=2)).model
    for member in (0, 1):
        alone = train_model(*prepared, model, TrainingParams(epochs=3, seed=member)).model
        for name, weight in alone.weights.items():
            torch.testing.assert_close(together.weights[name][member], weight[0])
