"""A low and a high level of each of some features, and the data rows nearer to either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.tables import as_numbers, column_names

__all__ = ["Levels", "levels_of"]

QUANTILES = (0.05, 0.95)


@dataclass(frozen=True)
class Levels:
    columns: np.ndarray
    """(p,): ascending."""
    low: np.ndarray
    """(p,)"""
    high: np.ndarray
    is_high: np.ndarray
    """(n, p) bool: data rows nearer to the high level; half way counts as high."""

    def at(self, S: Sequence[int], high: Sequence[bool]) -> np.ndarray:
        """(1, m): the levels asked for of some columns."""
        where = np.searchsorted(self.columns, S)
        return np.where(high, self.high[where], self.low[where])[None]

    def cells(self, S: Sequence[int]) -> np.ndarray:
        """(2^m,): data rows in each cell of some columns, from all low to all high."""
        where = np.searchsorted(self.columns, S)
        code = self.is_high[:, where] @ (1 << np.arange(len(S))[::-1])
        return np.bincount(code, minlength=1 << len(S))


def levels_of(
    levels: Any, columns: np.ndarray, values: np.ndarray, population: Population
) -> Levels:
    """Levels of ``columns`` (p,), whose values in the data are ``values`` (n, p)."""
    text = [column for column in columns.tolist() if column in population.levels]
    if text:
        raise ValueError(
            f"column {column_names(population.names, text)} holds text, which has no low and no "
            "high level; use interaction_effects."
        )
    low, high = _ends(levels, columns, values, population.rows.shape[1])
    same = np.flatnonzero(~(np.abs(high - low) > 0))
    if len(same):
        raise ValueError(
            f"the low and the high level of column {column_names(population.names, columns[same])} "
            f"are the same, {low[same[0]]:g}; leave it out, or pass other levels=(low, high)."
        )
    middle = (low + high) / 2
    return Levels(columns, low, high, (values >= middle) == (high > low))


def _ends(
    levels: Any, columns: np.ndarray, values: np.ndarray, d: int
) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(levels, str) and levels == "quantiles":
        low, high = np.quantile(values, QUANTILES, axis=0)
        same = low == high
        return np.where(same, values.min(axis=0), low), np.where(same, values.max(axis=0), high)
    if isinstance(levels, str) and levels == "present":
        there = [column[column != 0] for column in values.T]
        return np.zeros(len(columns)), np.array([np.median(v) if len(v) else 0.0 for v in there])
    if isinstance(levels, str) or not isinstance(levels, tuple | list) or len(levels) != 2:
        raise ValueError(
            f"levels={shown(levels)} must be 'quantiles', 'present', or two levels (low, high)."
        )
    low, high = (
        _per_column(end, name, d) for end, name in zip(levels, ("low", "high"), strict=True)
    )
    return low[columns], high[columns]


def _per_column(end: Any, name: str, d: int) -> np.ndarray:
    own = as_numbers(end, f"the {name} level")
    if own.shape not in ((), (d,)) or not np.isfinite(own).all():
        raise ValueError(
            f"the {name} level has shape {own.shape}; it must be a finite number, or one for each "
            f"of the {d} columns."
        )
    return np.broadcast_to(own, d)
