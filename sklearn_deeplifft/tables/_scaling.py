"""How columns are scaled before a network reads them: skewed amounts on a logarithmic scale.

Trees do not mind whether a column is x or log x; networks do. Intensities, incomes and amounts are
spread over orders of magnitude, and standardised as they are a few rows would be all that a network
sees of them. What goes below zero is no amount, and its far values are as good as its near ones.
Where most cells are zero the others decide: most texts lack a word, and a few are full of it.

===========  ===============================================================================
code         meaning
===========  ===============================================================================
``A, B``     how far the upper and the lower tenth of the rows begin from the median; where at least
             half of the rows are zero, how far the upper tenth of the others begins from their
             median, and how far zero is
``knot``     k: the end on the side of the shorter tail; zero where half of the rows are
``width``    w = B^2 / (A - B), of A > B: then log(w + x - k) is as far from the median at both
             ends, as Tukey's g estimates it from a pair of letter values
``sign``     s: +1 for a long upper tail of amounts, -1 for a long lower one of amounts with
             their sign turned, 0 for neither
===========  ===============================================================================

A skewed column is read as ``s w phi(s (x - k) / w)`` with ``phi(t) = log(1 + t)`` above 0 and t
below: increasing, smooth, and x itself near the knot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_deeplifft.tables._rows import Rows, column_moments, row_chunks

__all__ = ["Scaling", "as_read", "scaling_of", "unskewed"]

TAIL = 0.1
"""Share of the rows beyond each of the two ends that are compared."""

SKEWED = 0.3
"""(A - B) / (A + B) from which a column is skewed: the longer side is 1.86 times the shorter."""

STEEPEST = 100
"""(A + B) / w is at most this: a tail is not drawn in by more."""

MOST_ROWS = 4000
"""Rows from which ends are taken; of more, so many evenly spread by their weights."""

FEWEST = 5
"""Different values beside zero, from which the shape of a column that is mostly zero is known."""

BLOCK_CELLS = 4_000_000
"""Cells sorted at a time (32 MB)."""


class Scaling(NamedTuple):
    """What is put in front of a network for each of d columns, all (d,) float64.

    A column of value x is read as ``(g(x) - mean) / scale``; g is x itself where ``sign`` is 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    sign: np.ndarray
    knot: np.ndarray
    width: np.ndarray

    @classmethod
    def straight(cls, mean: np.ndarray, scale: np.ndarray) -> Scaling:
        """Of columns that are read as they are, but for mean and scale."""
        return cls(mean, scale, np.zeros_like(mean), np.zeros_like(mean), np.ones_like(mean))

    @classmethod
    def none(cls, d: int) -> Scaling:
        """Of d columns that are read as they are."""
        return cls.straight(np.zeros(d), np.ones(d))

    def at(self, columns: np.ndarray | slice) -> Scaling:
        """Of some of the columns, in the order given."""
        return Scaling(*(part[columns] for part in self))

    def twice(self) -> Scaling:
        """Of the columns, and once more of the same."""
        return Scaling(*(np.tile(part, 2) for part in self))

    @property
    def bent(self) -> np.ndarray:
        """(d,) bool: columns on a logarithmic scale."""
        return np.asarray(self.sign != 0)


class _BentRows(Rows):
    """The rows of a table with its skewed columns on a logarithmic scale."""

    def __init__(self, rows: Rows, scaling: Scaling) -> None:
        super().__init__(rows._X)
        self.scaling = scaling
        self.dtype = np.float64

    def take(self, index: np.ndarray | slice, columns: np.ndarray | None = None) -> np.ndarray:
        block = super().take(index, columns)
        return unskewed(block, self.scaling if columns is None else self.scaling.at(columns))

    def columns(self, columns: np.ndarray) -> np.ndarray:
        return unskewed(super().columns(columns), self.scaling.at(columns))

    @property
    def density(self) -> float:
        # What is not stored stays zero where knots are.
        return 1.0 if self._zero_moves else super().density

    @property
    def _zero_moves(self) -> bool:
        return bool(self.scaling.knot[self.scaling.bent].any())

    def stored_blocks(self) -> Iterator[tuple[slice, sp.csr_array]]:
        assert not self._zero_moves
        for where, part in super().stored_blocks():
            if not part.has_canonical_format:  # a logarithm of a sum is not that of its parts
                part = part.copy()
                part.sum_duplicates()
            cells = unskewed(part.data[None], self.scaling.at(part.indices))[0]
            yield where, sp.csr_array((cells, part.indices, part.indptr), shape=part.shape)


def as_read(rows: Rows, scaling: Scaling | None) -> Rows:
    """Rows as networks read them, but for means and scales."""
    return rows if scaling is None or not scaling.bent.any() else _BentRows(rows, scaling)


def unskewed(X: np.ndarray, scaling: Scaling) -> np.ndarray:
    """g of every cell of (n, d), float64.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> scaling = Scaling(0 * one, one, one, 0 * one, one)
    >>> unskewed(np.array([[-3.0], [0.0], [np.e - 1]]), scaling).ravel().round(9).tolist()
    [-3.0, 0.0, 1.0]
    """
    found = np.array(X, dtype=np.float64)
    at = np.flatnonzero(scaling.sign)
    if len(at):
        _, _, sign, knot, width = scaling.at(at)
        t = sign * (found[:, at] - knot) / width
        found[:, at] = sign * width * np.where(t > 0, np.log1p(np.maximum(t, 0)), t)
    return found


