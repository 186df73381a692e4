"""Direction of a feature: its slope in a regression, its level in each class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector

__all__ = ["directions", "slopes"]

CELLS = 4_000_000
"""Terms read at once for the slopes of a regression: 32 MB."""
LITTLE = 0.1
"""Standard deviations below which a class counts as neither high nor low in a feature."""


def slopes(selector: DeepLIFFTSelector, X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Direction of each feature in a regression, (1, n_features).

    The mean of a feature's signed terms is close to zero when they are measured from its mean,
    so the slope of the terms over the feature is read instead: standard deviations of the
    target for each standard deviation of the feature.
    """
    rows = X.iloc[:: -(-X.size // CELLS)]
    terms = selector.contributions(rows).terms[:, 0]
    values = rows.to_numpy()
    covariance = ((terms - terms.mean(axis=0)) * (values - values.mean(axis=0))).mean(axis=0)
    scale = values.std(axis=0) * y.std()
    slope = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    return np.asarray(slope)[None]


def directions(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Difference of each feature between each class and the other rows, (K, d).

    In standard deviations of the feature; zero where that is below ``LITTLE``, so that the sign
    can be shown.
    """
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    sums = np.stack([X[codes == k].sum(axis=0) for k in range(len(labels))])
    sizes = sizes[:, None]
    others = (sums.sum(axis=0) - sums) / np.maximum(len(y) - sizes, 1)
    scale = X.std(axis=0)
    gap = sums / sizes - others
    gap = np.divide(gap, scale, out=np.zeros_like(gap), where=scale > 0)
    return np.where(np.abs(gap) < LITTLE, 0.0, gap)
