"""Scores of the columns that one network reads, and what gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.selectors._significance import NullScores

__all__ = ["Scorer", "Scores", "mean_by_class"]


class Scores(NamedTuple):
    """Scores by one network of the columns that it reads."""

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
    slopes: np.ndarray | None = None
    """(K, d): what one standard deviation more of a column does to each logit; NaN of no rows.
    None where a scorer has none."""
    class_sizes: np.ndarray | None = None
    """(K, d): mean size of the scores of a class's rows, whatever their sign; None where a scorer
    has none."""
    hidden_reference: Tensor | None = None
    """Reference of the neurons of a hidden layer, where they are scored."""


class Scorer(Protocol):
    """Scores a trained network; a frozen value, which knows the table that is scored."""

    def __call__(self, trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
        """Score ``columns``, those that the network reads, on the rows ``index``."""

    def require_readable(self, trained: TrainedNetwork) -> int:
        """Refuse, before it is trained, what could not be read; return how many features it has."""


def mean_by_class(scores: Sequence[Scores]) -> np.ndarray:
    """Class scores (K, d): mean over the networks that got any row of the class right."""
    seen = np.array([s.seen for s in scores], dtype=np.float64)
    stacked = np.array([s.by_class for s in scores])
    total: np.ndarray = np.einsum("nk,nkd->kd", seen, stacked)
    return np.asarray(total / np.maximum(seen.sum(0), 1)[:, None])
