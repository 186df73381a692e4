"""Values brought to a size at which squares neither overflow nor vanish, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import named_with_counts
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._words import counted

__all__ = ["in_usual_units", "power_of_two", "require_single_precision"]

LARGEST, SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)
USUAL = (1e-30, 1e30)


def power_of_two(values: np.ndarray) -> float:
    """The power of two just above the largest size; dividing by it is exact.

    >>> power_of_two(np.array([3.0, -5.0])), power_of_two(np.array([0.0, -1e200])) > 1e200
    (8.0, True)
    """
    _, exponent = np.frexp(np.abs(values).max(initial=0.0))
    # A half of the largest double is a power of two; what is above it has none.
    return float(np.ldexp(1.0, np.clip(exponent, -1022, 1023)))


def in_usual_units(table: Table) -> tuple[Table, float]:
    """A target of numbers whose squares neither overflow nor vanish, and the unit it is in.

    Targets of usual sizes are left alone: their unit is 1. Rankings do not depend on it.
    """
    if table.task != "regression":
        return table, 1.0
    low, high = USUAL
    if low <= np.abs(table.y).max() <= high:
        return table, 1.0
    unit = power_of_two(table.y)
    return replace(table, y=table.y / unit), unit


def require_single_precision(table: Table) -> None:
    """Refuse columns that forests and networks could not hold, before hours of training.

    Raises
    ------
    ValueError
        A value is beyond the range of single precision, or all values of a column that has any
        but zeros are below it; the columns are named.
    """
    sizes = np.abs(table.numbers.to_numpy())
    names = table.numbers.columns
    _refuse(names, (sizes > LARGEST).sum(axis=0), f"values beyond {LARGEST:.2g}, the largest")
    small = np.where((sizes < SMALLEST).all(axis=0), (sizes > 0).sum(axis=0), 0)
    _refuse(names, small, f"nothing but zeros and values below {SMALLEST:.2g}, the smallest")


def _refuse(names: pd.Index, counts: np.ndarray, what: str) -> None:
    bad = pd.Series(counts, index=names)
    bad = bad[bad > 0]
    if len(bad):
        raise ValueError(
            f"{what} number in single precision, in {counted(len(bad), 'column')}: "
            f"{named_with_counts(bad.items())}. Give the column another unit, take its logarithm, "
            "or leave it out with --drop."
        )
