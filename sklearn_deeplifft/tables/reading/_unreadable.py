"""Columns that are refused: texts that hold numbers or dates of a form that is not read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables.reading._dates import looks_dated
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._notation import CURRENCY, UNIT

__all__ = ["require_no_measurements", "unreadable"]

MEASUREMENT = re.compile(
    rf"""
    [<>~≤≥≈]? =? \s* [-+]? (?:{CURRENCY})? \s* \d[\d.,]*
    \s* ([/x×±:*] \s* \d[\d.,]* (\^?[-+]?\d+)?)?  # 120/80, 5.1±0.2, 2.5×10^3
    ( \s* [^\d_-]{{0,12}} | [-–]{{1,2}} | \s* [(\[]\w{{1,2}}[)\]] )  # a unit, 12.-, 3.5 [1]
    | (?:\d[\d.,]* \s* (?:{UNIT}) \s+)+ \d[\d.,]* \s* (?:{UNIT})  # 1 h 30 min
    """,  # noqa: RUF001
    re.VERBOSE,
)


def require_no_measurements(name: str, texts: Sequence[str]) -> None:
    """Refuse texts such as 120/80, <0.5 or 3 May: names of rows hold digits, but not so.

    Raises
    ------
    TableReadError
        Most are of such a form.
    """
    found = [text for text in texts if MEASUREMENT.fullmatch(text)]
    if 2 * len(found) > len(texts):
        shown = ", ".join(quoted(text, 30) for text in found[:3])
        raise unreadable(name, f"cells such as {shown} hold numbers and more")
    dates = [text for text in texts if looks_dated(text)]
    if 2 * len(dates) > len(texts):
        shown = ", ".join(quoted(text, 30) for text in dates[:3])
        raise unreadable(
            name,
            f"cells such as {shown} look like dates, in several forms or in one that is not read",
            "Write them as 2024-01-31, or leave the column out with {}.",
        )


def unreadable(
    name: str, why: str, remedy: str = "Leave the column out with {}."
) -> TableReadError:
    return TableReadError(
        f"{printable(name)} cannot be read: {why}.", remedy, [Option("drop", [name])]
    )
