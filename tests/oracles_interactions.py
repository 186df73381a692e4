"""Interactions read off networks once more: slowly, literally, in float64 numpy.

A network is a list of (W, b); ReLUs between them. Nothing here calls the package or torch.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np


def oracle_gradient(layers, x) -> np.ndarray:
    """dz_k/dx_i (K, d) of a network of ReLUs at one row, 0 where a unit is at its kink."""
    h, G = np.asarray(x, dtype=float), np.eye(len(x))
    for W, b in layers[:-1]:
        a = W @ h + b
        G = (a > 0)[:, None] * (W @ G)
        h = np.maximum(a, 0)
    return layers[-1][0] @ G


def oracle_outputs(layers, x) -> np.ndarray:
    h = np.asarray(x, dtype=float)
    for W, b in layers[:-1]:
        h = np.maximum(W @ h + b, 0)
    return layers[-1][0] @ h + layers[-1][1]


def oracle_integrated_hessian(layers, r, x) -> np.ndarray:
    """Gamma (K, d, d) from gradients alone: the path is halved until each of its jumps is found.

    A jump J of the gradient is normal to the kink that it is at, so that the Hessian there is
    ``J J' / (J . D)``. Kinks must not meet the path at the same place.
    """
    D = np.asarray(x) - r
    g = lambda t: oracle_gradient(layers, r + t * D)  # noqa: E731
    jumps = list(_jumps(g, 0.0, 1.0, 4))
    total = np.zeros((len(layers[-1][0]), len(D), len(D)))
    for before, after in jumps:
        t = (before + after) / 2
        for k, J in enumerate(g(after) - g(before)):
            if abs(J @ D) > 1e-12:
                total[k] += np.outer(D * J, D * J) / (J @ D) * -t * math.log(t)
    edges = [0.0, *((a + b) / 2 for a, b in jumps), 1.0]
    for low, high in itertools.pairwise(edges):
        grown = _primitive(high) - _primitive(low)
        for k, slope in enumerate(g((low + high) / 2)):
            total[k] += np.diag(D * slope) * grown
    return total


def _primitive(t: float) -> float:
    return t - t * math.log(t) if t > 0 else 0.0


def _jumps(g, low, high, depth):
    """Intervals no longer than 1e-14 across which the gradient changes."""
    middle = (low + high) / 2
    at = [g(t) for t in (low + 1e-15, middle, high - 1e-15)]
    same = np.array_equal(at[0], at[1]) and np.array_equal(at[1], at[2])
    if same and depth <= 0:
        return
    if high - low < 1e-13:
        yield low, high
        return
    yield from _jumps(g, low, middle, depth - 1)
    yield from _jumps(g, middle, high, depth - 1)


def oracle_exact_integrated_gradients(layers, x, places) -> np.ndarray:
    """Integrated gradients (K, d) from zero, in fractions: whole weights and rows, no rounding.

    ``places`` are where kinks are, as floats; as fractions their denominators are small.
    """
    inner = {Fraction(t).limit_denominator(2000) for t in places}
    total = np.zeros((len(layers[-1][0]), len(x)))
    for low, high in itertools.pairwise(sorted({Fraction(0), *inner, Fraction(1)})):
        h = [(low + high) / 2 * int(v) for v in x]
        G = [[Fraction(int(i == j)) for j in range(len(x))] for i in range(len(x))]
        for i, (W, b) in enumerate(layers):
            h = [
                sum(w * v for w, v in zip(row, h, strict=True)) + c
                for row, c in zip(W, b, strict=True)
            ]
            G = [
                [sum(w * g[j] for w, g in zip(row, G, strict=True)) for j in range(len(x))]
                for row in W
            ]
            if i < len(layers) - 1:
                G = [g if v > 0 else [Fraction(0)] * len(x) for g, v in zip(G, h, strict=True)]
                h = [max(v, Fraction(0)) for v in h]
        step = high - low
        total += [[float(g * step * int(v)) for g, v in zip(row, x, strict=True)] for row in G]
    return total


def oracle_interaction_strength(layers) -> np.ndarray:
    """``sum_k z_k min(|W_ki|, |W_kj|)`` (K, d, d)."""
    W = layers[0][0]
    z = np.abs(layers[-1][0])
    for upper, _ in layers[-2:0:-1]:
        z = z @ np.abs(upper)
    total = np.zeros((len(z), W.shape[1], W.shape[1]))
    for c, k, i, j in itertools.product(*map(range, (len(z), len(W), W.shape[1], W.shape[1]))):
        if i != j:
            total[c, i, j] += z[c, k] * min(abs(W[k, i]), abs(W[k, j]))
    return total


def oracle_moebius(f, X, S, low, high) -> np.ndarray:
    """``sum_T (-1)^(|S| - |T|) f(T high, the rest of S low)`` of each row, (n, R)."""
    rows = []
    for x in X:
        total = 0.0
        for m in range(len(S) + 1):
            for T in itertools.combinations(S, m):
                moved = np.array(x, dtype=float)
                for i in S:
                    moved[i] = high[i] if i in T else low[i]
                total = total + (-1) ** (len(S) - m) * np.atleast_1d(f(moved))
        rows.append(total)
    return np.array(rows)
