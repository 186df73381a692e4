"""Two halves of the data by a feature, for moves that lead to no level of their own.

A swap takes every row to where another is. What stands behind its predictions is not at one level,
but it should be on both sides of the feature's middle.
"""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.tables import powers_of_two

__all__ = ["Halves", "spread_rows"]

SAMPLED = 5000
"""Rows from which the middle of a feature is taken."""

DIGITS = 9
"""Places to which sums over the columns of a block are told apart."""


def spread_rows(n: int) -> np.ndarray:
    """Positions of at most so many of n rows, ascending: tables are often sorted, or alternate.

    One of each few neighbours, by no step that could be that of cases and controls in turn.
    """
    step = -(-n // SAMPLED)
    start = np.arange(0, n, step)
    one = np.random.RandomState(0).uniform(size=len(start)) * np.minimum(step, n - start)
    found: np.ndarray = start + one.astype(np.int64)
    return found


class Halves:
    """The half of each feature that rows are in.

    Of a column the second half is above the median. Of a block of few levels, such as one-hot
    columns, it is all but the commonest; of one of many it is above the median along the direction
    in which its columns, each in standard deviations, vary most.

    Parameters
    ----------
    values : float64 array of shape (n, m)
        The features' columns in the data, side by side.
    starts : int array of shape (F,)
        The first column of each.
    """

    def __init__(self, values: np.ndarray, starts: np.ndarray) -> None:
        self.starts = starts
        stops = np.append(starts[1:], values.shape[1])
        self.single = np.repeat(stops - starts == 1, stops - starts)
        self.middle = _middles(values)
        self.along: dict[int, tuple[slice, np.ndarray, np.ndarray, float]] = {}
        for feature, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            if stop - start > 1:
                at = slice(start, stop)
                levels, times = np.unique(values[:, at], axis=0, return_counts=True)
                if len(levels) <= stop - start + 1:
                    self.middle[at] = levels[times.argmax()]
                else:
                    self.along[feature] = (at, *_along(values[:, at]))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(r, F) bool: rows (r, m) that are in the second half."""
        beyond = np.where(self.single, values > self.middle, values != self.middle)
        found: np.ndarray = np.logical_or.reduceat(beyond, self.starts, axis=1)
        for feature, (at, center, weights, middle) in self.along.items():
            found[:, feature] = (values[:, at] - center) @ weights > middle
        return found


def _middles(values: np.ndarray) -> np.ndarray:
    """Value of each column above which its second half begins."""
    middle: np.ndarray = np.median(values, axis=0)
    # Where more lies below the median than above, as in 0, 1, 1, the median is the upper half.
    upper = (values < middle).sum(axis=0) > (values > middle).sum(axis=0)
    middle[upper] = np.nextafter(middle[upper], -np.inf)
    return middle


def _along(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centres and weights (m,) of columns (n, m), and the sum where the second half begins."""
    size = powers_of_two(values)
    center, units = size * (values / size).mean(axis=0), size * (values / size).std(axis=0)
    weights = np.divide(1.0, units, out=np.zeros_like(units), where=units > 0)
    scaled = (values - center) * weights
    direction = np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    # Either sign is one; the first column that counts goes up with it.
    first = (np.abs(direction) > np.abs(direction).max() / 2).argmax()
    direction = direction * np.sign(direction[first])
    sums = np.round(scaled @ direction, DIGITS)
    above = sums > _middles(sums[:, None])[0]
    # Between two sums that occur, since the same row may come out a rounding error away.
    return center, weights * direction, float((sums[~above].max() + sums[above].min()) / 2)
