"""Rows that stand for the population: part of what is estimated.

Rows without a feature tell what acquiring it does (sufficiency), rows with it what losing it
does (necessity); in a saturating network the two differ.
"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sklearn_deeplifft.interventions._bind import described
from sklearn_deeplifft.interventions._values import Intervention, Remove
from sklearn_deeplifft.tables import Names, Rows, powers_of_two, row_codes

__all__ = ["BACKGROUNDS", "own_rows", "places_of", "present", "sampled", "weighted_rows"]

BACKGROUNDS = ("data", "without", "with", "matched")

MOST_CANDIDATES = 5000
"""Most rows among which a match is looked for."""


def sampled(index: np.ndarray, n: int, rng: np.random.RandomState) -> np.ndarray:
    """At most ``n`` of the rows ``index``, ascending."""
    if len(index) <= n:
        return index
    return np.sort(rng.choice(index, n, replace=False))


def weighted_rows(
    index: np.ndarray, weight: np.ndarray, n: int, rng: np.random.RandomState
) -> np.ndarray:
    """About ``n`` rows of ``index`` in proportion to their weights, by systematic sampling.

    Where that is no more than ``n`` rows, each comes as often as its weight is the smallest one:
    a weight of 2 beside others of 1 equals the row twice, and weights have no unit.
    """
    index = index[weight[index] > 0]
    weight = weight / weight[index].min()
    order = rng.permutation(len(index)) if len(index) > n else np.arange(len(index))
    total = weight[index].sum()
    count = min(n, max(len(index), int(np.ceil(total - 1e-9))))
    edges = np.cumsum(weight[index[order]]) / total * count
    edges[-1] = count  # whatever the sum was rounded to
    start = rng.uniform() if count < total else 0.5
    chosen = np.searchsorted(edges, np.arange(count) + start)
    return index[np.sort(order[chosen])]


def places_of(X: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Row (n,) of ``base`` whose donor each row of ``X`` has: an equal one, else any.

    It hangs on the row's values, not on where it stands among others.
    """
    known, first = np.unique(row_codes(Rows(base)), return_index=True)
    codes = row_codes(Rows(X))
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    other = codes % np.uint64(len(base))
    return np.where(known[at] == codes, first[at], other.astype(np.int64))


def present(bound: Intervention, values: np.ndarray) -> np.ndarray:
    """Mask (n,) of the rows that have the feature: a level of a block, or anything but absence."""
    if bound.target is not None and len(bound.columns) > 1 and not isinstance(bound, Remove):
        at_level: np.ndarray = (values == bound.target).all(axis=1)
        return at_level
    absent = bound.target if isinstance(bound, Remove) else 0.0
    has: np.ndarray = (values != absent).any(axis=1)
    return has


def own_rows(
    bound: Intervention,
    rows: Rows,
    which: str,
    n: int,
    rng: np.random.RandomState,
    names: Names = None,
) -> np.ndarray:
    """Rows of the table that are one intervention's background."""
    columns = bound.positions
    has = present(bound, rows.columns(columns))
    wanted = np.flatnonzero(has if which == "with" else ~has)
    if which == "matched":
        wanted = _matched(rows, np.flatnonzero(has), wanted, columns, n, rng)
    if not len(wanted):
        lacking = "with" if which == "with" else "without"
        raise ValueError(
            f"background={which!r}, but no row is {lacking} the feature of "
            f"{described(bound, names)}. Use background='data', or pass rows of your own."
        )
    return sampled(wanted, n, rng)


def _matched(
    rows: Rows,
    have: np.ndarray,
    lack: np.ndarray,
    columns: np.ndarray,
    n: int,
    rng: np.random.RandomState,
) -> np.ndarray:
    """For each row with the feature the nearest one without it, in the other columns."""
    if not len(have) or not len(lack):
        return lack[:0]
    have, lack = sampled(have, n, rng), sampled(lack, MOST_CANDIDATES, rng)
    others = np.setdiff1d(np.arange(rows.shape[1]), columns)
    one, other = rows.take(have, others), rows.take(lack, others)
    both = np.concatenate([one, other])
    size = powers_of_two(both)
    units = size * (both / size).std(axis=0)
    units = np.where(units > 0, units, 1.0)
    neighbours = NearestNeighbors(n_neighbors=1).fit(other / units)
    nearest: np.ndarray = neighbours.kneighbors(one / units, return_distance=False)[:, 0]
    matches: np.ndarray = lack[nearest]
    return matches
