"""Names that fit, and labels that do not overlap. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft._printable import shortened

__all__ = ["literal", "shortened", "spread"]


def literal(name: str) -> str:
    """Keep a dollar sign in a name from starting a formula."""
    return name.replace("$", r"\$")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Move positions apart to at least ``gap``, in the same order, within ``low`` to ``high``.

    Neighbours that are too close are pooled and stand evenly around their mean, which moves
    them as little as possible in squares (isotonic regression). With more positions than fit,
    the gap gives way.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], gap=0.2, low=0.0, high=1.0).round(3).tolist()
    [0.4, 0.6, 0.9]
    """
    at = np.asarray(wanted, dtype=np.float64)
    n = len(at)
    gap = min(gap, (high - low) / max(n - 1, 1))
    order = np.argsort(at, kind="stable")
    steps = gap * np.arange(n)
    pools: list[list[float]] = []
    for value in at[order] - steps:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (a, m), (b, k) = pools[-2:]
            pools[-2:] = [[(m * a + k * b) / (m + k), m + k]]
    level = np.repeat([mean for mean, _ in pools], [int(size) for _, size in pools])
    placed = np.empty(n)
    placed[order] = np.clip(level, low, max(high - steps[-1], low) if n else high) + steps
    return placed
