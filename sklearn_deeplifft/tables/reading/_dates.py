"""Dates, times of day and durations as numbers: days since 1970-01-01, or hours."""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError

__all__ = ["DateReading", "dates_as_text", "read_dates", "typed_dates"]

ISO = re.compile(r"\d{4}-\d{1,2}(-\d{1,2}([T ]\d{1,2}:\d{2}.*)?)?|\d{4}/\d{1,2}/\d{1,2}.*")
NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:,? +(\d{1,2}:\d{2}.*))?")
NAMED = re.compile(
    r"(\d{1,2}|[A-Za-z]{3,9}\.?)[-,/ ]+(\d{1,2}|[A-Za-z]{3,9}\.?)[-,/ ]+(\d{4}|\d{2})"
    r"(?:,? +(\d{1,2}:\d{2}.*))?|[A-Za-z]{3,9}\.?[-,/ ]+\d{4}"
)
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?\s*([AaPp][Mm])?")
MONTHS = r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class DateReading:
    """Distinct texts that are dates or times of day, with their numbers."""

    kind: str
    """"dates" (days since 1970-01-01, UTC) or "times" (hours since midnight)."""
    values: Mapping[str, float]
    order: str | None = None
    """"day first" or "month first", where the texts leave it to be found out."""


def typed_dates(values: pd.Series) -> tuple[str, np.ndarray] | None:
    """Kind and numbers of a column that holds dates as such; None if it does not.

    Kinds are "dates", "times" and "durations" (days).
    """
    dtype = values.dtype
    if isinstance(dtype, pd.PeriodDtype):
        values, dtype = values.dt.to_timestamp(), np.dtype("datetime64[ns]")
    if types.is_datetime64_any_dtype(dtype):
        return "dates", _days(values)
    if types.is_timedelta64_dtype(dtype):
        return "durations", np.asarray(values / DAY, dtype=np.float64)
    if not types.is_object_dtype(dtype):
        return None
    inferred = types.infer_dtype(values.dropna())
    if inferred in ("date", "datetime", "datetime64"):
        return "dates", _days(pd.to_datetime(values, utc=True, errors="coerce"))
    if inferred == "timedelta":
        return "durations", np.asarray(pd.to_timedelta(values) / DAY, dtype=np.float64)
    if inferred == "time":
        return "times", values.map(_hours_of, na_action="ignore").to_numpy(dtype=np.float64)
    return None


def dates_as_text(column: pd.Series) -> pd.Series:
    """Write dates among texts as texts, so that a cell of "unknown" does not hide them."""
    if not types.is_object_dtype(column.dtype):
        return column
    dates = column.map(lambda cell: isinstance(cell, datetime.date))
    return column.where(~dates, column[dates].map(lambda date: date.isoformat()))


def read_dates(texts: Sequence[str], column: str, date_order: str | None) -> DateReading | None:
    """Read texts as dates or times of day; None if fewer than half of them are.

    Raises
    ------
    TableReadError
        Day and month could be either way round, and the user has not said which comes first.
    """
    clocks = {text: _hours(text) for text in texts if CLOCK.fullmatch(text)}
    if 2 * len(clocks) > len(texts):
        return DateReading("times", clocks)
    for pattern, read in ((ISO, _iso), (NUMERIC, None), (NAMED, _with_names)):
        fit = [text for text in texts if pattern.fullmatch(text)]
        if 2 * len(fit) <= len(texts):
            continue
        reading = _numeric(fit, column, date_order) if read is None else _dates(fit, read)
        if 2 * len(reading.values) > len(texts):
            return reading
    return None


def _dates(texts: Sequence[str], read: Callable[[Sequence[str]], pd.Series]) -> DateReading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that pandas finds out cell by cell
        found = read(texts)
    days = _days(found)
    return DateReading(
        "dates", {text: day for text, day in zip(texts, days, strict=True) if day == day}
    )


def _iso(texts: Sequence[str]) -> pd.Series:
    plain = pd.Series([text.replace("/", "-") for text in texts])
    return pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce")


def _with_names(texts: Sequence[str]) -> pd.Series:
    known = pd.Series([text if re.search(MONTHS, text) else None for text in texts])
    return pd.to_datetime(known, format="mixed", utc=True, errors="coerce")


def _mixed(texts: Sequence[str]) -> pd.Series:
    return pd.to_datetime(pd.Series(texts), format="mixed", utc=True, errors="coerce")


def _numeric(texts: Sequence[str], column: str, date_order: str | None) -> DateReading:
    matches = [NUMERIC.fullmatch(text) for text in texts]
    parts = [(int(m[1]), int(m[3])) for m in matches if m is not None]
    if date_order is None:
        date_order = _order(texts, parts, column)
    day_first = date_order == "dmy"
    iso = []
    for match in matches:
        assert match is not None
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        year = match[4] if len(match[4]) == 4 else _year(int(match[4]))
        iso.append(f"{year}-{month:0>2}-{day:0>2}" + (f" {match[5]}" if match[5] else ""))
    found = _dates(iso, _mixed).values
    values = {text: found[key] for text, key in zip(texts, iso, strict=True) if key in found}
    return DateReading("dates", values, "day first" if day_first else "month first")


def _order(texts: Sequence[str], parts: Sequence[tuple[int, int]], column: str) -> str:
    day_first = any(first > 12 for first, _ in parts)
    month_first = any(second > 12 for _, second in parts)
    if day_first != month_first:
        return "dmy" if day_first else "mdy"
    if all("." in text for text in texts):
        return "dmy"  # points between the parts of a date are written where the day comes first
    why = "both orders occur" if day_first else "no part is above 12"
    raise TableReadError(
        f"{printable(column)}: in dates such as {quoted(texts[0])} the day or the month may come "
        f"first ({why}).",
        "Say {} or {}, or leave the column out with {}.",
        [Option("date_order", "dmy"), Option("date_order", "mdy"), Option("drop", [column])],
    )


def _year(short: int) -> str:
    return str(2000 + short if short < 69 else 1900 + short)  # as POSIX has it


def _days(dates: pd.Series) -> np.ndarray:
    if getattr(dates.dtype, "tz", None) is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray((dates - pd.Timestamp(0)) / DAY, dtype=np.float64)


def _hours(text: str) -> float:
    match = CLOCK.fullmatch(text)
    assert match is not None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    return hour + int(match[2]) / 60 + float(match[3] or 0) / 3600


def _hours_of(time: datetime.time) -> float:
    return time.hour + time.minute / 60 + (time.second + time.microsecond / 1e6) / 3600
