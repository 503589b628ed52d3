"""FT-Transformer and ResNet as their authors have them."""

from __future__ import annotations

import pytest
import rtdl_revisiting_models as authors
import torch
from tests.training.test_kinds import prepared

from colonnade.errors import ParameterError
from colonnade.training import ModelParams, TrainingParams
from colonnade.training.ensembles.outcome import ensemble
from colonnade.training.ensembles.phases import run_training
from colonnade.training.networks.base import Inputs, Outputs
from colonnade.training.networks.binding.layout import lay_out_parameters
from colonnade.training.networks.binding.spec import NetworkSpec
from colonnade.training.networks.published.ft_transformer import FTTransformer
from colonnade.training.networks.published.resnet import ResNet
from colonnade.training.prepare import prepare


def transformer_of(**words):
    params = ModelParams.model_validate({"kind": "ft_transformer", **words})
    return FTTransformer(Inputs(5, ((2, 3),)), Outputs(2), params, torch.Generator().manual_seed(1))


def shapes(module):
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("blocks", [1, 3, 6])
def test_without_words_it_is_the_authors_default(blocks):
    theirs = authors.FTTransformer(
        n_cont_features=4,
        cat_cardinalities=[3],
        d_out=2,
        **authors.FTTransformer.get_default_kwargs(blocks),
    )
    ours = transformer_of(blocks=blocks)
    assert shapes(ours) == shapes(theirs)

    def rates(module):
        return [one.p for one in module.modules() if isinstance(one, torch.nn.Dropout)]

    assert rates(ours) == rates(theirs)


def test_words_stand_in_the_place_of_the_authors():
    ours = transformer_of(blocks=2, width=12, heads=3, dropout=0.3, attention_dropout=0)
    assert ours.cls_embedding.weight.shape == (12,)
    assert ours.backbone.blocks[0]["ffn"].dropout.p == 0.3
    assert ours.backbone.blocks[0]["attention"].dropout is None
    assert ours.weight_reuse == 6


def test_what_decays_is_what_decays_in_the_authors_groups():
    module = transformer_of(blocks=2)
    decaying = {id(parameter) for parameter in module.make_parameter_groups()[0]["params"]}
    expected = {name for name, one in module.named_parameters() if id(one) in decaying}
    layout = lay_out_parameters([module])
    assert {one.name for one in layout.slices if one.weight_decay} == expected


@pytest.mark.parametrize("kind", ["ft_transformer", "resnet"])
def test_it_is_trained_as_by_a_plain_loop(kind):
    """In float64, whole tables as batches; batch norm in training mode, no dropout."""
    words = {"dropout": 0, "blocks": 2, "width": 8}
    if kind == "ft_transformer":
        words |= {"attention_dropout": 0, "heads": 2}
    model = ModelParams.model_validate({"kind": kind, **words})
    optimizer = {"name": "adamw", "lr": 0.01, "weight_decay": 0.3}
    training = TrainingParams.model_validate(
        {"optimizer": optimizer, "epochs": 3, "batch_size": 1000, "early_stopping": None}
    )
    job = prepare(*prepared("both", "classification"), model, training, dtype=torch.float64)
    ours = run_training(job, ensemble(model, training))
    numeric, codes = job.train.numeric[:, :-1], job.train.categorical
    body = job.network.build(training.seed, rows=(numeric, codes)).body.double()
    free = [one for one in body.parameters() if one.ndim < 2]
    groups = [
        {"params": [one for one in body.parameters() if one.ndim > 1]},
        {"params": free, "weight_decay": 0.0},
    ]
    if kind == "ft_transformer":
        groups = body.make_parameter_groups()
    adamw = torch.optim.AdamW(groups, lr=0.01, weight_decay=0.3)
    losses = []
    for _ in range(3):
        adamw.zero_grad()
        loss = torch.nn.functional.cross_entropy(body(numeric, codes), job.train.labels)
        loss.backward()
        adamw.step()
        losses.append(loss.item())
    assert [row[0] for row in ours.history.train_loss] == pytest.approx(losses, rel=1e-6)


def test_codes_that_no_row_has_say_nothing():
    numeric, codes = torch.randn(4, 4), torch.tensor([[0], [2], [0], [2]])
    transformer = transformer_of(blocks=1)
    resnet = ResNet(Inputs(5, ((2, 3),)), Outputs(2), ModelParams(kind="resnet"), torch.Generator())
    with torch.no_grad():
        transformer.start(numeric, codes, torch.Generator())
        resnet.start(numeric, codes, torch.Generator())
    vectors = transformer.cat_embeddings.embeddings[0].weight
    assert vectors.any(1).tolist() == [True, False, True]
    assert resnet.input_projection.weight[:, 4:].any(0).tolist() == [True, False, True]


def test_the_score_of_ordered_classes_has_no_bias_of_its_own():
    for kind in ("ft_transformer", "resnet", "tabm"):
        layout = NetworkSpec(ModelParams(kind=kind), Inputs(4), 1, 2).parameters
        ends = ("output.bias", "output.linear.bias")
        assert not [one.name for one in layout.slices if one.name.endswith(ends)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"width": 30}, "model.heads 8 do not share model.width 30 equally"),
        ({"heads": 5}, "model.heads 5 do not share model.width auto equally"),
        ({"blocks": 7}, "`blocks`: Input should be less than or equal to 6"),
        ({"dropout": 1}, "`dropout.*less than 1"),
    ],
)
def test_what_it_cannot_be_is_refused(words, said):
    with pytest.raises(ParameterError, match=said):
        transformer_of(**words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"batch_size": 1}, "the batch norm of model.kind resnet needs batches of 2 rows"),
        ({"optimizer": "lbfgs"}, "batch norm of model.kind resnet: choose another optimizer"),
    ],
)
def test_what_batch_norm_cannot_do_is_refused_by_its_name(words, said):
    training = TrainingParams.model_validate(words)
    with pytest.raises(ParameterError, match=said):
        prepare(*prepared("both", "regression"), ModelParams(kind="resnet"), training)
