"""From a CSV to a trained, tracked, explained PyTorch model, by YAML alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.estimators import ColonnadeClassifier, ColonnadeRegressor, experiment, fit
    from colonnade.training.models.storage import save_model
    from colonnade.training.models.trained import TrainedModel

__version__ = "0.1.0"
__all__ = [
    "ColonnadeClassifier",
    "ColonnadeRegressor",
    "__version__",
    "experiment",
    "fit",
    "load_model",
    "save_model",
]

_IMPORTED_LATER = {
    "ColonnadeClassifier": "estimators",
    "ColonnadeRegressor": "estimators",
    "experiment": "estimators",
    "fit": "estimators",
    "save_model": "training.models.storage",
}


def __getattr__(name: str) -> Any:
    """Import what trains when it is asked for: every `kedro` command imports this package."""
    if name not in _IMPORTED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_IMPORTED_LATER[name]}"), name)


def load_model(folder: str | Path, *, network: type | None = None) -> TrainedModel:
    """Load a trained model, ready to `predict(frame)` from raw columns.

    >>> import pandas as pd
    >>> model = load_model("data/06_models/line")  # trained on y = 2 x + 1
    >>> model.predict(pd.DataFrame({"x": [10.0]})).round(3)  # in training x went from 1 to 4
       prediction outside
    0        21.0  x high

    Args:
        folder: `data/06_models/<table>`, as a run left it.
        network: the class of its network, if it is one of your own: a folder has nothing imported.

    Raises: ModelError if the folder holds no model, one that is truncated or altered, or one of a
        class that was not given.
    """
    from pathlib import Path

    from colonnade.training.models import storage  # torch is imported by those who predict

    return storage.load_model(Path(folder), network=network)
