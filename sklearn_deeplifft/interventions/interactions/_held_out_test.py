"""Whether interactions that networks have learned predict rows that they were not trained on.

A network's second difference is never exactly 0: it bends where strong features meet, whether they
interact or not, and what it overfits are interactions as well. Held-out rows tell. Of such a row
let ``e`` be the pair's part of the prediction, ``r`` what is left of the target once that part is
taken out of the prediction, and ``e~`` the part of e that is no sum of a function of the one
feature and one of the other. If the target has no such part, r and e~ are unrelated, as r is noise
and errors elsewhere; if the network has found one, they go together.

======  ===========================================================  =========
code    symbol                                                       shape
======  ===========================================================  =========
``e``   interaction of each pair at held-out rows                    (n, p, R)
``f``   prediction of them, on the logit scale                       (n, R)
``s``   sum over outputs of r e~                                     (n, p)
z       mean s over its standard error; one-sided                    (p,)
gain    mean loss without the part, less the mean loss with it       (p,)
======  ===========================================================  =========
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft.tables import Target

__all__ = [
    "additive_basis",
    "losses",
    "loss_of_nothing",
    "partners_of",
    "residuals",
    "without_additive",
    "z_values",
]

CORRELATED, MOST_PARTNERS = 0.1, 10
"""Absolute correlation from which a column is a partner of another, and how many it has."""

TINY = 1e-12
"""Smallest probability whose logarithm is taken."""

BINS = 8
"""Steps of a function of one column; a column of fewer values has one for each of these."""


def additive_basis(columns: np.ndarray) -> np.ndarray:
    """Functions (n, q) of the columns (n, m) of one feature, that span what it does alone.

    Of one column steps at its quantiles, with a slope within each; of a block its columns.
    """
    if columns.shape[1] > 1:
        return columns
    x = columns[:, 0]
    values = np.unique(x)
    if len(values) <= BINS:
        return (x[:, None] == values).astype(np.float64)
    edges = np.unique(np.quantile(x, np.linspace(0, 1, BINS + 1)[1:-1]))
    step = np.searchsorted(edges, x, side="right")[:, None] == np.arange(len(edges) + 1)
    return np.hstack([step, step * (x - x.mean())[:, None]])


def partners_of(X: np.ndarray, features: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Columns that are correlated with any of a feature's own, the most first, for each feature."""
    Z = X - X.mean(axis=0)
    norm = np.sqrt((Z**2).sum(axis=0))
    Z = np.divide(Z, norm, out=np.zeros_like(Z), where=norm > 0)
    found = []
    for own in features:
        size = np.abs(Z[:, own].T @ Z).max(axis=0)
        size[own] = 0
        order = np.argsort(-size, kind="stable")[:MOST_PARTNERS]
        found.append(order[size[order] > CORRELATED])
    return found


def without_additive(e: np.ndarray, basis: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rest (n, R) of e after least squares on a basis (n, q), rows weighted."""
    root = np.sqrt(weight)[:, None]
    basis = np.hstack([np.ones((len(basis), 1)), basis])
    coefficients = np.linalg.lstsq(basis * root, e * root, rcond=1e-10)[0]
    rest: np.ndarray = e - basis @ coefficients
    return rest


def residuals(f: np.ndarray, codes: np.ndarray, target: Target) -> np.ndarray:
    """What is left of the target (n, R) beside predictions (n, R)."""
    if target.kind == "regression":
        return codes - f
    return _indicators(codes, target) - _probabilities(f, target)


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
        return 0.5 * ((codes - f) ** 2).sum(axis=1)
    return _log_losses(_probabilities(f, target), _indicators(codes, target), target)


def z_values(s: np.ndarray, weight: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Mean over rows of s (n, p) over its standard error; 0 where it has none.

    Rows of one of ``groups`` are one observation. Whole weights are rows that were merged.
    """
    total = weight @ s / weight.sum()
    moved = weight[:, None] * (s - total)
    if groups is not None:
        summed = np.zeros((groups.max() + 1, s.shape[1]))
        np.add.at(summed, groups, moved)
        variance = (summed**2).sum(axis=0)
    else:
        whole = (weight == np.round(weight)).all()
        variance = (moved**2 / (weight[:, None] if whole else 1)).sum(axis=0)
    error = np.sqrt(variance) / weight.sum()
    return np.divide(total, error, out=np.zeros_like(total), where=error > 0)


def _log_losses(p: np.ndarray, truth: np.ndarray, target: Target) -> np.ndarray:
    found = np.where(truth > 0, p, 1 - p if target.kind == "multilabel" else 1.0)
    total: np.ndarray = -np.log(np.maximum(found, TINY)).sum(axis=1)
    return total


def _indicators(codes: np.ndarray, target: Target) -> np.ndarray:
    if target.kind == "multilabel":
        return codes.astype(np.float64)
    parts = [codes[:, [h]] == np.arange(k) for h, k in enumerate(target.n_classes)]
    return np.hstack(parts).astype(np.float64)


def _probabilities(f: np.ndarray, target: Target) -> np.ndarray:
    if target.kind == "multilabel":  # half of the log-odds is the scale
        return np.asarray(1 / (1 + np.exp(-2 * f)))
    stops = np.cumsum(target.n_classes)
    parts = []
    for part in np.split(f, stops[:-1], axis=1):
        p = np.exp(part - part.max(axis=1, keepdims=True))
        parts.append(p / p.sum(axis=1, keepdims=True))
    return np.hstack(parts)
