"""Years of two digits, which say no century.

They are of 1969 to 2068, as POSIX has it, unless that puts a part of a column into the future and
the rest into the past: such dates of the future are of the century before. A column of plans, of
the last and the coming years, is an exception: it would spread over a century.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Written", "full_dates"]

FIRST = 69
"""The first short year of the 20th century."""

SPREAD = 2
"""Times as wide as a column may become by taking dates from the future into the past."""


class Written(NamedTuple):
    """A date in three parts, of which the middle one is the year, as it is written."""

    before: str
    year: str
    after: str

    @property
    def is_short(self) -> bool:
        return len(self.year) == 2

    def full(self, *, earlier: bool = False) -> str:
        """Write the year with four digits; ``earlier``, a short one a century before."""
        return f"{self.before}{self._year(100 * earlier)}{self.after}"

    def _year(self, before: int) -> str:
        if not self.is_short:
            return self.year
        short = int(self.year)
        return str((1900 if short >= FIRST else 2000) + short - before)


def full_dates(
    dates: Sequence[Written], days_of: Callable[[Sequence[str]], np.ndarray]
) -> tuple[list[str], np.ndarray]:
    """Write dates with years of four digits; return them with their days since 1970-01-01.

    Parameters
    ----------
    dates : sequence of n Written
    days_of : callable
        Makes texts (n,) into days (n,), NaN where one is no date.
    """
    texts = [date.full() for date in dates]
    days = days_of(texts)
    short = np.array([date.is_short for date in dates], dtype=bool)
    past, moved = days <= _today(), short & (days > _today())
    if not moved.any() or not past.any():
        return texts, days
    earlier = [d.full(earlier=bool(m)) for d, m in zip(dates, moved, strict=True)]
    then = days_of(earlier)
    # A year of 9999, which stands for no end, says nothing of how far the others spread.
    own = past | moved
    if SPREAD * np.ptp(days[own]) < np.ptp(then[own]):
        return texts, days
    return earlier, then


def _today() -> int:
    """Days since 1970-01-01."""
    return (datetime.datetime.now(datetime.UTC).date() - datetime.date(1970, 1, 1)).days
