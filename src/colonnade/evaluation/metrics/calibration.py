"""Whether probabilities are calibrated, and what temperature scaling changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from colonnade.evaluation.metrics.scores import ECE_BINS, expected_calibration_error
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from colonnade.evaluation.observations import Array

_COLDEST, _HOTTEST = 0.05, 20.0
_LEAST_ROWS = 50


class Reliability(BaseModel):
    """Mean confidence, share of hits and number of rows of each bin of confidence."""

    model_config = ConfigDict(frozen=True)

    confidence: list[float]
    accuracy: list[float]
    rows: list[int]
    ece: float
    log_loss: float


class Calibration(BaseModel):
    """Reliability of test rows as they are, and at the temperature that suits validation rows."""

    model_config = ConfigDict(frozen=True)

    before: Reliability
    after: Reliability | None
    temperature: float | None

    @property
    def matters(self) -> bool:
        """Whether the temperature changes the log-loss in the decimals that are shown."""
        return self.after is not None and abs(self.before.log_loss - self.after.log_loss) >= 0.0005


def calibrate(
    actual: Array,
    probabilities: Array,
    actual_fit: Array,
    probabilities_fit: Array,
    *,
    weights: Array | None = None,
    weights_fit: Array | None = None,
) -> Calibration:
    """Measure calibration of test rows before and after temperature scaling.

    Args: actual, probabilities: of test rows; with `_fit`, of validation rows, which choose the
    temperature where there are at least fifty, and not all of them right: else the best
    temperature would be 0. weights, weights_fit: of the rows, where they differ.
    """
    before = reliability(actual, probabilities, weights)
    wrong = probabilities_fit.argmax(axis=1) != actual_fit
    if len(actual_fit) < _LEAST_ROWS or not wrong.any():
        return Calibration(before=before, after=None, temperature=None)
    temperature = fit_temperature(actual_fit, probabilities_fit, weights_fit)
    after = reliability(actual, tempered(probabilities, temperature), weights)
    return Calibration(before=before, after=after, temperature=temperature)


def reliability(actual: Array, probabilities: Array, weights: Array | None = None) -> Reliability:
    """Bin the rows by the probability of their likeliest class."""
    from sklearn.metrics import log_loss

    predicted, codes = probabilities.argmax(axis=1), np.arange(probabilities.shape[1])
    # A probability that rounding has put above 1 has no bin.
    confidence = np.minimum(probabilities.max(axis=1), 1.0)
    accuracy, mean = _binned(predicted == actual, confidence, weights)
    rows = np.histogram(confidence, bins=np.linspace(0, 1, ECE_BINS + 1))[0]
    return Reliability(
        confidence=mean.tolist(),
        accuracy=accuracy.tolist(),
        rows=rows[rows > 0].tolist(),
        ece=expected_calibration_error(actual, predicted, probabilities, weights),
        log_loss=float(log_loss(actual, probabilities, labels=codes, sample_weight=weights)),
    )


def _binned(hits: Array, confidence: Array, weights: Array | None) -> tuple[Array, Array]:
    """Share of hits and mean confidence of each bin that has rows."""
    from sklearn.calibration import calibration_curve

    if weights is None:
        accuracy, mean = calibration_curve(hits, confidence, n_bins=ECE_BINS)
        return accuracy, mean
    # the same bins: scikit-learn's function knows no weights
    bins = np.searchsorted(np.linspace(0, 1, ECE_BINS + 1)[1:-1], confidence)
    each, right, sure = (
        np.bincount(bins, values, ECE_BINS)
        for values in (weights, weights * hits, weights * confidence)
    )
    return right[each > 0] / each[each > 0], sure[each > 0] / each[each > 0]


def fit_temperature(actual: Array, probabilities: Array, weights: Array | None = None) -> float:
    """The temperature at which these rows have the least log-loss.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, 4.2. Dividing log
    probabilities is dividing logits: softmax forgets what they have in common.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(actual))

    def loss(log_temperature: float) -> float:
        p = tempered(probabilities, float(np.exp(log_temperature)))[rows, actual]
        logs = np.log(np.maximum(p, np.finfo(np.float64).eps))
        return -float(np.average(logs, weights=weights))

    bounds = (np.log(_COLDEST), np.log(_HOTTEST))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def tempered(probabilities: Array, temperature: float) -> Array:
    """Probabilities at another temperature: above 1 less sure, below 1 surer."""
    logits = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) / temperature
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def calibration_sentence(calibration: Calibration | None, used: float | None = None) -> str:
    """What temperature scaling did, or would do.

    Args: used: the temperature that training has chosen.
    """
    if calibration is None:
        return ""
    text = ""
    if used is not None:
        text = _(
            "Training has divided the logits by {temperature:.2f}, the temperature that fits rows "
            "held out of training best. ", temperature=used,
        )  # fmt: skip
    if calibration.after is None or calibration.temperature is None:
        return text.strip() or _(
            "Temperature scaling was not tried: it needs at least 50 validation rows, some of them "
            "misclassified."
        )
    before, after = calibration.before, calibration.after
    if not calibration.matters:
        return text + _("No other temperature would help.")
    numbers = {
        "temperature": calibration.temperature,
        "loss": before.log_loss,
        "then_loss": after.log_loss,
        "ece": before.ece,
        "then_ece": after.ece,
    }
    if after.log_loss < before.log_loss:
        return text + _(
            "Dividing the logits by {temperature:.2f}, the temperature that fits validation rows "
            "best, would help: log-loss from {loss:.3f} to {then_loss:.3f}, calibration error from "
            "{ece:.3f} to {then_ece:.3f}.", **numbers,
        )  # fmt: skip
    return text + _(
        "Dividing the logits by {temperature:.2f}, the temperature that fits validation rows "
        "best, would not help: log-loss from {loss:.3f} to {then_loss:.3f}, calibration error from "
        "{ece:.3f} to {then_ece:.3f}.", **numbers,
    )  # fmt: skip
