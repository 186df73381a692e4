"""Dates, times of day and durations as numbers: days since 1970-01-01, or hours."""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._no_dates import COMPACT_PLACEHOLDERS
from sklearn_deeplifft.tables.reading._years import Written, full_dates

__all__ = [
    "DateReading",
    "compact_dates",
    "dates_as_text",
    "looks_dated",
    "read_dates",
    "typed_dates",
]

ISO = re.compile(r"\d{4}-\d{1,2}(-\d{1,2}([T ]\d{1,2}:\d{2}.*)?)?|\d{4}([/.])\d{1,2}\3\d{1,2}\b.*")
NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:,? +(\d{1,2}:\d{2}.*))?")
NAMED = re.compile(
    r"(\d{1,2}|[A-Za-z]{3,9}\.?)[-,/ ]+(\d{1,2}|[A-Za-z]{3,9}\.?)[-,/ ]+(\d{4}|\d{2})"
    r"(?:,? +(\d{1,2}:\d{2}.*))?|[A-Za-z]{3,9}\.?[-,/ ]+\d{4}"
)
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?\s*([AaPp]\.?[Mm]\.?)?")
MONTHS = r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
DAY = pd.Timedelta(days=1)
EPOCH = np.datetime64(0, "s")
COMPACT = 19_000_101, 20_991_231
"""Limits of whole numbers that are dates written without marks, such as 20240131."""
FEWEST_COMPACT = 3
"""Different ones that it takes: one number in thirty of such a size is a date by chance."""
WEEK = re.compile(r"\d{4}-?W\d{2}(-?\d)?")
NAMES_OF_MONTHS = frozenset(
    {
        *("jan", "january", "januar", "janvier", "enero", "ene", "feb", "february", "februar"),
        *("février", "fevrier", "févr", "fev", "febrero", "mar", "march", "mär", "märz", "maerz"),
        *("mars", "marzo", "apr", "april", "avril", "avr", "abril", "abr", "may", "mai", "mayo"),
        *("jun", "june", "juni", "juin", "junio", "jul", "july", "juli", "juillet", "juil"),
        *("julio", "aug", "august", "août", "aout", "agosto", "ago", "sep", "sept", "september"),
        *("septembre", "septiembre", "oct", "october", "okt", "oktober", "octobre", "octubre"),
        *("nov", "november", "novembre", "noviembre", "dec", "december", "dez", "dezember"),
        *("décembre", "decembre", "déc", "dic", "diciembre"),
    }
)
AROUND_DATES = frozenset(
    {
        *("mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thurs"),
        *("thursday", "fri", "friday", "sat", "saturday", "sun", "sunday", "montag", "dienstag"),
        *("mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "st", "nd", "rd", "th", "of"),
        *("de", "um", "at", "uhr", "h", "t", "z", "am", "pm", "gmt", "utc", "cet", "cest", "est"),
    }
)
"""Words that stand in dates beside the name of a month."""


@dataclass(frozen=True)
class DateReading:
    """Distinct texts that are dates or times of day, with their numbers."""

    kind: str
    """"dates" (days since 1970-01-01, UTC) or "times" (hours since midnight)."""
    values: Mapping[str, float]
    order: str | None = None
    """"day first" or "month first", where the texts leave it to be found out."""
    years: tuple[str, str] | None = None
    """First and last year that years of two digits are read as, where there are any."""


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


def compact_dates(values: np.ndarray) -> np.ndarray | None:
    """Days of whole numbers such as 20240131; None if any of them is no date.

    >>> compact_dates(np.array([20240131, 20240201, np.nan, 19991231]))
    array([19753., 19754.,    nan, 10956.])
    >>> compact_dates(np.array([20240131, 20240232, 19991231]))

    Beside others, 99991231 is a date as well.
    """
    present = np.unique(values[~np.isnan(values)])
    present = present[~np.isin(present, list(COMPACT_PLACEHOLDERS))]
    if len(present) < FEWEST_COMPACT or present[0] < COMPACT[0] or present[-1] > COMPACT[1]:
        return None
    if (present != np.rint(present)).any():
        return None
    texts = pd.Series([f"{number:.0f}" for number in present])
    dates = pd.to_datetime(texts, format="%Y%m%d", errors="coerce")
    if dates.isna().any():
        return None
    days = _days(dates)
    day_of = {**COMPACT_PLACEHOLDERS, **dict(zip(present.tolist(), days.tolist(), strict=True))}
    return np.array([day_of.get(value, np.nan) for value in values.tolist()])


def looks_dated(text: str) -> bool:
    """Whether a text is or holds a date, of a form that is read or of another.

    >>> [looks_dated(text) for text in ("26. Januar 2011", "2011-W04", "May-20", "maybe 7")]
    [True, True, True, False]
    """
    if any(form.fullmatch(text) for form in (ISO, NUMERIC, WEEK)):
        return True
    words = set(re.findall(r"[^\W\d_]+", text.casefold()))
    months = words & NAMES_OF_MONTHS
    return bool(months) and words <= months | AROUND_DATES and any(map(str.isdigit, text))


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
    for pattern in (ISO, NUMERIC, NAMED):
        fit = [text for text in texts if pattern.fullmatch(text)]
        if 2 * len(fit) <= len(texts):
            continue
        if pattern is ISO:
            reading = _reading(fit, _days_by(_iso)(fit))
        elif pattern is NUMERIC:
            reading = _numeric(fit, column, date_order)
        else:
            reading = _with_years(fit, [_written_by_name(text) for text in fit], _named)
        if 2 * len(reading.values) > len(texts):
            return reading
    return None


def _reading(texts: Sequence[str], days: np.ndarray) -> DateReading:
    return DateReading(
        "dates", {text: day for text, day in zip(texts, days.tolist(), strict=True) if day == day}
    )


def _with_years(
    texts: Sequence[str], dates: Sequence[Written], read: Callable[[Sequence[str]], pd.Series]
) -> DateReading:
    """Read dates some of which have years of two digits."""
    full, days = full_dates(dates, _days_by(read))
    years = [
        text[len(date.before) : len(text) - len(date.after)]
        for text, date, day in zip(full, dates, days, strict=True)
        if date.is_short and day == day
    ]
    reading = _reading(texts, days)
    return replace(reading, years=(min(years), max(years))) if years else reading


def _days_by(read: Callable[[Sequence[str]], pd.Series]) -> Callable[[Sequence[str]], np.ndarray]:
    def days_of(texts: Sequence[str]) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats that pandas finds out cell by cell
            return _days(read(texts))

    return days_of


def _iso(texts: Sequence[str]) -> pd.Series:
    plain = pd.Series([re.sub(r"^(\d{4})[/.](\d+)[/.]", r"\1-\2-", text) for text in texts])
    return pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce")


def _named(texts: Sequence[str]) -> pd.Series:
    known = pd.Series([text if re.search(MONTHS, text) else None for text in texts])
    return pd.to_datetime(known, format="mixed", utc=True, errors="coerce")


def _written_by_name(text: str) -> Written:
    match = NAMED.fullmatch(text)
    assert match is not None
    if match[3] is None:  # a month and its year, of four digits
        return Written(text, "", "")
    return Written(text[: match.start(3)], match[3], text[match.end(3) :])


def _mixed(texts: Sequence[str]) -> pd.Series:
    return pd.to_datetime(pd.Series(texts), format="mixed", utc=True, errors="coerce")


def _numeric(texts: Sequence[str], column: str, date_order: str | None) -> DateReading:
    matches = [NUMERIC.fullmatch(text) for text in texts]
    parts = [(int(m[1]), int(m[3])) for m in matches if m is not None]
    if date_order is None:
        date_order = _order(texts, parts, column)
    day_first = date_order == "dmy"
    dates = []
    for match in matches:
        assert match is not None
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        clock = f" {match[5]}" if match[5] else ""
        dates.append(Written("", match[4], f"-{month:0>2}-{day:0>2}{clock}"))
    order = "day first" if day_first else "month first"
    return replace(_with_years(texts, dates, _mixed), order=order)


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


def _days(dates: pd.Series) -> np.ndarray:
    if getattr(dates.dtype, "tz", None) is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    # Not by a Timestamp, which counts nanoseconds and ends in 2262: 9999-12-31 stands for no end.
    return np.asarray((dates.to_numpy() - EPOCH) / np.timedelta64(1, "D"), dtype=np.float64)


def _hours(text: str) -> float:
    match = CLOCK.fullmatch(text)
    assert match is not None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4][0] in "Pp" else 0)
    return hour + int(match[2]) / 60 + float(match[3] or 0) / 3600


def _hours_of(time: datetime.time) -> float:
    return time.hour + time.minute / 60 + (time.second + time.microsecond / 1e6) / 3600
