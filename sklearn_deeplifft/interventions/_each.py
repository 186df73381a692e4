"""The interventions of each feature that a selector makes on its own."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.interventions._compose import compose
from sklearn_deeplifft.interventions._values import (
    Add,
    Intervention,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.tables import FeatureGroups, Names

__all__ = ["each_feature"]

SHIFT = 0.25

MOSTLY = 0.5
"""A non-negative column with at least this share of zeros is sparse: zero means absence."""


def each_feature(background: np.ndarray, names: Names, groups: FeatureGroups) -> list[Intervention]:
    """List the interventions of every feature, feature by feature.

    Removing it and adding to it, where zero means absence (counts and sparse columns): one unit
    of a count, the typical amount of others, never above the largest value seen. Both values of a
    column of two, so that its codes do not matter. Every level of a block of few levels; of a block
    of many whose sum never changes (several positions of a sequence, a composition), or that holds
    a one-hot block (a text beside a number), the values of another row, since any other edit would
    lead to what no row can be. Otherwise a shift by a quarter of the data up, and down. Columns
    that hold a single value have none.

    Parameters
    ----------
    background : array of shape (n, d)
    names : sequence of str or None
    groups : FeatureGroups

    Returns
    -------
    list of Intervention
        Those of a feature beside each other, features in their order.
    """
    found: list[Intervention] = []
    for feature in range(len(groups.first)):
        columns = np.flatnonzero(groups.of_column == feature)
        values = background[:, columns]
        if (values != values[0]).any():
            found += _of_feature(columns, values, names)
    return found


def _of_feature(columns: np.ndarray, values: np.ndarray, names: Names) -> list[Intervention]:
    if len(columns) > 1:
        return _of_block(columns, values, names)
    column, own = int(columns[0]), values[:, 0]
    if _few(own) and own.min() != 0:
        return [set_to(column, own.min()), set_to(column, own.max() + 0.0)]  # no -0
    if _counts_something(own):
        return _less_and_more(column, own)
    return [quantile_shift(column, SHIFT), quantile_shift(column, -SHIFT)]


def _less_and_more(column: int, values: np.ndarray) -> list[Intervention]:
    """Remove what a column counts, and add to it; of two values, from the one to the other."""
    low, high = float(values.min()), float(values.max())
    step = min(_unit(values), high) if not _few(values) else high - low
    if low != 0:  # the sum of a rounded difference may miss its end, which is the limit
        step = np.nextafter(step, np.inf)
    # One value is two that are the same: it stays as it is.
    return [remove(column, low), Add((column,), step or 1.0, low, high)]


def _of_block(columns: np.ndarray, values: np.ndarray, names: Names) -> list[Intervention]:
    levels = np.unique(values, axis=0)
    if len(levels) <= len(columns) + 1:
        return [
            set_to(columns.tolist(), level, level=_level_name(columns, level, levels, names))
            for level in levels[::-1]
        ]
    if _is_a_whole(values) or _holds_one_hot(values):
        return [swap(columns.tolist())]
    if all(_few(v) or _counts_something(v) for v in values.T):
        parts = [
            _less_and_more(int(column), v) for column, v in zip(columns, values.T, strict=True)
        ]
        return [compose(*both) for both in zip(*parts, strict=True)]
    return [quantile_shift(columns.tolist(), s) for s in (SHIFT, -SHIFT)]


def _is_a_whole(values: np.ndarray) -> bool:
    """Return whether columns have the same sum, not zero, in all rows."""
    sums = values.sum(axis=1)
    return bool(sums[0] != 0 and np.allclose(sums, sums[0], rtol=1e-6, atol=0))


def _holds_one_hot(values: np.ndarray) -> bool:
    """Return whether neighbouring columns of two values are the levels of one thing.

    Exactly one of them is at its upper value in every row.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    two = ((values == low) | (values == high)).all(axis=0) & (low < high)
    at = (values == high) & two
    held, start = np.zeros(len(values), dtype=np.int64), 0
    for stop in range(values.shape[1]):
        held += at[:, stop]
        while held.max() > 1:
            held -= at[:, start]
            start += 1
        if held.all():
            return True
    return False


def _few(values: np.ndarray) -> bool:
    """Return whether a column holds two values at most, whatever stands for them."""
    return bool(((values == values.min()) | (values == values.max())).all())


def _counts_something(values: np.ndarray) -> bool:
    """Return whether zero is absence: whole numbers from zero, or mostly zeros and none below."""
    if values.min() != 0:
        return False
    return bool((values == np.round(values)).all()) or float((values == 0).mean()) >= MOSTLY


def _unit(values: np.ndarray) -> float:
    """Size of one more: 1 in a count, the least step of a scaled count, else the typical amount."""
    positive = values[values > 0]
    smallest = float(positive.min())
    with np.errstate(over="ignore"):
        copies = positive / smallest
    if np.isfinite(copies).all() and np.allclose(copies, np.round(copies), rtol=0, atol=1e-3):
        return 1.0 if (values == np.round(values)).all() else smallest
    return float(np.median(positive))


def _level_name(
    columns: np.ndarray, level: np.ndarray, levels: np.ndarray, names: Names
) -> str | None:
    """The column that stands for a level: the only one at its largest value; ``_none`` if none."""
    top = levels.max(axis=0)
    at = np.flatnonzero((level == top) & (levels.min(axis=0) < top))
    if len(at) == 0:
        return "none"
    if len(at) > 1:
        return None
    column = int(columns[at[0]])
    return f"x{column}" if names is None else str(names[column]).rpartition("_")[2]
