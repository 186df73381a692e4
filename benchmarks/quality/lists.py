"""From scores of columns to lists of columns, where several columns may be one feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import StandardScaler

#: The columns selected, best first, for each number of features.
Lists = dict[int, list[int]]


class Training(NamedTuple):
    """What a selector sees.

    ``X`` (n, d), dense or CSR; ``y`` (n,), 0 to K - 1; ``row_groups`` (n,) or None, rows to be held
    out together; ``blocks`` (d,) or None, columns that are one feature.
    """

    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None
    blocks: np.ndarray | None
    seed: int


def best_lists(
    score: np.ndarray,
    blocks: np.ndarray | None,
    counts: Sequence[int],
    pool: Callable[..., np.ndarray] = np.max,
) -> Lists:
    """The features of the `k` highest scores, for each `k`; ties by column.

    Examples
    --------
    >>> best_lists(np.array([0.1, 0.4, 0.3, 0.3]), None, [1, 2])
    {1: [1], 2: [1, 2]}
    >>> best_lists(np.array([0.1, 0.4, 0.3, 0.3]), np.array([0, 0, 1, 1]), [1], np.sum)
    {1: [2, 3]}
    """
    if blocks is None:
        order = np.argsort(-score, kind="stable")
        return {k: order[:k].tolist() for k in counts}
    members = [np.flatnonzero(blocks == name) for name in np.unique(blocks)]
    pooled = np.array([pool(score[columns]) for columns in members])
    order = np.argsort(-pooled, kind="stable")
    return {k: np.concatenate([members[i] for i in order[:k]]).tolist() for k in counts}


def standardised(X: Any) -> Any:
    """Columns of mean 0 and standard deviation 1; sparse ones are scaled and stay sparse."""
    return StandardScaler(with_mean=not issparse(X)).fit_transform(X.astype(np.float64))
