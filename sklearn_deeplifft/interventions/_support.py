"""Data where an intervention leads, and columns that usually move along.

An effect in an empty corner of the data is the network's guess: accuracy does not show it, the
number of rows there does.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.tables import powers_of_two

__all__ = [
    "FEW_ROWS",
    "Correlations",
    "DataNearby",
    "at_levels",
    "support_of",
    "tolerance",
]

FEW_ROWS = 20
"""Fewer rows than this at the target level, or in a cell of a pair, are flagged."""

FAR = 1e100
"""Units beyond which nothing lies, and squares of distances would overflow."""

STRONG_CORRELATION = 0.7

BLOCK_COLUMNS = 256
"""Columns whose correlations with all others are taken at once."""

NEAR = 0.25
"""Values of a continuous column this many standard deviations apart count as one level."""

MOST_DISTINCT = 20
"""A column with no more values than this has levels, not a continuum."""


def at_levels(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Mask (n,) of the rows of ``values`` (n, m) that hold one of ``levels`` (k, m), nearly."""
    near, found = tolerance(values), np.zeros(len(values), dtype=bool)
    for level in levels:
        found |= (np.abs(values - level) <= near).all(axis=1)
    return found


def support_of(values: np.ndarray, targets: np.ndarray) -> float:
    """Median number of data rows at the levels that rows are brought to.

    Parameters
    ----------
    values : array of shape (n, m)
        The columns in the data.
    targets : array of shape (r, m)
        The levels, one for each row that is moved.
    """
    if not len(targets):
        return float("nan")
    if values.shape[1] == 1:  # far quicker than rows that are told apart
        levels, times = np.unique(targets[:, 0], return_counts=True)
        counts = _counts(values[:, 0], levels, float(tolerance(values)[0]))
    else:
        levels, times = np.unique(targets, axis=0, return_counts=True)
        counts = np.array([at_levels(values, level[None]).sum() for level in levels])
    return float(np.median(np.repeat(counts, times)))


def _counts(values: np.ndarray, levels: np.ndarray, near: float) -> np.ndarray:
    ordered = np.sort(values)
    low = np.searchsorted(ordered, levels - near, side="left")
    return np.searchsorted(ordered, levels + near, side="right") - low


def tolerance(values: np.ndarray) -> np.ndarray:
    """(m,): 0 for columns (n, m) of few values, a quarter of a standard deviation for others."""
    size = powers_of_two(values)
    return np.array(
        [
            0.0 if len(np.unique(v)) <= MOST_DISTINCT else NEAR * s * (v / s).std()
            for v, s in zip(values.T, size, strict=True)
        ]
    )


class DataNearby:
    """Distances of moved rows to the data.

    Parameters
    ----------
    data : array of shape (n, d)
        Rows of the data, which are moved themselves unless `of` names others.
    n_rows : int
        How many of them are moved, evenly spread over all: tables are often sorted.
    """

    def __init__(self, data: np.ndarray, n_rows: int = 100) -> None:
        size = powers_of_two(data)
        units = size * (data / size).std(axis=0)
        self.units = np.where(units > 0, units, 1.0)
        # Squares of a column far from zero would lose their digits, or overflow.
        self.center = size * (data / size).mean(axis=0)
        self.data = (data - self.center) / self.units
        self.lengths = (self.data**2).sum(axis=1)
        self.n_rows = n_rows
        self._move(data)
        self.limit = np.quantile(self.squared.min(axis=1), 0.99) if len(data) > 1 else np.inf

    def of(self, background: np.ndarray) -> DataNearby:
        """The same for rows (n, d) of a background, as many of them."""
        found = copy(self)
        found._move(background)
        return found

    def _move(self, background: np.ndarray) -> None:
        n = min(self.n_rows, len(background))
        self.raw = background
        self.rows = np.arange(n) * (len(background) - 1) // max(n - 1, 1)
        self.moved = _clipped(background[self.rows], self.center, self.units)
        self.squared = (self.moved**2).sum(axis=1)[:, None] + self.lengths
        self.squared -= 2 * self.moved @ self.data.T
        # A row that is one of the data is no neighbour of itself, neither before nor after it is
        # moved.
        nearest = self.squared.argmin(axis=1)
        own = np.flatnonzero((self.data[nearest] == self.moved).all(axis=1))
        self.squared[own, nearest[own]] = np.inf
        self.space = np.empty_like(self.squared)

    def off_manifold(self, bound: Intervention) -> float:
        """Share of the moved rows whose nearest neighbour is further than 99 % of the data's."""
        columns = bound.positions
        # Of the values as they are: scaled there and back they may miss their own quantile.
        after = bound.apply(self.raw[:, columns][self.rows], self.rows)
        after = _clipped(after, self.center[columns], self.units[columns])
        # (a - y)^2 - (b - y)^2 = (a - b) (a + b) - 2 (a - b) y: what moving b to a adds.
        before = self.moved[:, columns]
        steps = after - before
        squared = np.matmul(-2 * steps, self.data[:, columns].T, out=self.space)
        squared += self.squared
        return self._beyond(squared.min(axis=1) + (steps * (after + before)).sum(axis=1))

    def far(self, rows: np.ndarray) -> float:
        """Share of rows (r, d), which need not be of the data, that are as far away."""
        rows = _clipped(rows, self.center, self.units)
        lengths = (rows**2).sum(axis=1)[:, None] + self.lengths
        return self._beyond((lengths - 2 * rows @ self.data.T).min(axis=1))

    def _beyond(self, nearest: np.ndarray) -> float:
        slack = 1e-9 * max(self.limit, 1.0) if np.isfinite(self.limit) else 0.0
        return float((nearest > self.limit + slack).mean())


def _clipped(values: np.ndarray, center: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Values (..., d) in units from the centre; those that are out of all reach at its edge."""
    with np.errstate(over="ignore"):
        clipped: np.ndarray = np.clip((values - center) / units, -FAR, FAR)
    return clipped


class Correlations:
    """Correlations between columns, which show what usually moves together.

    Parameters
    ----------
    data : array of shape (n, d)
    """

    def __init__(self, data: np.ndarray) -> None:
        data = data / powers_of_two(data)
        centred = data - data.mean(axis=0)
        norms = np.linalg.norm(centred, axis=0)
        self.directions = centred / np.where(norms > 0, norms, np.inf)
        self._strong: dict[int, list[tuple[int, float]]] = {}

    def partners(self, columns: np.ndarray) -> list[tuple[int, float]]:
        """Other columns strongly correlated with any of ``columns``: (column, rho)."""
        own, found = set(columns.tolist()), dict[int, float]()
        for other, rho in (pair for column in columns for pair in self._strong_with(int(column))):
            if other not in own and abs(rho) > abs(found.get(other, 0.0)):
                found[other] = rho
        return sorted(found.items(), key=lambda pair: (-abs(pair[1]), pair[0]))

    def _strong_with(self, column: int) -> list[tuple[int, float]]:
        """Pairs of one column; those of its neighbours are found along with them."""
        if column not in self._strong:
            start = column - column % BLOCK_COLUMNS
            block = self.directions[:, start : start + BLOCK_COLUMNS]
            rho = block.T @ self.directions
            self._strong |= {start + i: [] for i in range(len(rho))}
            rows, others = np.nonzero(np.abs(rho) > STRONG_CORRELATION)
            for i, other in zip(rows.tolist(), others.tolist(), strict=True):
                self._strong[start + i].append((other, float(rho[i, other])))
        return self._strong[column]
