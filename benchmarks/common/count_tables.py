"""Tables of counts of any size and density, made block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["count_table"]

BLOCK_CELLS = 20_000_000

PLANTED = 4
"""Columns that are filled more often in the rows of a class."""


def count_table(
    n: int, d: int, n_classes: int, density: float = 0.05, *, sparse: bool = False
) -> tuple[Any, np.ndarray]:
    """Counts (n, d) in float32, and classes (n,), each of which fills some columns more often."""
    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=n)
    rate = np.full((n_classes, d), density, dtype=np.float32)
    for k in range(n_classes):
        rate[k, (PLANTED * k + np.arange(PLANTED)) % d] = min(4 * density, 0.8)
    step, blocks = max(BLOCK_CELLS // d, 1), []
    for start in range(0, n, step):
        filled = rng.random((min(step, n - start), d), dtype=np.float32)
        filled = filled < rate[y[start : start + step]]
        if sparse:
            block = sp.csr_array(filled, dtype=np.float32)
            block.data[:] = rng.integers(1, 5, size=block.nnz)
        else:
            block = filled * rng.integers(1, 5, size=filled.shape, dtype=np.int8)
            block = block.astype(np.float32)
        blocks.append(block)
    return (sp.vstack(blocks, format="csr") if sparse else np.concatenate(blocks)), y
