"""Whether interactions that networks have learned predict rows that they were not trained on.

A network's second difference is never exactly 0: it bends where strong features meet, whether they
interact or not, and what it overfits are interactions as well. New rows tell, by a score test. An
additive model of the features, a spline of each, is fitted to these rows: ``r`` is what it leaves
of the target. ``e`` is the pair's part of the networks' prediction at these rows, and ``e~`` what
no sum of functions of single features says of it, nor the parts of the strongest other pairs. If
features add up, r is noise, and unrelated to e~; if the networks have found an interaction, the two
go together. The networks' other errors play no part: with correlated features their pairs' parts
cancel each other, and prediction less one of them is worse than either.

======  ===========================================================  =========
code    symbol                                                       shape
======  ===========================================================  =========
``B``   basis: splines of single features                            (n, q)
``f``   prediction of the additive model, on the logit scale         (n, R)
``e``   interaction of each pair                                     (n, p, R)
``s``   sum over outputs of r e~                                     (n, p)
z       sum of s over the root of its summed squares; one-sided      (p,)
gain    mean loss of f less that of f + e~, a share of nothing's     (p,)
======  ===========================================================  =========
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import orth
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import SplineTransformer

from sklearn_deeplifft.tables import Target

__all__ = [
    "additive_fit",
    "basis_of",
    "loss_of_nothing",
    "losses",
    "residuals",
    "share_left",
    "spread_of",
    "without",
    "z_values",
]

KNOTS = 6
"""Of a spline; a column of fewer values has a step for each of these."""

SHARE = 5
"""Rows for each column of a basis, at least; of more features splines are straight lines."""

WIDE_SHARE = 2
"""The same with wide blocks, which would fill more than half of that: others are not to lack."""

STRENGTH = 1.0
"""Inverse of the penalty of the logistic fit: it must not run away where classes are parted."""

DEPENDENT = 1e-9
"""Singular values below this share of the largest are rounding."""

TINY = 1e-12
"""Smallest probability whose logarithm is taken."""


def basis_of(X: np.ndarray, features: Sequence[np.ndarray]) -> np.ndarray:
    """Functions (n, q) of single features that span what each says alone; means are 0.

    ``features`` are columns of each, the most important first. Of a block for which there are too
    few rows these are its columns that vary most, as the commonest levels do.
    """
    parts: list[np.ndarray] = []
    left = len(X) // SHARE
    room, wide = len(X) // WIDE_SHARE - left, max(left / 2, 1)
    for own in features:
        if len(own) > wide:
            part = X[:, own[_most_varied(X[:, own])[:room]]]
            room -= part.shape[1]
        else:
            part = X[:, own] if len(own) > 1 else _functions(X[:, own[0]])
            if part.shape[1] > left:
                part = X[:, own]
            if part.shape[1] > left:
                continue
            left -= part.shape[1]
        parts.append(part)
    B = np.hstack(parts) if parts else np.zeros((len(X), 0))
    B = B - B.mean(axis=0)
    scale = B.std(axis=0)
    return np.asarray(B[:, scale > 0] / scale[scale > 0])


def _functions(x: np.ndarray) -> np.ndarray:
    values = np.unique(x)
    if len(values) <= KNOTS:
        return np.asarray((x[:, None] == values[1:]).astype(np.float64))
    knots = np.unique(np.quantile(x, np.linspace(0, 1, KNOTS)))
    zero = (x == 0)[:, None].astype(np.float64)
    if len(knots) < 3:
        return np.hstack([x[:, None], zero])
    spline = SplineTransformer(knots=knots[:, None], include_bias=False)
    found: np.ndarray = spline.fit_transform(x[:, None])
    return np.hstack([found, zero]) if zero.mean() > 1 / KNOTS else found


def _most_varied(block: np.ndarray) -> np.ndarray:
    """Columns of (n, m), those first in which most rows are off the commonest value."""
    commonest = [np.unique(x, return_counts=True)[1].max() for x in block.T]
    return np.argsort(commonest, kind="stable")


def additive_fit(
    B: np.ndarray, codes: np.ndarray, weight: np.ndarray, target: Target
) -> np.ndarray:
    """Predictions (n, R) of an additive model: numbers, or centred logits."""
    if not B.shape[1]:  # of a few rows, or of columns that are the same in all of them
        B = np.zeros((len(B), 1))
    if target.kind == "regression":
        found = Ridge(1e-6).fit(B, codes, weight).predict(B)
        return np.asarray(found.reshape(len(B), -1))
    if target.kind == "multilabel":
        return np.hstack([_logits(B, own, weight, 2)[:, 1:] for own in codes.T])
    counts = zip(codes.T, target.n_classes, strict=True)
    return np.hstack([_logits(B, own, weight, k) for own, k in counts])


def _logits(B: np.ndarray, codes: np.ndarray, weight: np.ndarray, k: int) -> np.ndarray:
    """Centred logits (n, k); of a class that no row has very low ones."""
    classes = np.unique(codes)
    z = np.full((len(B), k), np.log(TINY))
    if len(classes) == 1:
        z[:, classes] = 0
    else:
        fitted = LogisticRegression(C=STRENGTH, max_iter=500).fit(B, codes, weight)
        found = fitted.decision_function(B)
        z[:, classes] = np.stack([-found / 2, found / 2], 1) if found.ndim == 1 else found
    return np.asarray(z - z.mean(axis=1, keepdims=True))


def without(e: np.ndarray, B: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rest of e (n, ...) after least squares on a constant and B, rows weighted."""
    root = np.sqrt(weight)
    # Columns may be dependent, as those of a one-hot block and the constant are: a plain QR would
    # take out of e a direction that is rounding alone.
    Q = orth(np.hstack([np.ones((len(B), 1)), B]) * root[:, None], rcond=DEPENDENT)
    flat = e.reshape(len(e), -1) * root[:, None]
    rest = flat - Q @ (Q.T @ flat)
    # Of what is spanned, rounding is left, which goes with the target like e itself.
    rest[:, np.linalg.norm(rest, axis=0) <= DEPENDENT * np.linalg.norm(flat, axis=0)] = 0
    return np.asarray((rest / root[:, None]).reshape(e.shape))


