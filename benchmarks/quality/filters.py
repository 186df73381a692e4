"""Filters that look beyond one column: mRMR and ReliefF.

C. Ding, H. Peng (2005), "Minimum redundancy feature selection from microarray gene expression
data", J. Bioinform. Comput. Biol. 3(2); I. Kononenko (1994), "Estimating attributes: analysis and
extensions of RELIEF", ECML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.spatial.distance import cdist
from sklearn.feature_selection import f_classif
from sklearn.preprocessing import minmax_scale

from benchmarks.quality.lists import Lists, Training, best_lists, standardised

NEIGHBOURS = 10
# A correlation below this is as good as none: the quotient has to stay finite.
_LEAST_REDUNDANCY = 1e-3
_ROWS_AT_ONCE = 64


def mrmr_lists(training: Training, counts: Sequence[int]) -> Lists:
    """Columns taken one by one, of the largest F over mean correlation with those taken (FCQ).

    The quotient, as in the package ``mrmr_selection``: F and a correlation have no common scale
    on which one could be taken from the other. A block is as good as its best column.
    """
    d = training.X.shape[1]
    F = f_statistic(training.X, training.y)
    most = min(d, max(counts)) if training.blocks is None else d
    taken = mrmr_order(standardised(training.X), F, most)
    score = F / (1 + F.max()) - 2  # what is not taken follows by relevance
    score[taken] = -np.arange(len(taken)) / d
    return best_lists(score, training.blocks, counts)


def mrmr_order(Z: Any, relevance: np.ndarray, most: int) -> list[int]:
    """The first `most` columns, best first, of `Z` (n, d), whose columns have unit variance."""
    means = np.asarray(Z.mean(axis=0)).ravel()
    taken: list[int] = []
    left, redundancy = np.ones(len(relevance), dtype=bool), np.zeros(len(relevance))
    while len(taken) < most:
        mean = np.maximum(redundancy / len(taken), _LEAST_REDUNDANCY) if taken else 1.0
        best = int(np.argmax(np.where(left, relevance / mean, -1.0)))
        taken.append(best)
        left[best] = False
        column = Z[:, [best]].toarray().ravel() if issparse(Z) else Z[:, best]
        redundancy += np.abs(Z.T @ column / len(column) - means * means[best])
    return taken


def relieff_lists(training: Training, counts: Sequence[int]) -> Lists:
    """ReliefF with ten neighbours of each class; a block is as good as its columns' sum."""
    score = relieff(training.X, training.y)
    return best_lists(score, training.blocks, counts, np.sum)


def relieff(X: Any, y: np.ndarray, n_neighbours: int = NEIGHBOURS) -> np.ndarray:
    """Mean over rows of how much further each column is off near misses than near hits: (d,).

    Columns are scaled to 0 to 1, and rows are near by the sum of absolute differences. Misses of a
    class count by its frequency among the others. From -1 to 1, positive where a column tells.
    """
    X = minmax_scale(X.toarray() if issparse(X) else X.astype(np.float64))
    shares = np.bincount(y) / len(y)
    score = np.zeros(X.shape[1])
    for start in range(0, len(y), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(y)))
        distance = cdist(X[rows], X, "cityblock")
        distance[np.arange(len(rows)), rows] = np.inf  # no row is its own neighbour
        for c, share in enumerate(shares):
            weight = np.where(y[rows] == c, -1.0, share / (1 - shares[y[rows]]))
            score += _gaps(X, rows, weight, np.flatnonzero(y == c), distance, n_neighbours)
    return score / len(y)


def _gaps(
    X: np.ndarray,
    rows: np.ndarray,
    weight: np.ndarray,
    candidates: np.ndarray,
    distance: np.ndarray,
    n_neighbours: int,
) -> np.ndarray:
    """Weighted sum over rows of the mean absolute difference to the nearest candidates: (d,)."""
    near = np.argsort(distance[:, candidates], axis=1, kind="stable")[:, :n_neighbours]
    known = np.isfinite(np.take_along_axis(distance[:, candidates], near, axis=1))
    # A class of a single row has no hits.
    shared = weight[:, None] * known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    found = np.zeros(X.shape[1])
    for part, of_rows in zip(candidates[near].T, shared.T, strict=True):
        found += of_rows @ np.abs(X[rows] - X[part])
    return found


def f_statistic(X: Any, y: np.ndarray) -> np.ndarray:
    """The ANOVA F statistic, 0 of a constant column and finite where it is infinite: (d,)."""
    return np.nan_to_num(f_classif(X, y)[0], posinf=np.finfo(np.float32).max)
