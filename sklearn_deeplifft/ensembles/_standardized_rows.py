"""Rows of a table as networks train on them: drawn by position, standardised, in float32."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.networks import KnockoffMap, Standardize, TrainingTable, with_null_columns
from sklearn_deeplifft.tables import Scaling

__all__ = ["StandardizedRows"]

TABLE_BYTES = 256_000_000
"""Standardised rows are kept whole up to this size."""


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
        # Sparse tables and those on disk stay where they are.
        if table.rows.in_memory and table.rows.shape[0] * d * 4 <= TABLE_BYTES:
            self.whole = torch.empty(table.rows.shape[0], d)
            step = max(TABLE_BYTES // (32 * d), 1)
            for start in range(0, len(self.whole), step):
                # Not positions, with which all columns of the rows are copied before some are left.
                where = slice(start, start + step)
                self.whole[where] = self._read(where)

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
        return X, self.table.targets[rows], self.table.weight[rows]

    def _read(self, index: np.ndarray | slice) -> Tensor:
        rows = torch.from_numpy(self.table.rows.take(index, self.columns))
        standardized: Tensor = self.standardize(rows)
        # Some columns of some rows come by column, and a product of such a batch has other bits
        # than one of the same rows taken from the whole.
        return standardized.contiguous()
