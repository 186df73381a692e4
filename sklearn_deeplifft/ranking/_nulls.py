"""Features that stand out from null features, which are known to say nothing.

====================  ====================================================  ============
code                  symbol                                                shape
====================  ====================================================  ============
``real``              t_ij, statistic of real column j in network i, >= 0   (N, ..., d)
``null``              t0_ij, of its null copy in the same network, >= 0     (N, ..., d)
``observed``          T_j = median over the N networks of t_ij              (..., d)
``n_null``            N d, null statistics that one is compared with        ()
====================  ====================================================  ============

What stands between, such as classes, is taken one by one.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import false_discovery_control

__all__ = [
    "fewest_networks",
    "network_shares",
    "null_p_values",
    "of_any_class",
    "q_values",
    "smallest_q",
]


def network_shares(real: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide statistics of real and null columns by the sum over a network's real ones.

    ``t_ij / sum_j t_ij`` and ``t0_ij / sum_j t_ij``: networks then weigh alike, whatever the scale
    of their outputs, and within each network columns compare as before.

    The null columns stay out of the sum. They differ from network to network while the real ones
    are the same: a large null statistic in the sum would shrink itself and nothing that it is
    compared with, and p-values would be too small (networks in full agreement, 15 normal
    magnitudes: Benjamini & Hochberg at 0.2 then find something under the global null in 26 % of
    cases; with the real sum in 20 %).

    Parameters
    ----------
    real, null : arrays of shape (N, ..., d)
        Non-negative.

    Returns
    -------
    real, null : float64 arrays of shape (N, ..., d)
        Real ones from 0 to 1, with sum 1. A network that says nothing of any real column has its
        null ones divided by their own sum; one that says nothing at all has zeros.

    Examples
    --------
    >>> network_shares(np.array([[3.0, 1.0]]), np.array([[1.0, 0.0]]))
    (array([[0.75, 0.25]]), array([[0.25, 0.  ]]))
    """
    real, null = _alike(real, null)
    total, spare = (part.sum(axis=-1, keepdims=True) for part in (real, null))
    total = np.where(total > 0, total, spare)
    total = np.where(total > 0, total, 1.0)
    return real / total, null / total


