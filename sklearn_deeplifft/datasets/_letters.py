"""Letters of sequences: what motifs say of them, how they are drawn, and how they are read."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_deeplifft._printable import quoted

__all__ = ["drawn_from", "probabilities_of", "require_at_least", "texts_of"]

LETTERS = "ACGT"


def drawn_from(model: NDArray[np.float64], rng: np.random.RandomState) -> NDArray[np.int64]:
    """Letters (..., L), as numbers, drawn from their probabilities (..., 4, L)."""
    chance = rng.uniform(size=(*model.shape[:-2], 1, model.shape[-1]))
    # Of rounding the last sum may be a little less than 1, and a draw above it.
    codes: NDArray[np.int64] = (chance >= model.cumsum(-2)).sum(-2).clip(max=3)
    return codes


def texts_of(X: NDArray[np.uint8]) -> list[str]:
    """One-hot rows (n, 4 L) as strings."""
    letters = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
    codes = X.reshape(len(X), -1, 4).argmax(-1)
    return [row.tobytes().decode() for row in letters[codes]]


def probabilities_of(name: str, matrix: ArrayLike) -> NDArray[np.float64]:
    """A motif (4, width) whose columns sum to one."""
    counts = np.asarray(matrix, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != 4 or not counts.shape[1]:
        raise ValueError(
            f"the motif {quoted(name)} has shape {counts.shape}; a motif has four rows, of A, C, G "
            "and T, and a column for each position."
        )
    total = counts.sum(0)
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError(
            f"the motif {quoted(name)} holds a negative or infinite number or NaN; counts and "
            "probabilities are 0 or more (log-odds are neither)."
        )
    if (total == 0).any():
        raise ValueError(
            f"the motif {quoted(name)} has no letter at position {int(np.argmin(total))}, a column "
            "of zeros; take it out, or give each letter a quarter."
        )
    probabilities: NDArray[np.float64] = counts / total
    return probabilities


def require_at_least(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}={value!r} is no whole number of {least} or more.")
