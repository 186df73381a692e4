"""Folds of rows, one of which is held out from each network."""

from __future__ import annotations

import numpy as np

__all__ = ["deal_folds"]


def deal_folds(
    strata: np.ndarray, groups: np.ndarray | None, n_folds: int, rng: np.random.RandomState
) -> np.ndarray:
    """Deal rows into folds, stratum by stratum, like cards; rows of one group stay together.

    Parameters
    ----------
    strata : int array of shape (n,)
        Classes, or other codes that every fold should hold its share of.
    groups : int array of shape (n,) or None
    n_folds : int

    Returns
    -------
    int array of shape (n,)
        The fold of each row, or -1 for the only unit of its stratum, which is never held out:
        a class must be seen to be learned.
    """
    units, first, unit_of = np.unique(
        np.arange(len(strata)) if groups is None else groups,
        return_index=True,
        return_inverse=True,
    )
    stratum_of_unit = strata[first]
    fold = np.full(len(units), -1)
    dealt = rng.randint(n_folds)
    for stratum in np.unique(stratum_of_unit):
        members = rng.permutation(np.flatnonzero(stratum_of_unit == stratum))
        if len(members) < 2:
            continue
        fold[members] = (dealt + np.arange(len(members))) % n_folds
        dealt += len(members)
    for stratum in np.unique(strata):
        own = unit_of[strata == stratum]
        if len(np.unique(fold[own])) == 1:  # also a class that lives in one group only
            fold[own] = -1
    return fold[unit_of]
