"""Notations of numbers: decimal marks, groups of digits, currencies, percents and units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "APOSTROPHE",
    "SPACES",
    "Cell",
    "Convention",
    "convention_of",
    "exact_value",
    "parse_cell",
    "value_of",
]

SPACES = " \u00a0\u2009\u202f"
APOSTROPHE = "\u2019"
MINUS = dict.fromkeys(map(ord, "\u2212\u2012\u2013\uff0d"), "-")
CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|BRL|MXN|ZAR|Rs|kr"
UNITS = (
    *("kg", "g", "mg", "ug", "µg", "μg", "ng", "pg", "t", "lb", "lbs", "oz"),
    *("l", "L", "ml", "mL", "dl", "dL", "ul", "uL", "µl", "µL"),
    *("m", "cm", "mm", "km", "nm", "um", "µm", "in", "ft", "mi", "km2", "m2", "m3"),
    *("s", "sec", "ms", "min", "h", "hr", "hrs", "hours", "d", "day", "days", "week", "weeks"),
    *("mo", "month", "months", "y", "yr", "yrs", "year", "years"),
    *("°C", "C", "°F", "F", "K", "Hz", "kHz", "MHz", "GHz", "dB", "%", "‰", "°"),
    *("bp", "kb", "kbp", "Mb", "Mbp", "Gb", "kB", "KB", "MB", "GB", "TB", "mmHg", "bpm"),
    *("kcal", "cal", "J", "kJ", "W", "kW", "V", "mV", "A", "mA", "Pa", "hPa", "kPa", "bar"),
    *("mbar", "psi", "mol", "mmol", "umol", "µmol", "nmol", "M", "mM", "uM", "µM", "nM"),
    *("IU", "U", "mIU", "ppm", "ppb"),
)
UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
CURRENCY = rf"(?:US|A|C|R|NZ)?[$€£¥₹]|{CURRENCIES}"

CELL = re.compile(
    rf"""
    (?P<sign>[-+]?) \s*
    (?P<before>{CURRENCY})? \s*
    (?P<inner>[-+]?)
    (?P<body>\d[\d.,'{APOSTROPHE}_{SPACES}]*|[.,]\d+)
    (?P<power>[eE][-+]?\d+)?
    \s* (?P<after>(?:{CURRENCY})|(?:{UNIT})(?:/(?:{UNIT}))*)?
    """,
    re.VERBOSE,
)
GROUPED = {
    # Indian numbers are grouped by two digits above the thousands.
    ",": re.compile(r"[1-9]\d{0,2}(,\d{2,3})*,\d{3}"),
    ".": re.compile(r"[1-9]\d{0,2}(\.\d{3})+"),
    " ": re.compile(rf"[1-9]\d{{0,2}}([{SPACES}]\d{{3}})+"),
    "'": re.compile(rf"[1-9]\d{{0,2}}(['{APOSTROPHE}]\d{{3}})+"),
    "_": re.compile(r"\d+(_\d+)+"),
}


@dataclass(frozen=True)
class Cell:
    """Parts of a number as written."""

    negative: bool
    body: str
    """Digits, and what stands between them."""
    power: str
    mark: str
    """The currency, percent sign or unit."""


@dataclass(frozen=True)
class Convention:
    """Marks between digits."""

    decimal: str = "."
    thousands: str | None = ","
    """Beside spaces and apostrophes, which are always taken."""


def parse_cell(text: str) -> Cell | None:
    """Parts of a number; None if the text is no number.

    >>> parse_cell("-$1,234.50"), parse_cell("(3 %)").negative, parse_cell("7-8")
    (Cell(negative=True, body='1,234.50', power='', mark='$'), True, None)
    """
    text = text.translate(MINUS).strip().strip("'\"").strip()  # ' makes a text of it in Excel
    accounting = text.startswith("(") and text.endswith(")")
    found = CELL.fullmatch(text[1:-1].strip() if accounting else text)
    if found is None or (found["sign"] and found["inner"]) or (found["before"] and found["after"]):
        return None
    if accounting and (found["sign"] or found["inner"]):
        return None
    negative = accounting or "-" in (found["sign"], found["inner"])
    mark = found["before"] or found["after"] or ""
    return Cell(negative, found["body"].rstrip(SPACES), found["power"] or "", mark)


def value_of(cell: Cell, convention: Convention) -> float | None:
    """Value under a convention; None if the digits do not fit it.

    >>> cell = parse_cell("1.234,5")
    >>> value_of(cell, Convention(",", ".")), value_of(cell, Convention(".", ","))
    (1234.5, None)
    """
    written = _plain(cell, convention)
    return None if written is None else float(written)


def exact_value(cell: Cell, convention: Convention) -> Decimal | None:
    """Value under a convention to the last digit; None if the digits do not fit it."""
    written = _plain(cell, convention)
    return None if written is None else Decimal(written)


def _plain(cell: Cell, convention: Convention) -> str | None:
    whole, _, fraction = cell.body.partition(convention.decimal)
    if not fraction.isdecimal() and fraction:
        return None
    digits = _ungrouped(whole, convention.thousands)
    if digits is None or not (digits or fraction):
        return None
    return f"{'-' * cell.negative}{digits or '0'}.{fraction or '0'}{cell.power}"


def _ungrouped(whole: str, thousands: str | None) -> str | None:
    if whole.isdecimal() or not whole:
        return whole
    # Spaces and apostrophes mean nothing else between digits; 309_1 is a name more often.
    for mark in (thousands, " ", "'"):
        if mark is not None and GROUPED[mark].fullmatch(whole):
            return re.sub(r"\D", "", whole)
    return None


def convention_of(
    cells: Iterable[Cell], decimal: str | None, thousands: str | None
) -> Sequence[Convention]:
    """Conventions that fit most cells: one, or two where digits could be read either way.

    ``decimal`` and ``thousands`` are the user's, who has the last word.
    """
    candidates = [Convention(".", ","), Convention(",", ".")]
    if decimal is not None:
        candidates = [c for c in candidates if c.decimal == decimal]
    if thousands is not None:
        # Without a word on the decimal mark it is the one that does not group.
        decimals = [decimal] if decimal else ([","] if thousands == "." else ["."])
        candidates = [Convention(mark, thousands) for mark in decimals]
    if len(candidates) == 1:
        return candidates
    cells = list(cells)
    fits = [sum(value_of(cell, c) is not None for cell in cells) for c in candidates]
    best = [c for c, n in zip(candidates, fits, strict=True) if n == max(fits)]
    same = len(best) == 2 and all(value_of(c, best[0]) == value_of(c, best[1]) for c in cells)
    return best[:1] if same else best
