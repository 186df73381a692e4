"""Rows of a table for networks that each carry some of its columns."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from sklearn_deeplifft.ensembles._carried_columns import CarriedColumns
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows, filled

__all__ = ["CarriedRows"]

COPIES_BYTES = 16_000_000
"""Columns are copied for each network up to this size; else they are picked batch by batch."""


class CarriedRows:
    """The rows of ``StandardizedRows``, with the columns that each network carries."""

    def __init__(self, rows: StandardizedRows, columns: CarriedColumns) -> None:
        self.rows = rows
        self.at = columns.at
        self.copies = torch.arange(len(self.at))
        """(N,): which copy is each network's."""
        self.whole: Tensor | None = None
        self.shared: Tensor | None = None
        """(N, w): the columns of each network in a copy for all of them."""
        self.stored: sp.csr_array | None = None
        # A row and its donor make one row of twice as many columns.
        if columns.order.shape[1] == rows.width:
            self._copy()

    @property
    def width(self) -> int:
        return self.at.shape[1]

    @property
    def at_hand(self) -> bool:
        return self.rows.at_hand

    def keep(self, kept: Sequence[int]) -> CarriedRows:
        """The rows for some of the networks."""
        found = copy.copy(self)
        found.at, found.copies = self.at[kept], self.copies[kept]
        found.shared = None if self.shared is None else self.shared[kept]
        return found

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """X (N, B, w), y (N, B, ...) and weights (N, B) at positions (N, B, 1) or (N, B, 2)."""
        if self.whole is None and self.stored is None:
            X, y, weight = self.rows.take(index)
            return _picked(X, self.at), y, weight
        rows = index[..., 0]
        table = self.rows.table
        y, weight = self.rows.labels(rows)
        if self.shared is not None:
            assert self.whole is not None
            X = self.whole.index_select(0, rows.flatten()).view(*rows.shape, -1)
            return _picked(X, self.shared), y, weight
        where = (rows + self.copies[:, None] * table.rows.shape[0]).flatten()
        if self.whole is not None:
            X = self.whole.index_select(0, where)
        else:
            assert self.stored is not None
            absent = np.repeat(self.absent[self.copies.numpy()], rows.shape[1], axis=0)
            X = filled(self.stored[where.numpy()], absent)
        return X.view(*rows.shape, -1), y, weight

    def _copy(self) -> None:
        """Copy what is read: for each network, one after the other, or for all of them."""
        whole, stored = self.rows.whole, self.rows.stored
        n, w = self.at.shape
        if stored is not None and n * stored.nnz * 8 <= COPIES_BYTES:
            by_column = stored.tocsc()
            self.stored = sp.vstack([by_column[:, own] for own in self.at.numpy()], format="csr")
            self.absent: np.ndarray = self.rows.absent[self.at.numpy()]
        if whole is None:
            return
        read = torch.unique(self.at)
        if n * len(whole) * w * 4 <= COPIES_BYTES:
            self.whole = whole.new_empty(n, len(whole), w)
            for own, to in zip(self.at, self.whole, strict=True):
                torch.index_select(whole, 1, own, out=to)
            self.whole = self.whole.view(-1, w)
        elif len(whole) * len(read) * 4 <= COPIES_BYTES and 2 * len(read) <= whole.shape[1]:
            self.whole = whole.index_select(1, read)
            # Else torch warns the user of the copy that it makes itself.
            self.shared = torch.searchsorted(read, self.at.contiguous())


def _picked(X: Tensor, at: Tensor) -> Tensor:
    """(N, B, w): columns ``at`` (N, w) of rows (N, B, d)."""
    return X.gather(2, at[:, None].expand(-1, X.shape[1], -1))
