"""Pairs of columns that tell together what networks without a hidden layer have missed.

======  =====================================================================  =======
code    meaning                                                                shape
======  =====================================================================  =======
``z``   columns as networks read them, standardised                            (n, d)
``r``   targets less what the networks expect, of each output                  (n, K)
``v``   variances of the targets by what is expected: p (1 - p), or 1          (n, K)
``w``   weights of the rows                                                    (n,)
``P``   pairs of columns                                                       (m, 2)
======  =====================================================================  =======

The residual of a network that adds up what columns say hangs together with a product of two of them
where these tell more together than they do apart: the score test of an interaction (Rao 1948). Here
it is ``t = sum w r u`` of the product ``u = z_i z_j`` less its mean, over the root of the squares'
sum, which cells far from the mean cannot blow up beyond the root of their number. Where the few
rows of a rare class all lack a product, each of them errs alike, and their squares say nothing of
chance; ``t`` is therefore no more than over the root of what the squares of ``w r`` would sum up to
with products dealt at random. A table has many pairs, so one has to be found in one half of the
rows and confirmed by the other.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor

from sklearn_deeplifft.attribution import times_transposed

__all__ = [
    "MOST_COLUMNS",
    "least_score",
    "missed_pairs",
    "pair_effects",
    "pair_scores",
    "rows_to_search",
]

MOST_COLUMNS = 2500
"""A matrix of all pairs then takes 25 MB."""

MULTIPLICATIONS = 2 * 10**10
"""In a search at most, which are well below a second: of longer tables rows are left out."""

FEWEST_ROWS, MOST_ROWS = 200, 50_000
"""Fewer are not searched; of narrow tables the candidates take longer than all pairs do at first.
"""

BLOCK_CELLS = 1_000_000
"""Products in memory at once."""

CHANCE = 0.01
"""Share of tables of noise in which some pair is taken for one."""

LEAST = 3.0
"""What ``t`` has to be at least, however few pairs there are."""

BEYOND = 2.0
"""Least ``t`` in both halves of what single columns do not tell of the product. Of a column that is
zero in nearly all rows a product is nearly always the other column, whose own effect networks may
not have learned in a few steps."""

CANDIDATES = 500
"""Pairs of which the second half is asked."""

MOST_PAIRS = 48
"""The strongest are returned."""

ALIKE = 0.7
"""Correlation from which on columns stand for each other: of such pairs one is returned."""


def rows_to_search(n: int, d: int, n_outputs: int) -> int:
    """How many of ``n`` rows a search looks at; 0 where there are too few, or too many columns."""
    most = 2 * MULTIPLICATIONS // max(d * d * n_outputs, 1)
    rows = min(n, most, MOST_ROWS)
    return rows if 2 <= d <= MOST_COLUMNS and rows >= FEWEST_ROWS else 0


def least_score(d: int, n_outputs: int) -> float:
    """What ``t`` has to be in each half, with one sign: noise is that in ``CHANCE`` of tables."""
    questions = d * (d - 1) / 2 * n_outputs
    return max(LEAST, float(norm.isf(np.sqrt(CHANCE / (2 * questions)))))


def missed_pairs(z: Tensor, r: Tensor, w: Tensor) -> Tensor:
    """Pairs (m, 2) that are certain, the most certain first; of pairs that are alike one.

    Columns of a pair that are alike themselves bend, and are left out. Float32 throughout.
    """
    one, other = ((z[start::2], r[start::2], w[start::2]) for start in (0, 1))
    P = _candidates(*one)
    certainty, beyond = (
        _agreeing(*(pair_scores(*half, P, beyond=beyond) for half in (one, other)))
        for beyond in (False, True)
    )
    certainty = torch.where(beyond >= BEYOND, certainty, 0.0).amax(1)
    certain = (certainty >= least_score(z.shape[1], r.shape[1])).nonzero()[:, 0]
    order = torch.argsort(certainty[certain], descending=True, stable=True)
    P = P[certain[order]]
    return P[_unlike(z, P)]


def pair_scores(z: Tensor, r: Tensor, w: Tensor, P: Tensor, *, beyond: bool = False) -> Tensor:
    """The statistics t (m, K) of pairs, signed; 0 where no row says anything.

    ``beyond`` takes from each product what its two columns tell of it linearly.
    """
    columns, share, counted = z.mT.contiguous(), w / w.sum(), (w > 0).to(w.dtype)
    weighted = r * w[:, None]
    squares, counted = weighted.square(), counted / counted.sum()
    found = []
    for i, j in (pairs.T for pairs in P.split(max(BLOCK_CELLS // len(z), 1))):
        product = columns[i] * columns[j]
        product -= (product @ share)[:, None]
        if beyond:
            product = _beyond_both(product, columns[i], columns[j], share)
        total = product @ weighted
        product.square_()
        dealt = torch.outer(product @ counted, squares.sum(0))
        size = torch.maximum(product @ squares, dealt).sqrt_()
        found.append(torch.where(size > 0, total / size, 0.0))
    return torch.cat(found)


def _agreeing(one: Tensor, other: Tensor) -> Tensor:
    """The lesser of two statistics of one sign, without it; 0 where signs differ."""
    return torch.where(one.sign() == other.sign(), torch.minimum(one.abs(), other.abs()), 0.0)


def _beyond_both(u: Tensor, a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Centred products (m, n) less their regression on two columns; 0 where these are all."""
    a, b = (part - (part @ share)[:, None] for part in (a, b))
    aa, bb, ab, ua, ub = ((x * y) @ share for x, y in ((a, a), (b, b), (a, b), (a, u), (b, u)))
    aa, bb = aa.clamp_min(1e-12), bb.clamp_min(1e-12)  # a constant tells nothing, the other does
    det = aa * bb - ab.square()
    det = torch.where(det > 1e-3 * aa * bb, det, torch.inf)  # columns that are alike are left out
    left = u - ((ua * bb - ub * ab) / det)[:, None] * a - ((ub * aa - ua * ab) / det)[:, None] * b
    # Less than that is rounding.
    return torch.where((left.square() @ share > 1e-6 * (u.square() @ share))[:, None], left, 0.0)


