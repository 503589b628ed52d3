"""What `model: auto` may try: each candidate is a network with words of its own to train it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from colonnade.tables.inference.hyperparameters import network_words

Words = dict[str, Any]
Effort = Literal["usual", "best"]


@dataclass(frozen=True)
class Candidate:
    """One candidate.

    model, training: words that stand in place of those of a new table's network.
    own_recipe: whether `training` is left to the kind. bins: whether it reads the bins of numbers,
      where `standardize.bins` has them; without them it would be another candidate.
    logarithm: whether the logarithm of a number is learned. ordered: whether classes are learned by
      one score and cut points. effort: best: tried only where time does not matter.
    """

    model: Words = field(default_factory=dict)
    training: Words = field(default_factory=dict)
    own_recipe: bool = False
    bins: bool = False
    logarithm: bool = False
    ordered: bool = False
    effort: Effort = "usual"

    def words(self, n_rows: int) -> tuple[Words, Words]:
        """The groups `model` and `training`, for so many rows."""
        if self.own_recipe:
            return self.model, self.training
        model, training = network_words(n_rows)
        if "kind" in self.model:
            model = {}
        return model | self.model, training | self.training


_LINE: Words = {"kind": "linear"}
# Where much is noise, a line that has not come far is better; elsewhere, one at its optimum.
_SHORT: Words = {"optimizer": {"name": "adamw", "lr": 0.03, "weight_decay": 0.1}, "epochs": 60}
_LONG: Words = {"optimizer": {"name": "adamw", "lr": 0.2, "weight_decay": 0.0}, "epochs": 150}

CANDIDATES: dict[str, Candidate] = {
    "linear": Candidate(_LINE, _SHORT),
    "linear_long": Candidate(_LINE, _LONG),
    "linear_ordinal": Candidate(_LINE, _LONG, ordered=True),
    "mlp_skip": Candidate(),
    "mlp_skip_bins": Candidate(bins=True),
    "mlp_skip_long": Candidate({"dropout": 0.1}, {"epochs": 120}, bins=True),
    "mlp_skip_log": Candidate(bins=True, logarithm=True),
    "mlp_skip_ordinal": Candidate(ordered=True),
    "realmlp": Candidate({"kind": "realmlp"}, own_recipe=True, effort="best"),
    "tabm": Candidate(
        {"kind": "tabm", "numeric_embedding": "piecewise_linear"}, own_recipe=True, effort="best"
    ),
}
