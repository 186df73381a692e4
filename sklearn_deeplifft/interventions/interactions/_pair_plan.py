"""All pairs of some moves, or a list of them, as rectangles that are answered for at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.perturbation import Which

__all__ = ["Rectangle", "bands", "every_pair", "listed_pairs", "pairs_of"]


@dataclass(frozen=True)
class Rectangle:
    """Pairs of some moves with others."""

    first: slice
    second: Which
    keep: Tensor
    """(I, J) bool: those that are pairs, in the order of their results."""
    at: slice
    """Places of their results."""

    @property
    def cells(self) -> int:
        """I times J."""
        return self.keep.numel()


def every_pair(m: int, height: int, wanted: Tensor | None = None) -> Iterator[Rectangle]:
    """Pairs i < j of m moves, ``height`` of the first at a time; of ``wanted`` (m, m) if given."""
    done, every = 0, torch.arange(m)
    for start in range(0, m - 1, height):
        first = slice(start, min(start + height, m - 1))
        second = slice(start + 1, m)
        keep = every[first, None] < every[second]
        if wanted is not None:
            keep &= wanted[first, second]
        if n := int(keep.sum()):
            yield Rectangle(first, second, keep, slice(done, done + n))
            done += n


def listed_pairs(pairs: np.ndarray) -> Iterator[Rectangle]:
    """Pairs (p, 2) sorted by their first, those with the same first together."""
    starts = np.flatnonzero(np.append(True, np.diff(pairs[:, 0]) != 0))
    for start, stop in zip(starts, np.append(starts[1:], len(pairs)), strict=True):
        i, second = int(pairs[start, 0]), torch.from_numpy(pairs[start:stop, 1].copy())
        keep = torch.ones(1, len(second), dtype=torch.bool)
        yield Rectangle(slice(i, i + 1), second, keep, slice(int(start), int(stop)))


def pairs_of(rectangle: Rectangle, m: int) -> np.ndarray:
    """(p, 2): the two moves of each result."""
    every = torch.arange(m)
    at = rectangle.keep.nonzero().T
    moves = every[rectangle.first][at[0]], every[rectangle.second][at[1]]
    return torch.stack(moves, 1).numpy()


def bands(rectangles: Sequence[Rectangle], cells: int) -> Iterator[list[Rectangle]]:
    """Rectangles whose sums are held together: so many cells at most, or a single one."""
    band: list[Rectangle] = []
    held = 0
    for one in rectangles:
        if band and held + one.cells > cells:
            yield band
            band, held = [], 0
        band.append(one)
        held += one.cells
    if band:
        yield band
