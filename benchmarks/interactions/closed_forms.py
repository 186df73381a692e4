"""Numbers that are known on paper.

``friedman_ms``: mean square of the swap of the interacting pair of Friedman's first function, 7.14;
``friedman_others``: the largest of the other pairs, 0. ``shapley_interaction_error``: largest
difference of the Shapley interaction index from its definition by all subsets, for ten pairs of
five players, in standard errors.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.interventions import interaction_effects

EXACT = {"task": "regression", "dtype": "float64", "support": False}


class Function(nn.Module):
    """``f`` maps columns (n,) to numbers (n,)."""

    def __init__(self, f):
        super().__init__()
        self.f = f
        self.register_buffer("precision", torch.zeros(()))

    def forward(self, x):
        return self.f(*x.T)[:, None]


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    n = 20_000 if quick else 100_000
    X = np.random.default_rng(0).random((n, 5))
    found = interaction_effects(Function(friedman), X, n_background=n, **EXACT)
    squares = found.matrix()[0] ** 2
    pair, squares[0, 1], squares[1, 0] = float(squares[0, 1]), 0, 0
    return {
        "friedman_ms": pair,
        "friedman_others": float(squares.max()),
        "shapley_interaction_error": shapley_error(2000 if quick else 20_000),
    }


def friedman(a, b, c, d, e):
    return 10 * (np.pi * a * b).sin() + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e


def game(a, b, c, d, e):
    return a * b * c + 2 * a * b * d * e - c * d + ((a + c + e) >= 2) * b


def shapley_error(n):
    """Largest difference from enumeration, in standard errors."""
    options = {"levels": np.zeros(5), "context": "shapley", "reduce": "mean", "n_background": n}
    found = interaction_effects(Function(game), np.ones((1, 5)), **options, **EXACT)
    worst = 0.0
    for (i, j), score, error in zip(
        found.pairs.tolist(), found.score[:, 0], found.standard_errors[:, 0], strict=True
    ):
        gap = abs(score - enumerated(5, i, j))
        worst = max(worst, gap / error if gap > 1e-12 else 0.0)
    return worst


def enumerated(n, i, j):
    """Shapley interaction index of the game, by all subsets of the other players."""

    def v(S):
        return float(game(*(torch.tensor(float(k in S)) for k in range(n))))

    rest, total = [k for k in range(n) if k not in (i, j)], 0.0
    for s in range(len(rest) + 1):
        weight = math.factorial(s) * math.factorial(n - s - 2) / math.factorial(n - 1)
        for S in itertools.combinations(rest, s):
            total += weight * (v({*S, i, j}) - v({*S, i}) - v({*S, j}) + v(set(S)))
    return total
