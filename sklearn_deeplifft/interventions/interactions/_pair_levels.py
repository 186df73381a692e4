"""Levels between which the features of a pair are moved, as a user gives them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.tables import FeatureGroups, as_numbers, column_names

__all__ = ["PairLevels", "WORDS", "pair_levels"]

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


def pair_levels(levels: Any, population: Population, groups: FeatureGroups) -> PairLevels:
    """Resolve what the user gave as ``levels``."""
    if isinstance(levels, str):
        if levels not in WORDS:
            raise ValueError(
                f"levels={shown(levels)} must be one of {list(WORDS)}, a pair (low, high), or a "
                "number for each column."
            )
        if levels != "swap":
            _require_no_text(population, levels)
        if levels == "present":
            return PairLevels("present", np.zeros(population.rows.shape[1]), _typical(population))
        return PairLevels(levels, None, None)
    _require_no_text(population, levels)
    if isinstance(levels, tuple):
        return _low_high(levels, population, groups)
    high = as_numbers(levels, "levels")
    high = high if high.ndim == 2 else _per_column(levels, population, groups, "levels")
    _require_shape(high, population, "levels")
    return PairLevels("value", None, high)


def _low_high(levels: Any, population: Population, groups: FeatureGroups) -> PairLevels:
    if len(levels) != 2:
        raise ValueError(
            f"levels={shown(levels)} is a tuple of {len(levels)}; pass (low, high), or an array or "
            "list with a number for each column."
        )
    low, high = (
        _per_column(side, population, groups, name)
        for side, name in zip(levels, ("low", "high"), strict=True)
    )
    if (low == high).all():
        raise ValueError(f"levels={shown(levels)}: low equals high in every column.")
    return PairLevels("low, high", low, high)


def _per_column(side: Any, population: Population, groups: FeatureGroups, name: str) -> np.ndarray:
    """(d,), one number standing for all columns."""
    found, d = as_numbers(side, name), population.rows.shape[1]
    if found.ndim == 0:
        if not groups.single:
            raise ValueError(
                f"{name}={shown(side)} is one number, but feature_groups has blocks, which are "
                f"written whole; pass {d} numbers, one for each column, or levels='table'."
            )
        found = np.full(d, float(found))
    _require_shape(found, population, name)
    return found


def _require_shape(found: np.ndarray, population: Population, name: str) -> None:
    d = population.rows.shape[1]
    if not found.size or found.shape[-1] != d or found.ndim > 2 or not np.isfinite(found).all():
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
        for j, values in zip(at, population.rows.columns(at).T, strict=True):
            held = values[values != 0]
            if len(held):
                # A value that occurs: half a motif is no level.
                found[j] = np.quantile(held, 0.5, method="inverted_cdf")
    return found
