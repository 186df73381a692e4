"""Probabilities of the letters outside of motifs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.sequences.motifs._matrices import LETTERS

__all__ = ["background_of"]


def background_of(
    background: Any, texts: Sequence[bytes] | None, *, both_strands: bool
) -> NDArray[np.float64]:
    """Probability b of each letter, (4,), in the order ACGT; sums to one.

    Parameters
    ----------
    background : {"uniform", "data"} or array of shape (4,)
    texts : sequence of bytes or None
        Sequences in upper case, for ``"data"``.
    both_strands : bool
        Average what is paired: on two strands A is as frequent as T, and C as G.

    Raises
    ------
    ValueError
        ``"data"`` without sequences, or with such as lack a letter; probabilities that are none.
    """
    b = _given(background, texts)
    if both_strands:
        b = (b + b[::-1]) / 2
    return b


def _given(background: Any, texts: Sequence[bytes] | None) -> NDArray[np.float64]:
    if isinstance(background, str):
        return np.full(4, 0.25) if background == "uniform" else _counted(texts)
    b = np.asarray(background, dtype=np.float64)
    if b.shape != (4,) or not (np.isfinite(b) & (b > 0)).all() or abs(b.sum() - 1) > 1e-3:
        raise ValueError(
            f"background={shown(background)}; pass four probabilities above 0 that add up to one, "
            "of A, C, G, T, or 'uniform' or 'data'."
        )
    return np.asarray(b / b.sum())


def _counted(texts: Sequence[bytes] | None) -> NDArray[np.float64]:
    if texts is None:
        raise ValueError("background='data' needs sequences; pass them to fit.")
    counts = np.array([sum(text.count(letter.encode()) for text in texts) for letter in LETTERS])
    if not counts.all():
        letter = LETTERS[int(counts.argmin())]
        raise ValueError(
            f"background='data', and the sequences hold no {letter}; pass background='uniform', or "
            "more sequences."
        )
    return np.asarray(counts / counts.sum())
