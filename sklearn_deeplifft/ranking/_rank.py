"""Importances to ranking to mask."""

from __future__ import annotations

import math
import numbers

import numpy as np

__all__ = ["count_to_select", "importance_threshold", "rank", "top_mask"]


def rank(importances: np.ndarray, second: np.ndarray | None = None) -> np.ndarray:
    """Rank 1..d, 1 the largest importance; ties by the larger ``second``, then by column index."""
    second = np.zeros(len(importances)) if second is None else second
    order = np.lexsort((-second, -importances))
    ranking = np.empty(len(order), dtype=np.int64)
    ranking[order] = np.arange(1, len(order) + 1)
    return ranking


def count_to_select(n_features_to_select: float | None, n_features: int) -> int:
    """Resolve a count, a fraction or None (half) to a number of features."""
    k = n_features_to_select
    if k is None:
        return max(n_features // 2, 1)
    if isinstance(k, bool | np.bool_):
        # To Python True is 1, and to a fraction 1.0: one feature, or all of them.
        raise ValueError(
            f"n_features_to_select={k} is neither a count nor a fraction; use an integer, a "
            "fraction such as 0.5, or None for half of the features."
        )
    if isinstance(k, numbers.Integral):
        if not 0 < k <= n_features:
            raise ValueError(
                f"n_features_to_select={k} must be between 1 and the number of features, "
                f"{n_features}. Ask for fewer, or use a fraction such as 0.5."
            )
        return int(k)
    if not isinstance(k, numbers.Real) or not 0.0 < float(k) <= 1.0:
        raise ValueError(
            f"n_features_to_select={k!r} as a fraction must be above 0 and at most 1; use an "
            "integer for a count."
        )
    return max(math.floor(float(k) * n_features + 1e-9), 1)


def importance_threshold(importances: np.ndarray, threshold: float | str) -> float:
    """Resolve a number, ``"mean"``, ``"median"`` or ``"1.25*mean"``, as in SelectFromModel."""
    if not isinstance(threshold, str):
        return float(threshold)  # a real number, as the parameter's limits say
    factor, _, name = threshold.rpartition("*")
    summaries = {"mean": float(np.mean(importances)), "median": float(np.median(importances))}
    try:
        times = float(factor) if factor else 1.0
        if not math.isfinite(times):
            raise ValueError(factor)
        return times * summaries[name.strip()]
    except (KeyError, ValueError):
        raise ValueError(
            f"threshold={threshold!r} is not understood; use a number, 'mean', 'median', or a "
            "multiple such as '1.25*mean'."
        ) from None


def top_mask(ranking: np.ndarray, k: int) -> np.ndarray:
    """Boolean mask of the k best-ranked features."""
    return ranking <= k
