"""A trained model as one torch module: from typed cells to answers."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colonnade.exporting.column_modules import Constants, column_module
from colonnade.tables.features.target_curve import LogCurve
from colonnade.training.models.blended import BlendedModel
from colonnade.training.models.target import target_of

if TYPE_CHECKING:
    from colonnade.training.models.target import Target
    from colonnade.training.models.trained import TrainedModel

_SMALLEST = 1e-300


class WholeModel(Constants):
    """Cells of every column in, probabilities or a number with its interval out.

    Shape: (n,) a column, in the standardizer's order -> (n, n_classes), or (n,) thrice: the number,
        its lower and upper end; once where there is no interval.

    dtype: in which the network computes.
    """

    half_width: Tensor

    def __init__(
        self, model: TrainedModel, half_width: float | None, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        table = model.standardizer
        self.columns = nn.ModuleList(column_module(column, table) for column in table.columns)
        self.answer = _answer_module(model, dtype)
        self.has_interval = half_width is not None and not model.n_classes
        self.hold(half_width=half_width or 0.0)

    def forward(self, *cells: Tensor) -> tuple[Tensor, ...]:
        """Predict."""
        features = [module(own) for module, own in zip(self.columns, cells, strict=True)]
        # the model's own features are float32
        found = self.answer(torch.cat(features, 1).float().double())
        if not self.has_interval:
            return (found,)
        return found, found - self.half_width, found + self.half_width


def _answer_module(model: TrainedModel, dtype: torch.dtype) -> nn.Module:
    if isinstance(model, BlendedModel):
        return _Blend(model, dtype)
    return _Members(model, dtype)


class _Members(Constants):
    """Members of one network, averaged.

    Shape: (n, n_features) -> (n, n_classes), or (n,).
    """

    temperature: Tensor

    def __init__(self, model: TrainedModel, dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype = _spelled_out(deepcopy(model.network).to(dtype)), dtype
        self.loss, self.inputs = model.loss, model.spec.inputs
        self.hold(temperature=float(model.facts.get("temperature") or 1.0))
        self.classes = model.n_classes > 0
        residuals = model.facts.get("residuals") or ()
        self.raw = _Raw(target_of(model.standardizer, model.loss, residuals))

    def forward(self, features: Tensor) -> Tensor:
        """Predict."""
        logits = self.network(*self.inputs.split(features.to(self.dtype))).double()
        if self.classes:
            return self.loss.probabilities(logits / self.temperature).mean(0)
        raw: Tensor = self.raw(self.loss.numbers(logits).mean(0))
        return raw


class _Selu(nn.Module):
    """SELU by functions that onnxruntime has for float64."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape: any -> the same."""
        alpha, scale = x.new_tensor(_ALPHA), x.new_tensor(_SCALE)
        return scale * torch.where(x > 0, x, alpha * (x.clamp_max(0).exp() - 1))


class _Mish(nn.Module):
    """Mish by functions that onnxruntime has for float64."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape: any -> the same."""
        return x * (x.clamp_min(0) + (-x.abs()).exp().log1p()).tanh()


_SAME = {nn.SELU: _Selu, nn.Mish: _Mish}
# Source: Klambauer et al. 2017, Self-Normalizing Neural Networks.
_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _spelled_out(network: nn.Module) -> nn.Module:
    for owner in list(network.modules()):
        for name, child in list(owner.named_children()):
            if type(child) in _SAME:
                setattr(owner, name, _SAME[type(child)]())
    return network


class _Blend(Constants):
    """Candidates, averaged by their shares."""

    shares: Tensor
    temperature: Tensor

    def __init__(self, model: BlendedModel, dtype: torch.dtype) -> None:
        super().__init__()
        place = {name: i for i, name in enumerate(model.standardizer.feature_names)}
        temperature = float(model.facts.get("temperature") or 1.0)
        self.hold(shares=[part.share for part in model.parts], temperature=temperature)
        self.parts = nn.ModuleList(_answer_module(part.model, dtype) for part in model.parts)
        for i, part in enumerate(model.parts):
            places = [place[name] for name in part.model.standardizer.feature_names]
            self.register_buffer(f"features_{i}", torch.tensor(places))
        self.tempered = model.n_classes > 0 and temperature != 1

    def forward(self, features: Tensor) -> Tensor:
        """Predict."""
        found = [
            self.shares[i] * part(features.index_select(1, getattr(self, f"features_{i}")))
            for i, part in enumerate(self.parts)
        ]
        total = torch.stack(found).sum(0)
        if not self.tempered:
            return total
        return (total.clamp_min(_SMALLEST).log() / self.temperature).softmax(1)


class _Raw(Constants):
    """`Target.raw`: what is learned, in raw units.

    Shape: (n,) -> the same.
    """

    center: Tensor
    scale: Tensor
    spread: Tensor
    residuals: Tensor
    deviates: Tensor
    values: Tensor

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.curve, bent = target.curve, target.curve
        self.hold(
            center=bent.center if isinstance(bent, LogCurve) else target.center,
            scale=bent.scale if isinstance(bent, LogCurve) else target.scale,
            spread=getattr(bent, "spread", 1.0),
            residuals=list(target.residuals or (0.0,)),
            deviates=getattr(bent, "deviates", [0.0, 1.0]),
            values=getattr(bent, "values", [0.0, 1.0]),
        )
        self.smears = bool(target.residuals) and target.curve is not None

    def forward(self, learned: Tensor) -> Tensor:
        """Give raw numbers."""
        if self.curve is None:
            return learned * self.scale + self.center
        if not self.smears:
            return self._bent(learned)
        return self._bent(learned.unsqueeze(1) + self.residuals).mean(1)

    def _bent(self, learned: Tensor) -> Tensor:
        if isinstance(self.curve, LogCurve):
            logs = learned * self.scale + self.center
            return logs.sign() * logs.abs().expm1()
        x, y = self.deviates, self.values
        # straight pieces, each as far as the number has come through it
        steps = (learned.unsqueeze(-1) - x[:-1]).clamp_min(0).minimum(x.diff())
        inside = y[0] + (steps * (y.diff() / x.diff())).sum(-1)
        return inside + (learned - learned.maximum(x[0]).minimum(x[-1])) * self.spread
