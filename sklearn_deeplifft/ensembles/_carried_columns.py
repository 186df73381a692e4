"""Columns that networks carry along a path: those that have closed are left behind.

A gate that has closed on a path stays closed. Where the gates are the norms of the first layer's
columns, such a column is zero to the end of the training, and products, gradients and Adam's steps
of it are in vain. Networks therefore go on with fewer columns once enough have closed.

=========  ==============================================================  ========
code       meaning                                                         shape
=========  ==============================================================  ========
``order``  columns by place: a network's open ones first, then its others  (N, d)
``own``    how many of them each network carries                           (N,)
``at``     the columns of the batch's tensors, ``order`` cut to ``width``  (N, w)
=========  ==============================================================  ========

Which columns a network carries depends on its own gates alone, as do the products taken over them,
so that its bits are the same whoever its neighbours are. Tensors of a batch are as wide as its
widest network needs; beyond its own columns a network has zeros there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["CarriedColumns"]

LEAST = 256
"""Of fewer columns none are left behind: a step would take as long."""

NARROWEST = 128
"""Columns that are carried at least, a multiple of 64."""

ENOUGH = 0.75
"""Share of its columns that a network goes on with at most, or it keeps them all."""


class CarriedColumns:
    """The columns that each network of a batch carries; nothing changes in place."""

    def __init__(self, order: Tensor, own: np.ndarray, width: int | None = None) -> None:
        self.order = order
        self.own = own
        self.width = int(own.max()) if width is None else width
        """w, of the batch's tensors."""

    @classmethod
    def all_of(cls, n: int, d: int) -> CarriedColumns:
        """Every column of ``d``, for ``n`` networks."""
        return cls(torch.arange(d).repeat(n, 1), np.full(n, d))

    @property
    def at(self) -> Tensor:
        """(N, w): the column at each place."""
        return self.order[:, : self.width]

    @property
    def wide(self) -> bool:
        """Whether any network carries so many that it may leave some behind."""
        return bool((self.own >= LEAST).any())

    @property
    def fewer(self) -> bool:
        """Whether any network has left a column behind."""
        return bool((self.own < self.order.shape[1]).any())

    def keep(self, kept: Sequence[int] | np.ndarray) -> CarriedColumns:
        """Those of some of the networks, in tensors as wide as before."""
        return CarriedColumns(self.order[torch.as_tensor(kept)], self.own[kept], self.width)

    def without_closed(self, opened: Tensor) -> CarriedColumns | None:
        """Return what networks go on with, given open columns (N, d); None if nothing changes."""
        fits = np.array([_rounded(int(n)) for n in opened.sum(1)])
        narrows = (self.own >= LEAST) & (fits <= ENOUGH * self.own)
        if not narrows.any():
            return None
        at, order = torch.from_numpy(np.flatnonzero(narrows)), self.order.clone()
        order[at] = torch.sort(opened[at].byte(), dim=1, descending=True, stable=True)[1]
        return CarriedColumns(order, np.where(narrows, fits, self.own))

    def gathered(self, values: Tensor) -> Tensor:
        """(N, ..., w) of values (N, ..., d) of all columns; zeros beyond a network's own."""
        places = self.at.to(values.device)
        own = torch.from_numpy(self.own).to(values.device)
        beyond = torch.arange(self.width, device=values.device) >= own[:, None]
        for _ in range(values.ndim - 2):
            places, beyond = places.unsqueeze(1), beyond.unsqueeze(1)
        found = values.gather(-1, places.expand(*values.shape[:-1], -1))
        return found.masked_fill_(beyond, 0)

    def spread(self, values: Tensor) -> Tensor:
        """(N, ..., d) of values (N, ..., w): zeros where a network carries no column."""
        places = self.at.to(values.device)
        for _ in range(values.ndim - 2):
            places = places.unsqueeze(1)
        full = values.new_zeros(*values.shape[:-1], self.order.shape[1])
        return full.scatter_(-1, places.expand(values.shape), values)

    def alike(self, device: torch.device) -> list[tuple[Tensor, int]] | None:
        """Networks that carry equally many columns, by place in the batch, and how many.

        None where all carry as many as the tensors have.
        """
        if (self.own == self.width).all():
            return None
        counts = [(np.flatnonzero(self.own == n), int(n)) for n in np.unique(self.own)]
        return [(torch.from_numpy(at).to(device), n) for at, n in counts]


def _rounded(n: int) -> int:
    """Return ``n`` or the next power of two, or one and a half times such a power.

    Widths are few, so that networks side by side often carry equally many, and that products have
    few shapes (oneDNN compiles a kernel for each). All are multiples of 64, the most columns that
    torch's loops take at a time: where a column stands in such a block decides how sums down it are
    rounded.
    """
    n = max(n, NARROWEST)
    step = (1 << (n.bit_length() - 1)) // 2
    return n + -n % step
