"""TabM as its authors train it: their loss, their averages, their bins, what they let decay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tabm
import torch
from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins
from tests.training.test_kinds import prepared

from colonnade.errors import ParameterError
from colonnade.training import ModelParams, TrainingParams, train_model
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.ensembles.phases import run_training
from colonnade.training.networks.base import Inputs, Outputs
from colonnade.training.networks.published.tabm import TabM, set_bins
from colonnade.training.prepare import prepare

BINS = {"kind": "tabm", "k": 3, "hidden": "7x7", "numeric_embedding": "piecewise_linear", "bins": 5}


def params_of(**words):
    return ModelParams.model_validate({**BINS, **words})


def authors_loss(module, numeric, codes, labels, task):
    """As in example.ipynb: k predictions of each row, each a row of its own."""
    predicted = module(numeric, codes).squeeze(-1)
    targets = labels.repeat_interleave(module.k)
    if task == "regression":
        return torch.nn.functional.mse_loss(predicted.flatten(0, 1), targets)
    return torch.nn.functional.cross_entropy(predicted.flatten(0, 1), targets)


def authors_groups(module):
    """As in paper/lib/deep.py: no decay of biases, nor of linear embeddings."""
    free = [p for n, p in module.named_parameters() if n.endswith("bias") or ".linear0." in n]
    rest = [p for p in module.parameters() if all(p is not other for other in free)]
    return [{"params": rest}, {"params": free, "weight_decay": 0.0}]


@pytest.mark.parametrize("arch", ["tabm", "tabm-mini"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_it_is_trained_as_by_its_authors_loop(task, arch):
    """In float64, whole tables as batches: the loss is the mean of the submodels' losses."""
    model = params_of(arch=arch, dropout=0)
    optimizer = {"name": "adamw", "lr": 0.01, "weight_decay": 0.3}
    training = TrainingParams.model_validate(
        {"optimizer": optimizer, "epochs": 8, "batch_size": 1000, "clip_norm": 1.0}
    )
    job = prepare(*prepared("both", task), model, training, dtype=torch.float64)
    ours = run_training(job, ensemble(model, training))
    numeric, codes, labels = job.train.numeric[:, :-1], job.train.categorical, job.train.labels
    body = job.network.build(training.seed, rows=(numeric, codes)).body.double()

    theirs = tabm.TabM.make(
        n_num_features=numeric.shape[1],
        cat_cardinalities=[int(n) for n in job.network.inputs.cardinalities],
        d_out=job.network.n_outputs,
        num_embeddings=body.num_module,
        arch_type=arch,
        k=3,
        n_blocks=2,
        d_block=7,
        dropout=0.0,
    ).double()
    theirs.load_state_dict(body.state_dict())
    adamw = torch.optim.AdamW(authors_groups(theirs), lr=0.01, weight_decay=0.3)
    for _ in range(8):
        adamw.zero_grad()
        loss = authors_loss(theirs, numeric, codes, labels, task)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        adamw.step()
    found = job.network.tensors(ours.flat, ours.buffers)
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(found[name][0], tensor, rtol=1e-9, atol=1e-11)

    # After training: the mean of the submodels' probabilities, or of their numbers.
    validation = job.validation
    with torch.no_grad():
        predicted = theirs.eval()(validation.numeric[:, :-1], validation.categorical)
        logits = job.network.bound(found).eval()(
            validation.numeric[:, :-1], validation.categorical
        )[0]
    if task == "regression":
        torch.testing.assert_close(logits, predicted.mean(1))
    else:
        torch.testing.assert_close(logits.softmax(-1), predicted.softmax(-1).mean(1))


def columns_of(numbers):
    """Many values; few; two; one; two that nearly always are one; ties at the top."""
    x = torch.tensor(np.random.default_rng(0).normal(size=(200, numbers)), dtype=torch.float32)
    x[:, 1] = torch.arange(200) % 4
    x[:, 2] = (torch.arange(200) < 60).float()
    x[:, 3] = 0.7
    x[:, 4] = (torch.arange(200) == 0).float()
    x[:, 5] = x[:, 5].clamp_max(0.3)
    return x


def test_bins_are_the_packages():
    x = columns_of(7)
    other = [0, 1, 2, 5, 6]
    with pytest.warns(UserWarning, match="just two bin edges"):
        theirs = PiecewiseLinearEmbeddings(
            compute_bins(x[:, other], 48), 3, activation=False, version="B"
        )
    ours = PiecewiseLinearEmbeddings(
        [torch.arange(49.0)] * 7, 3, activation=False, version="B"
    ).impl
    set_bins(ours, x)
    inside = ours(x)
    torch.testing.assert_close(inside[:, other], theirs.impl(x[:, other]), rtol=1e-3, atol=1e-4)
    # with one bin: from 0 to 1, as min-max scaling; with one value: nothing
    assert inside[:, 2, -1].tolist() == x[:, 2].tolist()
    assert float(inside[:, 2, :-1].abs().max()) == float(inside[:, 3].abs().max()) == 0
    # 199 rows in 200 are of one value, which all edges but the last are
    assert inside[:, 4, -1].tolist() == x[:, 4].tolist()
    assert bool(torch.isfinite(ours.weight).all())


