"""A model that averages those of several candidates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never

import numpy as np

from colonnade.errors import ModelError
from colonnade.training.models.trained import TrainedModel

if TYPE_CHECKING:
    import torch

    from colonnade.training.networks.base import Network
    from colonnade.training.networks.binding.spec import NetworkSpec

_SMALLEST = 1e-300


@dataclass(frozen=True)
class Part:
    """One candidate of a blend, and how much it counts; its features are some of the blend's."""

    name: str
    share: float
    model: TrainedModel


@dataclass(frozen=True, eq=False, repr=False)
class BlendedModel(TrainedModel):
    """Candidates whose probabilities, or numbers, are averaged by their shares.

    It has no weights and no network of its own, but those of its parts.
    """

    parts: tuple[Part, ...] = ()

    @property
    def n_members(self) -> int:
        """Count the networks of all parts."""
        return sum(part.model.n_members for part in self.parts)

    @cached_property
    def _features(self) -> list[list[int]]:
        """Where the features of each part are among the blend's."""
        place = {name: i for i, name in enumerate(self.standardizer.feature_names)}
        return [
            [place[name] for name in part.model.standardizer.feature_names] for part in self.parts
        ]

    def _blend(self, of: str, X: np.ndarray) -> np.ndarray:
        n_features = len(self.standardizer.feature_names)
        if X.ndim != 2 or X.shape[1] != n_features:
            raise ModelError(
                f"the model reads {n_features} features, but got an array of shape {X.shape}: "
                "give one row per case, in the order of standardizer.feature_names."
            )
        weighted = [
            part.share * getattr(part.model, of)(X[:, features])
            for part, features in zip(self.parts, self._features, strict=True)
        ]
        return np.asarray(sum(weighted))

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Give each class's probability, averaged over parts, at the blend's temperature.

        Shape: -> (n, n_classes); rows sum to 1.
        """
        if not self.n_classes:
            raise ModelError("a regression has no class probabilities: use predict_array.")
        return at_temperature(
            self._blend("probabilities", X), float(self.facts.get("temperature") or 1.0)
        )

    def predict_array(self, X: np.ndarray) -> np.ndarray:
        """Give the likeliest class's code (int64), or numbers in raw units (float64)."""
        if self.n_classes:
            return self.decide(self.probabilities(X))
        return self._blend("predict_array", X)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Refuse: what the bodies of different networks compute has no mean."""
        self._refuse()

    @property
    def spec(self) -> NetworkSpec:
        """Refuse: there are several."""
        self._refuse()

    @property
    def network(self) -> Network:
        """Refuse: there are several."""
        self._refuse()

    def module(self, member: int = 0) -> torch.nn.Module:
        """Refuse: there are several."""
        self._refuse()

    def linear_coefficients(self) -> tuple[dict[str, float], float]:
        """Refuse: a blend is no line."""
        self._refuse()

    def _refuse(self) -> Never:
        names = ", ".join(part.name for part in self.parts)
        raise ModelError(f"a blend has no single network: look at its `parts` ({names}).")

    def summary(self) -> str:
        """Print layers, shapes and parameter counts of every part, as torchinfo does."""
        return "\n\n".join(
            f"{part.name}, {part.share:.0%} of the blend\n{part.model.summary()}"
            for part in self.parts
        )

    def describe(self) -> dict[str, Any]:
        """Give everything but the weights as plain data for JSON."""
        parts = [
            {"name": part.name, "share": part.share, **part.model.describe()} for part in self.parts
        ]
        # a word that nobody has written is each candidate's own
        training = self.training.model_dump(mode="json", exclude_unset=True)
        return {**super().describe(), "training": training, "parts": parts}


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities whose logarithms are divided by the temperature.

    Shape: (n, n_classes) -> the same; rows sum to 1.
    """
    if temperature == 1:
        return probabilities
    logits = np.log(probabilities.clip(_SMALLEST)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
