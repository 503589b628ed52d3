"""Where on a picture a network looks: how its answer moves with each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from colonnade.training.models.trained import TrainedModel

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.evaluation.observations import Array

_MOST_PICTURES = 10


class Saliency(BaseModel):
    """One picture, and how strongly each pixel moves what the network says of it.

    Shape: pixels, strength: height x width, channels added up.
    """

    model_config = ConfigDict(frozen=True)

    actual: str
    predicted: str
    pixels: list[list[float]]
    strength: list[list[float]]


def saliencies(model: Any, rows: pd.DataFrame, seen: pd.DataFrame) -> list[Saliency]:
    """The first picture of each class (or the first rows), and what the network sees in it.

    Args: rows: predictions, one row a row of `seen`, the typed table.
    Returns: nothing for a table without a picture, and for a blend.
    Source: Simonyan et al. 2014, Deep Inside Convolutional Networks, 3.
    """
    if not isinstance(model, TrainedModel) or not model.weights:
        return []
    picture = model.spec.inputs.picture
    if picture is None or not len(rows):
        return []
    chosen = _one_a_class(rows) if model.n_classes else np.arange(min(_MOST_PICTURES, len(rows)))
    X = model.standardizer.features(seen.iloc[chosen])
    places = np.array(model.spec.inputs.numeric)[list(model.spec.inputs.pixels)]
    raw = seen.iloc[chosen][_pixel_names(model)].to_numpy(dtype=np.float64)
    strength = _gradients(model, X)[:, places]
    shown = rows.iloc[chosen]
    return [
        Saliency(
            actual=str(actual),
            predicted=str(predicted) if model.n_classes else f"{predicted:.4g}",
            pixels=pixels.reshape(picture).sum(0).tolist(),
            strength=strengths.reshape(picture).sum(0).tolist(),
        )
        for actual, predicted, pixels, strengths in zip(
            shown["actual"], shown["prediction"], raw, strength, strict=True
        )
    ]


def _one_a_class(rows: pd.DataFrame) -> Array:
    first = rows.reset_index(drop=True).groupby("actual", sort=True, observed=True).head(1)
    order = first.sort_values("actual", kind="stable").index[:_MOST_PICTURES]
    return order.to_numpy()


def _pixel_names(model: TrainedModel) -> list[str]:
    image = model.standardizer.table_schema.image
    return image.pixels(model.standardizer.inputs) if image is not None else []


def _gradients(model: TrainedModel, X: Array) -> Array:
    """How much the logit of the predicted class, or the number, moves with each feature.

    Shape: X (n, n_features) -> the same; absolute, averaged over members.
    """
    import torch

    inputs = torch.from_numpy(X.astype(np.float64))
    total = torch.zeros_like(inputs)
    for member in range(model.n_members):
        module = model.module(member).double()
        x = inputs.clone().requires_grad_()
        numeric, codes = model.spec.inputs.split(x)
        outputs = module(numeric, codes)
        (gradient,) = torch.autograd.grad(outputs.max(-1).values.sum(), x)
        total += gradient.abs()
    found: Array = (total / model.n_members).numpy()
    return found
