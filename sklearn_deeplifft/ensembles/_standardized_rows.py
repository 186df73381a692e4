"""Rows of a table as networks train on them: drawn by position, standardised, in float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from sklearn_deeplifft.networks import KnockoffMap, Standardize, TrainingTable, with_null_columns
from sklearn_deeplifft.tables import Scaling

__all__ = ["StandardizedRows", "filled"]

TABLE_BYTES = 256_000_000
"""Standardised rows are kept whole up to this size; of a sparse table, what is stored of them."""

FILLED_BYTES = 64_000_000
"""A sparse table's rows are kept whole, and dense, up to this size: to fill up those of every batch
takes a good part of the time of narrow networks."""


class StandardizedRows:
    """The table as the networks take it: float32, standardised."""

    def __init__(
        self, table: TrainingTable, columns: np.ndarray, knockoff_map: KnockoffMap | None
    ) -> None:
        self.table = table
        self.columns = None if len(columns) == table.rows.shape[1] else columns
        moments = table.moments
        self.width = d = len(columns)
        scaling = Scaling.none(d) if moments is None else moments.at(columns)
        self.standardize = Standardize.of(scaling)
        self.knockoff_map = knockoff_map if self.columns is None else None
        self.whole: Tensor | None = None
        self.stored: sp.csr_array | None = None
        """Of a sparse table that is not kept whole; ``absent`` (d,) are its other cells' values."""
        # A value with its position is 8 bytes.
        if table.rows.sparse and table.rows.n_stored * 8 <= TABLE_BYTES:
            stored = table.rows.stored(self.columns)
            self.stored = _standardized(stored, scaling, table.rows.dtype)
            nothing = np.zeros(d, dtype=table.rows.dtype)
            self.absent: np.ndarray = self.standardize(torch.from_numpy(nothing)).numpy()
        if table.rows.shape[0] * d * 4 <= self._most_bytes:
            self.whole = torch.empty(table.rows.shape[0], d)
            step = max(TABLE_BYTES // (32 * d), 1)
            for start in range(0, len(self.whole), step):
                # Not positions, with which all columns of the rows are copied before some are left.
                where = slice(start, start + step)
                self.whole[where] = self._read(where)
            self.stored = None

    @property
    def _most_bytes(self) -> int:
        """Size up to which rows are kept whole; tables on disk stay where they are."""
        if self.table.rows.in_memory:
            return TABLE_BYTES
        return FILLED_BYTES if self.stored is not None else 0

    @property
    def at_hand(self) -> bool:
        """Whether many rows are taken as quickly as a few, for each."""
        return self.whole is not None

    def keep(self, kept: Sequence[int]) -> StandardizedRows:
        """The rows for some of the networks: every one reads the same."""
        return self

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """X (N, B, d), y (N, B, ...) and weights (N, B) at positions (N, B, 1).

        At positions (N, B, 2) X is (N, B, 2 d): two rows side by side, y and weight of the first.
        """
        if self.whole is not None:
            X = self.whole.index_select(0, index.flatten()).view(*index.shape, -1)
        else:
            X = self._read(index.flatten().numpy()).view(*index.shape, -1)
        rows = index[..., 0]
        single = index.shape[-1] == 1
        X = (
            X[..., 0, :]
            if single
            else with_null_columns(X[..., 0, :], X[..., 1, :], self.knockoff_map)
        )
        return X, *self.labels(rows)

    def labels(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Targets (N, B, ...) and weights (N, B) of rows (N, B)."""
        flat = rows.flatten()  # a plain index is several times as quick as one of two axes
        y, weight = (part.index_select(0, flat) for part in (self.table.targets, self.table.weight))
        return y.view(*rows.shape, *y.shape[1:]), weight.view(rows.shape)

    def _read(self, index: np.ndarray | slice) -> Tensor:
        if self.stored is not None:
            return filled(self.stored[index], self.absent)
        rows = torch.from_numpy(self.table.rows.take(index, self.columns))
        standardized: Tensor = self.standardize(rows)
        # Some columns of some rows come by column, and a product of such a batch has other bits
        # than one of the same rows taken from the whole.
        return standardized.contiguous()


def filled(part: sp.csr_array, absent: np.ndarray) -> Tensor:
    """Dense rows (m, d): most cells have the value of their column for none, (d,) or (m, d)."""
    rows = np.empty(part.shape, dtype=np.float32)
    rows[:] = absent
    starts = np.arange(len(rows), dtype=np.int64) * part.shape[1]
    rows.reshape(-1)[np.repeat(starts, np.diff(part.indptr)) + part.indices] = part.data
    return torch.from_numpy(rows)


def _standardized(stored: sp.csr_array, scaling: Scaling, dtype: type) -> sp.csr_array:
    """The same cells, standardised, bit for bit as dense ones are."""
    at, values = stored.indices, torch.from_numpy(stored.data.astype(dtype))
    standardized = Standardize.of(scaling.at(at))(values).numpy()
    return sp.csr_array((standardized, at, stored.indptr), shape=stored.shape)
