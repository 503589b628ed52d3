"""What each hyperparameter does, drawn from trainings that run as the site is built.

Every training is small, seeded and real: the same code makes the same figure.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1

from colonnade.evaluation.figures.style import (
    BLUE,
    INK,
    ORANGE,
    PALETTE,
    SKY,
    VERMILION,
    label,
    legend,
    new_figure,
)
from colonnade.tables.features.standardizer import StandardizeParams, fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.splitting.split import SplitParams, split_table
from colonnade.training import ModelParams, TrainingParams, train_model
from colonnade.training.components.schedulers import SchedulerParams

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from colonnade.training.ensembles.outcome import Fitted

Words = Mapping[str, Any]
NET: Words = {"kind": "mlp", "hidden": [64, 64]}
ADAM: Words = {"loss": "mse", "epochs": 60}
NUMBER = SchemaParams(target="y", task="regression")
# Between 1 (the mean of the train rows, for every row) and the noise of the table, about 0.04.
LOSS = "validation loss"


@cache
def friedman(n: int = 400) -> pd.DataFrame:
    """Ten columns of which five count (Friedman 1991), noise of standard deviation 1."""
    X, y = make_friedman1(n, noise=1.0, random_state=0)
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(1, 11)]).assign(y=y)


def trained(
    table: pd.DataFrame,
    model: Words = NET,
    training: Words = ADAM,
    standardize: Words | None = None,
    schema: SchemaParams = NUMBER,
) -> Fitted:
    """Train on the first 70 % of the rows, validate on the rest."""
    cut = int(0.7 * len(table))
    train, validation = table[:cut], table[cut:]
    params = StandardizeParams.model_validate(standardize or {})
    standardizer = fit_standardizer(train, schema, params)
    return train_model(
        standardizer.transform(train),
        standardizer.transform(validation),
        standardizer,
        ModelParams.model_validate(model),
        TrainingParams.model_validate(training),
    )


def curves(ax: Axes, fits: Mapping[str, Fitted], *, log: bool = False) -> None:
    """Draw the validation loss of each training over its epochs."""
    for color, (name, fitted) in zip(PALETTE, fits.items(), strict=False):
        history = fitted.history
        ax.plot(history["epoch"], history["validation_loss"], color=color, label=name)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(0, 0.8)
    label(ax, x="epoch", y=LOSS)
    legend(ax)


def bars(ax: Axes, heights: Mapping[str, float], y: str) -> None:
    """Draw one number for each word, and write it above its bar."""
    drawn = ax.bar(list(heights), list(heights.values()), color=BLUE, width=0.6)
    ax.bar_label(drawn, fmt="%.3f", color=INK, padding=2)
    label(ax, y=y)


def compared(title: str, model: Mapping[str, Words], training: Words = ADAM) -> Figure:
    """Train one network for each entry, all else alike."""
    figure, [ax] = new_figure(title)
    curves(ax, {name: trained(friedman(), NET | words, training) for name, words in model.items()})
    return figure


def activation() -> Figure:
    """Six activations."""
    words = ("relu", "tanh", "sigmoid", "gelu", "silu", "selu")
    return compared("The activation alone differs", {one: {"activation": one} for one in words})


def initializer() -> Figure:
    """From zeros, where nothing is learned but the mean, to those made for ReLU."""
    words: dict[str, Any] = {
        "zeros": "zeros",
        "normal, std 0.01": {"name": "normal", "std": 0.01},
        "normal, std 1": {"name": "normal", "std": 1.0},
        "xavier_uniform": "xavier_uniform",
        "kaiming_normal": "kaiming_normal",
        "default": "default",
    }
    with warnings.catch_warnings(action="ignore"):  # of zeros, which the page tells of
        fits = {
            name: trained(friedman(), NET | {"initializer": one}) for name, one in words.items()
        }
    figure, [ax] = new_figure("The initializer alone differs")
    curves(ax, fits, log=True)
    return figure


def hidden() -> Figure:
    """Widths and depths."""
    words = {"4": [4], "32": [32], "128 × 128": [128, 128], "32 × 32 × 32 × 32": [32] * 4}
    return compared("Hidden widths", {name: {"hidden": one} for name, one in words.items()})


def trainings(title: str, words: Mapping[str, Words]) -> Figure:
    """Train one network by each entry's words."""
    figure, [ax] = new_figure(title)
    curves(ax, {name: trained(friedman(), NET, {**ADAM, **one}) for name, one in words.items()})
    return figure


