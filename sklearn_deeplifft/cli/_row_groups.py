"""Groups of rows, such as patients, split into training and test groups."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.ranking import rarest_strata

__all__ = ["held_out_groups"]

MOST_TRIES = 20


def held_out_groups(groups: np.ndarray, classes: np.ndarray, seed: int, share: float) -> np.ndarray:
    """Mask (n,) of rows to hold out: about ``share`` of those of every class, by whole groups.

    Parameters
    ----------
    groups, classes : arrays of shape (n,)
        Every class has rows in two groups at least; of a quantity all rows are of one class.

    Raises
    ------
    ValueError
        No split was found that has every class on both sides: groups hold many classes each.

    Examples
    --------
    >>> groups = np.repeat(["a", "b", "c", "d"], 2)
    >>> held_out = held_out_groups(groups, np.repeat([0, 1], 4), 0, 0.3).reshape(4, 2)
    >>> int(held_out.all(axis=1).sum())
    2
    """
    of_row = np.unique(groups, return_inverse=True)[1]
    labels, of_class = np.unique(classes, return_inverse=True)
    stratum, _ = rarest_strata(of_row, of_class)
    rng = np.random.RandomState(seed)
    for _ in range(MOST_TRIES):
        held = _dealt(np.bincount(of_row), stratum, share, rng)[of_row]
        sides = [np.bincount(of_class[side], minlength=len(labels)) > 0 for side in (held, ~held)]
        if np.all(sides):
            return held
    missing = labels[~np.all(sides, axis=0)][0]
    raise ValueError(
        f"no split into training and test groups was found that has class {str(missing)!r} on both "
        "sides; leave out the rows of such rare classes, or take smaller groups."
    )


def _dealt(
    sizes: np.ndarray, stratum: np.ndarray, share: float, rng: np.random.RandomState
) -> np.ndarray:
    """Mask (G,): groups of each stratum in random order, each taken if that is nearer the share.

    Below a share of one half, that is at least one of two groups or more, and never all.
    """
    taken = np.zeros(len(sizes), dtype=bool)
    for code in np.unique(stratum):
        members = rng.permutation(np.flatnonzero(stratum == code))
        wanted, n = share * sizes[members].sum(), 0.0
        for group in members:
            if n + sizes[group] / 2 <= wanted:
                taken[group] = True
                n += sizes[group]
    return taken
