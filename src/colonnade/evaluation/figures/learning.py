"""Figures of how training went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colonnade.evaluation.figures.hover import tell_along
from colonnade.evaluation.figures.style import (
    BLUE,
    INK,
    MUTED,
    VERMILION,
    Margins,
    count,
    finish,
    label,
    legend,
    new_figure,
)
from colonnade.evaluation.metrics.formatting import part_name
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A loss that falls by more than this is drawn on a logarithmic axis.
_LOG_RATIO = 10
# Over more than this, powers of ten are ticks enough.
_DECADES = 200


def learning_curve(history: pd.DataFrame, sizes: Mapping[str, int] | None = None) -> Figure:
    """Train and validation loss of each epoch, and the learning rate below.

    Args: history: columns epoch, lr, train_loss, validation_loss (NaN without validation rows).
    sizes: number of rows by part, for the title. Where there are no validation rows, the
    validation loss is that of train rows which took turns in being held out.
    """
    parts = [p for p in ("train", "validation") if history[f"{p}_loss"].notna().any()]
    counts = {part: f" {count(sizes[part])}" for part in parts if sizes and part in sizes}
    in_turn = bool(sizes) and not (sizes or {}).get("validation")
    labels = {
        "train": part_name("train"),
        "validation": _("held-out folds of train") if in_turn else part_name("validation"),
    }
    shown = [part for part in parts if part == "train" or not in_turn]
    rows = _(", ").join(f"{part_name(part)}{counts.get(part, '')}" for part in shown)
    title = _("Learning curve · {rows}", rows=rows)
    figure, (losses, rates) = new_figure(
        title,
        rows=2,
        height=4.6,
        height_ratios=[3, 1],
        sharex=True,
        margins=Margins(top=0.7, between_rows=0.15),
    )
    epochs = history["epoch"].to_numpy()
    mark = "o" if len(epochs) == 1 else ""  # no line leads from one epoch
    for part, color, line in (("train", BLUE, "-"), ("validation", VERMILION, "--")):
        if part in parts:
            losses.plot(
                epochs, history[f"{part}_loss"], line, color=color, label=labels[part], lw=1.8,
                marker=mark,
            )  # fmt: skip
            _tell_losses(losses, epochs, history[f"{part}_loss"], labels[part])
    _mark_best(losses, history, in_turn=in_turn)
    label(losses, y=_("loss (mean over rows)"))
    legend(losses, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)
    _logarithmic(losses, history[["train_loss", "validation_loss"]].to_numpy())
    rates.plot(epochs, history["lr"], color=INK, lw=1.4, marker=mark, ms=4)
    rates.locator_params(axis="x", integer=True, min_n_ticks=1)
    rates.set_ylim(bottom=0)
    words = [_("epoch {n}, rate {rate:.3g}", n=n, rate=r) for n, r in _points(history, "lr")]
    tell_along(rates, epochs, history["lr"].to_numpy(), words)
    label(rates, x=_("epoch"), y=_("rate"))
    return finish(figure)


def _points(history: pd.DataFrame, column: str) -> Iterator[tuple[int, float]]:
    return zip(history["epoch"], history[column], strict=True)


def _tell_losses(ax: Axes, epochs: np.ndarray, losses: pd.Series, name: str) -> None:
    words = [
        _("epoch {n}, {part}: loss {loss:.4g}", n=n, part=name, loss=loss)
        for n, loss in zip(epochs, losses, strict=True)
    ]
    tell_along(ax, epochs, losses.to_numpy(), words)


def _logarithmic(ax: Axes, values: np.ndarray) -> None:
    """For losses that fall far, a logarithmic axis whose numbers are plain and not too many."""
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0 or values.max() <= _LOG_RATIO * values.min():
        return
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ratio = values.max() / values.min()
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if ratio < _DECADES else (1.0,)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="minor", left=False)


def _mark_best(ax: Axes, history: pd.DataFrame, *, in_turn: bool) -> None:
    losses = history["validation_loss"].to_numpy(dtype=float)
    if np.isnan(losses).all():
        return
    best = int(np.nanargmin(losses))
    epoch = int(history["epoch"].iloc[best])
    ax.axvline(epoch, color=MUTED, lw=1, ls=":")
    found = {"loss": losses[best], "epoch": epoch}
    entry = _("lowest validation loss {loss:.4g}, epoch {epoch}", **found)
    if in_turn:
        entry = _("lowest held-out loss {loss:.4g}, epoch {epoch}", **found)
    ax.plot(epoch, losses[best], "o", color=VERMILION, label=entry)
