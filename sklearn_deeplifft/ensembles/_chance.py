"""Comparison of predictions of held-out rows with chance.

======  ======================================================================  ==========
code    meaning                                                                 shape
======  ======================================================================  ==========
``v``   ranks of the targets: a column per class (0 or 1), label, quantity      (n, m)
``u``   the same less their weighted mean, times the weights, up to a constant  (n, m)
``a``   ranks of the outputs that belong to them, centred                       (n, m)
``h``   weights, as far as they do not follow the target                        (n, m)
``b``   ranks of the outputs, centred by h and times h                          (n, m)
======  ======================================================================  ==========

A column's statistic is ``sum_i a_i u_i``, and its null distribution that of targets which are dealt
anew to the rows together with their weights: mean and variance are known in closed form
(W. Hoeffding 1951, "A combinatorial central limit theorem"). A row is one witness whatever it
weighs, as are rows that repeat it, which have been merged into it. Where weights follow the outputs
as well, products of a heavy row are larger than those dealt at random: the variance is that of b in
the place of a. Without weights the two are the same. Targets of one group of rows move together,
and are dealt anew within it. Totals of b over a group fall short of those of a where weights differ
within it by chance, so that of groups the larger of the two variances counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

__all__ = ["LEVEL", "chance_p_value"]

LEVEL = 0.01
"""Predictions are at chance where the p-value is above."""


class _Statistic(NamedTuple):
    """Statistics (m,) and their covariance (m, m) where targets are dealt at random."""

    value: np.ndarray
    covariance: np.ndarray


def chance_p_value(
    outputs: np.ndarray,
    targets: np.ndarray,
    questions: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray | None = None,
    mutual: float = 0.0,
    share: float = 1.0,
) -> float:
    """p-value of the hypothesis that outputs for held-out rows do not depend on the targets.

    Parameters
    ----------
    outputs, targets : array of shape (n, m)
        Outputs of networks that have not seen the row. A high output in column k goes with a high
        target in column k; only the order of the values matters.
    questions : int array of shape (m,)
        Columns that answer one question, such as the classes of one output.
    weight : array of shape (n,)
        Above 0, in any unit. It says what a row is worth, and not how many rows it stands for.
    groups : int array of shape (n,) or None
    mutual : float, default=0.0
        How many of the rows that a row's networks have learned from are predicted in their turn by
        networks that have learned from it, as a share, 0 to 1. The product of two such rows counts
        twice, and the variance is that of dealt targets times one more than the share.
    share : float, default=1.0
        The statistics are multiplied by it: what would be found of a weaker relation?

    Returns
    -------
    float
        0 to 1, one-sided. The smallest over the columns, over the sums of a question's columns and
        over the sum of all, by Bonferroni: one class, label or quantity that is predicted is
        enough, and so is a little of each.
    """
    ranks, v = _mid_ranks(outputs), _mid_ranks(targets)
    # A target less its mean, times its weight: with a weight of one it stays as it is.
    u = v + (weight / weight.mean() - 1)[:, None] * (v - np.average(v, axis=0, weights=weight))
    h = _beside_targets(weight, v, questions)
    a, b = ranks - ranks.mean(axis=0), h * (ranks - np.average(ranks, axis=0, weights=h))
    dealt = _dealt if groups is None else partial(_grouped, groups=groups)
    found = dealt(a, u)
    value, covariances = share * found.value, [(1 + mutual) * dealt(b, u).covariance]
    if groups is not None:
        covariances.append((1 + mutual) * found.covariance)
    sums = _sums_of_columns(questions)
    smallest = [len(s) * _p_values(s @ value, _variances(s, covariances)).min() for s in sums]
    return float(min(1.0, len(sums) * min(smallest)))


def _sums_of_columns(questions: np.ndarray) -> list[np.ndarray]:
    """Columns that are added up: each alone, those of a question, all; nothing twice."""
    m, several = len(questions), np.unique(questions)
    sums = {m: np.eye(m), len(several): (questions == several[:, None]) * 1.0, 1: np.ones((1, m))}
    return list(sums.values())


def _variances(sums: np.ndarray, covariances: Sequence[np.ndarray]) -> np.ndarray:
    """Variances (s,) of sums of columns (s, m), the largest of those by each covariance."""
    found = [np.einsum("sk,kl,sl->s", sums, covariance, sums) for covariance in covariances]
    return np.asarray(np.max(found, axis=0))


def _beside_targets(weight: np.ndarray, v: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """Weights (n, m) over the typical one of rows of the same target; their mean square is one.

    They say what weights owe to the row and not to its target, which takes its own part along. A
    quantity has no rows of the same target, and all rows are typical of each other.
    """
    h = np.empty(v.shape)
    for q in np.unique(questions):
        own = questions == q
        place = np.unique(v[:, own], axis=0, return_inverse=True)[1].reshape(-1)
        alike = np.bincount(place)
        alone = len(alike) > len(v) / 2
        typical = 1.0 if alone else np.sqrt(np.bincount(place, weight**2) / alike)[place]
        h[:, own] = (weight / typical)[:, None]
    return np.asarray(h / np.sqrt((h**2).mean(axis=0)))


def _mid_ranks(x: np.ndarray) -> np.ndarray:
    """Rows below each and half of those that are equal, as shares of all: (n, m), 0 to 1."""
    ranks = np.empty(x.shape)
    for k, column in enumerate(x.T):
        place = np.unique(column, return_inverse=True)[1].reshape(-1)
        equal = np.bincount(place)
        ranks[:, k] = (np.cumsum(equal) - equal / 2)[place] / len(x)
    return ranks


def _p_values(value: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """One-sided p-values; a statistic that cannot vary says nothing."""
    # Rounding leaves a little of a variance that is zero.
    varies = variance > 1e-12 * max(variance.max(), 1e-300)
    z = np.where(varies, value / np.sqrt(np.where(varies, variance, 1.0)), -np.inf)
    return np.asarray(norm.sf(z))


def _dealt(a: np.ndarray, u: np.ndarray) -> _Statistic:
    """The statistic where any row may get the target, and its weight, of any other."""
    a, u = (x - x.mean(axis=0) for x in (a, u))
    covariance = (a.T @ a) * (u.T @ u) / max(len(a) - 1, 1)
    return _Statistic((a * u).sum(axis=0), covariance)


def _grouped(a: np.ndarray, u: np.ndarray, groups: np.ndarray) -> _Statistic:
    """The statistic where targets move with their group, and are dealt anew within it."""
    group = np.unique(groups, return_inverse=True)[1].reshape(-1)
    size = np.bincount(group)
    total_a, mean_u = (_sums(x, group, len(size)) for x in (a, u))
    mean_u /= size[:, None]
    between = _dealt(total_a, mean_u)
    within_a = a - (total_a / size[:, None])[group]
    within_u = u - mean_u[group]
    value = between.value + (within_a * within_u).sum(axis=0)
    freedom = np.maximum(size - 1, 1)[:, None]
    covariance = between.covariance.copy()
    for k in range(a.shape[1]):  # a row at a time, as all of G matrices (m, m) may not fit
        scatter_a, scatter_u = (
            _sums(x[:, [k]] * x, group, len(size)) for x in (within_a, within_u)
        )
        covariance[k] += (scatter_a * scatter_u / freedom).sum(axis=0)
    return _Statistic(value, covariance)


def _sums(x: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    return np.stack([np.bincount(group, column, n_groups) for column in x.T], axis=1)
