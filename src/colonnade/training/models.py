"""The shape of a network, and where each of its parameters lies in one flat row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from colonnade.parameters import Params
from colonnade.training.activations import ActivationParams
from colonnade.training.initializers import InitializerParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.tables.standardize import Standardizer
    from colonnade.training.loss import Loss


Role = Literal["layer", "norm", "slope", "cuts", "embedding"]


class ModelParams(Params):
    """Which network: linear, mlp, or mlp with a straight path from inputs to outputs beside it.

    hidden: widths of the hidden layers; `"128x256"` is the same as `[128, 256]`.
    activation, initializer: a word, or a word with its options.
    embedding_width: length of the vector learned for each category, where `standardize.categorical`
      is embedding; auto: longer, the more categories a column has.
    dropout: share of hidden outputs set to 0 in training. batch_norm: before each activation.
    A linear model reads the initializer alone.
    """

    kind: Literal["linear", "mlp", "mlp_skip"] = "mlp"
    hidden: tuple[PositiveInt, ...] = (128, 256)
    activation: ActivationParams = ActivationParams.model_validate("relu")
    initializer: InitializerParams = InitializerParams.model_validate("default")
    embedding_width: Literal["auto"] | PositiveInt = "auto"
    dropout: float = Field(0.0, ge=0, lt=1)
    batch_norm: bool = False

    @field_validator("hidden", mode="before")
    @classmethod
    def _widths(cls, value: Any) -> Any:
        # Kedro's --params cuts lists at their commas: 128x256 survives.
        if isinstance(value, int):
            return (value,)
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split("x"))
        return value

    @model_validator(mode="after")
    def _check(self) -> ModelParams:
        if self.kind == "linear" and (self.dropout > 0 or self.batch_norm):
            raise ValueError(
                "a linear model has no hidden layer for dropout or batch_norm: remove them, or "
                "set model.kind to mlp or mlp_skip."
            )
        if self.kind != "linear" and not self.hidden:
            raise ValueError(f"model.kind {self.kind} needs at least one width in model.hidden.")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of the hidden layers that there are."""
        return () if self.kind == "linear" else self.hidden

    def width_of(self, n_codes: int) -> int:
        """Length of the vectors of a column with so many categories.

        Source: fastai.tabular.model.emb_sz_rule, 1.6 n^0.56, found by experiment; here at most 50.
        """
        usual = math.ceil(1.6 * math.pow(n_codes, 0.56))
        return min(50, usual) if self.embedding_width == "auto" else self.embedding_width


@dataclass(frozen=True)
class Piece:
    """One block of the flat row, and what it is made of.

    A layer's block is (n_out, n_in + 1): its last column is the bias, so that one matrix product
    with inputs that end in a 1 gives weights and bias together, and so does its gradient.
    """

    name: str
    shape: tuple[int, ...]
    offset: int
    role: Role
    bias: bool = False

    @property
    def size(self) -> int:
        """Count the numbers in it."""
        return math.prod(self.shape)

    @property
    def end(self) -> int:
        """Where the next piece begins."""
        return self.offset + self.size


@dataclass(frozen=True)
class Embedded:
    """A feature that holds codes: its place, how many codes there are, how long their vectors."""

    feature: int
    n_codes: int
    width: int


@dataclass(frozen=True)
class Plan:
    """Everything about a network's shape: its pieces in the order in which they lie.

    n_features: columns that it is given. n_inputs: what its first layer reads of them: the numbers
    in their order, then a vector for each code.
    n_logits: outputs after the head (an ordinal head makes K-1 logits of one score).
    """

    n_features: int
    n_inputs: int
    widths: tuple[int, ...]
    n_outputs: int
    n_logits: int
    batch_norm: bool
    prelu: bool
    skip: bool
    ordinal: bool
    pieces: tuple[Piece, ...]
    embedded: tuple[Embedded, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Places of the features that are read as they are."""
        codes = {one.feature for one in self.embedded}
        return tuple(place for place in range(self.n_features) if place not in codes)

    @property
    def n_parameters(self) -> int:
        """Count what is learned."""
        return self.pieces[-1].end

    def piece(self, name: str) -> Piece:
        """Find a piece by its name."""
        return next(piece for piece in self.pieces if piece.name == name)


def plan_for(model: ModelParams, standardizer: Standardizer, loss: Loss) -> Plan:
    """Lay out the network that reads what a standardizer gives."""
    names = standardizer.feature_names
    codes = {names.index(name): n_codes for name, n_codes in standardizer.embedded.items()}
    return plan_network(model, len(names), loss.n_outputs, loss.n_logits, codes)


def plan_network(
    model: ModelParams,
    n_features: int,
    n_outputs: int,
    n_logits: int,
    codes: Mapping[int, int] | None = None,
) -> Plan:
    """Lay the network's parameters out in one flat row.

    With batch norm a layer has no bias (the norm's shift does its work); an ordinal head has cut
    points in place of the output's bias.
    codes: places of the features that hold codes, and how many codes each has.
    """
    embedded = tuple(Embedded(place, n, model.width_of(n)) for place, n in (codes or {}).items())
    n_inputs = n_features - len(embedded) + sum(one.width for one in embedded)
    return Plan(
        n_features=n_features,
        n_inputs=n_inputs,
        widths=model.widths,
        n_outputs=n_outputs,
        n_logits=n_logits,
        batch_norm=model.batch_norm,
        prelu=_has_slopes(model),
        skip=model.kind == "mlp_skip",
        ordinal=n_logits != n_outputs,
        pieces=_pieces(model, n_inputs, n_outputs, n_logits, embedded),
        embedded=embedded,
    )


def _has_slopes(model: ModelParams) -> bool:
    return bool(model.widths) and model.activation.name == "prelu"


def _pieces(
    model: ModelParams, n_in: int, n_outputs: int, n_logits: int, embedded: tuple[Embedded, ...]
) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    n_inputs, ordinal = n_in, n_logits != n_outputs

    def add(name: str, shape: tuple[int, ...], role: Role, bias: bool = False) -> None:
        offset = pieces[-1].end if pieces else 0
        pieces.append(Piece(name, shape, offset, role, bias))

    for i, one in enumerate(embedded):
        add(f"embedding.{i}", (one.n_codes, one.width), "embedding")
    for i, width in enumerate(model.widths):
        bias = not model.batch_norm
        add(f"hidden.{i}", (width, n_in + bias), "layer", bias)
        if model.batch_norm:
            add(f"hidden.{i}.norm", (2, width), "norm")
        if _has_slopes(model):
            add(f"hidden.{i}.slope", (1,), "slope")
        n_in = width
    add("output", (n_outputs, n_in + (not ordinal)), "layer", not ordinal)
    if model.kind == "mlp_skip":
        add("skip", (n_outputs, n_inputs), "layer")
    if ordinal:
        add("cuts", (n_logits,), "cuts")
    return tuple(pieces)
