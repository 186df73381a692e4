"""Outputs after two interventions at once: both low-rank updates on one first layer.

``Z + D_i + D_j``, where ``D_i = change_i W1[:, columns_i]'`` is shared by all pairs that i is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.perturbation._responses import ROWS_AT_ONCE, Edit, LowRank

__all__ = ["pairs_after"]


def pairs_after(
    response: LowRank, X: Tensor, edits: Sequence[Edit], pairs: Sequence[tuple[int, int]]
) -> Iterator[Tensor]:
    """f after both moves of each pair, which write different columns, a few pairs at a time.

    Parameters
    ----------
    response : LowRank
    X : Tensor of shape (n, d) float64
    edits : sequence of Edit
        Their updates are held: (len(edits), n, h).
    pairs : sequence of (int, int)
        Positions in ``edits``. Quickest where runs of them share the first and count up the
        second, as all pairs in order do: one addition then makes the pre-activations.

    Yields
    ------
    Tensor of shape (p, n, R), for the next p pairs.
    """
    with neutral_torch(autograd=False):
        D = torch.stack([response.update(X, edit) for edit in edits])
        shifted = D + response.pre_activations(X)
    for i, j in _runs(pairs, max(ROWS_AT_ONCE // len(X), 1)):
        with neutral_torch(autograd=False):  # not around the yield: that is the caller's time
            H = shifted[i] + D[j]
            found = response.run(H.flatten(0, 1)).unflatten(0, (len(H), len(X)))
        yield found


def _runs(pairs: Sequence[tuple[int, int]], longest: int) -> Iterator[tuple[int, slice]]:
    """Pairs that share the first and count up the second: (i, slice of j), in order."""
    start = 0
    while start < len(pairs):
        i, j = pairs[start]
        stop = start + 1
        while stop < len(pairs) and stop - start < longest and pairs[stop] == (i, j + stop - start):
            stop += 1
        yield i, slice(j, j + stop - start)
        start = stop
