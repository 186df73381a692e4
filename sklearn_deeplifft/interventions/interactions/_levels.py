"""Levels between which features are moved, as a user gives them: of pairs, or of any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.tables import FeatureGroups, as_numbers, column_names

__all__ = ["WORDS", "Levels", "PairLevels", "levels_of", "pair_levels"]

QUANTILES = (0.05, 0.95)

WORDS = ("swap", "present", "table")

COLUMNS_AT_ONCE = 64
"""Columns of a sparse table that are made dense together."""


class PairLevels(NamedTuple):
    """Levels of every column."""

    name: str
    """One of ``WORDS``, "value" or "low, high"."""
    low: np.ndarray | None
    """(d,); None where rows start from what they hold."""
    high: np.ndarray | None
    """(d,), or (g, d) with a row for each cell; None where rows get what another row holds."""


@dataclass(frozen=True)
class Levels:
    """A low and a high level of each of some columns, and the data rows nearer to either."""

    columns: np.ndarray
    """(p,): ascending."""
    low: np.ndarray
    """(p,)"""
    high: np.ndarray
    """(p,)"""
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


def pair_levels(levels: Any, population: Population, groups: FeatureGroups) -> PairLevels:
    """Resolve what the user gave as ``levels``, of all columns."""
    d = population.rows.shape[1]
    if isinstance(levels, str):
        if levels not in WORDS:
            raise ValueError(
                f"levels={shown(levels)} must be one of {list(WORDS)}, a pair (low, high), or a "
                "number for each column."
            )
        if levels != "swap":
            _require_no_text(population, levels)
        if levels == "present":
            return PairLevels("present", np.zeros(d), _typical(population))
        return PairLevels(levels, None, None)
    _require_no_text(population, levels)
    if isinstance(levels, tuple):
        return _low_high(levels, d, groups)
    high = as_numbers(levels, "levels")
    if high.ndim < 2:
        return PairLevels("value", None, _per_column_of_groups(levels, d, groups, "levels"))
    _require_shape(high, d, "levels", most=2)
    return PairLevels("value", None, high)


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


def _low_high(levels: Any, d: int, groups: FeatureGroups) -> PairLevels:
    if len(levels) != 2:
        raise ValueError(
            f"levels={shown(levels)} is a tuple of {len(levels)}; pass (low, high), or an array or "
            "list with a number for each column."
        )
    low, high = (
        _per_column_of_groups(side, d, groups, name)
        for side, name in zip(levels, ("low", "high"), strict=True)
    )
    if (low == high).all():
        raise ValueError(f"levels={shown(levels)}: low equals high in every column.")
    return PairLevels("low, high", low, high)


def _ends(
    levels: Any, columns: np.ndarray, values: np.ndarray, d: int
) -> tuple[np.ndarray, np.ndarray]:
    """Low and high level (p,) of each of some columns."""
    if isinstance(levels, str) and levels == "quantiles":
        low, high = np.quantile(values, QUANTILES, axis=0)
        same = low == high
        return np.where(same, values.min(axis=0), low), np.where(same, values.max(axis=0), high)
    if isinstance(levels, str) and levels == "present":
        return np.zeros(len(columns)), _present(values)
    if isinstance(levels, str) or not isinstance(levels, tuple | list) or len(levels) != 2:
        raise ValueError(
            f"levels={shown(levels)} must be 'quantiles', 'present', or two levels (low, high)."
        )
    low, high = (
        _per_column(end, d, f"the {name} level")
        for end, name in zip(levels, ("low", "high"), strict=True)
    )
    return low[columns], high[columns]


def _per_column(side: Any, d: int, name: str) -> np.ndarray:
    """(d,), one number standing for all columns."""
    found = as_numbers(side, name)
    found = np.full(d, float(found)) if found.ndim == 0 else found
    _require_shape(found, d, name, most=1)
    return found


def _per_column_of_groups(side: Any, d: int, groups: FeatureGroups, name: str) -> np.ndarray:
    """The same, of columns that are written together: one number is no level of a block."""
    if not groups.single and as_numbers(side, name).ndim == 0:
        raise ValueError(
            f"{name}={shown(side)} is one number, but feature_groups has blocks, which are "
            f"written whole; pass {d} numbers, one for each column, or levels='table'."
        )
    return _per_column(side, d, name)


def _require_shape(found: np.ndarray, d: int, name: str, most: int) -> None:
    """Refuse other than finite numbers for each column, of at most so many dimensions."""
    right = 1 <= found.ndim <= most and found.size and found.shape[-1] == d
    if not (right and np.isfinite(found).all()):
        raise ValueError(
            f"{name} has shape {found.shape}; it must hold finite numbers, one for each of the {d} "
            "columns of X."
        )


def _require_no_text(population: Population, levels: Any) -> None:
    text = sorted(population.levels)
    if text:
        raise ValueError(
            f"levels={shown(levels)} writes numbers into column "
            f"{column_names(population.names, text)}, which holds text; use levels='swap', or "
            "encode it as one-hot columns first."
        )


def _typical(population: Population) -> np.ndarray:
    """(d,): the median of what a column holds where it is not 0; 0 where it always is."""
    d = population.rows.shape[1]
    found = np.zeros(d)
    for start in range(0, d, COLUMNS_AT_ONCE):
        at = np.arange(start, min(start + COLUMNS_AT_ONCE, d))
        found[at] = _present(population.rows.columns(at))
    return found


def _present(values: np.ndarray) -> np.ndarray:
    """(p,): the same of columns (n, p)."""
    held = [column[column != 0] for column in values.T]
    # A value that occurs: half a motif is no level.
    return np.array(
        [np.quantile(own, 0.5, method="inverted_cdf") if len(own) else 0.0 for own in held]
    )
