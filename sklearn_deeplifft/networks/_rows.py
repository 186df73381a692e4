"""Rows of a table as the networks see them: dense blocks of a matrix that may be huge or sparse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["Moments", "RowBatches", "Rows", "TableDataset", "canonical_rows", "column_moments"]

BLOCK_CELLS = 4_000_000
"""Cells of a dense block in a pass over the whole table (32 MB in float64)."""


class Rows:
    """Row access to a dense array, a memory map or a CSR/CSC matrix, never densified whole."""

    def __init__(self, X) -> None:
        self._X = X.tocsr() if sp.issparse(X) else X
        self.shape: tuple[int, int] = X.shape
        self.sparse: bool = sp.issparse(X)
        self.dtype = exact_float(X.dtype)

    def matrix(self, index: np.ndarray, columns: np.ndarray):
        """Rows and columns as they are stored, for learners that take a matrix whole."""
        return self._X[index][:, columns]

    def take(self, index: np.ndarray | slice, columns: np.ndarray | None = None) -> np.ndarray:
        """Dense rows in float32 where that holds every value exactly, else float64."""
        part = self._X[index]
        if columns is not None:
            part = part[:, columns]
        if sp.issparse(part):
            part = part.toarray()
        return np.asarray(part, dtype=self.dtype)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Walk the whole table in dense blocks."""
        step = max(BLOCK_CELLS // max(self.shape[1], 1), 1)
        for start in range(0, self.shape[0], step):
            where = slice(start, min(start + step, self.shape[0]))
            yield where, self.take(where)


def exact_float(dtype: np.dtype) -> type[np.floating]:
    """The smaller float type that holds every value of ``dtype``."""
    small = dtype.kind in "fiub" and (dtype.itemsize <= 2 or dtype == np.float32)
    return np.float32 if small else np.float64


class Moments(NamedTuple):
    """Weighted mean and standard deviation of each column, (d,) each, float64."""

    mean: np.ndarray
    std: np.ndarray


def column_moments(rows: Rows, weight: np.ndarray) -> Moments:
    """Two passes over the table; a constant column has a standard deviation of exactly zero."""
    used = weight > 0
    total = weight[used].sum()
    mean = np.zeros(rows.shape[1])
    low, high = np.full(rows.shape[1], np.inf), np.full(rows.shape[1], -np.inf)
    for where, block in rows.blocks():
        keep = used[where]
        mean += weight[where][keep] @ block[keep]
        low = np.minimum(low, block[keep].min(axis=0, initial=np.inf))
        high = np.maximum(high, block[keep].max(axis=0, initial=-np.inf))
    mean /= total
    variance = np.zeros(rows.shape[1])
    for where, block in rows.blocks():
        variance += weight[where] @ (block - mean) ** 2
    return Moments(mean, np.where(low == high, 0.0, np.sqrt(variance / total)))


class CanonicalRows(NamedTuple):
    """Distinct rows in an order that depends on their content alone."""

    positions: np.ndarray
    """(m,): one original row for each distinct one."""
    weight: np.ndarray
    """(m,): summed weights, above zero."""


def canonical_rows(rows: Rows, extra: np.ndarray, weight: np.ndarray) -> CanonicalRows:
    """Merge identical rows and sort by content.

    A repeated row then equals a doubled weight, a weight of zero equals a dropped row, and the
    order in which rows come in changes nothing: the bits of a fit depend on the data alone.

    Parameters
    ----------
    rows : Rows of shape (n, d)
    extra : array of shape (n, e)
        What must also agree for rows to be merged: the targets, a group.
    weight : array of shape (n,), non-negative
    """
    kept = np.flatnonzero(weight > 0)
    code = _row_codes(rows)[kept]
    code += _mixed(np.ascontiguousarray(extra[kept], dtype=np.float64), seed=1).sum(axis=1)
    order = np.argsort(code, kind="stable")
    index, code = kept[order], code[order]
    same = np.flatnonzero(code[1:] == code[:-1])
    first = np.ones(len(index), dtype=bool)
    first[same + 1] = _equal_rows(rows, extra, index[same], index[same + 1])
    first[same + 1] = ~first[same + 1]
    starts = np.flatnonzero(first)
    summed = np.add.reduceat(weight[index], starts) if len(starts) else weight[:0]
    return CanonicalRows(index[starts], summed)


def _equal_rows(rows: Rows, extra: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equal codes are only a hint: compare the rows themselves, block by block."""
    equal = (extra[a] == extra[b]).all(axis=1)
    step = max(BLOCK_CELLS // max(rows.shape[1], 1), 1)
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        equal[part] &= (rows.take(a[part]) == rows.take(b[part])).all(axis=1)
    return equal


def _row_codes(rows: Rows) -> np.ndarray:
    """A 64-bit code of each row's values, the same for dense and sparse storage."""
    codes = np.zeros(rows.shape[0], dtype=np.uint64)
    for where, block in rows.blocks():
        codes[where] = _mixed(block.astype(np.float64), seed=0).sum(axis=1)
    return codes


def _mixed(values: np.ndarray, seed: int) -> np.ndarray:
    """Scramble float64 bits with one odd multiplier a column; zeros stay zero."""
    factor = np.random.default_rng(seed).integers(2**63, size=values.shape[1], dtype=np.uint64)
    bits = (values + 0.0).view(np.uint64)  # + 0.0 turns -0.0 into 0.0
    bits ^= bits >> np.uint64(32)
    bits *= factor * np.uint64(2) + np.uint64(1)
    bits ^= bits >> np.uint64(29)
    return bits


class TableDataset(Dataset):
    """Rows, targets and weights as a torch data set.

    ``batch`` slices many rows at once; ``__getitem__`` serves any other loader a user configures.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Tensor,
        weight: Tensor | None,
        index: np.ndarray,
        columns: np.ndarray | None = None,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.weight = weight
        self.index = index
        self.columns = columns

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int):
        X, y = self.batch(np.array([i]))
        return X[0], (y[0][0], y[1][0]) if isinstance(y, tuple) else y[0]

    def batch(self, positions: np.ndarray):
        """Return X (m, d) and either y or, with weights, (y, weight)."""
        index = self.index[positions]
        X, y = torch.from_numpy(self.rows.take(index, self.columns)), self.targets[index]
        return X, y if self.weight is None else (y, self.weight[index])


class RowBatches:
    """A loader that slices whole batches: no collation of single rows.

    It shuffles with torch's generator, which the trainer has seeded.
    """

    def __init__(self, dataset: TableDataset, batch_size: int, shuffle: bool = False) -> None:
        self.dataset = dataset
        self.batch_size = len(dataset) if batch_size == -1 else batch_size
        self.shuffle = shuffle

    def __iter__(self):
        n = len(self.dataset)
        order = torch.randperm(n).numpy() if self.shuffle else np.arange(n)
        for start in range(0, n, self.batch_size):
            yield self.dataset.batch(order[start : start + self.batch_size])

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)
