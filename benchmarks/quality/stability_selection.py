"""Stability selection: how often L1 logistic regression takes a column on halves of the rows.

N. Meinshausen, P. Bühlmann (2010), "Stability selection", J. R. Statist. Soc. B 72; the halves come
in complementary pairs, as in R. D. Shah, R. J. Samworth (2013), "Variable selection with error
control: another look at stability selection", J. R. Statist. Soc. B 75.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.quality.l1 import folds, path, scaled, weights
from benchmarks.quality.lists import Lists, Training, best_lists

PAIRS = 25


def stability_selection_lists(training: Training, counts: Sequence[int]) -> Lists:
    """Columns by the largest share of halves, over penalties, that take them.

    Penalties are those of all rows, down to the first that takes as many as the longest list.
    Ties, of which there are many at 1, by the mean share over penalties.
    """
    shares = selected_shares(training, max(counts))
    score = shares.max(axis=0) + 1e-3 * shares.mean(axis=0)
    return best_lists(score, training.blocks, counts)


def selected_shares(training: Training, most: int) -> np.ndarray:
    """Share of the halves in which each column has a weight: (penalties, d), from 0 to 1."""
    Z, y = scaled(training.X), training.y
    penalties = path(Z, y, most)[0]
    taken = np.zeros((len(penalties), Z.shape[1]))
    for pair in range(PAIRS):
        # Two folds train on each other's rows: a half and its complement.
        for half, _ in folds(training, 2, training.seed * PAIRS + pair):
            # The loss is a sum over rows, so half of them bear half of the penalty.
            more = len(y) / len(half)
            taken += [weights(Z[half], y[half], more * C) > 0 for C in penalties]
    return taken / (2 * PAIRS)
