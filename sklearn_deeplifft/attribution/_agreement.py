"""How well scores of letters agree with a truth that is known because it was planted.

==========  ==========================================================  =============
code        meaning                                                     shape
==========  ==========================================================  =============
``s``       scores                                                      (n, L, K)
``p``       truth: probabilities of the letters that were drawn from    (n, L, K)
``x``       the letters that were drawn                                 (n, L, K)
``bits``    information of each position, log2 K + sum p log2 p         (n, L)
==========  ==========================================================  =============
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["areas", "cosines", "information", "signal"]


def cosines(s: Tensor, p: Tensor) -> Tensor:
    """Cosine between all scores of a sequence and ``p - 1 / K``, (n,), from -1 to 1.

    0 where the scores or the centred truth are zero throughout.
    """
    truth = p - 1 / p.shape[-1]
    dot = (s * truth).sum(dim=(1, 2))
    size = s.flatten(1).norm(dim=1) * truth.flatten(1).norm(dim=1)
    return torch.where(size > 0, dot / torch.where(size > 0, size, 1), 0.0)


def information(p: Tensor) -> Tensor:
    """Bits of each position, 0 (any letter) to log2 K (one letter)."""
    nats: Tensor = torch.special.xlogy(p, p).sum(dim=-1)
    return math.log2(p.shape[-1]) + nats / math.log(2)


def signal(s: Tensor, x: Tensor) -> Tensor:
    """Score of each position: that of the letter which is there, (n, L)."""
    return (s * x).sum(dim=-1)


def areas(scores: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """Areas under the ROC and under the precision-recall curve of each row, (n,).

    Ties count half in the first, and are one step of the second, which is joined linearly. NaN for
    rows without a positive or without a negative.

    Parameters
    ----------
    scores : Tensor of shape (n, L)
    positive : bool Tensor of shape (n, L)
    """
    found = [_areas_of_row(s, y) for s, y in zip(scores.double(), positive, strict=True)]
    both = torch.tensor(found, dtype=torch.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _areas_of_row(s: Tensor, y: Tensor) -> tuple[float, float]:
    n_true = int(y.sum())
    if n_true in (0, len(y)):
        return math.nan, math.nan
    values, inverse = torch.unique(-s, return_inverse=True)  # the highest first
    steps = torch.zeros(2, len(values), dtype=torch.float64)
    steps[0].index_add_(0, inverse, y.double())
    steps[1].index_add_(0, inverse, (~y).double())
    hits, misses = steps.cumsum(dim=1)
    zero = hits.new_zeros(1)
    recall = torch.cat([zero, hits / n_true])
    roc = torch.trapezoid(recall, torch.cat([zero, misses / (len(y) - n_true)]))
    precision = torch.cat([zero + 1, hits / (hits + misses)])
    return float(roc), float(torch.trapezoid(precision, recall))
