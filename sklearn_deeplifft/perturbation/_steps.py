"""From changes of a table's columns to changes of a network's inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

__all__ = ["Steps", "per_unit"]


class Steps(Protocol):
    """What changes of raw columns are in the network's inputs."""

    def __call__(self, change: Tensor, old: Callable[[], Tensor], columns: Tensor, /) -> Tensor:
        """(r, m) for changes (r, m) of the columns (m,) from the values ``old()``, float64."""


def per_unit(units: Tensor) -> Steps:
    """Changes over the units (d,) of the network's inputs in raw columns."""
    units = units.double()
    return lambda change, old, columns: change / units[columns]
