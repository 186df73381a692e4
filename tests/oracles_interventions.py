"""Interventions once more: slowly, literally, in float64 numpy, one row and one column at a time.

Nothing here calls the package or torch. ``f`` maps one row (d,) to numbers (R,); an intervention
is a function that maps one row to another.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence

import numpy as np

Row = Callable[[np.ndarray], np.ndarray]


def oracle_effect(f: Row, X, T: Row) -> tuple[np.ndarray, np.ndarray]:
    """``mean_n [f(T x_n) - f(x_n)]`` and its paired standard error ``sd_n / sqrt(N)``."""
    d = np.array([np.atleast_1d(f(T(np.array(x)))) - np.atleast_1d(f(x)) for x in X])
    return d.mean(axis=0), _standard_error(d)


def oracle_epistasis(f: Row, X, Ti: Row, Tj: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of ``f(Ti Tj x) - f(Ti x) - f(Tj x) + f(x)``, its SE, and its mean square."""
    rows = []
    for x in X:
        both, one, other = f(Ti(Tj(np.array(x)))), f(Ti(np.array(x))), f(Tj(np.array(x)))
        rows.append(np.atleast_1d(both - one - other + f(x)))
    e = np.array(rows)
    return e.mean(axis=0), _standard_error(e), (e**2).mean(axis=0)


def _standard_error(rows: np.ndarray) -> np.ndarray:
    n, R = rows.shape
    out = []
    for c in range(R):
        mean = sum(rows[:, c]) / n
        out.append(math.sqrt(sum((v - mean) ** 2 for v in rows[:, c]) / (n - 1) / n))
    return np.array(out)


def oracle_distribution(data: Sequence[float], x: float) -> float:
    """F(x): the share of the data that is no larger."""
    return sum(1 for v in data if v <= x) / len(data)


def oracle_quantile_shift(data: Sequence[float], x: float, q: float) -> float:
    """``F^-1(clip(F(x) + q, 0, 1))``: the smallest value of the data whose F is at least that."""
    p = min(max(oracle_distribution(data, x) + q, 0.0), 1.0)
    for v in sorted(data):
        if oracle_distribution(data, v) >= p - 1e-12:
            return v
    raise AssertionError("F of the largest value is 1")


def oracle_support(column: Sequence[float], targets: Sequence[float], near: float) -> float:
    """Median over targets of how many values of the column lie within ``near`` of it."""
    counts = sorted(sum(1 for v in column if abs(v - t) <= near) for t in targets)
    n = len(counts)
    return (counts[(n - 1) // 2] + counts[n // 2]) / 2


def oracle_off_manifold(data, moved, n_rows: int, before=None) -> float:
    """Share of ``n_rows`` moved rows, evenly spread, beyond the 99th percentile of those within.

    Distances are between columns over their standard deviations; a row is not compared with what
    it was itself, which stands in ``before`` (the data, unless given).
    """
    data, moved = np.asarray(data, dtype=np.float64), np.asarray(moved, dtype=np.float64)
    before = data if before is None else np.asarray(before, dtype=np.float64)
    units = [s if s > 0 else 1.0 for s in data.std(axis=0)]

    def nearest(row, itself) -> float:
        distances, left_out = [], False
        for other in data:
            if not left_out and list(other) == list(itself):
                left_out = True
                continue
            terms = zip(row, other, units, strict=True)
            distances.append(sum(((a - b) / u) ** 2 for a, b, u in terms))
        return min(distances)

    def spread(size: int) -> list[int]:
        n = min(n_rows, size)
        return [i * (size - 1) // max(n - 1, 1) for i in range(n)]

    limit = float(np.quantile([nearest(data[i], data[i]) for i in spread(len(data))], 0.99))
    limit = limit * (1 + 1e-9) + 1e-9
    looked_at = spread(len(moved))
    return sum(1 for i in looked_at if nearest(moved[i], before[i]) > limit) / len(looked_at)


def oracle_cells(at_first: Sequence[bool], at_second: Sequence[bool]) -> list[int]:
    """Rows at the level of neither, the first only, the second only, and both."""
    counts = {(a, b): 0 for a in (False, True) for b in (False, True)}
    for a, b in zip(at_first, at_second, strict=True):
        counts[bool(a), bool(b)] += 1
    order = [(False, False), (True, False), (False, True), (True, True)]
    return [counts[cell] for cell in order]


def oracle_systematic(weight: Sequence[float], n: int) -> list[int]:
    """How often each row comes: points at (k + 1/2) / n fall into its share of the total."""
    total, upper = sum(weight), []
    for i in range(len(weight)):
        upper.append(sum(weight[: i + 1]) / total)
    counts = [0] * len(weight)
    for k in range(n):
        counts[bisect.bisect_left(upper, (k + 0.5) / n)] += 1
    return counts


def centred_logits(z) -> np.ndarray:
    """``z_c - mean_c z``; of one logit ``-z/2, z/2``."""
    z = np.atleast_1d(np.asarray(z, dtype=np.float64))
    return np.array([-z[0] / 2, z[0] / 2]) if len(z) == 1 else z - sum(z) / len(z)
