"""Generated tables of which it is known which columns matter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

N_TRUE = 10
BLOCK = 4


class Design(NamedTuple):
    """A generated table; ``true`` (d,) are the columns that the target depends on."""

    X: np.ndarray
    y: np.ndarray
    true: np.ndarray
    block: np.ndarray
    """(d,): which columns are correlated."""


def table(rho: float, seed: int, n: int = 600) -> Design:
    """Ten blocks of four normal columns; the first of each block matters."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(N_TRUE), BLOCK)
    shared = rng.normal(size=(n, N_TRUE))[:, block]
    X = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(n, N_TRUE * BLOCK))
    true = np.arange(N_TRUE * BLOCK) % BLOCK == 0
    carrying = X[:, true]
    logit = carrying @ rng.choice([-1.0, 1.0], N_TRUE) + carrying[:, 0] * carrying[:, 1]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return Design(X, y, true, block)


def outcome(mask: np.ndarray, design: Design) -> tuple[float, float]:
    """Share of false ones among the selected, and of the true ones that are."""
    false = (mask & ~design.true).sum() / max(mask.sum(), 1)
    return false, (mask & design.true).sum() / design.true.sum()
