"""As many columns again that should not be selected, as Cherepanova et al. (2023) add them.

V. Cherepanova et al. (2023), "A Performance-Driven Benchmark for Feature Selection in Tabular Deep
Learning", NeurIPS: half of the columns of the widened table are extra ones.
"""

from __future__ import annotations

import numpy as np

#: Share of noise in a corrupted copy, in standard deviations of its column.
CORRUPTION = 0.5


def with_random(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beside the columns of `X`, (n, d), as many of standard normal noise: (n, 2 d)."""
    return np.hstack([X, rng.normal(size=X.shape)])


def with_corrupted(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beside the columns of `X`, (n, d), copies of random ones, half of it noise: (n, 2 d)."""
    n, d = X.shape
    copied = X[:, rng.integers(d, size=d)]
    noise = rng.normal(size=(n, d)) * copied.std(axis=0)
    return np.hstack([X, (1 - CORRUPTION) * copied + CORRUPTION * noise])


def with_second_order(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beside the columns of `X`, (n, d), products of two columns drawn at random: (n, 2 d)."""
    left, right = rng.integers(X.shape[1], size=(2, X.shape[1]))
    return np.hstack([X, X[:, left] * X[:, right]])


NOISE = {
    "random": with_random,
    "corrupted": with_corrupted,
    "second_order": with_second_order,
}