def pair_effects(z: Tensor, r: Tensor, v: Tensor, w: Tensor, P: Tensor) -> Tensor:
    """What a unit of ``2 sign(z_i z_j) min(|z_i|, |z_j|)`` adds to outputs, (m, K).

    One step of Newton's method from no effect, of each pair and output alone, in logits, or in
    standard deviations of a quantity.
    """
    a, b = z[:, P[:, 0]], z[:, P[:, 1]]
    values = torch.minimum(a.abs(), b.abs()) * (a * b).sign() * 2
    curvature = values.square().mT @ (v * w[:, None])
    return torch.where(curvature > 0, values.mT @ (r * w[:, None]) / curvature, 0.0)


def _candidates(z: Tensor, r: Tensor, w: Tensor) -> Tensor:
    """The pairs (m, 2) of largest t in any output, with the variances of products for the squares.

    That takes one matrix of them for all outputs.
    """
    d, columns = z.shape[1], z.mT.contiguous()
    share = w / w.sum()
    mean = times_transposed(columns * share, columns)
    squares = columns.square()
    variance = times_transposed(squares * share, squares).sub_(mean.square())
    best = torch.zeros(d, d)
    for k in range(r.shape[1]):
        weighted = r[:, k] * w
        t = times_transposed(columns * weighted, columns).sub_(mean, alpha=float(weighted.sum()))
        t.abs_().div_(weighted.square().sum().sqrt())
        best = torch.maximum(best, t, out=best)
    best.div_(variance.clamp_min_(1e-6).sqrt_()).nan_to_num_(0, 0, 0)
    i, j = torch.triu_indices(d, d, 1)
    largest = torch.topk(best[i, j], min(CANDIDATES, len(i))).indices
    return torch.stack([i[largest], j[largest]], dim=1)


def _unlike(z: Tensor, P: Tensor) -> list[int]:
    """Places of the first pair of each that are alike, at most ``MOST_PAIRS``."""
    if not len(P):
        return []
    columns, at = torch.unique(P, return_inverse=True)
    alike = np.abs(np.atleast_2d(np.corrcoef(z[:, columns].double().numpy().T))) >= ALIKE
    i, j = at.numpy().T
    left = ~alike[i, j]
    kept: list[int] = []
    while left.any() and len(kept) < MOST_PAIRS:
        first = int(np.flatnonzero(left)[0])
        a, b = i[first], j[first]
        left &= ~((alike[a, i] & alike[b, j]) | (alike[a, j] & alike[b, i]))
        left[first] = False
        kept.append(first)
    return kept
