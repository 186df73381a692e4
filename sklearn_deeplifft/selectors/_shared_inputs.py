"""Rows as the networks of one round take them, standardised once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.networks import Standardize

if TYPE_CHECKING:
    from sklearn_deeplifft.selectors._reading import Reading

__all__ = ["SharedInputs"]

SHARED_BYTES = 64_000_000
"""Rows are kept up to this size; others are read for every network."""


class SharedInputs:
    """Blocks of rows that one network has read, for the next one that reads them alike.

    Networks of a round read the same columns of the same rows behind the same standardisation, and
    logarithms of counts take longer than to read a network on them.
    """

    def __init__(self) -> None:
        self._front: Standardize | None = None
        self._columns = np.empty(0, dtype=np.int64)
        self._blocks: dict[bytes, Tensor] = {}
        self._bytes = 0

    def of(self, reading: Reading, index: np.ndarray) -> Tensor:
        """The same as ``reading.inputs(index)``; nobody may write to it."""
        front = reading.trained.standardize
        # Null columns are each network's own; what needs no standardisation is read at once.
        if front is None or reading.trained.null_columns is not None:
            return reading.inputs(index)
        if not (np.array_equal(self._columns, reading.columns) and _alike(self._front, front)):
            self._front, self._columns = front, reading.columns
            self._blocks, self._bytes = {}, 0
        rows = index.tobytes()
        known = self._blocks.get(rows)
        if known is None:
            known = reading.inputs(index)
            self._bytes += known.nbytes
            if self._bytes <= SHARED_BYTES:
                self._blocks[rows] = known
        return known


def _alike(a: Standardize | None, b: Standardize) -> bool:
    """Whether two standardisations are the same, value for value."""
    if a is None or a is b:
        return a is b
    pairs = zip(a.buffers(), b.buffers(), strict=True)
    return all(x.dtype is y.dtype and torch.equal(x, y) for x, y in pairs)
