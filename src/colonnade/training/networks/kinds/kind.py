"""What every kind of network has: a class for its words, and what builds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

from pydantic import BeforeValidator, PositiveInt

from colonnade.errors import ParameterError
from colonnade.parameters import Params, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

DEFAULT_KIND = "mlp"
OWN = "own"
"""What a class of the user's own is listed as; its own kind is its import path."""


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
        """Build the group from plain data, by the kind's own class; a bare word is a kind.

        A word of another kind may be taken back by `null`, as where conf/local changes the kind.
        Raises: ParameterError for a kind that is not known, and words that it does not take.
        """
        if isinstance(obj, str):
            obj = {"kind": obj}
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

    @classmethod
    def remedy_for(cls, name: str) -> str | None:
        """Tell a word of another kind from a typo."""
        own = cls.model_fields["kind"].default
        kinds = [kind for kind, known in KINDS.items() if name in known.params.model_fields]
        if not kinds:
            return None
        return (
            f"It is a word of {', '.join(kinds)}, not of {own}: take it out; on the command line, "
            f"`--params NAME.model={own}` replaces the whole group."
        )

    @property
    def dropout_rate(self) -> float:
        """Share of outputs that is set to 0 in training, which members may each have their own."""
        return 0.0

    @property
    def clamps(self) -> bool:
        """Whether predicted numbers stay within the range of the train rows."""
        return False

    @property
    def caution(self) -> str | None:
        """What is allowed, but hardly meant."""
        return None

    def check_picture(self, picture: tuple[int, int, int] | None) -> None:
        """Refuse a table without a picture, where the kind looks at one.

        Raises: ParameterError.
        """

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Give the words of `training` that stand where the YAML has none, if not the usual ones.

        task: regression, classification or ordinal.
        """
        return {}

    def for_split(self, *, shuffled: bool) -> Self:
        """Give itself as it is for rows that may, or may not, be shuffled into folds."""
        return self


@dataclass(frozen=True)
class NetworkKind:
    """One kind of network.

    body: a module of `networks`, and what in it gives a body for (inputs, outputs, params,
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


KINDS: dict[str, NetworkKind] = {}
"""Every kind by its name; `model_params` lists them."""


def kind_named(kind: Any) -> NetworkKind:
    """Give the kind of a name, or that of an import path.

    Raises: ParameterError.
    """
    if isinstance(kind, str) and "." in kind:
        return KINDS[OWN]
    names = [name for name in KINDS if name != OWN]
    if kind not in names:
        raise ParameterError(
            f"`kind`: {kind!r} is not a kind of network. {nearest(str(kind), names)} A class of "
            "your own is named by its import path, as my_package.nets.WideDeep."
        )
    return KINDS[kind]


def split_widths(value: Any) -> Any:
    """Read `128x256` as `[128, 256]`: Kedro's --params cuts lists at their commas."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("x"))
    return value


Widths = Annotated[tuple[PositiveInt, ...], BeforeValidator(split_widths)]
