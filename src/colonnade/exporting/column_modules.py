"""What the standardizer does to a column, as torch modules that can be exported.

Each takes the typed cells of one column, float64 with NaN for missing, int64 codes of words, or
int64 microseconds of dates, and gives its features in float64, as `tables.features.transforms` do.

Shape: (n,) -> (n, n_outputs).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Tensor, nn

from colonnade.errors import ModelError
from colonnade.tables.features.transforms import (
    CYCLE_DAYS,
    DAY,
    CategoryColumn,
    DateColumn,
    NumberColumn,
    StepColumn,
    microseconds_of,
)

if TYPE_CHECKING:
    from colonnade.tables.features.standardizer import Standardizer
    from colonnade.tables.features.transforms import FittedColumn, Scale

MISSING_MOMENT = torch.iinfo(torch.int64).min
"""What stands for a missing date."""


class Constants(nn.Module):
    """Holds numbers as float64 tensors: ONNX would have plain ones in float32."""

    def hold(self, **numbers: float | list[float]) -> None:
        """Keep each under its name."""
        for name, number in numbers.items():
            self.register_buffer(name, torch.tensor(number, dtype=torch.float64))


class ScaleModule(Constants):
    """`Scale.apply`."""

    center: Tensor
    scale: Tensor

    def __init__(self, scale: Scale, column: str) -> None:
        super().__init__()
        if scale.quantiles is not None:
            raise ModelError(
                f"column '{column}' is scaled by its quantiles (`standardize.numeric: quantile`), "
                "which cannot be exported. Train with another scaling."
            )
        self.log1p = scale.log1p
        self.hold(center=scale.center, scale=scale.scale)

    def forward(self, values: Tensor) -> Tensor:
        """Shape: (n,) -> the same."""
        if self.log1p:
            values = values.sign() * values.abs().log1p()
        return (values - self.center) / self.scale


class NumberModule(Constants):
    """`NumberColumn.apply`; of an ordered column the code -1 is missing."""

    fill: Tensor

    low: Tensor
    width: Tensor

    def __init__(self, column: NumberColumn, fill: float | None) -> None:
        super().__init__()
        self.coded, self.fills = column.values is not None, fill is not None
        self.hold(fill=fill or 0.0)
        self.indicator, self.scale = column.indicator, ScaleModule(column.scale, column.name)
        self.bins = column.edges is not None
        edges = column.edges or [0.0, 1.0]
        self.hold(low=edges[:-1], width=[b - a for a, b in pairwise(edges)])

    def forward(self, cells: Tensor) -> Tensor:
        """Shape: (n,) -> (n, n_outputs)."""
        values = _numbers(cells) if self.coded else cells
        missing = values.isnan()
        if self.fills:
            values = torch.where(missing, self.fill, values)
        columns = [self.scale(values).unsqueeze(1)]
        if self.bins:
            columns.append(((values.unsqueeze(1) - self.low) / self.width).clamp(0, 1))
        if self.indicator:
            columns.append(missing.double().unsqueeze(1))
        return torch.cat(columns, 1)


class CategoryModule(nn.Module):
    """`CategoryColumn.apply` of codes: the categories in order, then other, then missing."""

    places: Tensor
    rows: Tensor

    def __init__(self, column: CategoryColumn) -> None:
        super().__init__()
        n = len(column.categories)
        missing = n + 1 if column.own_missing else n
        if column.fill is not None:
            missing = (
                column.categories.index(column.fill) if column.fill in column.categories else n
            )
        self.embedded = column.embedded
        self.register_buffer("places", torch.tensor([*range(n + 1), missing]))
        rows = torch.eye(len(column.slots), dtype=torch.float64)
        if column.shares is not None:
            rows[n] = 0
            rows[n, :n] = torch.tensor(column.shares, dtype=torch.float64)
        self.register_buffer("rows", rows)

    def forward(self, codes: Tensor) -> Tensor:
        """Shape: (n,) -> (n, n_outputs)."""
        places = self.places[codes]
        return places.double().unsqueeze(1) if self.embedded else self.rows[places]


class StepModule(Constants):
    """`StepColumn.apply` of codes; -1 is missing."""

    fill: Tensor
    places: Tensor

    def __init__(self, column: StepColumn, fill: float | None) -> None:
        super().__init__()
        self.fills, self.indicator = fill is not None, column.indicator
        self.thermometer = column.thermometer
        first = 1 if column.thermometer else 0
        self.hold(fill=fill or 0.0, places=[float(i) for i in range(first, len(column.values))])

    def forward(self, cells: Tensor) -> Tensor:
        """Shape: (n,) -> (n, n_outputs)."""
        codes = _numbers(cells)
        missing = codes.isnan()
        if self.fills:
            codes = torch.where(missing, self.fill, codes)
        codes = codes.unsqueeze(1)
        steps = codes >= self.places if self.thermometer else codes == self.places
        columns = [steps, missing.unsqueeze(1)] if self.indicator else [steps]
        return torch.cat(columns, 1).double()


class DateModule(Constants):
    """`DateColumn.apply` of microseconds since 1970."""

    day: Tensor
    cycles: Tensor
    turn: Tensor

    def __init__(self, column: DateColumn, fill: int | None) -> None:
        super().__init__()
        self.origin, self.fill, self.indicator = column.origin, fill, column.indicator
        cycles = [CYCLE_DAYS[cycle] for cycle in column.cycles]
        self.n_cycles = len(cycles)
        self.hold(day=float(DAY), cycles=cycles, turn=2 * math.pi)
        self.scale = ScaleModule(column.scale, column.name)

    def forward(self, moments: Tensor) -> Tensor:
        """Shape: (n,) -> (n, n_outputs)."""
        missing = moments == MISSING_MOMENT
        if self.fill is not None:
            moments = torch.where(missing, torch.full_like(moments, self.fill), moments)
        columns = [self.scale((moments - self.origin).double() / self.day)]
        days = moments.double() / self.day
        for cycle in self.cycles.unbind() if self.n_cycles else []:
            # a floored rest: ONNX has it for no doubles
            turn = self.turn * (days - cycle * (days / cycle).floor()) / cycle
            columns += [turn.sin(), turn.cos()]
        if self.indicator:
            columns.append(missing.double())
        return torch.stack(columns, 1)


def column_module(column: FittedColumn, table: Standardizer) -> nn.Module:
    """The module of one column, with what stands for a missing value where no train row had one.

    Raises: ModelError for what cannot be exported, by its name.
    """
    if isinstance(column, CategoryColumn):
        return CategoryModule(column)
    params, reference = table.table_schema.column(column.name), table.references.get(column.name)
    known = None
    if params.missing == "error" and reference is not None and not reference.refuse_missing:
        known = reference.fill(params)
    if isinstance(column, DateColumn):
        moment = column.fill
        if known is not None:
            moment = int(microseconds_of(pd.Series([known]))[0])
        return DateModule(column, moment)
    values = column.values
    fill = column.fill
    if known is not None:
        fill = float(values.index(str(known)) if values is not None else known)
    if isinstance(column, StepColumn):
        return StepModule(column, fill)
    return NumberModule(column, fill)


def _numbers(codes: Tensor) -> Tensor:
    """Codes as numbers; a negative one is missing."""
    values = codes.double()
    return torch.where(codes < 0, math.nan, values)
