"""Tables whose target knows nothing of their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array


class NoiseTable(NamedTuple):
    """A table and rows that belong together, if any do."""

    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None = None


def table(kind: str, seed: int) -> NoiseTable:
    """Draw a table of one of the `KINDS`."""
    return KINDS[kind](np.random.default_rng(seed))


def _columns(rng: np.random.Generator, n: int = 300, d: int = 10) -> np.ndarray:
    return rng.normal(size=(n, d))


def _families(rng: np.random.Generator) -> csr_array:
    """Counts of 700 motifs, of which about seven are near-copies of each other; 3 % not zero."""
    found = (rng.random((300, 100)) < 0.04)[:, rng.integers(100, size=700)]
    hits = found & (rng.random((300, 700)) < 0.8)
    return csr_array(hits * rng.integers(1, 4, size=hits.shape).astype(np.float32))


def _grouped(rng: np.random.Generator) -> NoiseTable:
    """Five rows of each of 60 patients, who are of one class each."""
    patient = np.repeat(np.arange(60), 5)
    X = _columns(rng, 60)[patient] + 0.3 * _columns(rng)
    return NoiseTable(X, rng.integers(2, size=60)[patient], patient)


def _pairs(rng: np.random.Generator) -> NoiseTable:
    """A row of each class in each of 150 pairs, as of a sequence and its shuffle."""
    pair = np.repeat(np.arange(150), 2)
    X = _columns(rng, 150)[pair] + 0.5 * _columns(rng)
    return NoiseTable(X, np.tile([0, 1], 150), pair)


def _outputs(rng: np.random.Generator) -> np.ndarray:
    return np.stack([rng.integers(3, size=300), rng.integers(4, size=300)], axis=1)


KINDS: dict[str, Callable[[np.random.Generator], NoiseTable]] = {
    "dense": lambda rng: NoiseTable(_columns(rng), rng.integers(2, size=300)),
    "wide": lambda rng: NoiseTable(_columns(rng, 60, 2000), rng.integers(2, size=60)),
    "sparse": lambda rng: NoiseTable(_families(rng), rng.integers(2, size=300)),
    "imbalanced": lambda rng: NoiseTable(_columns(rng), (rng.random(300) < 0.08).astype(int)),
    "eight_classes": lambda rng: NoiseTable(_columns(rng, d=20), rng.integers(8, size=300)),
    "regression": lambda rng: NoiseTable(_columns(rng), rng.normal(size=300)),
    "heavy_tails": lambda rng: NoiseTable(_columns(rng), rng.standard_t(1.5, size=300)),
    "two_targets": lambda rng: NoiseTable(_columns(rng), rng.normal(size=(300, 2))),
    "multilabel": lambda rng: NoiseTable(_columns(rng), rng.integers(2, size=(300, 3))),
    "multioutput": lambda rng: NoiseTable(_columns(rng), _outputs(rng)),
    "grouped": _grouped,
    "pairs": _pairs,
}

REGRESSION = ("regression", "heavy_tails", "two_targets")

CHANCE = {
    **dict.fromkeys(REGRESSION, 0.0),
    "eight_classes": 1 / 8,
    "multioutput": (1 / 3 + 1 / 4) / 2,
}
"""Scores of a constant prediction, where they are not 1/2."""
