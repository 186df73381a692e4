"""Direction of a feature for each class, by the slopes of its columns."""

from __future__ import annotations

import numpy as np

__all__ = ["directions"]


def directions(slopes: np.ndarray, ranking: np.ndarray) -> np.ndarray:
    """Whether more of a feature speaks for a class, (G, K): -1, 0 or 1, the best feature first.

    Columns of one rank are one feature; where they differ in sign, as levels of a text column do,
    it has no direction.

    Parameters
    ----------
    slopes : array of shape (K, d)
    ranking : array of shape (d,)
    """
    order = np.argsort(ranking, kind="stable")
    starts = np.unique(ranking[order], return_index=True)[1]
    signs = np.sign(slopes[:, order])
    low, high = (f.reduceat(signs, starts, axis=1) for f in (np.minimum, np.maximum))
    return np.asarray(np.where(low == high, low, 0)).T
