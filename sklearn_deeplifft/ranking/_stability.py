"""Agreement of several selections, and the uncertainty of a mean importance.

====================  ======================================================  ============
code                  symbol                                                  shape
====================  ======================================================  ============
``masks``             Z, one selection per row                                (M, d)
``frequency``         p_f, share of the M selections that hold feature f      (d,)
``variance``          s_f^2 = M / (M - 1) p_f (1 - p_f)                       (d,)
``share``             kbar / d, mean share of the features that is selected
``weights``           w, how often a resample drew each row, over N           (B, N)
``tail``              Phi(-sqrt(N / (N - 1)) t), t of (1 - level)/2, N - 1    scalar
====================  ======================================================  ============
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata, t

from sklearn_deeplifft.ranking._rank import rank, top_mask

__all__ = [
    "bootstrap_interval",
    "nogueira_stability",
    "ranks",
    "sample_std",
    "selection_frequency",
    "top_masks",
]

CELLS_AT_ONCE = 4_000_000
"""Resampled means held at a time: 32 MB."""


def selection_frequency(masks: np.ndarray) -> np.ndarray:
    """Share of the masks (M, d) that select each feature: (d,), from 0 to 1."""
    frequency: np.ndarray = np.asarray(masks, dtype=bool).mean(axis=0)
    return frequency


def nogueira_stability(masks: np.ndarray) -> float:
    """Agreement of M feature sets, corrected for chance.

    ``1 - mean_f(s_f^2) / (kbar/d (1 - kbar/d))``, equation 4 of [1]_. Sets may differ in size.

    Parameters
    ----------
    masks : bool array of shape (M, d)
        One feature set per row, M >= 2, d >= 1.

    Returns
    -------
    float
        From -1/(M-1) to 1. 1 where all sets are identical, about 0 where they are drawn at
        random. NaN where every set is empty or every set is full: such sets agree by necessity,
        and agreement cannot be told from chance.

    Raises
    ------
    ValueError
        If there are fewer than two masks.

    References
    ----------
    .. [1] S. Nogueira, K. Sechidis, G. Brown (2018), "On the Stability of Feature Selection
       Algorithms", JMLR 18(174), Definition 4.

    Examples
    --------
    >>> nogueira_stability([[True, True, False, False], [True, True, False, False]])
    1.0
    >>> nogueira_stability([[True, True, False, False], [False, False, True, True]])
    -1.0
    """
    masks = np.asarray(masks, dtype=bool)
    M = len(masks)
    if M < 2:
        raise ValueError(
            f"masks has {M} row(s); stability compares feature sets and needs at least 2. "
            "Select on more resamples or with more networks."
        )
    share = masks.mean()
    if share in (0.0, 1.0):
        return float("nan")
    frequency = selection_frequency(masks)
    variance = M / (M - 1) * frequency * (1 - frequency)
    return float(1 - variance.mean() / (share * (1 - share)))


def ranks(importances: np.ndarray) -> np.ndarray:
    """Rank of every feature within its row (N, d): 1 the largest, ties share their mean rank.

    Unlike `rank`, which breaks ties by column to select exactly k, this favours no column, so
    ranks can be averaged over rows. Every row sums to d (d + 1) / 2.

    >>> ranks(np.array([[0.5, 0.0, 0.0, 2.0]]))
    array([[2. , 3.5, 3.5, 1. ]])
    """
    values = np.asarray(importances, dtype=np.float64)
    found: np.ndarray = rankdata(-values, method="average", axis=1)
    return found


def top_masks(importances: np.ndarray, k: int) -> np.ndarray:
    """Masks (N, d) of the k largest importances of each row; ties by column index.

    A feature of importance exactly 0 is never selected, nor replaced by one of negative
    importance: a row may select fewer than k.

    >>> top_masks(np.array([[3.0, 1.0, 2.0], [0.0, 4.0, 0.0]]), 2)
    array([[ True, False,  True],
           [False,  True, False]])
    """
    importances = np.asarray(importances)
    masks: np.ndarray = importances != 0
    for mask, row in zip(masks, importances, strict=True):
        mask &= top_mask(rank(row), k)
    return masks


def sample_std(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the N rows of an array (N, ...), divisor N - 1; NaN of a single row.

    Networks are a sample of all that training might give, and one tells of no other.

    >>> sample_std(np.array([[1.0, 5.0], [3.0, 5.0]])).round(3), sample_std(np.zeros((1, 2)))
    (array([1.414, 0.   ]), array([nan, nan]))
    """
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    found: np.ndarray = values.std(axis=0, ddof=1)
    return found


def bootstrap_interval(
    values: np.ndarray, level: float, n_resamples: int, rng: np.random.RandomState
) -> np.ndarray:
    """Expanded percentile bootstrap interval of the mean over rows, column by column.

    Rows are resampled whole, and the same resamples serve all columns: quantiles ``tail`` and
    1 - ``tail`` of the resampled means ``w @ values``, section 13.3 of [1]_. Resampled means of
    few rows spread too little; ``tail`` is less than (1 - level)/2 by as much as makes an
    interval of normal values as wide as Student's, section 5.2 of [2]_.

    Parameters
    ----------
    values : array of shape (N, d)
        One independent repetition per row.
    level : float
        Nominal coverage, between 0 and 1. The true coverage is lower where values are skewed, or
        N is below 10: no interval reaches beyond the smallest and the largest value.
    n_resamples : int
    rng : numpy RandomState
        Drawn from once, whatever d is.

    Returns
    -------
    float64 array of shape (2, d)
        Lower and upper ends, in the units of ``values`` and within their range; NaN where N = 1,
        as one repetition tells of no other.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani (1993), "An Introduction to the Bootstrap".
    .. [2] T. C. Hesterberg (2015), "What Teachers Should Know About the Bootstrap: Resampling in
       the Undergraduate Statistics Curriculum", The American Statistician 69:371-386.
    """
    N, d = values.shape
    if N < 2:
        return np.full((2, d), np.nan)
    tail = _tail(level, N)
    # Resampled rows enter by their counts: B x N numbers in place of B x N x d.
    weights = rng.multinomial(N, np.full(N, 1 / N), size=n_resamples) / N
    interval = np.zeros((2, d))
    width = max(CELLS_AT_ONCE // n_resamples, 1)
    for start in range(0, d, width):
        block = slice(start, start + width)
        means = weights @ values[:, block].astype(np.float64)
        interval[:, block] = np.quantile(means, [tail, 1 - tail], axis=0, overwrite_input=True)
    return interval


def _tail(level: float, N: int) -> float:
    """Share of the resampled means that lie below an interval, and above it."""
    return float(norm.cdf(-t.isf((1 - level) / 2, N - 1) * np.sqrt(N / (N - 1))))
