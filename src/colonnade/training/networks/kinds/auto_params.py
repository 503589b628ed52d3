"""The words of `model: auto`: which candidates are trained, and over how many folds."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator

from colonnade.parameters import nearest
from colonnade.training.networks.kinds.candidates import CANDIDATES
from colonnade.training.networks.kinds.kind import ModelParams


class AutoParams(ModelParams):
    """Several candidates over shared folds, blended as the rows left out of a fold say.

    candidates: usual: the small ones that suit the table; best: RealMLP and TabM too, for many
      times the time; or some by name: `linear+mlp_skip` is the same as [linear, mlp_skip].
    folds: each candidate has a network a fold, stopped by the fold's rows, which learns from all
      others, the validation rows included. 0: train rows are learned from and validation rows
      choose, with `training.members` networks a candidate; so it is where rows are split by group
      or by time, since these may not be shuffled into folds.
    """

    kind: Literal["auto"] = "auto"
    candidates: Literal["usual", "best"] | tuple[str, ...] = "usual"
    folds: int = Field(8, ge=0, le=50)

    @field_validator("candidates", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if value in ("usual", "best"):
            return value
        names = value.split("+") if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not names:
            raise ValueError(f"write usual, best, or a list of names (got {value!r}).")
        unknown = [str(name) for name in names if name not in CANDIDATES]
        if unknown:
            raise ValueError(
                f"there is no candidate {unknown[0]!r}. "
                f"{nearest(unknown[0], ['usual', 'best', *CANDIDATES])}"
            )
        return tuple(names)

    @field_validator("folds")
    @classmethod
    def _several(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one fold leaves no rows to learn from: write 2 or more, or 0.")
        return value

    def training_defaults(self, task: str) -> dict[str, Any]:
        """Probabilities are calibrated by the rows that choose."""
        return {} if task == "regression" else {"temperature": True}

    def for_split(self, *, shuffled: bool) -> Self:
        """Leave folds out where rows may not be shuffled into them."""
        return self if shuffled else self.model_copy(update={"folds": 0})
