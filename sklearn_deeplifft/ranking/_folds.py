"""Parts of rows: folds that are held out from networks, and rows that stand for many."""

from __future__ import annotations

import numpy as np

__all__ = ["deal_folds", "drawn_rows", "rarest_strata", "share_factors"]

FEWEST = 20
"""Rows of a rare stratum that are drawn at least: enough for a mean, too few to cost anything."""


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
        The fold of each row, or -1 for units (rows, or groups) that are never held out, since a
        class must be seen to be learned: the only unit that holds a stratum, and one of those that
        do where all of them would be held out together.
    """
    units, unit_of = np.unique(
        np.arange(len(strata)) if groups is None else groups, return_inverse=True
    )
    stratum_of_unit, held_by = rarest_strata(unit_of, strata)
    fold = np.full(len(units), -1)
    dealt = rng.randint(n_folds)
    for stratum in np.unique(stratum_of_unit):
        members = rng.permutation(np.flatnonzero(stratum_of_unit == stratum))
        if held_by[members[0]] < 2:
            continue
        fold[members] = (dealt + np.arange(len(members))) % n_folds
        dealt += len(members)
    for stratum in np.unique(strata):
        own = unit_of[strata == stratum]
        if len(np.unique(fold[own])) == 1:  # groups of several strata may meet in one fold
            fold[own.min()] = -1
    return fold[unit_of]


def rarest_strata(unit_of: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the strata in each unit the one that fewest units hold, and how many hold it, (G,) each.

    Units that are dealt by it spread a rare stratum that stands in one group beside a frequent one.

    Parameters
    ----------
    unit_of : int array of shape (n,)
        The unit of each row, 0 to G - 1.
    strata : int array of shape (n,)
        Not negative.
    """
    width = int(strata.max()) + 1
    # Sorted, since np.unique of that many codes may take several times as long.
    pairs = np.sort(unit_of * width + strata)
    unit, stratum = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], width)
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    n_units = np.bincount(stratum)[stratum]
    held_by, rarest = np.divmod(np.minimum.reduceat(n_units * width + stratum, starts), width)
    return rarest, held_by


def drawn_rows(
    rows: np.ndarray, strata: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw ``n`` of the rows at random, as many of each stratum as is its share, give or take one.

    Of a stratum whose share is less, ``FEWEST`` are drawn, or all that it has: a class must be seen
    to be learned. Where strata are so many that this would take more than a quarter of ``n``,
    it is as many of each as take a quarter. The other strata share what is left.

    Parameters
    ----------
    rows : int array of shape (m,)
        In any order; all of them are returned where there are no more than ``n``.
    strata : int array of shape (m,)
        Codes of the rows.
    n : int
        At least 1.
    rng : numpy.random.Generator
        Not used where nothing is left out.

    Returns
    -------
    int array of shape (min(m, n),)
        In the order of ``rows``, as sums and batches hang on it. Within a stratum every row is as
        likely as any other.
    """
    if len(rows) <= n:
        return rows
    code = np.unique(strata, return_inverse=True)[1]
    size = np.bincount(code)
    least = np.minimum(size, min(FEWEST, n // (4 * len(size))))
    mixed = rng.permutation(len(rows))
    by_stratum, start = mixed[np.argsort(code[mixed], kind="stable")], rng.random()
    place = np.arange(len(rows)) - np.repeat(np.cumsum(size) - size, size)
    rare = np.zeros(len(size), dtype=bool)
    while True:
        is_rare = rare[code[by_stratum]]
        few = by_stratum[is_rare & (place < least[code[by_stratum]])]
        many = _every(by_stratum[~is_rare], n - len(few), start)
        short = ~rare & (np.bincount(code[many], minlength=len(size)) < least)
        if not short.any():
            drawn: np.ndarray = rows[np.sort(np.concatenate([few, many]))]
            return drawn
        rare |= short


def share_factors(whole: np.ndarray, drawn: np.ndarray) -> np.ndarray | None:
    """Factors of the weights of drawn rows by which every stratum weighs its share once more.

    Parameters
    ----------
    whole : int array of shape (n,)
        Strata of the rows that were drawn from.
    drawn : int array of shape (m,)
        Those of the rows that `drawn_rows` has drawn.

    Returns
    -------
    float array of shape (m,) or None
        Above 0, of mean 1: below 1 for rows of a stratum that was drawn beyond its share, above for
        the others. None where no stratum was, but for the rounding of a row.
    """
    strata, code = np.unique(whole, return_inverse=True)
    own = np.searchsorted(strata, drawn)
    before, after = (np.bincount(part, minlength=len(strata)) for part in (code, own))
    fair = before * (len(drawn) / max(len(whole), 1))
    beyond = after > fair + 1
    if not beyond.any():
        return None
    others = fair[~beyond].sum() / after[~beyond].sum()
    factor: np.ndarray = np.where(beyond, fair / np.maximum(after, 1), others)[own]
    return factor


def _every(values: np.ndarray, n: int, start: float) -> np.ndarray:
    """Every m/n-th of m values, so that of a run of neighbours its share is taken."""
    at = (np.arange(n) + start) * (len(values) / n)
    return values[np.minimum(at.astype(np.int64), len(values) - 1)]
