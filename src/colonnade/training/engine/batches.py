"""Rows in memory: encoded once, permuted once an epoch, handed out as slices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Floats gathered at once: the copy of a block stays small beside the table.
_BLOCK_FLOATS = 2**22
# Rows evaluated at once: at most so many, and fewer where they make more numbers than that a layer.
_EVALUATION_ROWS = 2**16
EVALUATION_FLOATS = 2**24


@dataclass(frozen=True)
class Rows:
    """A table as tensors.

    Shape: numeric (n, n_numeric + 1) whose last column is 1, categorical (n, n_categorical) int64
    codes or None, targets (n, width of the loss's encoding), labels (n,) class codes or
    standardized numbers.
    """

    numeric: Tensor
    categorical: Tensor | None
    targets: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.numeric)

    @property
    def width(self) -> int:
        """Count the numbers that a row is gathered as."""
        n_codes = 0 if self.categorical is None else self.categorical.shape[1]
        return self.numeric.shape[1] + n_codes

    def join(self, *others: Rows) -> Rows:
        """Put the others' rows under these."""
        parts = (self, *others)
        codes = [part.categorical for part in parts if part.categorical is not None]
        return Rows(
            torch.cat([part.numeric for part in parts]),
            torch.cat(codes) if codes else None,
            torch.cat([part.targets for part in parts]),
            torch.cat([part.labels for part in parts]),
        )

    def to(self, device: torch.device) -> Rows:
        """Move it to a device."""
        codes = None if self.categorical is None else self.categorical.to(device)
        return Rows(self.numeric.to(device), codes, self.targets.to(device), self.labels.to(device))

    def take(self, index: Tensor | slice) -> Rows:
        """Give the rows at some positions.

        Shape: index (...) -> numeric (..., n_numeric + 1), ...
        """
        codes = None if self.categorical is None else self.categorical[index]
        return Rows(self.numeric[index], codes, self.targets[index], self.labels[index])

    def digest(self, weights: Tensor | None = None) -> str:
        """Name the contents: a checkpoint of other rows is refused by it.

        Args: weights: of the rows, if they have any.
        """
        found = hashlib.sha256()
        for tensor in (self.numeric, self.categorical, self.labels, weights):
            if tensor is None:
                continue
            array = np.ascontiguousarray(tensor.cpu().numpy())
            found.update(f"{array.dtype}{array.shape}".encode())
            found.update(array.data)
        return found.hexdigest()


@dataclass(frozen=True)
class Batches:
    """Consecutive batches of one size: slices of rows, and room for their logits."""

    numeric: Sequence[Tensor]
    categorical: Sequence[Tensor | None]
    targets: Sequence[Tensor]
    logits: Sequence[Tensor]
    all_targets: Tensor
    all_logits: Tensor

    @property
    def n_rows(self) -> int:
        """Count the rows of each batch."""
        return int(self.all_logits.shape[-2])


def derive_seed(seed: int, *purpose: object) -> int:
    """Make a seed for one purpose: streams of different purposes share nothing."""
    text = repr((seed, *purpose)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1


def batch_sizes(
    n_rows: int, batch_size: int, *, batch_norm: bool, drop_last: bool = False
) -> tuple[int, int]:
    """Give the number of whole batches and the size of the last, smaller one.

    drop_last: the rows of the last sit the epoch out, and the next permutation leaves out others.
    One row has no variance: under batch norm a lone last row sits its epoch out; the next
    permutation leaves out another.
    """
    whole, rest = divmod(n_rows, batch_size)
    return whole, 0 if drop_last or (batch_norm and rest == 1) else rest


def permute(seeds: Sequence[int], epoch: int, members: Sequence[Tensor | None], n: int) -> Tensor:
    """Draw each member's order of its rows for one epoch, from (seed, epoch) alone.

    Shape: -> (M, n).
    """
    # Members that differ in other things alone share an order: drawn once.
    orders: dict[tuple[int, int], Tensor] = {}
    alike = [(seed, id(rows)) for seed, rows in zip(seeds, members, strict=True)]
    for (seed, name), rows in zip(alike, members, strict=True):
        if (seed, name) not in orders:
            generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
            order = torch.randperm(n, generator=generator)
            orders[seed, name] = order if rows is None else rows[order]
    return torch.stack([orders[one] for one in alike])


def batches(
    rows: Rows, order: Tensor, batch_size: int, rest: int, n_logits: int
) -> Iterator[Batches]:
    """Gather rows in the order, block after block, and cut the blocks into batches.

    Shape: order (M, n) -> slices (batch_size, width), with M in front if many.
    """
    n_members, n = order.shape
    whole = n // batch_size
    per_step = n_members * batch_size * rows.width
    steps = max(1, _BLOCK_FLOATS // per_step)
    for start in range(0, whole, steps):
        stop = min(whole, start + steps)
        part = order[:, start * batch_size : stop * batch_size]
        index = part.view(n_members, stop - start, batch_size).transpose(0, 1).reshape(-1)
        yield _cut(rows, index, (stop - start, n_members, batch_size), n_logits)
    if rest:
        index = order[:, n - rest :].reshape(-1)
        yield _cut(rows, index, (1, n_members, rest), n_logits)


def _cut(rows: Rows, index: Tensor, shape: tuple[int, int, int], n_logits: int) -> Batches:
    index = index.to(rows.numeric.device)
    lead = (shape[0], shape[2]) if shape[1] == 1 else shape
    numeric = rows.numeric.index_select(0, index).view(*lead, -1)
    categorical: Sequence[Tensor | None] = [None] * shape[0]
    if rows.categorical is not None:
        categorical = rows.categorical.index_select(0, index).view(*lead, -1).unbind(0)
    targets = rows.targets.index_select(0, index).view(*lead, -1)
    logits = rows.numeric.new_empty(*lead, n_logits)
    return Batches(
        numeric.unbind(0), categorical, targets.unbind(0), logits.unbind(0), targets, logits
    )


def chunks(n_rows: int, floats_a_row: int = 1) -> Iterator[slice]:
    """Cut so many rows into slices of a fixed size, which a layer's outputs do not outgrow."""
    size = max(1, min(_EVALUATION_ROWS, EVALUATION_FLOATS // floats_a_row))
    for start in range(0, n_rows, size):
        yield slice(start, min(n_rows, start + size))
