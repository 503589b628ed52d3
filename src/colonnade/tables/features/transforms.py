"""What becomes of one column: fitted numbers, and how they are applied.

Each class holds what was learned from train rows and gives float64 columns; it is plain data, so
that JSON carries it and no code is needed to read it back.

Shape: `apply` takes the (n_rows,) typed column and gives (n_rows, len(outputs)).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

QUANTILE_EDGE = 1e-7
"""Source: sklearn.preprocessing.QuantileTransformer, BOUNDS_THRESHOLD."""

DAY = 86_400_000_000
"""Microseconds."""

CYCLE_DAYS = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""Days."""


class _Fitted(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Scale(_Fitted):
    """Numbers to one scale: logarithm, then center and spread, or the place among train values."""

    log1p: bool = False
    center: float = 0.0
    scale: float = 1.0
    quantiles: list[float] | None = None
    """Train values at evenly spaced ranks; the value's rank becomes that of a normal draw."""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Scaled numbers.

        Shape: (n_rows,) -> the same.
        """
        if self.log1p:
            values = signed_log1p(values)
        if self.quantiles is not None:
            return normal_scores(values, np.array(self.quantiles))
        return (values - self.center) / self.scale


class NumberColumn(_Fitted):
    """A number, a truth value as 0 or 1, or the code of an ordered value.

    edges: of bins, rising; beside the scaled number stands, for each bin, how far the number has
      come through it: 0 below, 1 above (the piecewise-linear encoding of Gorishniy et al. 2022, but
      that the outer bins end too, since the number itself stands beside them).
    """

    kind: Literal["number"] = "number"
    name: str
    values: list[str] | None = None
    """For an ordered column: its values, whose places are the numbers."""
    fill: float | None = None
    """What stands for a missing value."""
    indicator: bool = False
    scale: Scale = Scale()
    edges: list[float] | None = None

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that it gives."""
        bins = [f"{self.name}_bin{i}" for i in range(1, len(self.edges or [0]))]
        return [self.name, *bins, *self.ones_and_zeros]

    @property
    def ones_and_zeros(self) -> list[str]:
        """Names of those that take two values alone."""
        return [f"{self.name}_missing"] if self.indicator else []

    def apply(self, cells: pd.Series) -> np.ndarray:
        """The scaled number, and whether it was missing."""
        values = numbers_of(cells, self.values)
        missing = np.isnan(values)
        filled = values if self.fill is None else np.where(missing, self.fill, values)
        columns = [self.scale.apply(filled)]
        if self.edges is not None:
            low, high = np.array(self.edges[:-1]), np.array(self.edges[1:])
            columns.append(np.clip((filled[:, None] - low) / (high - low), 0, 1))
        return np.column_stack([*columns, missing] if self.indicator else columns)


class CategoryColumn(_Fitted):
    """One column a category, one for all others, and one for missing where that is a category."""

    kind: Literal["category"] = "category"
    name: str
    categories: list[str]
    fill: str | None = None
    own_missing: bool = False
    shares: list[float] | None = None
    """How often each category stood in train rows, where none of these had another: nothing was
    learned of "other" then, and a value never seen is taken for an average of those known."""
    embedded: bool = False
    """True: one column with the category's code, for a model that learns a vector a category."""

    @property
    def slots(self) -> list[str]:
        """What each code stands for."""
        rest = ["other", *(["missing"] if self.own_missing else [])]
        # a table may well have a category of that very name
        return [*self.categories, *(_unlike(self.categories, word) for word in rest)]

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that it gives."""
        return [self.name] if self.embedded else [f"{self.name}={slot}" for slot in self.slots]

    @property
    def ones_and_zeros(self) -> list[str]:
        """Names of those that take two values alone."""
        return [] if self.embedded else self.outputs

    def apply(self, cells: pd.Series) -> np.ndarray:
        """Ones and zeros, or codes."""
        if self.fill is not None:
            cells = cells.fillna(self.fill)
        codes = pd.Index(self.categories, dtype="str").get_indexer(pd.Index(cells, dtype="str"))
        codes = np.where(codes < 0, len(self.categories), codes)
        if self.own_missing:
            codes = np.where(cells.isna().to_numpy(), len(self.categories) + 1, codes)
        if self.embedded:
            return codes[:, None].astype(np.float64)
        ones: np.ndarray = (codes[:, None] == np.arange(len(self.slots))).astype(np.float64)
        if self.shares is not None:
            ones[codes == len(self.categories)] = np.resize([*self.shares, 0, 0], ones.shape[1])
        return ones


class StepColumn(_Fitted):
    """An ordered value as ones and zeros: one column a value, or one a step from value to value."""

    kind: Literal["step"] = "step"
    name: str
    values: list[str]
    fill: float | None = None
    indicator: bool = False
    thermometer: bool = False

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that it gives."""
        if self.thermometer:
            names = [f"{self.name}>={value}" for value in self.values[1:]]
        else:
            names = [f"{self.name}={value}" for value in self.values]
        return [*names, f"{self.name}_missing"] if self.indicator else names

    @property
    def ones_and_zeros(self) -> list[str]:
        """Names of those that take two values alone."""
        return self.outputs

    def apply(self, cells: pd.Series) -> np.ndarray:
        """Ones and zeros."""
        codes = numbers_of(cells, self.values)
        missing = np.isnan(codes)
        codes = codes if self.fill is None else np.where(missing, self.fill, codes)
        places = np.arange(len(self.values))
        steps = codes[:, None] >= places[1:] if self.thermometer else codes[:, None] == places
        columns = [steps, missing[:, None]] if self.indicator else [steps]
        return np.hstack(columns).astype(np.float64)


class DateColumn(_Fitted):
    """A moment as time passed, and as its place in the year, the week and the day."""

    kind: Literal["date"] = "date"
    name: str
    origin: int
    """Microseconds since 1970; time passes from here."""
    cycles: list[Literal["year", "week", "day"]]
    fill: int | None = None
    indicator: bool = False
    scale: Scale = Scale()
    """Of the days passed."""

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that it gives."""
        names = [f"{self.name}_elapsed"]
        for cycle in self.cycles:
            names += [f"{self.name}_{cycle}_sin", f"{self.name}_{cycle}_cos"]
        return [*names, f"{self.name}_missing"] if self.indicator else names

    @property
    def ones_and_zeros(self) -> list[str]:
        """Names of those that take two values alone."""
        return self.outputs[-1:] if self.indicator else []

    def apply(self, cells: pd.Series) -> np.ndarray:
        """Scaled days, then a sine and a cosine a cycle."""
        missing = cells.isna().to_numpy()
        moments = microseconds_of(cells)
        if self.fill is not None:
            moments = np.where(missing, self.fill, moments)
        columns = [self.scale.apply((moments - self.origin) / DAY)]
        for cycle in self.cycles:
            # 1970 began on a Thursday; whole cycles are taken off first, to keep the digits
            turn = 2 * np.pi * ((moments / DAY) % CYCLE_DAYS[cycle]) / CYCLE_DAYS[cycle]
            columns += [np.sin(turn), np.cos(turn)]
        if self.indicator:
            columns.append(missing.astype(np.float64))
        return np.column_stack(columns)


FittedColumn = Annotated[
    NumberColumn | CategoryColumn | StepColumn | DateColumn, Field(discriminator="kind")
]


def numbers_of(cells: pd.Series, values: list[str] | None = None) -> np.ndarray:
    """A typed column as float64 with NaN for missing; ordered values by their place in `values`."""
    if values is None and isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "biuf":
        return cells.to_numpy().astype(np.float64)  # pandas' own way takes five times as long
    if values is None:
        return cells.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.Index(values, dtype="str").get_indexer(pd.Index(cells, dtype="str"))
    return np.where(codes < 0, np.nan, codes)


def has_missing(cells: pd.Series) -> bool:
    """Whether a typed cell has no value; of plain numbers ten times as fast as pandas says it."""
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "biuf":
        return bool(cells.dtype.kind == "f" and np.isnan(cells.to_numpy()).any())
    return bool(cells.hasnans)


def microseconds_of(cells: pd.Series) -> np.ndarray:
    """Moments as microseconds since 1970; what missing ones give means nothing."""
    return cells.to_numpy(dtype="datetime64[us]").astype(np.int64)


def signed_log1p(values: np.ndarray) -> np.ndarray:
    """log(1 + x) for x >= 0, mirrored below: numbers of either sign stay finite and in order."""
    logs: np.ndarray = np.copysign(np.log1p(np.abs(values)), values)
    return logs


def normal_scores(values: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """The normal deviate of each value's rank among train values.

    Source: sklearn.preprocessing.QuantileTransformer(output_distribution="normal").
    """
    from scipy.special import ndtri

    ranks = np.linspace(0, 1, len(quantiles))
    # ascending and descending: a value that fills several quantiles gets the middle of their ranks
    upper = np.interp(values, quantiles, ranks)
    lower = np.interp(-values, -quantiles[::-1], -ranks[::-1])
    rank = 0.5 * (upper - lower)
    rank = np.where(values - QUANTILE_EDGE < quantiles[0], 0.0, rank)
    rank = np.where(values + QUANTILE_EDGE > quantiles[-1], 1.0, rank)
    edge = QUANTILE_EDGE - np.spacing(1)
    scores: np.ndarray = np.clip(ndtri(rank), ndtri(edge), ndtri(1 - edge))
    return scores


def _unlike(categories: list[str], word: str) -> str:
    """The word, in as many brackets as it takes to be none of the categories."""
    while word in categories:
        word = f"({word})"
    return word
