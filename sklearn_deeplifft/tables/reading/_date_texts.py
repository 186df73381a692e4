"""Days since 1970-01-01, as dates are read, written as the dates that they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

__all__ = ["date_texts"]

LONG = 60
"""Days between the first and the last date from which hours say nothing."""
DAY = pd.Timedelta(days=1)


def date_texts(days: Iterable[float]) -> list[str]:
    """Dates of days since 1970-01-01; with hours and minutes, where dates are close.

    >>> date_texts([18262.0, 18293.0]), date_texts([0.25, 1.5])
    (['2020-01-01', '2020-02-01'], ['1970-01-01 06:00', '1970-01-02 12:00'])
    """
    values = np.array(list(days), dtype=np.float64)
    coarse = np.ptp(values) >= LONG if len(values) else True
    pattern = "%Y-%m-%d" if coarse or (values == np.floor(values)).all() else "%Y-%m-%d %H:%M"
    return [_text(value, pattern) for value in values]


def _text(days: float, pattern: str) -> str:
    try:
        return str((pd.Timestamp(0) + days * DAY).strftime(pattern))
    except (OverflowError, ValueError):  # a year that no calendar of the library has
        return f"{days:.6g}"
