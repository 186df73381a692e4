"""Scores from which a site is a hit, by how often background letters reach them.

The library rounds scores before it adds up how often each is. Where many words have one score,
which is so of words and of other matrices with few different entries, a whole such lump may be
taken for one of a score below the threshold. `exact_thresholds` raises a threshold over it.

===========  =======================================================  ===========
name         meaning                                                  shape
===========  =======================================================  ===========
``S``        score of each letter at each position, bits              (4, w)
``lost``     what a letter loses beside the best one of its position  (4, w)
``p``        probability of each loss of a word, in cells             (cells,)
``t``        threshold, in bits                                       scalar
===========  =======================================================  ===========
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft.sequences.motifs._matrices import LETTERS
from sklearn_deeplifft.sequences.motifs._scan import scoring

__all__ = ["THRESHOLDS", "exact_thresholds", "rounded_thresholds", "thresholds_of"]

THRESHOLDS = ("exact", "rounded")

CELLS = 2**15
"""Cells between a threshold and the highest score: a hundred of them in one of the library's."""

WITHIN = 1 + 1e-9
"""So much over ``p_value`` is the rounding of sums: a letter of .4 is as frequent as .4."""


def thresholds_of(
    scores: Sequence[NDArray[np.float32]],
    background: NDArray[np.float64],
    p_value: float,
    kind: str = "exact",
) -> NDArray[np.float64]:
    """Score of each motif that a site of background letters reaches with at most ``p_value``, (d,).

    Above the highest score of a motif whose best words are more frequent than that.
    """
    rounded = rounded_thresholds(scores, background, p_value)
    return rounded if kind == "rounded" else exact_thresholds(scores, background, p_value, rounded)


def rounded_thresholds(
    scores: Sequence[NDArray[np.float32]], background: NDArray[np.float64], p_value: float
) -> NDArray[np.float64]:
    """Thresholds by a distribution of finely rounded scores, as FIMO has it, (d,).

    More sites than ``p_value`` may reach one.
    """
    own = dict(zip(LETTERS, _in_steps(background).tolist(), strict=True))
    return np.array([scoring(S, own).score(p_value) for S in scores], dtype=np.float64)


def exact_thresholds(
    scores: Sequence[NDArray[np.float32]],
    background: NDArray[np.float64],
    p_value: float,
    rounded: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Thresholds ``rounded``, raised where sites reach one more often than ``p_value``, (d,)."""
    given = zip(scores, rounded.tolist(), strict=True)
    return np.array([_raised(S, background, p_value, t) for S, t in given], dtype=np.float64)


def _raised(S: NDArray[np.float32], b: NDArray[np.float64], p_value: float, t: float) -> float:
    """``t``, or the least score above it that words reach with at most ``p_value``.

    Losses are rounded down to cells letter by letter: equal ones stay equal, and no word seems to
    lose more than it does, so that none is overlooked.
    """
    best = S.max(axis=0).astype(np.float64)
    lost, highest = best - S, best.sum()
    # A scan adds up in single precision: what a word's score may be off by.
    off = np.finfo(np.float32).eps * (1 + S.shape[1] * np.abs(S).max(axis=0).sum())
    room = highest - t + off
    if room <= 0:
        return t
    cell = room / CELLS
    p = _distribution(np.floor(lost / cell).astype(np.int64), b)
    over = np.flatnonzero(p.cumsum() > p_value * WITHIN)
    if not len(over):
        return t
    # Just over the best word that is left out.
    return float(max(t, highest - over[0] * cell + off))


def _distribution(lost: NDArray[np.int64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that a word loses so many cells, (CELLS + 1,)."""
    p = np.zeros(CELLS + 1)
    p[0] = 1
    for of_letters in lost.T.tolist():
        before, p = p, np.zeros_like(p)
        for frequency, cells in zip(b.tolist(), of_letters, strict=True):
            if cells <= CELLS:
                p[cells:] += frequency * before[: CELLS + 1 - cells]
    return p


def _in_steps(background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities in steps of a millionth or so, whose sum in single precision is exactly one.

    The library refuses others.
    """
    steps = np.rint(background * 2**20)
    steps[steps.argmax()] += 2**20 - steps.sum()
    return np.asarray(steps / 2**20)
