"""Values brought to a size at which squares neither overflow nor vanish."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._table import Table, named
from sklearn_deeplifft.cli._words import counted

__all__ = ["power_of_two", "require_single_precision"]

LARGEST = float(np.finfo(np.float32).max)


def power_of_two(values: np.ndarray) -> np.ndarray:
    """The power of two just above the largest size of each column; dividing by it is exact.

    >>> power_of_two(np.array([3.0, -1e200])) > 1e200
    np.True_
    >>> power_of_two(np.array([[0.0, 5.0]])).tolist()
    [1.0, 8.0]
    """
    _, exponent = np.frexp(np.abs(values).max(axis=0, initial=0.0))
    # A half of the largest double is a power of two; what is above it has none.
    return np.asarray(np.ldexp(1.0, np.clip(exponent, -1022, 1023)))


def require_single_precision(table: Table) -> None:
    """Refuse columns that forests and networks could not hold, before hours of training.

    Raises
    ------
    ValueError
        A value is beyond the range of single precision; the columns are named.
    """
    beyond = (np.abs(table.numbers.to_numpy()) > LARGEST).sum(axis=0)
    bad = pd.Series(beyond, index=table.numbers.columns)
    bad = bad[bad > 0]
    if len(bad):
        listed = named(f"{column} ({count:,})" for column, count in bad.items())
        raise ValueError(
            f"values beyond {LARGEST:.2g}, the largest number in single precision, in "
            f"{counted(len(bad), 'column')}: {listed}. Give the column another unit, take its "
            "logarithm, or leave it out with --drop."
        )
