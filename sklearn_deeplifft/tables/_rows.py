"""Rows of a table as the networks see them: dense blocks of a matrix that may be huge or sparse.

Every pass over a table goes block by block, and no pass copies the whole. In float64, counts of 512
motifs in 10 million regions are 40 GB: they are in a memory map or a sparse matrix because they do
not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

__all__ = [
    "CanonicalRows",
    "ColumnMoments",
    "Rows",
    "canonical_rows",
    "of_several_targets",
    "column_moments",
    "powers_of_two",
    "row_chunks",
    "row_codes",
    "with_native_bytes",
]

BLOCK_CELLS = 4_000_000
"""Cells of a dense block in a pass over the whole table: 32 MB in float64.

Large enough that numpy works on thousands of rows for each step of a Python loop, small enough that
a few temporary arrays of this size (a block, its difference from the mean, its square) are nothing
beside a network's training, even where several threads walk at once. A block of cells, not of rows:
tables have from 3 to 100,000 columns.
"""

CODED_CELLS = 2**15
"""Cells that are turned into codes at a time: they stay in the processor's cache."""

FEW_COLUMNS = 16
"""Columns of a dense table that are one of so many or fewer are read without their neighbours."""


class Rows:
    """Row access to a dense array, a memory map or a CSR/CSC matrix, never densified whole.

    Nothing is copied that can be read where it lies. Sparse tables become CSR, since networks take
    batches of rows, and stay so: with 1 % of the cells stored, a dense copy is over 50 times as
    large.
    """

    def __init__(self, X: Any) -> None:
        if sp.issparse(X):
            # In CSC every batch of rows would search all stored values of all columns.
            X = with_native_bytes(X.tocsr())
        self._X = X
        self.shape: tuple[int, int] = X.shape
        self.sparse: bool = sp.issparse(X)
        self.dtype = exact_float(X.dtype)
        self._by_column: Any = None
        self.in_memory: bool = not self.sparse and not _is_mapped(X)
        """Whether rows are at hand as they are: neither compressed nor on disk."""

    def matrix(self, index: np.ndarray, columns: np.ndarray) -> Any:
        """Rows and columns as they are stored, for learners that take a matrix whole."""
        return self._X[index][:, columns]

    def take(self, index: np.ndarray | slice, columns: np.ndarray | None = None) -> np.ndarray:
        """Dense rows in float32 where that holds every value exactly, else float64."""
        part = self._cells(index, columns)
        if sp.issparse(part):
            part = part.toarray()
        block: np.ndarray = np.asarray(part, dtype=self.dtype)
        # torch refuses reversed arrays, and warns of those that it may not write to.
        borrowed = block.flags.writeable and min(block.strides, default=0) >= 0
        return block if borrowed else block.copy()

    def _cells(self, index: np.ndarray | slice, columns: np.ndarray | None) -> Any:
        if columns is None:
            return self._X[index]
        few = len(columns) * FEW_COLUMNS <= self.shape[1]
        if few and isinstance(index, np.ndarray) and not self.sparse:
            # Cell by cell, column after column, as the way below lays them out: products of rows
            # that lie otherwise have other bits.
            return self._X[index[None, :], columns[:, None]].T
        # Rows before columns: a batch is small, and columns of the whole table would be a copy.
        return self._X[index][:, columns]

    def stored(self, columns: np.ndarray | None = None) -> sp.csr_array:
        """Columns of a sparse table as they are stored, each cell at most once.

        Without ``columns`` nothing is copied if it need not be.
        """
        part = sp.csr_array(self._X if columns is None else self._X[:, columns])
        if not part.has_canonical_format:
            part = part.copy()
            part.sum_duplicates()
        return part

    @property
    def n_stored(self) -> int:
        """Number of cells that a sparse table stores."""
        return int(self._X.nnz)

    def columns(self, columns: np.ndarray) -> np.ndarray:
        """Whole columns (n, m), dense, in float64."""
        if self.sparse:
            if self._by_column is None:
                # Made once and kept: callers ask for a few columns at a time, again and again.
                self._by_column = self._X.tocsc()
            found: np.ndarray = self._by_column[:, columns].toarray()
            return found.astype(np.float64)
        return np.asarray(self._X[:, columns], dtype=np.float64)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Walk the whole table in dense blocks."""
        step = max(BLOCK_CELLS // max(self.shape[1], 1), 1)
        for start in range(0, self.shape[0], step):
            where = slice(start, min(start + step, self.shape[0]))
            yield where, self.take(where)

    @property
    def density(self) -> float:
        """Share of the cells that are stored."""
        if not self.sparse:
            return 1.0
        share: float = self._X.nnz / max(self._X.shape[0] * self._X.shape[1], 1)
        return share

    def stored_blocks(self) -> Iterator[tuple[slice, Any]]:
        """Walk a sparse table in blocks of CSR rows as they are stored.

        Blocks hold as many stored values as a dense block has cells, so they are longer the emptier
        the table is.
        """
        each = max(self._X.nnz / self.shape[0], 1)
        step = max(int(BLOCK_CELLS / each), 1)
        for start in range(0, self.shape[0], step):
            where = slice(start, min(start + step, self.shape[0]))
            yield where, self._X[where]


def with_native_bytes(values: Any) -> Any:
    """Values in the byte order of the machine; scipy takes no rows out of others, torch none."""
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _is_mapped(X: Any) -> bool:
    """Whether an array is a view of a file."""
    # check_array returns a plain array, which knows of the file only through its bases.
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def exact_float(dtype: np.dtype) -> type[np.floating]:
    """The smaller float type that holds every value of ``dtype``.

    Not float32 throughout: above 2**24 it has no odd numbers, and counts or positions in a genome
    that differ would be merged as equal rows.
    """
    small = dtype.itemsize <= (4 if dtype.kind == "f" else 2)
    return np.float32 if small else np.float64


def powers_of_two(values: np.ndarray) -> np.ndarray:
    """Power of two near the largest size in each column of (n, d), (d,).

    To divide by it loses no bit, and squares of what is left do not overflow.
    """
    exponents = np.frexp(np.abs(values).max(axis=0, initial=0.0))[1]
    powers: np.ndarray = np.ldexp(1.0, exponents - 1)
    return powers


class ColumnMoments(NamedTuple):
    """Weighted mean and standard deviation of each column, (d,) each, float64."""

    mean: np.ndarray
    std: np.ndarray


def column_moments(rows: Rows, index: np.ndarray, weight: np.ndarray) -> ColumnMoments:
    """Moments over the rows ``index`` with weights (n,), summed in that order.

    Columns are scaled by their largest value first, so that none overflows; a constant column
    has a standard deviation of exactly zero.
    """
    d, total = rows.shape[1], weight[index].sum()
    # Three passes, since E[x^2] - E[x]^2 in one loses all digits where the mean is large.
    low, high = np.full(d, np.inf), np.full(d, -np.inf)
    for _, block in row_chunks(rows, index):
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    size = np.maximum(np.abs(low), np.abs(high))
    size = np.where(size > 0, size, 1.0)
    mean, variance = np.zeros(d), np.zeros(d)
    for at, block in row_chunks(rows, index):
        block /= size
        mean += weight[at] @ block
    mean /= total
    for at, block in row_chunks(rows, index):
        block /= size
        block -= mean
        block *= block
        variance += weight[at] @ block
    # Rounding would leave a constant column a tiny deviation, and dividing by it would blow it up.
    std = np.where(low == high, 0.0, size * np.sqrt(variance / total))
    return ColumnMoments(np.where(low == high, low, mean * size), std)


def row_chunks(rows: Rows, index: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of the rows ``index`` in float64, which may be written over, with their positions."""
    step = max(BLOCK_CELLS // max(rows.shape[1], 1), 1)
    for start in range(0, len(index), step):
        at = index[start : start + step]
        yield at, rows.take(at).astype(np.float64)


class CanonicalRows(NamedTuple):
    """Distinct rows in an order that depends on their content alone."""

    order: np.ndarray
    """(n,): all rows, sorted."""
    starts: np.ndarray
    """(m,): where in ``order`` each distinct row begins."""

    @property
    def positions(self) -> np.ndarray:
        """(m,): one original row for each distinct one."""
        positions: np.ndarray = self.order[self.starts]
        return positions

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Sum (n,) over identical rows; the sum stands at ``positions``, zero elsewhere."""
        out = np.zeros(len(values))
        out[self.positions] = np.add.reduceat(values[self.order], self.starts)
        return out

    def with_each(self, alone: np.ndarray, ties: np.ndarray) -> CanonicalRows:
        """The same, with the rows ``alone`` (n,) bool left as they are.

        Identical ones are sorted by ``ties`` (n,).
        """
        distinct = np.zeros(len(self.order), dtype=np.int64)
        distinct[self.starts] = 1
        order = self.order[np.lexsort((ties[self.order], np.cumsum(distinct)))]
        first = (distinct > 0) | alone[order]
        return CanonicalRows(order, np.flatnonzero(first))


def canonical_rows(rows: Rows, extra: np.ndarray) -> CanonicalRows:
    """Merge identical rows and sort by content.

    A repeated row then equals a doubled weight, and the order in which rows come in changes
    nothing: the bits of a fit depend on the data alone.

    Parameters
    ----------
    rows : Rows of shape (n, d)
    extra : array of shape (n, e)
        What must also agree for rows to be merged: the targets, a group.
    """
    code = row_codes(rows)
    code += _codes_of(extra)
    # Sorting rows by their codes takes one number per row; by their values it would take the table.
    order = np.argsort(code, kind="stable")
    code = code[order]
    same = np.flatnonzero(code[1:] == code[:-1])
    first = np.ones(len(order), dtype=bool)
    first[same + 1] = ~_equal_rows(rows, extra, order[same], order[same + 1])
    return CanonicalRows(order, np.flatnonzero(first))


def of_several_targets(rows: Rows, codes: np.ndarray, distinct: CanonicalRows) -> np.ndarray:
    """Whether the table has a row's values with another target too, (n,) bool.

    Equal 64-bit codes of values are taken for equal values.
    """
    at = distinct.positions
    pattern, target = row_codes(rows), _codes_of(codes)
    pairs = np.unique(np.column_stack([pattern[at], target[at]]), axis=0)
    values, n_targets = np.unique(pairs[:, 0], return_counts=True)
    mixed: np.ndarray = np.isin(pattern, values[n_targets > 1])
    return mixed


def _codes_of(extra: np.ndarray) -> np.ndarray:
    codes: np.ndarray = _mixed(np.ascontiguousarray(extra, dtype=np.float64), seed=1).sum(axis=1)
    return codes


def _equal_rows(rows: Rows, extra: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equal codes are only a hint: compare the rows themselves, block by block."""
    equal: np.ndarray = (extra[a] == extra[b]).all(axis=1)
    step = max(BLOCK_CELLS // max(rows.shape[1], 1), 1)
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        equal[part] &= (rows.take(a[part]) == rows.take(b[part])).all(axis=1)
    return equal


def row_codes(rows: Rows) -> np.ndarray:
    """A 64-bit code of each row's values, the same for dense and sparse storage."""
    # Of float64 values, so that a smaller type that holds a table exactly does not change a fit.
    codes = np.zeros(rows.shape[0], dtype=np.uint64)
    step = max(CODED_CELLS // max(rows.shape[1], 1), 1)
    for where, block in rows.blocks():
        for start in range(0, len(block), step):
            part = block[start : start + step].astype(np.float64)
            own = codes[where.start + start : where.start + start + len(part)]
            _mixed(part, seed=0).sum(axis=1, out=own)
    return codes


def _mixed(values: np.ndarray, seed: int) -> np.ndarray:
    """Scramble float64 bits with one odd multiplier per column; zeros stay zero."""
    factor = np.random.default_rng(seed).integers(2**63, size=values.shape[1], dtype=np.uint64)
    bits = (values + 0.0).view(np.uint64)  # + 0.0 turns -0.0 into 0.0
    bits ^= bits >> np.uint64(32)
    # A factor per column, so that permuted values differ; odd, so that no bit is lost modulo 2**64.
    bits *= factor * np.uint64(2) + np.uint64(1)
    bits ^= bits >> np.uint64(29)
    return bits
