"""The `model` group of a table's YAML: which kind of network, and the words that it takes.

A new kind of network is a parameters class and an entry of KINDS here, and a torch module beside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import ConfigDict, Field, PositiveInt, field_validator, model_validator

from colonnade.errors import ParameterError
from colonnade.parameters import Params, nearest
from colonnade.training.components.activations import ActivationParams
from colonnade.training.components.initializers import InitializerParams
from colonnade.training.networks.own_class import check_words, import_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

DEFAULT_KIND = "mlp"


class ModelParams(Params):
    """Which kind of network; every kind has a class of its own, with the words that it takes."""

    kind: str = DEFAULT_KIND

    def __new__(cls, *_: Any, **values: Any) -> Self:
        """Make an instance of the kind's own class.

        Raises: ParameterError for a kind that is not known.
        """
        return super().__new__(cls._class_of(values))

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Build the group from plain data, by the kind's own class.

        A word of another kind may be taken back by `null`, as where conf/local changes the kind.
        Raises: ParameterError for a kind that is not known, and words that it does not take.
        """
        own = cls._class_of(obj)
        if isinstance(obj, Mapping):
            obj = {key: value for key, value in obj.items() if value is not None}
        return super(ModelParams, own).model_validate(obj, **options)

    @classmethod
    def _class_of(cls, values: Any) -> type[Self]:
        if cls is not ModelParams:
            return cls
        given = values if isinstance(values, Mapping) else {}
        return cast("type[Self]", kind_named(given.get("kind", DEFAULT_KIND)).params)

    @property
    def dropout_rate(self) -> float:
        """Share of outputs that is set to 0 in training, which members may each have their own."""
        return 0.0

    @property
    def caution(self) -> str | None:
        """What is allowed, but hardly meant."""
        return None


class MlpParams(ModelParams):
    """A linear model, an MLP, or an MLP with a straight path from inputs to outputs beside it.

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
        return split_widths(value)

    @model_validator(mode="after")
    def _check(self) -> MlpParams:
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

    @property
    def dropout_rate(self) -> float:
        """Of every hidden layer."""
        return self.dropout

    @property
    def caution(self) -> str | None:
        """Weights that start at zero."""
        if self.initializer.name != "zeros" or not self.widths:
            return None
        return (
            "initializer `zeros` on hidden layers: all hidden gradients are exactly zero, and "
            "only the output's bias (and a straight path) will learn."
        )

    def width_of(self, n_codes: int) -> int:
        """Length of the vectors of a column with so many categories.

        Source: fastai.tabular.model.emb_sz_rule, 1.6 n^0.56, found by experiment; here at most 50.
        """
        usual = math.ceil(1.6 * math.pow(n_codes, 0.56))
        return min(50, usual) if self.embedding_width == "auto" else self.embedding_width


class OwnNetworkParams(ModelParams):
    """A class of the user's own, by its import path; all other words are its keyword arguments.

    It is imported when this is built from the project's configuration. What a model folder names is
    never imported: `context={"network": ...}` gives the class then.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    _network: type

    def model_post_init(self, context: Any, /) -> None:
        """Find the class, and hold the words against what it takes."""
        self._network = (context or {}).get("network") or import_class(self.kind)
        check_words(self.kind, self._network, self.words)

    @property
    def words(self) -> dict[str, Any]:
        """Keyword arguments of the class."""
        return dict(self.model_extra or {})

    @property
    def network(self) -> type:
        """The class."""
        return self._network


@dataclass(frozen=True)
class NetworkKind:
    """One kind of network.

    body: a module of this room, and what in it gives a body for (inputs, outputs, params,
      generator); imported when a network is built.
    member_axis: whether its layers take parameters with a member axis in front, so that one module
      computes all members at once; the bodies of other kinds are run one after another.
    """

    params: type[ModelParams]
    body: tuple[str, str]
    member_axis: bool = False

    def builder(self) -> Callable[..., nn.Module]:
        """Import what builds a body."""
        module, name = self.body
        return cast(
            "Callable[..., nn.Module]",
            getattr(import_module(f"colonnade.training.networks.{module}"), name),
        )


_MLP = NetworkKind(MlpParams, ("mlp", "Mlp"), member_axis=True)

KINDS: dict[str, NetworkKind] = {
    "linear": _MLP,
    "mlp": _MLP,
    "mlp_skip": _MLP,
}
_OWN = NetworkKind(OwnNetworkParams, ("own", "build_own"))


def kind_named(kind: Any) -> NetworkKind:
    """Give the kind of a name, or that of an import path.

    Raises: ParameterError.
    """
    if isinstance(kind, str) and "." in kind:
        return _OWN
    if kind not in KINDS:
        raise ParameterError(
            f"`kind`: {kind!r} is not a kind of network. {nearest(str(kind), list(KINDS))} A class "
            "of your own is named by its import path, as my_package.nets.WideDeep."
        )
    return KINDS[kind]


def split_widths(value: Any) -> Any:
    """Read `128x256` as `[128, 256]`: Kedro's --params cuts lists at their commas."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("x"))
    return value
