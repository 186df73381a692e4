"""Columns of a table that say nearly the same: correlations, block by block.

==============  ====================================================  ========
code            symbol                                                shape
==============  ====================================================  ========
``z``           (x_i - mean_i) / standard deviation_i                 (n, d)
``weight``      w, of each row                                        (n,)
``rho``         mean over rows, by weight, of z_i z_j                 (b, d)
==============  ====================================================  ========

A constant column has z = 0: it is correlated with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from sklearn.utils.validation import check_array

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.tables._containers import naming_bad_cells, require_readable
from sklearn_deeplifft.tables._rows import Rows, column_moments
from sklearn_deeplifft.tables._validation import require_finite

__all__ = [
    "ColumnCorrelations",
    "Pairs",
    "correlated_components",
    "correlated_pairs",
    "groups_from_correlation",
    "require_threshold",
]

BLOCK_CELLS = 4_000_000
"""Correlations held at once (32 MB)."""

SPARSE_BELOW = 0.1
"""Share of nonzero cells below which products of sparse rows are quicker than of dense ones."""


class ColumnCorrelations:
    """Pearson correlations of the columns of a table, as many at a time as are asked for.

    The table is walked in blocks of rows, and never made dense or float64 as a whole.
    """

    def __init__(self, rows: Rows, weight: np.ndarray | None = None) -> None:
        n = rows.shape[0]
        self.rows = rows
        self.weight = np.ones(n) if weight is None else weight
        self.mean, std = column_moments(rows, np.flatnonzero(self.weight), self.weight)
        self.unit = np.where(std > 0, std, np.inf)

    def of(self, columns: np.ndarray, first: int = 0) -> np.ndarray:
        """Correlations (b, d - first) of ``columns`` with all columns from ``first`` on."""
        total = np.zeros((len(columns), self.rows.shape[1] - first))
        size = self.weight.sum()
        if self.rows.sparse and self.rows.density < SPARSE_BELOW:
            for where, part in self.rows.stored_blocks():
                scaled = part.astype(np.float64) @ sp.diags_array(1 / self.unit)
                weighed = sp.diags_array(self.weight[where]) @ scaled[:, columns]
                total += (weighed.T @ scaled[:, first:]).toarray()
            centre = self.mean / self.unit
            total -= size * np.outer(centre[columns], centre[first:])
        else:
            for where, block in self.rows.blocks():
                z = (block.astype(np.float64) - self.mean) / self.unit
                total += (self.weight[where, None] * z[:, columns]).T @ z[:, first:]
        correlations: np.ndarray = total / size
        return correlations

    def absolute_third_moments(self) -> np.ndarray:
        """Mean (d,) of ``|z|^3``, by weight: 1.6 of normal columns, the more the rarer a count."""
        total = np.zeros(self.rows.shape[1])
        for where, block in self.rows.blocks():
            z = np.abs((block.astype(np.float64) - self.mean) / self.unit)
            total += self.weight[where] @ (z * z * z)
        moments: np.ndarray = total / self.weight.sum()
        return moments


class Pairs(NamedTuple):
    """Columns i and j with their correlation rho, (m,) each."""

    i: np.ndarray
    j: np.ndarray
    rho: np.ndarray


def correlated_pairs(
    rows: Rows,
    threshold: float,
    columns: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> Iterator[Pairs]:
    """Pairs of different columns with ``|rho| > threshold``, a block of columns at a time.

    Each pair comes once, ``i < j``; with ``columns`` all pairs whose i is one of these. ``weight``
    (n,) is that of rows.
    """
    table, d = ColumnCorrelations(rows, weight), rows.shape[1]
    asked = np.arange(d) if columns is None else columns
    step = max(BLOCK_CELLS // max(d, 1), 1)
    for start in range(0, max(len(asked), 1), step):
        own = asked[start : start + step]
        first = start if columns is None else 0
        rho = table.of(own, first)
        a, j = np.nonzero(np.abs(rho) > threshold)
        i, values = own[a], rho[a, j]
        j += first
        keep = (i < j) if columns is None else (i != j)
        yield Pairs(i[keep], j[keep], values[keep])


def groups_from_correlation(X: Any, threshold: float = 0.9) -> np.ndarray:
    """Put columns that are strongly correlated into one group.

    Two columns belong together if the absolute value of their Pearson correlation is above
    ``threshold``, or if a chain of such columns joins them (connected components: single linkage
    cut at this height, without the distances of all pairs). So no two near-copies are ever parted;
    the ends of a long chain may be correlated less.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Walked in blocks of rows; sparse tables stay sparse.
    threshold : float, default=0.9
        Between 0 and 1, both excluded. A copy with the opposite sign counts as a copy.

    Returns
    -------
    ndarray of shape (n_features,)
        A label for each column, from 0, numbered by first columns, as ``feature_groups=`` of the
        selectors takes them. A constant column has a group of its own.

    Raises
    ------
    ValueError
        NaN or infinity (columns are named), fewer than two rows, or the threshold is out of range.

    Notes
    -----
    The correlations are those of the rows given: inside a cross-validation take training rows.
    For rank correlations give ranks, as in ``groups_from_correlation(X.rank())``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_deeplifft import groups_from_correlation
    >>> a, b = np.random.default_rng(0).normal(size=(2, 100))
    >>> groups_from_correlation(np.column_stack([a, b, -a, a + 0.1 * b])).tolist()
    [0, 1, 0, 0]
    """
    require_threshold(threshold)
    names = getattr(X, "columns", None)
    require_readable(X)
    with naming_bad_cells(X):
        X = check_array(
            X,
            accept_sparse=("csr", "csc"),
            dtype="numeric",
            ensure_all_finite=False,
            ensure_min_samples=2,
        )
    require_finite(X, None if names is None else list(map(str, names)))
    return correlated_components(Rows(X), threshold)


def require_threshold(threshold: float) -> None:
    """Raise unless a correlation can be above the threshold, and need not be."""
    if not isinstance(threshold, Real) or not 0 < threshold < 1:
        raise ValueError(
            f"threshold={shown(threshold)} must be between 0 and 1, both excluded: columns whose "
            "absolute correlation is above it belong together."
        )


def correlated_components(
    rows: Rows, threshold: float, weight: np.ndarray | None = None
) -> np.ndarray:
    """Label what a chain of correlated columns joins, (d,), in the order of first columns."""
    d = rows.shape[1]
    labels, every = np.arange(d), np.arange(d)
    for pairs in correlated_pairs(rows, threshold, weight=weight):
        # What is joined already needs one edge a column: all pairs of a wide family would not fit.
        ends = np.r_[pairs.i, every], np.r_[pairs.j, _first_of(labels)]
        graph = sp.coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(d, d))
        labels = connected_components(graph, directed=False)[1]
    return np.unique(_first_of(labels), return_inverse=True)[1]


def _first_of(labels: np.ndarray) -> np.ndarray:
    """The first column with each column's label, (d,)."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse]
