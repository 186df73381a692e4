"""Contexts of a pair: the rows that hold all other features while the two are moved.

====================  ==========================================================  ==============
context               rows                                                        per unit
====================  ==========================================================  ==============
data                  rows as they are                                            1
without               rows as they are, a pair reads those that hold neither      1
shapley, banzhaf      mixtures: each feature at high with probability p; and      2
                      the opposite mixture, which has the same law
archdetect            all features at low; all at high                            2
partial_dependence    rows as they are, for each cell that is gone to             rows of the
                                                                                  background
====================  ==========================================================  ==============

A pair is moved from what the row holds to the other level. From high to low the second difference
is the same but for a sign for each feature, which is in ``weight``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.interventions.interactions._levels import PairLevels
from sklearn_deeplifft.tables import FeatureGroups, Names, column_names

__all__ = ["CONTEXTS", "MIXTURES", "Contexts", "contexts_of"]


class Contexts(NamedTuple):
    """Rows with the levels that their features are moved to."""

    base: np.ndarray
    """(n, d) float64."""
    high: np.ndarray
    """(n, d): where features are moved to."""
    low: np.ndarray | None = None
    """(n, d): where they come from; None is ``base``."""
    weight: np.ndarray | None = None
    """(n, G): factors of features, whose product is that of a pair; None is 1."""
    per_unit: int = 1
    """Rows, one after another, that are averaged before anything is said of their spread."""
    averaged_first: bool = False
    """Whether second differences are averaged over a unit before they are squared."""
    masked: bool = False
    """Whether weights are 0 or 1, and a mean is over the rows whose weight is 1."""


Sides = tuple[np.ndarray, np.ndarray]


def contexts_of(
    context: str,
    base: np.ndarray,
    levels: PairLevels,
    groups: FeatureGroups,
    names: Names,
    rng: np.random.RandomState,
) -> Contexts:
    """Contexts for rows (n, d) of the background."""
    if context == "partial_dependence":
        return _cells(base, levels)
    if levels.high is not None and levels.high.ndim == 2:
        raise ValueError(
            f"levels of shape {levels.high.shape} are cells, of which context="
            f"'partial_dependence' takes several; context={context!r} takes one number for each "
            "column."
        )
    if context == "data":
        low = None if levels.low is None else np.broadcast_to(levels.low, base.shape)
        return Contexts(base, _high(base, levels, rng), low)
    if context == "without":
        return _without(base, levels, groups)
    low = base if levels.low is None else np.broadcast_to(levels.low, base.shape)
    return SIDED[context]((low, _high(base, levels, rng)), groups, names, rng)


def _high(base: np.ndarray, levels: PairLevels, rng: np.random.RandomState) -> np.ndarray:
    if levels.high is not None:
        return np.broadcast_to(levels.high, base.shape)
    if len(base) < 2:
        raise ValueError("levels='swap' takes values from another row, and the background has one.")
    # Around one circle through all rows: nobody is its own donor.
    order, donor = rng.permutation(len(base)), np.empty(len(base), dtype=np.int64)
    donor[order] = np.roll(order, -1)
    return base[donor]


def _without(base: np.ndarray, levels: PairLevels, groups: FeatureGroups) -> Contexts:
    if levels.low is None:
        raise ValueError(
            "context='without' reads rows that hold neither feature of a pair, so it must know "
            "what absence is; pass levels='present', or (low, high)."
        )
    held = groups.largest((base != levels.low).astype(np.float64))
    return Contexts(base, _fixed(levels, base), weight=1 - held, masked=True)


def _fixed(levels: PairLevels, base: np.ndarray) -> np.ndarray:
    assert levels.high is not None
    return np.broadcast_to(levels.high, base.shape)


def _shapley(
    sides: Sides, groups: FeatureGroups, names: Names, rng: np.random.RandomState
) -> Contexts:
    return _mixed(sides, groups, rng, rng.uniform(size=(len(sides[0]), 1)))


def _banzhaf(
    sides: Sides, groups: FeatureGroups, names: Names, rng: np.random.RandomState
) -> Contexts:
    return _mixed(sides, groups, rng, np.array(0.5))


def _mixed(
    sides: Sides, groups: FeatureGroups, rng: np.random.RandomState, p: np.ndarray
) -> Contexts:
    low, high = sides
    up = rng.uniform(size=(len(low), len(groups.first))) < p
    # Beside each mixture its opposite: what is odd about the one is undone by the other.
    up = np.stack([up, ~up], 1).reshape(-1, up.shape[1])
    low, high = low.repeat(2, axis=0), high.repeat(2, axis=0)
    wide = groups.spread(up)
    base, other = np.where(wide, high, low), np.where(wide, low, high)
    return Contexts(base, other, weight=1.0 - 2 * up, per_unit=2)


def _arch_detect(
    sides: Sides, groups: FeatureGroups, names: Names, rng: np.random.RandomState
) -> Contexts:
    if not groups.single:
        block = next(own for own in groups.columns if len(own) > 1)
        raise ValueError(
            "context='archdetect' divides by the gap between two levels of a column, and a block "
            f"such as {column_names(names, block)} has none; use another context."
        )
    low, high = sides
    gap = high - low
    weight = np.divide(1, gap, out=np.zeros_like(gap), where=gap != 0).repeat(2, axis=0)
    base, other = (np.stack(pair, 1).reshape(-1, low.shape[1]) for pair in (sides, sides[::-1]))
    return Contexts(base, other, weight=weight, per_unit=2)


def _cells(base: np.ndarray, levels: PairLevels) -> Contexts:
    if levels.low is not None:
        raise ValueError(
            "context='partial_dependence' moves rows from what they hold to cells: pass "
            "levels='swap', whose cells are the rows of the background, or an array with a row for "
            "each cell."
        )
    cells = base if levels.high is None else np.atleast_2d(levels.high)
    if len(cells) < 2:
        raise ValueError(
            f"context='partial_dependence' is a spread over cells, and there is {len(cells)}; pass "
            "more, or context='data' with reduce='mean' for the value of one."
        )
    moved = cells.repeat(len(base), axis=0)
    rows = np.tile(base, (len(cells), 1))
    return Contexts(rows, moved, per_unit=len(base), averaged_first=True)


SIDED: dict[str, Callable[..., Contexts]] = {
    "shapley": _shapley,
    "banzhaf": _banzhaf,
    "archdetect": _arch_detect,
}

MIXTURES = ("shapley", "banzhaf")

CONTEXTS = ("data", "without", *SIDED, "partial_dependence")
