"""What a trained model says of itself in a shell and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from colonnade.messages.printed import some_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.training.networks.model_params import ModelParams
    from colonnade.training.training_params import TrainingParams


class Model(Protocol):
    """What the facts are taken from: a TrainedModel, or a blend."""

    @property
    def standardizer(self) -> Standardizer:
        """What reads its columns."""

    @property
    def model(self) -> ModelParams:
        """The words of its network."""

    @property
    def training(self) -> TrainingParams:
        """The words of its training."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What training noted."""

    @property
    def run(self) -> str | None:
        """Its run in MLflow."""

    @property
    def n_members(self) -> int:
        """How many networks are averaged."""

    def half_width(self) -> float | None:
        """Half of a predicted number's interval."""


def model_facts(model: Model) -> list[tuple[str, str]]:
    """What it predicts, from what, by which network, and how that was trained."""
    table = model.standardizer
    facts = [
        ("predicts", _predicted(model)),
        ("reads", f"{len(table.inputs)} columns: {some_of(table.inputs)}"),
        ("network", _network(model)),
        ("trained", _trained(model)),
    ]
    if table.reference is not None and table.reference.source is not None:
        facts.append(("data", table.reference.source.describe()))
    if model.run:
        facts.append(("run", model.run))
    return facts


def _predicted(model: Model) -> str:
    """The target, and its classes, or that it is a number and how far off it may be."""
    table = model.standardizer
    if table.classes is not None:
        steps = ", in this order" if table.task == "ordinal" else ""
        return f"{table.target}: {some_of(table.classes)}{steps}"
    unit, half = table.table_schema.unit, model.half_width()
    return (
        f"{table.target}, a number"
        + (f" in {unit}" if unit else "")
        + ("" if half is None else f"; 90 % of errors are below {half:.4g}")
    )


def _network(model: Model) -> str:
    parts = getattr(model, "parts", ())
    if parts:
        return "a blend of " + some_of(f"{part.share:.0%} {part.name}" for part in parts)
    several = f"{model.n_members} of " if model.n_members > 1 else ""
    return f"{several}{model.model.kind}, {model.facts['n_parameters']:,} parameters"


def _trained(model: Model) -> str:
    facts, seed = model.facts, f"seed {model.training.seed}"
    epochs = f"{facts['epochs_run']} epochs" if facts.get("epochs_run") else ""
    best = f"the best of them {facts['best_epoch']}" if facts.get("best_epoch") else ""
    seconds = f"{facts['seconds']:.1f} s on {facts['device']}" if "seconds" in facts else ""
    return ", ".join(part for part in (epochs, best, seconds, seed) if part)


def origin_of(model: Model) -> str:
    """One line on where the model comes from: its run and its data, and if that was drawn."""
    run = f"is of run {model.run}" if model.run else "names no run in MLflow"
    reference = model.standardizer.reference
    if reference is None:
        return (
            f"the model {run}, and is of an earlier version: `outside` marks categories never "
            "seen, but no numbers. Train it again"
        )
    data = reference.source.describe() if reference.source else "data that it does not name"
    return f"the model {run}, and was trained on {data}"