def optimizer() -> Figure:
    """Optimizers at their own rates, and one optimizer at four rates."""
    figure, [left, right] = new_figure(
        "Optimizers at their default rates; rates of adam", columns=2
    )
    names = ("sgd", "adagrad", "rmsprop", "adam", "adamw")
    by_name: dict[str, Any] = {one: one for one in names}
    by_name["sgd, momentum 0.9"] = {"name": "sgd", "momentum": 0.9}
    rates = {f"lr {lr:g}": {"name": "adam", "lr": lr} for lr in (1e-4, 1e-3, 1e-2, 1e-1)}
    for ax, words in ((left, by_name), (right, rates)):
        fits = {
            name: trained(friedman(), NET, {**ADAM, "optimizer": one})
            for name, one in words.items()
        }
        curves(ax, fits)
    return figure


def scheduler() -> Figure:
    """The rate of each epoch, and what comes of it."""
    figure, [left, right] = new_figure("adam from a rate of 0.02, by schedule", columns=2)
    words: dict[str, Words] = {
        "none": {"name": "none"},
        "step": {"name": "step", "step_size": 20, "gamma": 0.3},
        "exponential": {"name": "exponential"},
        "cosine": {"name": "cosine"},
        "one_cycle": {"name": "one_cycle"},
    }
    fits = {}
    for color, (name, one) in zip(PALETTE, words.items(), strict=False):
        params = SchedulerParams.model_validate(one)
        rates = [0.02 * params.multiplier(epoch, 60) for epoch in range(60)]
        left.plot(range(1, 61), rates, color=color, label=name)
        training = {**ADAM, "optimizer": {"name": "adam", "lr": 0.02}, "scheduler": one}
        fits[name] = trained(friedman(), NET, training)
    label(left, x="epoch", y="learning rate")
    curves(right, fits)
    return figure


