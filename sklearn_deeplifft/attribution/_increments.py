"""Softmax increments: how much each term moves the probability of the true class.

=============  =====================================================  ============
code           symbol                                                 shape
=============  =====================================================  ============
``terms``      c_k,i (x_i - r_i)                                      (n, K, d)
``bias``       b_k                                                    (n, K)
``y``          index of the true class                                (n,)
``order``      columns by descending term of class y, ties by index   (n, d)
``odds``       S_j - S_y for j != y, S the partial logits             (n, K-1, d)
``p``          softmax_y = 1 / (1 + sum_j exp(S_j - S_y))             (n, d)
=============  =====================================================  ============

The increments of one example sum to ``softmax_y(bias + terms.sum(-1)) - softmax_y(bias)``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._log_odds import contrast

__all__ = ["descending_order", "odds_increments", "softmax_increments"]

SPARSE_BELOW = 0.35
"""Share of nonzero displacements under which only their columns are walked."""


def softmax_increments(
    terms: Tensor, bias: Tensor, y: Tensor, displacement: Tensor | None = None
) -> Tensor:
    """Softmax increments of the true class (DeepLIFFT paper, section 2.2).

    Parameters
    ----------
    terms : Tensor of shape (n, K, d)
    bias : Tensor of shape (n, K)
    y : Tensor of shape (n,), int64
        The true class of each example.
    displacement : Tensor of shape (n, d), optional
        ``x - r``: where it is zero, so are the terms of every class, and the increment. Rows with
        many zeros then cost only the rest.

    Returns
    -------
    Tensor of shape (n, d)
        Each between -1 and 1; positive speaks for class ``y``.
    """
    return odds_increments(contrast(terms, y), contrast(bias, y), displacement)


def odds_increments(terms: Tensor, bias: Tensor, displacement: Tensor | None = None) -> Tensor:
    """Softmax increments from log-odds: output 0 is class y, output j the odds against it."""
    if displacement is None:
        return _walk(terms, bias)
    present = int(displacement.count_nonzero())
    if present == displacement.numel():
        return _walk(terms, bias)
    if present >= SPARSE_BELOW * displacement.numel():
        # The walk leaves a rounding error where a term is zero for every class.
        return _walk(terms, bias).masked_fill_(displacement == 0, 0)
    columns, valid = _packed_columns(displacement != 0)
    # Places without a column hold column 0: uncleared, its terms would be walked again.
    packed = _walk(_take(terms, columns) * valid[:, None, :], bias)
    # The padding is sent to a column of its own, which is cut off.
    width = terms.shape[2]
    out = terms.new_zeros(len(terms), width + 1)
    return out.scatter_(1, columns.masked_fill(~valid, width), packed)[:, :width]


def descending_order(values: Tensor) -> Tensor:
    """Column indices (n, d) that sort each row from the largest value down, ties by index."""
    descending = 0.0 - values  # and -0.0 becomes 0.0, so that zeros tie
    if descending.dtype is torch.float32 and descending.device.type == "cpu":
        return _packed_argsort(descending)
    return torch.argsort(descending, dim=1, stable=True)


def _packed_argsort(values: Tensor) -> Tensor:
    """Stable ascending argsort of float32 rows: sort (key, index) packed into one int64.

    numpy sorts 64-bit integers with vector instructions, several times faster than any
    indirect sort; the index in the low half makes the order stable.
    """
    bits = values.contiguous().view(torch.int32)
    # Negative floats order backwards as integers: flip all of their bits but the sign.
    keys = (bits >> 31).bitwise_and_(0x7FFFFFFF).bitwise_xor_(bits)
    packed = keys.to(torch.int64).bitwise_left_shift_(32)
    packed |= torch.arange(values.shape[1])
    packed.numpy().sort(axis=1)  # in place: both share their memory
    return packed.bitwise_and_(0xFFFFFFFF)


def _walk(terms: Tensor, bias: Tensor) -> Tensor:
    """Add the terms one by one and difference the probability after each."""
    order = descending_order(terms[:, 0])
    odds = _take(terms[:, 1:], order)
    odds[..., :1] += bias[:, 1:, None]
    odds.cumsum_(dim=2)
    # The 1 is what the odds of class y against itself are. Nothing is taken off before exp, as in a
    # softmax of logits: an exp that overflows makes p an exact 0, one that underflows a 1.
    p = _total(odds.exp_()).add_(1).reciprocal_()
    p0 = bias[:, 1:].exp().sum(dim=1).add_(1).reciprocal_()
    steps = torch.empty_like(p)
    torch.sub(p[:, 1:], p[:, :-1], out=steps[:, 1:])
    torch.sub(p[:, :1], p0[:, None], out=steps[:, :1])
    return torch.empty_like(steps).scatter_(1, order, steps)


def _total(odds: Tensor) -> Tensor:
    """Sum (n, d) over classes of (n, K-1, d), which may be written over.

    One or two are taken as they lie: torch's sum over an inner axis takes four times as long.
    """
    if odds.shape[1] == 1:
        return odds[:, 0]
    return odds[:, 0] + odds[:, 1] if odds.shape[1] == 2 else odds.sum(dim=1)


def _take(terms: Tensor, columns: Tensor) -> Tensor:
    return terms.gather(2, columns[:, None, :].expand(-1, terms.shape[1], -1))


def _packed_columns(occupied: Tensor) -> tuple[Tensor, Tensor]:
    """Nonzero columns of each row, left-aligned (n, m), and where they are real."""
    # Columns are listed row by row: the position in the list less that of the row's first one is
    # the place within the row.
    counts = occupied.sum(dim=1)
    rows, found = occupied.nonzero(as_tuple=True)
    width = int(counts.max()) if len(counts) else 0
    starts = torch.cumsum(counts, 0) - counts
    places = torch.arange(width, device=rows.device)
    columns = counts.new_zeros(len(counts), width)
    columns[rows, torch.arange(len(rows), device=rows.device) - starts[rows]] = found
    return columns, places < counts[:, None]
