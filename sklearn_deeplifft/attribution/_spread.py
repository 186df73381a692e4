"""A few rows that stand for a table: spread over all of it, ends included."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["spread_positions"]

FEW = 8
"""Rows that a network is tried on: enough for ways between them, few enough for float64."""


def spread_positions(n: int, most: int = FEW) -> Tensor:
    """Positions (m,) of at most ``most`` rows among ``n``, ascending, evenly spread.

    The first rows would not do: tables are often sorted, and a column that is constant in them, or
    a class that is missing, is then never tried.

    Examples
    --------
    >>> spread_positions(100, 4).tolist(), spread_positions(3).tolist()
    ([0, 33, 66, 99], [0, 1, 2])
    """
    m = min(n, most)
    # In whole numbers, whose steps are at least 1: rounded fractions could meet.
    return torch.arange(m, device="cpu") * (n - 1) // max(m - 1, 1)