def share_left(B: np.ndarray, more: int) -> float:
    """Degrees of freedom, as a share of the rows, that a fit of B and ``more`` columns leaves."""
    return float(max(1 - (np.linalg.matrix_rank(B) + more) / len(B), 0))


def residuals(f: np.ndarray, codes: np.ndarray, target: Target) -> np.ndarray:
    """What is left of the target (n, R) beside predictions (n, R)."""
    if target.kind == "regression":
        return np.asarray(codes - f)
    return np.asarray(_indicators(codes, target) - probabilities(f, target))


def loss_of_nothing(codes: np.ndarray, weight: np.ndarray, target: Target) -> float:
    """Mean loss of one prediction for all rows: the mean, or the frequencies of the classes."""
    truth = codes if target.kind == "regression" else _indicators(codes, target)
    mean = np.average(truth, axis=0, weights=weight)
    if target.kind == "regression":
        return float(np.average(losses(mean + 0.0 * truth, codes, target), weights=weight))
    p = np.clip(np.broadcast_to(mean, truth.shape), TINY, 1 - TINY)
    return float(np.average(_log_losses(p, truth, target), weights=weight))


def losses(f: np.ndarray, codes: np.ndarray, target: Target) -> np.ndarray:
    """Half the squared error of each row, or minus the logarithm of its classes' probability."""
    if target.kind == "regression":
        return np.asarray(0.5 * ((codes - f) ** 2).sum(axis=1))
    return _log_losses(probabilities(f, target), _indicators(codes, target), target)


def z_values(s: np.ndarray, weight: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Sum over rows of s (n, p) over its standard error; 0 where it has none.

    Rows of one of ``groups`` are one observation, as is a row, with all that were merged into it,
    whatever it weighs.
    """
    moved = weight[:, None] * s
    if groups is not None:
        summed = np.zeros((groups.max() + 1, s.shape[1]))
        np.add.at(summed, groups, moved)
        variance = (summed**2).sum(axis=0)
    else:
        variance = (moved**2).sum(axis=0)
    error = np.sqrt(variance)
    return np.asarray(
        np.divide(moved.sum(axis=0), error, out=np.zeros_like(error), where=error > 0)
    )


def _log_losses(p: np.ndarray, truth: np.ndarray, target: Target) -> np.ndarray:
    found = np.where(truth > 0, p, 1 - p if target.kind == "multilabel" else 1.0)
    total: np.ndarray = -np.log(np.maximum(found, TINY)).sum(axis=1)
    return total


def _indicators(codes: np.ndarray, target: Target) -> np.ndarray:
    if target.kind == "multilabel":
        return codes.astype(np.float64)
    parts = [codes[:, [h]] == np.arange(k) for h, k in enumerate(target.n_classes)]
    return np.hstack(parts).astype(np.float64)


def spread_of(f: np.ndarray, target: Target) -> np.ndarray:
    """Variance (n,) of what is left of the target: a row whose class is sure says little of it.

    ``sum p (1 - p)`` over outputs, and a little at least; 1 in regression, where rows are alike.
    """
    if target.kind == "regression":
        return np.ones(len(f))
    p = probabilities(f, target)
    return np.asarray(np.maximum((p * (1 - p)).sum(axis=1), 1e-3))


def probabilities(f: np.ndarray, target: Target) -> np.ndarray:
    if target.kind == "multilabel":  # half of the log-odds is the scale
        return np.asarray(1 / (1 + np.exp(-2 * f)))
    stops = np.cumsum(target.n_classes)
    parts = []
    for part in np.split(f, stops[:-1], axis=1):
        p = np.exp(part - part.max(axis=1, keepdims=True))
        parts.append(p / p.sum(axis=1, keepdims=True))
    return np.hstack(parts)
