"""Values, names and messages as they may be printed: without control characters, cut where long.

What is printed quotes files, which may hold escape sequences, that a terminal would obey, or
megabytes. The standard library is all that is imported here, for the sake of the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = [
    "counted",
    "harmless",
    "named",
    "named_with_counts",
    "one_line",
    "printable",
    "quoted",
    "shortened",
    "shown",
]

MOST_CHARACTERS = 60
"""Characters of a name or a cell."""

MOST_NAMED = 5

MOST_SHOWN = 40
"""Characters of a value of Python."""

LONGEST_MESSAGE = 1000
LONGEST_WORD = 120

FORMULA = re.compile(r"(^|[;\t\r\n])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Places where a spreadsheet would begin a formula: a cell, or what it takes for the next one."""


def printable(text: object, most: int = MOST_CHARACTERS) -> str:
    r"""Text for a terminal: what does not print is escaped, and the middle of what is long is cut.

    >>> printable("a\x1b[2Jb"), printable("x" * 100, 11)
    ('a\\x1b[2Jb', 'xxxx...xxxx')
    """
    return _cut(_escaped(_cut(str(text), most)), most)


def quoted(text: object, most: int = MOST_CHARACTERS) -> str:
    r"""Like ``printable``, within quotation marks.

    >>> print(quoted("unknown"), quoted("\x07"))
    'unknown' '\x07'
    """
    return f"'{printable(text, most)}'"


def counted(n: int, what: str, plural: str | None = None) -> str:
    """Count things in words.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "class", "classes")
    ('1 row', '2,000 rows', '2 classes')
    """
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def named(names: Iterable[object]) -> str:
    """Name up to five.

    >>> named("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    names = list(names)
    rest = len(names) - MOST_NAMED
    first = ", ".join(printable(name) for name in names[:MOST_NAMED])
    return f"{first} and {rest:,} more" if rest > 0 else first


def named_with_counts(counts: Iterable[tuple[object, int]]) -> str:
    """Name up to five, each with its number.

    >>> named_with_counts([("a", 3), ("b", 2000)])
    'a (3), b (2,000)'
    """
    return named(f"{printable(name)} ({n:,})" for name, n in counts)


def shown(value: Any) -> str:
    """A value as Python writes it, cut where it is long.

    >>> shown("a"), shown(list(range(1000)))
    ("'a'", '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1...')
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes out no integer of more than 4,300 digits
        text = f"an integer of about {int(value.bit_length() * 0.30103):,} digits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula.

    Names come from files that others made, and ``=HYPERLINK(...)`` in a cell is a program.

    >>> harmless("=cmd|' /C calc'!A0"), harmless("x;-1"), harmless("a-b")
    ("'=cmd|' /C calc'!A0", "x;'-1", 'a-b')
    """
    return FORMULA.sub(r"\1'", text)


def one_line(message: str) -> str:
    r"""Make a message one line that is safe to print, whatever names it quotes.

    >>> one_line("no column '\x1b[2J'\nhere"), one_line("x" * 500)[56:63]
    ("no column '\\x1b[2J' here", 'xx...xx')
    """
    # Far more than is shown: escaping 50 MB for the sake of the last few letters takes seconds.
    text = _cut(message, 20 * LONGEST_MESSAGE)
    words = [_cut(word, LONGEST_WORD) for word in text.split()]
    return _cut(_escaped(" ".join(words)), LONGEST_MESSAGE)


def shortened(name: object, width: int) -> str:
    """Fit a name into ``width`` characters; what is left out is the middle.

    Names of one table tend to differ at either end. Characters that would move the cursor or
    break the line become spaces.

    Examples
    --------
    >>> shortened("mean texture", 20)
    'mean texture'
    >>> shortened("chr1_promoter_GATA1_forward_count", 16)
    'chr1_pro…d_count'
    """
    text = "".join(letter if letter.isprintable() else " " for letter in str(name))
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    kept = (most - 3) // 2
    return f"{text[:kept]}...{text[-kept:]}"
