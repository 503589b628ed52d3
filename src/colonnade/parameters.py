"""The base of every parameter group: frozen, strict about names, plain in its errors."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from colonnade.errors import ParameterError
from colonnade.messages.catalog import languages

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Params(BaseModel):
    """A group of parameters read from YAML.

    Raises: ParameterError naming every unknown or unacceptable key, when built by `model_validate`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Build the group from plain data, as Kedro does with what the YAML says."""
        try:
            return super().model_validate({} if obj is None else obj, **options)
        except ValidationError as error:
            raise ParameterError([_problem(cls, detail) for detail in error.errors()]) from None

    @classmethod
    def remedy_for(cls, name: str) -> str | None:
        """What to do about a name that the group does not have; None: say the nearest one."""
        return None


def _problem(group: type[Params], detail: ErrorDetails) -> str:
    path = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        names = _names_beside(group, detail["loc"])
        name = str(detail["loc"][-1])
        remedy = group.remedy_for(name) if len(detail["loc"]) == 1 else None
        return f"`{path}` is not a known parameter. {remedy or nearest(name, names)}"
    if detail["type"] == "value_error":
        what = str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
        return f"`{path}`: {what}" if path else what
    got = "" if detail["type"] == "missing" else f" (got {detail['input']!r})"
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        what = f"write `name: value` pairs here{got}"
        return f"`{path}`: {what}" if path else what
    return f"`{path}`: {detail['msg']}{got}"


def nearest(name: str, names: list[str]) -> str:
    """Suggest the nearest of `names`, or list them all."""
    close = get_close_matches(name, names, n=1)
    if not close:
        folded = {known.casefold(): known for known in names}
        close = [folded[word] for word in get_close_matches(name.casefold(), list(folded), n=1)]
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(sorted(names))}."


def read_language(language: object) -> str:
    """The language that YAML or the command line asks for.

    Raises: ParameterError if the catalog of messages does not have it.
    """
    known = languages()
    if language not in known:
        raise ParameterError(
            f"`language` is one of {', '.join(known)} (got {language!r}). "
            "Others can be added: see CONTRIBUTING."
        )
    return str(language)


def _names_beside(group: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names that may stand where the last part of `location` stands."""
    models = [group]
    for part in location[:-1]:
        found = [
            candidate
            for model in models
            for candidate in _models_in(model.model_fields.get(str(part)))
        ]
        models = found or models
    return sorted({name for model in models for name in model.model_fields})


def _models_in(field: Any) -> list[type[BaseModel]]:
    """Parameter groups named in a field's annotation, however deep they stand in it."""
    if field is None:
        return []
    found: list[type[BaseModel]] = []
    pending = [field.annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
        pending.extend(getattr(annotation, "__args__", ()))
    return found