@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_few_rows_have_few_bins(n_rows):
    encoding = PiecewiseLinearEmbeddings([torch.arange(9.0)], 2, activation=False, version="B").impl
    set_bins(encoding, torch.arange(float(n_rows))[:, None])
    assert int((encoding.weight != 0).sum()) == n_rows - 1
    if n_rows > 1:
        assert encoding(torch.arange(float(n_rows))[:, None]).sum((1, 2)).tolist() == list(
            range(n_rows)
        )


def body_of(**words):
    generator = torch.Generator().manual_seed(1)
    return TabM(Inputs(4, ((2, 3),)), Outputs(2), params_of(**words), generator)


def test_biases_and_embeddings_do_not_decay_and_scalings_do():
    from colonnade.training.networks.binding.layout import lay_out_parameters

    def decaying(**words):
        layout = lay_out_parameters([body_of(hidden="4", **words)])
        return [one.name for one in layout.slices if one.weight_decay]

    block = [f"backbone.blocks.0.0.{name}" for name in ("weight", "r", "s")]
    assert decaying() == ["num_module.linear.weight", *block, "output.weight"]
    mini = ["num_module.linear.weight", "backbone.blocks.0.0.weight", "backbone.affine.weight"]
    assert decaying(numeric_embedding="periodic", arch="tabm-mini") == [*mini, "output.weight"]


def test_a_code_that_no_row_has_says_nothing():
    body = body_of(numeric_embedding="none")
    numeric, codes = torch.randn(6, 3), torch.tensor([[0], [2], [0], [2], [0], [2]])
    with torch.no_grad():
        body.start(numeric, codes, torch.Generator())
    assert body.backbone.blocks[0][0].weight[:, 3:].any(0).tolist() == [True, False, True]


def test_a_category_that_was_never_seen_moves_nothing():
    model = params_of(numeric_embedding="none")
    done = train_model(*prepared("both", "regression"), model, TrainingParams(epochs=3)).model
    slots = list(done.standardizer.embedded.values())
    weights = done.weights["backbone.blocks.0.0.weight"][0]
    unseen = [weights.shape[1] - slots[1] - 1, weights.shape[1] - 1]
    assert weights[:, unseen].abs().max() == 0
    raw = pd.DataFrame({"x": ["0.1"], "noise": "1", "few": "1", "flag": "yes"})
    one = done.predict_quietly(raw.assign(city="Atlantis", shop="Mars"))
    other = done.predict_quietly(raw.assign(city="Lyonesse", shop="Venus"))
    assert one["prediction"].tolist() == other["prediction"].tolist()


def test_without_words_it_is_small_and_the_published_one_is_a_setting():
    assert (params_of(hidden=None).k, ModelParams(kind="tabm").k) == (3, 8)
    assert ModelParams(kind="tabm").widths == (256, 256, 256)
    assert params_of(hidden="auto").widths == (256, 256)
    published = ModelParams(kind="tabm", k=32, hidden=(512, 512, 512))
    ours = TabM(Inputs(5), Outputs(3), published, torch.Generator().manual_seed(0))
    theirs = tabm.TabM.make(n_num_features=5, d_out=3)
    shapes = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
    assert {name: t.shape for name, t in ours.state_dict().items()} == shapes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"hidden": "8x9"}, "hidden layers of one width"),
        ({"bins": 1}, "`bins`: Input should be greater than or equal to 2"),
        ({"members": 8}, "`members` is not a known parameter"),
    ],
)
def test_what_it_cannot_be_is_refused(words, said):
    with pytest.raises(ParameterError, match=said):
        params_of(**words)


def test_a_single_submodel_is_a_network_without_an_average():
    training = TrainingParams.model_validate({"epochs": 2})
    model = train_model(*prepared("both", "classification"), params_of(k=1), training).model
    assert model.spec.template.n_submodels == 1


def test_where_training_says_nothing_it_is_the_authors_recipe():
    written = TrainingParams.model_validate({"batch_size": 64})
    recipe = written.completed(ModelParams(kind="tabm"), "regression", validated=True)
    assert (recipe.optimizer.name, recipe.optimizer.lr) == ("adamw", 0.002)
    assert (recipe.optimizer.weight_decay, recipe.clip_norm) == (0.0003, 1)
    assert recipe.early_stopping.patience == 16
    assert recipe.batch_size == 64