def null_p_values(real: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Share of null columns that reach the value of each real column in half of the networks.

    ``p_j = (1 + #{(i, k): t0_ik >= T_j}) / (1 + N d)``, one-sided, with the null columns of all
    networks in one pool and ``T_j`` the median over networks of what they say of column j. The
    observed value counts as one of the null ones, so that no p is zero [1]_.

    Parameters
    ----------
    real, null : arrays of shape (N, ..., d)
        Non-negative statistics of one network each.

    Returns
    -------
    float64 array of shape (..., d)
        From 1 / (1 + N d) to 1.

    Raises
    ------
    ValueError
        If shapes disagree, or a statistic is negative or not finite.

    Notes
    -----
    A median over networks is compared with single networks: what networks say of a real column is
    correlated, as they all overfit the same sample, and how strongly is not known, while each null
    copy is drawn anew. If the median reaches c, at least half of the networks do; so for any
    dependence among t_1 .. t_N that each have the tail ``P(t >= c)`` of a null copy, Markov's
    inequality gives ``P(T >= c) <= 2 P(t >= c)``: the twice-the-median rule for p-values that
    depend on each other [2]_. If networks agree perfectly, the factor is one; if they do not, the
    tail is lighter by far.

    A mean has no such bound. Where most statistics of a network are zero, as in sparse wide tables,
    the mean over networks of every column is above most of a single network's null values: all
    columns get p = 0.06, and all are kept.

    With one pool, p is calibrated on average over the columns, which is what a false discovery
    rate asks for, not for each column by itself: one that by its kind always gets more than others
    gets smaller p-values too.

    References
    ----------
    .. [1] B. Phipson, G. K. Smyth (2010), "Permutation P-values Should Never Be Zero",
       Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    .. [2] L. Rueschendorf (1982), "Random variables with maximum sums", Advances in Applied
       Probability 14(3), 623-632; N. Meinshausen, L. Meier, P. Buehlmann (2009), "P-values for
       high-dimensional regression", JASA 104(488), 1671-1681.

    Examples
    --------
    >>> null_p_values(np.array([[5.0, 2.0], [6.0, 1.0]]), np.array([[1.0, 2.0], [3.0, 0.0]]))
    array([0.2, 0.6])
    """
    real, null = _alike(real, null)
    observed = np.median(real, axis=0)
    d = observed.shape[-1]
    pools = np.moveaxis(null, 0, -2).reshape(-1, len(null) * d)
    pools = np.sort(pools, axis=1)
    p = [
        (1 + len(pool) - np.searchsorted(pool, row, side="left")) / (1 + len(pool))
        for row, pool in zip(observed.reshape(-1, d), pools, strict=True)
    ]
    return np.reshape(p, observed.shape)


def of_any_class(real: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Statistics of columns in the class where they stand out most, one for all classes.

    Asking K classes for columns that stand out in any of them is K questions. Statistics of
    classes are made comparable by their p-values among the null columns of the class, and the
    smallest is taken, of real and null columns alike: the min-p statistic [1]_. A null column has
    as many classes to stand out in as a real one, so that one comparison answers for all.

    Parameters
    ----------
    real, null : arrays of shape (N, K, d)
        Non-negative, of N networks and K classes.

    Returns
    -------
    real, null : float64 arrays of shape (N, d)
        ``-log p``, from 0 to ``log(1 + N d)``, with p the share of the class's null statistics that
        reach a value, which itself counts as one of them. Of one class, or of classes alike, it
        orders values as they are.

    References
    ----------
    .. [1] P. H. Westfall, S. S. Young (1993), "Resampling-Based Multiple Testing", Wiley, section
       2.3.

    Examples
    --------
    >>> real = np.array([[[3.0, 0.0], [0.1, 0.1]]])
    >>> null = np.array([[[2.0, 1.0], [0.1, 0.3]]])
    >>> [np.exp(-part).round(2).tolist() for part in of_any_class(real, null)]
    [[[0.33, 1.0]], [[0.5, 0.5]]]
    """
    real, null = _alike(real, null)
    n_networks, n_classes, d = null.shape
    n = n_networks * d
    smallest = np.ones((2, n_networks, d))
    for k in range(n_classes):
        pool = np.sort(null[:, k].ravel())
        for values, own, found in ((real, 1, smallest[0]), (null, 0, smallest[1])):
            reached = n - np.searchsorted(pool, values[:, k], side="left")  # null ones: by itself
            np.minimum(found, (own + reached) / (own + n), out=found)
    return -np.log(smallest[0]), -np.log(smallest[1])


def q_values(p: np.ndarray) -> np.ndarray:
    """The false discovery rate at which each feature is first called, along the last axis.

    ``q_(k) = min over l >= k of d p_(l) / l``, by Benjamini & Hochberg [1]_. Selecting
    ``q <= alpha`` keeps the expected share of false discoveries at alpha if p-values are
    independent or positively dependent.

    Parameters
    ----------
    p : array of shape (..., d)

    Returns
    -------
    float64 array of shape (..., d)
        From the smallest p to 1, never below p.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg (1995), "Controlling the False Discovery Rate", Journal of
       the Royal Statistical Society B 57(1), 289-300.

    Examples
    --------
    >>> q_values(np.array([0.01, 0.5, 0.04, 1.0]))
    array([0.04      , 0.66666667, 0.08      , 1.        ])
    """
    q: np.ndarray = false_discovery_control(p, axis=-1, method="bh")
    return q


def smallest_q(n_null: int, d: int) -> float:
    """The smallest q-value that a single discovery among ``d`` features can have.

    ``min(1, d / (1 + n_null))``, about 1 / N for the N d null columns of N networks. Features
    that stand out k at a time can have a k-th of it.

    >>> round(smallest_q(20 * 30, 30), 6)
    0.049917
    """
    return min(1.0, 1 / (1 + n_null) * d)


def fewest_networks(alpha: float, d: int) -> int:
    """The fewest networks with which a single feature of ``d`` can be called at level ``alpha``.

    The smallest N with ``d / (1 + N d) <= alpha``, about 1 / alpha.

    >>> fewest_networks(0.1, 30), fewest_networks(0.05, 30)
    (10, 20)
    """
    if not 0 < alpha < 1 or d < 1:
        raise ValueError(
            f"alpha={alpha}, d={d}: alpha must lie between 0 and 1, both excluded, and d must be "
            "at least 1."
        )
    n = max(math.floor(1 / alpha - 1 / d), 1)
    while smallest_q(n * d, d) > alpha:
        n += 1
    return n


def _alike(real: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    real, null = _magnitudes(real, "real"), _magnitudes(null, "null")
    if real.shape != null.shape:
        raise ValueError(
            f"real has shape {real.shape} and null {null.shape}; every column has one null copy "
            "in every network, so they must agree."
        )
    return real, null


def _magnitudes(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(
            f"{name} holds values that are negative or not finite (smallest {values.min()}); "
            "null features are compared by magnitude. Pass absolute values."
        )
    return values
