"""Agreement of attributions with a planted truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from sklearn_deeplifft import attribution
from sklearn_deeplifft.sequences._model_inputs import numbers_of

__all__ = ["cosine", "localisation_aupr", "localisation_auroc", "simplex_angles"]

INFORMATIVE = 0.1
"""Bits above which a position is part of a motif."""


def simplex_angles(scores: ArrayLike) -> NDArray[np.floating[Any]]:
    """Angle in degrees between the scores of each position and the simplex of letters.

    Parameters
    ----------
    scores : array-like of shape (..., K)
        Uncorrected, for corrected ones lie within it.

    Returns
    -------
    ndarray of shape (...)
        ``arcsin(sum g / (sqrt(K) |g|))``, from -90 to 90; 0 where all scores are zero.

    Examples
    --------
    >>> simplex_angles([[1, 1, 1, 1], [1, -1, 0, 0], [3, 1, 1, 1]]).round(6).tolist()
    [90.0, 0.0, 60.0]
    """
    found: NDArray[np.floating[Any]] = attribution.simplex_angles(_read(scores, "scores")).numpy()
    return found


def cosine(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.floating[Any]]:
    """Cosine between the scores of each sequence and the truth less the uniform letter.

    Parameters
    ----------
    scores : array-like of shape (n, L, K)
        Attributions, not multiplied by the letters.
    truth : array-like of shape (n, L, K)
        Probabilities of letters that each position was drawn from.

    Returns
    -------
    ndarray of shape (n,)
        From -1 to 1: ``s.(p - 1/K) / (|s| |p - 1/K|)`` over all positions and letters at once.

    Examples
    --------
    >>> cosine([[[3.0, 0, 0, 0]]], [[[1.0, 0, 0, 0]]]).round(4).tolist()
    [0.866]
    """
    s, p = _alike(scores, truth)
    found: NDArray[np.floating[Any]] = attribution.cosines(s, p).numpy()
    return found


def localisation_auroc(
    scores: ArrayLike, truth: ArrayLike, letters: ArrayLike | None = None
) -> NDArray[np.floating[Any]]:
    """Area under the ROC curve of each sequence's positions: motifs against the rest.

    Parameters
    ----------
    scores : array-like of shape (n, L, K) or (n, L)
        Attributions; of each letter, or of each position.
    truth : array-like of shape (n, L, K), or of bool (n, L)
        Probabilities of letters that each position was drawn from, motifs being positions of more
        than 0.1 bit; or which positions are of motifs.
    letters : array-like of shape (n, L, K), default=None
        The encoded sequences: a position's score is that of the letter that is there. None sums
        over letters, as is right for scores that were multiplied by the input.

    Returns
    -------
    ndarray of shape (n,)
        From 0 to 1, .5 by chance; NaN for sequences without a motif, or of motifs alone.

    Examples
    --------
    >>> localisation_auroc([[0.1, 3.0, 2.0, 0.3]], [[False, True, True, False]]).tolist()
    [1.0]
    """
    return _areas(scores, truth, letters)[0]


def localisation_aupr(
    scores: ArrayLike, truth: ArrayLike, letters: ArrayLike | None = None
) -> NDArray[np.floating[Any]]:
    """Area under the precision-recall curve of each sequence's positions.

    Parameters
    ----------
    scores, truth, letters
        See `localisation_auroc`.

    Returns
    -------
    ndarray of shape (n,)
        From 0 to 1, the share of motif positions by chance; points of the curve are joined by
        straight lines.

    Examples
    --------
    >>> localisation_aupr([[3.0, 2.0, 1.0]], [[True, False, False]]).tolist()
    [1.0]
    """
    return _areas(scores, truth, letters)[1]


def _areas(
    scores: ArrayLike, truth: ArrayLike, letters: ArrayLike | None
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    s = _read(scores, "scores")
    if letters is not None:
        s = attribution.signal(*_alike(scores, letters, "letters"))
    s = s.sum(dim=-1) if s.ndim == 3 else s
    p = _read(truth, "truth")
    positive = attribution.information(p) > INFORMATIVE if p.ndim == 3 else p != 0
    if s.ndim != 2 or positive.shape != s.shape:
        raise ValueError(
            f"scores have the shape {np.shape(scores)}, and truth {np.shape(truth)}; pass "
            "(n, L, K) or (n, L) of the same sequences."
        )
    roc, pr = attribution.areas(s, positive)
    return roc.numpy(), pr.numpy()


def _alike(scores: ArrayLike, other: ArrayLike, name: str = "truth") -> tuple[Tensor, Tensor]:
    s, p = _read(scores, "scores"), _read(other, name)
    if s.ndim != 3 or s.shape != p.shape:
        raise ValueError(
            f"scores have the shape {tuple(s.shape)}, and {name} {tuple(p.shape)}; both are "
            "(n, L, K), letters last."
        )
    return s, p


def _read(values: ArrayLike, name: str) -> Tensor:
    return numbers_of(values, name).to(torch.float64)
