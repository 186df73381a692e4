"""Outputs after two interventions at once: both low-rank updates on one first layer.

``Z + D_i + D_j``, where ``D_i = change_i W1[:, columns_i]'`` is shared by all pairs that i is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._interventions import ROWS_AT_ONCE, LowRank, Move

__all__ = ["pairs_after"]


def pairs_after(
    surface: LowRank, X: Tensor, moves: Sequence[Move], pairs: Sequence[tuple[int, int]]
) -> Iterator[Tensor]:
    """f (n, R) after both moves of each pair, which write different columns.

    Parameters
    ----------
    surface : LowRank
    X : Tensor of shape (n, d) float64
    moves : sequence of Move
        Their updates are held: (len(moves), n, h).
    pairs : sequence of (int, int)
        Positions in ``moves``.
    """
    Z = surface.pre_activations(X)
    D = torch.stack([surface.update(X, move) for move in moves])
    step = max(ROWS_AT_ONCE // len(X), 1)
    at = torch.tensor(pairs)
    for start in range(0, len(pairs), step):
        i, j = at[start : start + step].T
        H = D[i].add_(D[j]).add_(Z)
        yield from surface.run(H.flatten(0, 1)).split(len(X))
