"""Names and cells of a file as they may be shown: no control characters, and of limited length."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["named", "printable", "quoted"]

MOST_CHARACTERS = 60
MOST_NAMED = 5


def printable(text: object, most: int = MOST_CHARACTERS) -> str:
    r"""Text for a terminal: what does not print is escaped, and the middle of what is long is cut.

    A name out of a file may hold escape sequences, which a terminal would obey, or megabytes.

    >>> printable("a\x1b[2Jb"), printable("x" * 100, 11)
    ('a\\x1b[2Jb', 'xxxx...xxxx')
    """
    text = _cut(str(text), most)
    return _cut("".join(c if c.isprintable() else repr(c)[1:-1] for c in text), most)


def quoted(text: object, most: int = MOST_CHARACTERS) -> str:
    r"""Like ``printable``, within quotation marks.

    >>> print(quoted("unknown"), quoted("\x07"))
    'unknown' '\x07'
    """
    return f"'{printable(text, most)}'"


def named(names: Iterable[object]) -> str:
    """Name up to five.

    >>> named("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    names = list(names)
    rest = len(names) - MOST_NAMED
    shown = ", ".join(printable(name) for name in names[:MOST_NAMED])
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    kept = (most - 3) // 2
    return f"{text[:kept]}...{text[-kept:]}"
