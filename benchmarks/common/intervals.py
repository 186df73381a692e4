"""How often intervals over networks hold what they should."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.interventions._statistics import t_interval


def held(per_network: np.ndarray, size: int, truth: np.ndarray | None = None) -> np.ndarray:
    """Whether the 95 % interval of each ensemble of ``size`` networks holds the truth.

    Parameters
    ----------
    per_network : array of shape (N, ...)
        One value per network; dealt in order to N // size ensembles.
    size : int
        Networks of an ensemble, at least 2.
    truth : array of shape (...), default=None
        None is the mean of the networks that are not in the ensemble.

    Returns
    -------
    bool array of shape (N // size, ...)
    """
    outcome = []
    for e in range(len(per_network) // size):
        own = np.arange(e * size, (e + 1) * size)
        low, high = t_interval(per_network[own])
        target = np.delete(per_network, own, axis=0).mean(axis=0) if truth is None else truth
        outcome.append((low <= target) & (target <= high))
    return np.array(outcome)
