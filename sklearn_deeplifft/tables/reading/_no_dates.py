"""Dates that stand for none, such as 9999-12-31 for what has no end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sklearn_deeplifft.tables.reading._notes import Note

__all__ = ["COMPACT_PLACEHOLDERS", "date_sentinels", "without_given_dates"]


def _day(date: str) -> float:
    return float(np.datetime64(date, "D").astype(np.int64))


PLACEHOLDERS = frozenset(
    map(
        _day,
        (
            *("1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "1970-01-01"),
            *("2038-01-19", "2079-06-06", "2099-12-31", "2100-01-01"),
        ),
    )
)
"""Zeros and last days of programs and of forms; they may be dates as well."""
COMPACT_PLACEHOLDERS = {
    99_991_231.0: _day("9999-12-31"),
    99_990_101.0: _day("9999-01-01"),
    29_991_231.0: _day("2999-12-31"),
    10_101.0: _day("0001-01-01"),
}
"""Whole numbers that are such dates, beyond those that are taken for dates otherwise."""
AGES = 150 * 365.25
"""Days from all others at which a date is none of theirs, whatever it is."""
FEWEST = 10
"""Other dates that say where dates of the column lie, 5 of them different."""
OFTEN = 3
"""Times as often as any other date that a placeholder stands in a column that spans it."""


def date_sentinels(
    name: str, days: np.ndarray, written: Mapping[str, float] | None = None
) -> tuple[Note, ...]:
    """Notes of dates that seem to stand for none.

    Parameters
    ----------
    days : ndarray of shape (n,)
        Days since 1970-01-01, NaN where there is no date.
    written : mapping of str to float, default=None
        Cells of the file and their days; None writes dates as 2024-01-31.
    """
    present = np.floor(days[np.isfinite(days)])
    dates, counts = np.unique(present, return_counts=True)
    notes = []
    for at in range(len(dates)):
        at_an_end = at in (0, len(dates) - 1)
        if not (at_an_end or dates[at] in PLACEHOLDERS):
            continue
        if _is_placeholder(dates[at], int(counts[at]), np.delete(dates, at), np.delete(counts, at)):
            cells = _cells(dates[at], written)
            iso = _iso(dates[at])
            notes.append(Note("date sentinel", name, int(counts[at]), (iso, *cells)))
    return tuple(notes)


def _is_placeholder(date: float, n: int, others: np.ndarray, counts: np.ndarray) -> bool:
    if not len(others):
        return False
    low, high = others[0], others[-1]
    if date > high + AGES or date < low - AGES:
        return True
    if date not in PLACEHOLDERS or n < 2 or counts.sum() < FEWEST or len(others) < FEWEST // 2:
        return False
    far = date > high + (high - low) or date < low - (high - low)
    return bool(far or n >= OFTEN * counts.max())


def _cells(date: float, written: Mapping[str, float] | None) -> Sequence[str]:
    if written is None:
        return (_iso(date),)
    return sorted(text for text, day in written.items() if np.floor(day) == date)


def _iso(date: float) -> str:
    return str(np.datetime64(int(date), "D"))


def without_given_dates(
    name: str, days: np.ndarray, na: Iterable[str] | None
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Dates that a file holds as such, without those that the user calls missing."""
    found: dict[str, float] = {}
    for word in na or ():
        try:
            day = _day(word) if word[:1].isdigit() else np.nan
        except ValueError:
            continue
        if (np.floor(days) == day).any():
            found[word] = day
    if not found:
        return days, ()
    missing = np.isin(np.floor(days), list(found.values()))
    note = Note("missing words", name, int(missing.sum()), tuple(found))
    return np.where(missing, np.nan, days), (note,)
