"""Interactions of pairs once more: four forwards of one row at a time, literally, in float64.

Nothing here calls the package or torch. ``f`` maps one row (d,) to numbers (R,).
"""

from __future__ import annotations

import itertools
import math

import numpy as np


def written(row, columns, values):
    moved = np.array(row, dtype=np.float64)
    moved[list(columns)] = np.asarray(values)[list(columns)]
    return moved


def second_difference(f, row, one, other, high, low=None):
    """``f(hi,hj) - f(hi,lj) - f(li,hj) + f(li,lj)``; the row itself is low where None."""
    low = row if low is None else low
    hh = f(written(written(row, one, high), other, high))
    hl = f(written(written(row, one, high), other, low))
    lh = f(written(written(row, one, low), other, high))
    ll = f(written(written(row, one, low), other, low))
    return np.atleast_1d(hh - hl - lh + ll)


def root_mean_square(values):
    """Root of the mean square of rows (n, R), and its error to first order."""
    q = np.asarray(values) ** 2
    n, score = len(q), np.sqrt(q.mean(axis=0))
    sd = np.sqrt(((q - q.mean(axis=0)) ** 2).sum(axis=0) / (n - 1))
    return score, sd / math.sqrt(n) / np.where(score > 0, 2 * score, 1)


def subsets(players):
    return itertools.chain.from_iterable(
        itertools.combinations(players, size) for size in range(len(players) + 1)
    )


def interaction_index(v, n, i, j, shapley=True):
    """Shapley (or Banzhaf) interaction index of a game ``v`` of sets, by all subsets."""
    rest, total = [k for k in range(n) if k not in (i, j)], 0.0
    for S in subsets(rest):
        s = len(S)
        weight = math.factorial(s) * math.factorial(n - s - 2) / math.factorial(n - 1)
        if not shapley:
            weight = 0.5 ** (n - 2)
        total += weight * (v({*S, i, j}) - v({*S, i}) - v({*S, j}) + v(set(S)))
    return total
