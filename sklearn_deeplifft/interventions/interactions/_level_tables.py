"""Pairs of features that have levels: the table of all combinations, without its margins.

============  ==========================================================  =================
code          symbol                                                      shape
============  ==========================================================  =================
``T``         mean over rows of f with i at level a and j at level b      (L_i, L_j, R)
``centred``   T less its row means and column means, plus its mean        (L_i, L_j, R)
score         Frobenius norm of ``centred``                               (p, R)
============  ==========================================================  =================

Second differences from a row's own levels differ from T by terms of one feature only, which
centring takes away.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._bind import feature_label
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.interventions.interactions._pair_contexts import Contexts
from sklearn_deeplifft.interventions.interactions._pair_scores import MovedRows
from sklearn_deeplifft.interventions.interactions._pair_sums import PairScores

__all__ = ["feature_levels", "level_rows", "table_scores"]

MOST_LEVELS = 20
"""Most levels of a feature; of a column with more values these are its quantiles."""

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


def feature_levels(population: Population, features: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Levels (L, columns) of each feature: the rows that its columns hold in the data.

    Raises
    ------
    ValueError
        A block of several columns that holds more than 20 different rows.
    """
    found = []
    for columns in features:
        values = population.rows.columns(columns)
        levels = np.unique(values, axis=0)
        if len(levels) > MOST_LEVELS:
            if len(columns) > 1:
                label = feature_label(columns, population.names)
                raise ValueError(
                    f"the block {shown(label)} holds {len(levels):,} different rows, and "
                    f"levels='table' takes at most {MOST_LEVELS}; use levels='swap'."
                )
            spread = np.quantile(values[:, 0], QUANTILES, method="inverted_cdf")
            levels = np.unique(spread)[:, None]
        found.append(levels)
    return found


def level_rows(
    base: np.ndarray, features: Sequence[np.ndarray], levels: Sequence[np.ndarray]
) -> tuple[MovedRows, np.ndarray]:
    """Rows with one move for each level of each feature, and the feature (m,) of each."""
    columns = [np.tile(own, len(rows)) for own, rows in zip(features, levels, strict=True)]
    sizes = [size for own, rows in zip(features, levels, strict=True) for size in _sizes(own, rows)]
    of = np.repeat(np.arange(len(sizes)), sizes)
    values = np.concatenate([rows.ravel() for rows in levels])
    feature = np.repeat(np.arange(len(features)), [len(rows) for rows in levels])
    return MovedRows(Contexts(base, base), np.concatenate(columns), of, values), feature


def _sizes(columns: np.ndarray, levels: np.ndarray) -> list[int]:
    return [len(columns)] * len(levels)


def table_scores(
    found: PairScores, moves: np.ndarray, feature: np.ndarray, pairs: np.ndarray
) -> tuple[PairScores, np.ndarray]:
    """Scores of pairs of features (p, 2), and the levels (p, 2) with the largest entry of each.

    Parameters
    ----------
    found : PairScores
        Of pairs of moves.
    moves : int array of shape (q, 2)
        Those pairs.
    feature : int array of shape (m,)
        The feature of each move.
    pairs : int array of shape (p, 2)

    Returns
    -------
    PairScores, int array of shape (p, 2)
        The second: positions of moves.
    """
    m, (N, _, R) = len(feature), found.own.shape
    T = np.zeros((N, m, m, R))
    errors = np.zeros((m, m, R))
    for a, b in (moves.T, moves.T[::-1]):  # a pair may name its second feature first
        T[:, a, b] = found.own
        errors[a, b] = found.errors
    starts = np.searchsorted(feature, np.arange(feature[-1] + 2))
    at = [slice(a, b) for a, b in itertools.pairwise(starts)]
    parts, strongest = [], []
    for i, j in pairs:
        one, other = at[i], at[j]
        own = _centred(T[:, one, other])
        parts.append(_norms(own, errors[one, other]))
        largest = np.abs(own.mean(axis=0)).max(axis=-1)
        a, b = np.unravel_index(largest.argmax(), largest.shape)
        strongest.append((one.start + a, other.start + b))
    score, error, own = (np.stack(values, axis=-2) for values in zip(*parts, strict=True))
    return PairScores(score, error, own), np.array(strongest)


def _centred(T: np.ndarray) -> np.ndarray:
    """Tables (N, a, b, R) without the means of rows and columns."""
    T = T - T.mean(axis=1, keepdims=True)
    found: np.ndarray = T - T.mean(axis=2, keepdims=True)
    return found


def _norms(own: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frobenius norm (R,) of the mean table, its error, and what each network shows of it."""
    table = own.mean(axis=0)
    norm = np.sqrt((table**2).sum(axis=(0, 1)))
    units = table / np.where(norm > 0, norm, 1)
    # To first order, as if the errors of cells were independent.
    error = np.sqrt(((units * errors) ** 2).sum(axis=(0, 1)))
    return norm, error, (own * units).sum(axis=(1, 2))