def loss() -> Figure:
    """What each loss makes of numbers of which one in eight is far off."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 10, 240))
    far = rng.random(240) < 0.125
    y = np.sin(x) + 0.2 * rng.normal(size=240) + far * rng.uniform(2, 6, 240)
    table = pd.DataFrame({"x": x, "y": y})
    figure, [ax] = new_figure("What is learned of numbers of which one in eight is far too high")
    ax.plot(x, y, ".", color=SKY, alpha=0.6, label="rows")
    words: dict[str, Any] = {
        "mse": "mse",
        "huber, delta 0.3": {"name": "huber", "delta": 0.3},
        "mae": "mae",
        "quantile 0.9": {"name": "quantile", "quantile": 0.9},
    }
    shuffled = table.sample(frac=1, random_state=0)
    for color, (name, one) in zip((VERMILION, ORANGE, BLUE, INK), words.items(), strict=True):
        training = {"loss": one, "epochs": 150, "optimizer": {"name": "adam", "lr": 0.01}}
        model = trained(shuffled, NET, {**training, "scheduler": "cosine"}).model
        ax.plot(x, model.predict(table)["prediction"], color=color, label=name)
    label(ax, x="x", y="y")
    legend(ax, ncols=3)
    return figure


def regularization() -> Figure:
    """A network too large for its 140 train rows, and what holds it back."""
    few, net = friedman()[:200], {"kind": "mlp", "hidden": [128, 128]}
    words: dict[str, tuple[Words, Words]] = {
        "none": ({}, {}),
        "dropout 0.3": ({"dropout": 0.3}, {}),
        "batch_norm": ({"batch_norm": True}, {}),
        "weight_decay 0.1": (
            {},
            {"optimizer": {"name": "adamw", "weight_decay": 0.1, "lr": 0.003}},
        ),
        "l1 0.1": ({}, {"l1": 0.1}),
        "ema 0.99": ({}, {"ema": 0.99}),
    }
    base = {"loss": "mse", "epochs": 120, "optimizer": {"name": "adam", "lr": 0.003}}
    figure, [ax] = new_figure("A network too large for its 140 train rows")
    curves(ax, {name: trained(few, {**net, **m}, {**base, **t}) for name, (m, t) in words.items()})
    return figure


def early_stopping() -> Figure:
    """The losses part; the epoch with the lowest validation loss is kept."""
    training = {"loss": "mse", "epochs": 150, "optimizer": {"name": "adam", "lr": 0.003}}
    history = trained(friedman()[:200], {"kind": "mlp", "hidden": [128, 128]}, training).history
    figure, [ax] = new_figure("140 train rows: what is learned after the line is noise")
    ax.plot(history["epoch"], history["train_loss"], color=BLUE, label="train")
    ax.plot(history["epoch"], history["validation_loss"], color=VERMILION, label="validation")
    best = history["epoch"][history["validation_loss"].idxmin()]
    ax.axvline(best, color=INK, linestyle="--", linewidth=1, label=f"kept: epoch {best}")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")
    label(ax, x="epoch", y="loss")
    legend(ax)
    return figure


def epochs() -> Figure:
    """Batch sizes, at the same rate and number of epochs."""
    sizes = {f"batch_size {n}": {"batch_size": n} for n in (4, 16, 64, 280)}
    return trainings(
        "Batch sizes, at the same rate: a small batch takes more steps an epoch", sizes
    )


def _lowest(fitted: Fitted) -> float:
    return float(fitted.history["validation_loss"].min())


def kind() -> Figure:
    """Kinds of network, each with the recipe that stands where nothing is written."""
    figure, [ax] = new_figure("Kinds of network on a table with curves: lowest validation loss")
    found = {}
    for one in ("linear", "mlp", "mlp_skip", "resnet", "realmlp", "tabm"):
        words: dict[str, Any] = {"loss": "mse"}
        if one in ("linear", "mlp", "mlp_skip"):  # the others bring a recipe
            words |= {"scheduler": "cosine", "optimizer": {"name": "adam", "lr": 0.01}}
        found[one] = _lowest(trained(friedman(), {"kind": one}, words))
    bars(ax, found, LOSS)
    return figure


def members() -> Figure:
    """The error of ensembles of one to sixteen networks."""
    table, sizes, found = friedman(), (1, 2, 4, 8, 16), []
    held = table[280:]
    for n in sizes:
        model = trained(table, NET, {**ADAM, "members": n}).model
        error = model.predict(held)["prediction"].to_numpy() - held["y"].to_numpy()
        found.append(float(np.sqrt(np.mean(error**2))))
    figure, [ax] = new_figure("Members differ in their seed alone; the noise is 1")
    ax.plot(sizes, found, "o-", color=BLUE)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(n) for n in sizes])
    label(ax, x="members", y="root mean squared error, validation rows")
    return figure


def standardize() -> Figure:
    """Transforms of columns, one of which is very skewed."""
    table = friedman().assign(x4=lambda frame: np.exp(8 * frame["x4"]))
    words: dict[str, Words] = {
        "none": {"numeric": "none"},
        "standard": {"numeric": "standard"},
        "robust": {"numeric": "robust"},
        "log1p": {"log1p": True},
        "quantile": {"numeric": "quantile"},
        "bins: 16": {"bins": 16},
    }
    figure, [ax] = new_figure("One column goes from 1 to 3,000: how it is shown to the network")
    bars(ax, {name: _lowest(trained(table, standardize=one)) for name, one in words.items()}, LOSS)
    return figure


def split() -> Figure:
    """Where the rows go, by strategy."""
    rng = np.random.default_rng(0)
    n = 60
    days = pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d")
    shop = np.repeat([f"s{i}" for i in range(12)], 5)
    raw = pd.DataFrame(
        {"day": days, "shop": shop, "x": rng.normal(size=n), "y": rng.normal(size=n)}
    )
    columns = {"day": {"kind": "datetime"}, "shop": {"kind": "categorical"}}
    words = {"target": "y", "task": "regression", "columns": columns}
    schema = SchemaParams.model_validate(words)
    table = ingest_table(raw.astype("str"), schema)
    strategies: dict[str, Words] = {
        "random": {"strategy": "random"},
        "group": {"strategy": "group", "column": "shop"},
        "time": {"strategy": "time", "column": "day"},
    }
    figure, [ax] = new_figure("Sixty rows in the order of their day", height=3.0)
    colors = {"train": SKY, "validation": ORANGE, "test": VERMILION}
    for i, words in enumerate(strategies.values()):
        parts = split_table(table, schema, SplitParams.model_validate(words))["part"].to_numpy()
        for part, color in colors.items():
            at = np.flatnonzero(parts == part)
            name = part if i == 0 else None
            ax.bar(at, 0.7, bottom=i - 0.35, width=0.9, color=color, label=name)
    ax.set_yticks(range(len(strategies)), list(strategies))
    ax.set_ylim(2.6, -1.1)
    label(ax, x="day")
    legend(ax, ncols=3, loc="upper right")
    return figure


def schema() -> Figure:
    """Missing numbers whose absence says something."""
    rng = np.random.default_rng(0)
    table = friedman().copy()
    table["y"] += 4 * (gone := rng.random(len(table)) < 0.25)
    table.loc[gone, "x4"] = np.nan
    columns: dict[str, Words] = {
        "mean": {"missing": "mean", "indicator": False},
        "median": {"missing": "median", "indicator": False},
        "constant, fill 0": {"missing": "constant", "fill": 0, "indicator": False},
        "mean, indicator": {"missing": "mean", "indicator": True},
    }
    found = {}
    for name, one in columns.items():
        words = {"target": "y", "task": "regression", "columns": {"x4": {"kind": "numeric", **one}}}
        found[name] = _lowest(trained(table, schema=SchemaParams.model_validate(words)))
    figure, [ax] = new_figure("Where a quarter of a column is missing, and that says something")
    bars(ax, found, LOSS)
    return figure


def evaluation() -> Figure:
    """How wide intervals are, and how many new rows they hold, by the coverage asked for."""
    table, new = friedman(), friedman(2400)[400:]
    model = trained(table).model
    asked = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    held, width = [], []
    for coverage in asked:
        found = model.predict(new, coverage=coverage)
        held.append(float(new["y"].between(found["lower"], found["upper"]).mean()))
        width.append(float((found["upper"] - found["lower"]).mean()))
    figure, [left, right] = new_figure("prediction_interval, on 2,000 new rows", columns=2)
    left.plot(asked, asked, color=INK, linestyle="--", linewidth=1, label="as asked for")
    left.plot(asked, held, "o-", color=BLUE, label="measured")
    label(left, x="prediction_interval", y="share of new rows inside")
    legend(left)
    right.plot(asked, width, "o-", color=BLUE)
    label(right, x="prediction_interval", y="mean width, in units of y")
    right.set_ylim(bottom=0)
    return figure


FIGURES: tuple[Callable[[], Figure], ...] = (
    activation,
    initializer,
    hidden,
    optimizer,
    scheduler,
    loss,
    regularization,
    early_stopping,
    epochs,
    kind,
    members,
    standardize,
    split,
    schema,
    evaluation,
)


def draw(folder: Path) -> None:
    """Write every figure as SVG, its text as text."""
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "colonnade"}
    for figure in FIGURES:
        figure().savefig(folder / f"{figure.__name__}.svg", metadata={"Date": None})
