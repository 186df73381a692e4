"""Scores of networks on the rows that were held out from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from sklearn_deeplifft.ensembles._predictions import balanced_accuracy, network_logits, r_squared
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.tables import FitData

__all__ = ["METRICS", "score_interval", "validation_scores"]

METRICS = {"classification": "balanced accuracy", "regression": "R squared"}
"""Name of the score of each task."""


def validation_scores(
    networks: Sequence[TrainedNetwork], held: Sequence[np.ndarray], data: FitData
) -> np.ndarray:
    """Balanced accuracy or R squared of each network on its own held-out rows, (N,).

    ``held`` has the rows held out from each; NaN for a network from which nothing was.
    """
    pairs = zip(networks, held, strict=True)
    return np.array([_score(trained, rows, data) for trained, rows in pairs])


def score_interval(scores: np.ndarray) -> np.ndarray:
    """95 % interval (2,) of the mean over networks, Student's t.

    NaN with fewer than two scores, or where one is not finite.
    """
    n = len(scores)
    if n < 2 or not np.isfinite(scores).all():
        return np.full(2, np.nan)
    half = t.ppf(0.975, n - 1) * scores.std(ddof=1) / np.sqrt(n)
    return np.asarray(scores.mean() + np.array([-half, half]))


def _score(trained: TrainedNetwork, held: np.ndarray, data: FitData) -> float:
    # A class factor in the weights changes no recall, and a regression has none.
    weight = data.training_weight[held]
    if not len(held) or not weight.sum():
        return float("nan")
    held, weight = held[weight > 0], weight[weight > 0]
    outputs = network_logits(trained, data.rows, held, data.target)
    codes = data.target.codes[held]
    if data.target.kind == "regression":
        return r_squared(outputs, codes, weight)
    return balanced_accuracy(outputs, codes, weight, data.target)