def scaling_of(
    rows: Rows,
    index: np.ndarray,
    weight: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
    *,
    unskew: bool,
    straight: np.ndarray,
) -> Scaling:
    """Scaling of the columns of a table.

    Parameters
    ----------
    rows : Rows
        A sparse table has the same scaling as if it were dense.
    index, weight
        Rows (m,) that count, and the weight of every row (n,).
    mean, std : arrays of shape (d,)
        Of the columns as they are.
    unskew : bool
        Whether skewed columns are read on a logarithmic scale.
    straight : array of shape (d,), bool
        Columns that are not, however skewed.
    """
    scale = np.where(std > 0, std, 1.0)
    plain = Scaling.straight(mean, scale)
    if not unskew:
        return plain
    sign, knot, width = _bends(rows, index, weight)
    # No row is farther from the mean than that. Networks read a table in its own precision, and
    # a far row of a narrow column would be infinite there.
    with np.errstate(over="ignore"):
        reach = np.abs(mean - knot) + std * np.sqrt(weight[index].sum() / weight[index].min())
        finite = reach / width < np.finfo(rows.dtype).max / 4
    sign = np.where(straight | (std == 0) | ~finite, 0.0, sign)
    at = np.flatnonzero(sign)
    if not len(at):
        return plain
    bent = plain._replace(sign=sign, knot=knot, width=width)
    moments = column_moments(_BentRows(rows, bent), index, weight)
    # A column whose moments are lost in a logarithm's rounding stays as it is.
    sign[moments.std == 0] = 0
    mean = np.where(sign == 0, plain.mean, moments.mean)
    return bent._replace(mean=mean, scale=np.where(sign == 0, scale, moments.std))


def _bends(
    rows: Rows, index: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sign, knot and width of every column, (d,) each."""
    some, w = _evenly_spread(index, weight[index])
    low, middle, high = _letter_values(rows, some, w)
    # Halved, so that the ends of the largest floats do not overflow.
    upper, lower = high / 2 - middle / 2, middle / 2 - low / 2
    longer, shorter = np.maximum(upper, lower), np.minimum(upper, lower)
    # A column whose median is one of its ends is mostly of one value: its shape is not known.
    skewed = (shorter > 0) & (longer - shorter >= SKEWED * (longer + shorter))
    sign = np.where(skewed, np.sign(upper - lower), 0.0)
    # Amounts, of which a tenth may be below zero: a background was taken off, say.
    sign[np.where(sign > 0, low < 0, high > 0)] = 0
    with np.errstate(all="ignore"):  # of columns that are not skewed
        width = 2 * np.maximum(
            shorter * (shorter / (longer - shorter)), (longer + shorter) / STEEPEST
        )
    sign[~np.isfinite(width) | (width <= np.finfo(rows.dtype).tiny)] = 0
    width = np.where(sign == 0, 1.0, width)
    return sign, np.where(sign == 0, 0.0, np.where(sign > 0, low, high)), width


def _letter_values(rows: Rows, index: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Lower end, median and upper end (3, d) of every column, as they are compared."""
    d = rows.shape[1]
    found = np.zeros((3, d))
    step = max(BLOCK_CELLS // len(index), 1)
    for start in range(0, d, step):
        at = np.arange(start, min(start + step, d))
        # Rows come in blocks with all their columns, as those of a memory map do.
        part = np.concatenate([block[:, at] for _, block in row_chunks(rows, index)])
        mostly_zero = weight @ (part == 0) >= (0.5 - 1e-9) * weight.sum()
        found[:, at[~mostly_zero]] = _quantiles(part[:, ~mostly_zero], weight)
        found[:, at[mostly_zero]] = _beside_zero(part[:, mostly_zero], weight)
    return found


def _beside_zero(X: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Of (m, b), zero and median and far end of the other cells of each column, (3, b).

    All three are zero where these have few values, or where neither sign has nine tenths of them.
    """
    found = np.zeros((3, X.shape[1]))
    column, row = np.nonzero(X.T)
    starts = np.searchsorted(column, np.arange(X.shape[1]))
    for j, at in enumerate(np.split(row, starts)[1:]):  # what is before the first is empty
        if len(np.unique(X[at, j])) < FEWEST:
            continue
        ((low,), (middle,), (high,)) = _quantiles(X[at, j][:, None], weight[at])
        if low > 0:
            found[:, j] = 0, middle, high
        elif high < 0:
            found[:, j] = low, middle, 0
    return found


def _evenly_spread(index: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and their weights; of many rows some, all of one weight, as likely as theirs."""
    if len(index) <= MOST_ROWS:
        return index, weight
    upto = np.cumsum(weight)
    at = np.searchsorted(upto, (np.arange(MOST_ROWS) + 0.5) / MOST_ROWS * upto[-1])
    return index[np.minimum(at, len(index) - 1)], np.ones(MOST_ROWS)


def _quantiles(X: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of (m, b) below which a tenth, half and nine tenths of the weight lie, (b,) each.

    The mean of two neighbours where these shares end between them, so that x and -x have the same.
    """
    if (weight == weight[0]).all():
        # Every column has its shares at the same places, and to sort values is ten times as quick.
        ordered, share = np.sort(X, axis=0), np.cumsum(weight)[:, None]
    else:
        order = np.argsort(X, axis=0, kind="stable")
        ordered, share = np.take_along_axis(X, order, axis=0), np.cumsum(weight[order], axis=0)
    share = share / share[-1]
    found = []
    for p in (TAIL, 0.5, 1 - TAIL):
        # Sums of weights that stand for the same rows round otherwise.
        first = (share < p - 1e-9).sum(axis=0)
        last = (share < p + 1e-9).sum(axis=0)
        ends = np.minimum([first, last], len(X) - 1)
        a, b = np.take_along_axis(ordered, ends, axis=0).astype(np.float64)
        found.append(a / 2 + b / 2)
    return found[0], found[1], found[2]
