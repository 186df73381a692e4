"""Outputs of trained networks on rows of a table, averaged over networks.

==========  ==================================================  ==========
code        meaning                                             shape
==========  ==================================================  ==========
``z``       what a network returns, before a final normaliser   (n, K)
``logits``  z, centred over the classes of each question        (n, R)
==========  ==================================================  ==========

Centred logits are averaged over networks, as contributions and effects are: the mean prediction
is then the sum of the mean contributions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from sklearn_deeplifft.attribution import NetworkReader
from sklearn_deeplifft.networks import TrainedNetwork, heads_for, takes_columns, torch_threads
from sklearn_deeplifft.tables import Rows, Target

__all__ = [
    "balanced_accuracy",
    "centred_logits",
    "mean_logits",
    "network_logits",
    "predicted_codes",
    "probabilities",
    "r_squared",
]

BLOCK_CELLS = 2_000_000
"""Cells of a block of rows (16 MB in float64)."""


def mean_logits(networks: Sequence[TrainedNetwork], rows: Rows, target: Target) -> np.ndarray:
    """Centred logits, or in a regression outputs, averaged over networks: (n, R) float64."""
    every = np.arange(rows.shape[0])
    total = sum(network_logits(trained, rows, every, target) for trained in networks)
    return np.asarray(total) / len(networks)


def network_logits(
    trained: TrainedNetwork, rows: Rows, index: np.ndarray, target: Target
) -> np.ndarray:
    """Centred logits (m, R) of one network on the rows ``index``.

    In double precision, so that a row's prediction does not depend on its neighbours.
    """
    reader = NetworkReader(
        trained.core, drop_normalizer=target.kind != "regression", dtype=torch.float64
    )
    parts = []
    with torch_threads(1), torch.no_grad(), takes_columns(rows.shape[1]):
        for at in _blocks(index, rows.shape[1]):
            X = torch.from_numpy(rows.take(at)).double()
            front = trained.standardize
            X = X if front is None else front.exact(X)
            parts.append(reader.logits(X).numpy())
    z = np.concatenate(parts) if parts else np.empty((0, 1))
    return centred_logits(z, target)


def probabilities(logits: np.ndarray, target: Target) -> np.ndarray | list[np.ndarray]:
    """From centred logits: (n, K), of a label its presence; of several outputs one array each."""
    if target.kind == "softmax":
        return _softmax(logits)
    if target.kind == "multilabel":
        with np.errstate(over="ignore"):  # 1 / inf is the 0 that it should be
            return np.asarray(1 / (1 + np.exp(-logits)))
    edges = np.cumsum(target.n_classes)[:-1]
    return [_softmax(part) for part in np.split(logits, edges, axis=1)]


def balanced_accuracy(
    logits: np.ndarray, codes: np.ndarray, weight: np.ndarray, target: Target
) -> float:
    """Mean over questions of the mean share of each class's rows that is found, 0 to 1."""
    found = predicted_codes(logits, target)
    shares = [_recalls(f, c, weight).mean() for f, c in zip(found.T, codes.T, strict=True)]
    return float(np.mean(shares))


def predicted_codes(logits: np.ndarray, target: Target) -> np.ndarray:
    """Codes (n, H) of the classes with the highest logits."""
    if target.kind == "multilabel":
        return (logits > 0).astype(np.int64)
    edges = np.cumsum(target.n_classes)[:-1]
    parts = np.split(logits, edges, axis=1)
    return np.stack([part.argmax(axis=1) for part in parts], axis=1)


def r_squared(outputs: np.ndarray, values: np.ndarray, weight: np.ndarray) -> float:
    """Mean over targets of R squared, 1 at best; NaN where a target does not vary."""
    mean = np.average(values, axis=0, weights=weight)
    spread = weight @ (values - mean) ** 2
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        left = weight @ (values - outputs) ** 2
        return float(np.mean(np.where(spread > 0, 1 - left / spread, np.nan)))


def _blocks(index: np.ndarray, width: int) -> Iterator[np.ndarray]:
    step = max(BLOCK_CELLS // max(width, 1), 1)
    for start in range(0, len(index), step):
        yield index[start : start + step]


def centred_logits(z: np.ndarray, target: Target) -> np.ndarray:
    """Logits as they are averaged: a single one of two classes as the pair (-z/2, z/2)."""
    heads = heads_for(target, z.shape[1])
    if target.kind in ("regression", "multilabel"):
        return z
    if heads[0].kind == "sigmoid":
        return np.hstack([-z / 2, z / 2])
    parts = [z[:, head.start : head.stop] for head in heads]
    return np.hstack([part - part.mean(axis=1, keepdims=True) for part in parts])


def _softmax(z: np.ndarray) -> np.ndarray:
    e: np.ndarray = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _recalls(found: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of each class's rows, of those that are there, that is found."""
    present = np.unique(codes)
    right = (found == codes) * weight
    return np.array([right[codes == c].sum() / weight[codes == c].sum() for c in present])
