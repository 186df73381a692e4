"""L1 logistic regression with so many non-zero weights: the peer of Figure 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sklearn
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.utils.fixes import parse_version

# scikit-learn 1.8 renamed the choice of the penalty and warns of the old name.
_NEW_NAME = parse_version(sklearn.__version__) >= parse_version("1.8")
_L1 = {"l1_ratio": 1.0} if _NEW_NAME else {"penalty": "l1"}
# liblinear penalises the intercept too; on this scale it hardly does.
_INTERCEPT_SCALE = 100.0
# Factor between inverse penalties, and how often its logarithm is halved where sizes are missed.
_GROWTH, _HALVINGS = 1.15, 5


class Point(NamedTuple):
    """One model of the path."""

    C: float
    coef: np.ndarray
    """(d,), for raw columns."""
    intercept: float

    @property
    def size(self) -> int:
        """Non-zero weights."""
        return np.count_nonzero(self.coef)


def l1_path(X: np.ndarray, y: np.ndarray, most: int) -> tuple[Point, ...]:
    """Models from none to at least `most` non-zero weights (or all), no penalty skipped twice.

    Between two models whose sizes differ by more than one, penalties in between are tried.
    """
    scale = X.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    Z = csr_array(X / scale)
    most = min(most, np.count_nonzero(abs(Z).sum(axis=0)))

    def fit(C: float) -> Point:
        model = LogisticRegression(
            C=C,
            solver="liblinear",
            intercept_scaling=_INTERCEPT_SCALE,
            max_iter=1000,
            random_state=0,
            **_L1,
        ).fit(Z, y)
        return Point(C, model.coef_[0] / scale, float(model.intercept_[0]))

    # The least inverse penalty that lets any weight in, next to a free intercept.
    path = [fit(1 / np.abs(Z.T @ (y - y.mean())).max())]
    while path[-1].size < most and path[-1].C < 1e6:
        path += _between(path[-1], fit(path[-1].C * _GROWTH), fit, most, _HALVINGS)
    return tuple(path)


def with_at_most(path: Sequence[Point], n: int) -> Point | None:
    """The largest model of at most `n` weights, the least penalised of these; None of none."""
    fitting = [point for point in path if 0 < point.size <= n]
    return max(fitting, key=lambda point: (point.size, point.C), default=None)


def order_of_entry(path: Sequence[Point], n_features: int) -> np.ndarray:
    """1 for the first motif to enter, 1/2 for the second, ... with the sign of its weight: (d,).

    Motifs that enter together are ordered by weight; those that never enter are zero.
    """
    entered: dict[int, float] = {}
    for point in path:
        for column in np.argsort(-np.abs(point.coef), kind="stable")[: point.size]:
            entered.setdefault(int(column), float(np.sign(point.coef[column])))
    signed = np.zeros(n_features)
    for position, (column, sign) in enumerate(entered.items(), start=1):
        signed[column] = sign / position
    return signed


def _between(low: Point, high: Point, fit, most: int, halvings: int) -> list[Point]:
    """Models after `low` up to `high`, with no size up to `most` missed that can be had."""
    if halvings == 0 or high.size - low.size <= 1 or low.size >= most:
        return [high]
    middle = fit(np.sqrt(low.C * high.C))
    lower = _between(low, middle, fit, most, halvings - 1)
    return lower + _between(middle, high, fit, most, halvings - 1)
