"""What one network says of the columns that it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.selectors._significance import NullScores

__all__ = ["ScoreFunction", "Scores", "mean_by_class"]


class Scores(NamedTuple):
    """What one network says of the columns it reads."""

    overall: np.ndarray
    """(d,)."""
    by_class: np.ndarray
    """(K, d), signed."""
    seen: np.ndarray
    """(K,) bool: whether any row stands behind each row of ``by_class``."""
    error: float
    """Largest relative residual of the decomposition."""
    nulls: NullScores | None = None
    """The same columns beside null ones, where the network has read any."""


def mean_by_class(scores: Sequence[Scores]) -> np.ndarray:
    """Class scores (K, d): mean over the networks that got any row of the class right."""
    seen = np.array([s.seen for s in scores], dtype=np.float64)
    stacked = np.array([s.by_class for s in scores])
    return np.einsum("nk,nkd->kd", seen, stacked) / np.maximum(seen.sum(0), 1)[:, None]


ScoreFunction = Callable[[TrainedNetwork, np.ndarray, np.ndarray], Scores]
"""(network, rows, columns) -> scores."""
