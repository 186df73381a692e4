"""Numbers and names in sentences: singular and plural, and text that a terminal may be given."""

from __future__ import annotations

__all__ = ["as_sentence", "counted", "one_line"]

LONGEST_MESSAGE = 1000
LONGEST_WORD = 120


def counted(n: int, what: str, plural: str | None = None) -> str:
    """Count things in words.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "class", "classes")
    ('1 row', '2,000 rows', '2 classes')
    """
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def as_sentence(text: str) -> str:
    """Begin with a capital letter.

    >>> as_sentence("checkpoint X is damaged.")
    'Checkpoint X is damaged.'
    """
    return text[:1].upper() + text[1:]


def one_line(message: str) -> str:
    r"""Make a message one line that is safe to print, whatever names it quotes.

    Names come from files and may hold what moves the cursor, recolours the screen or never ends:
    such characters are escaped, long words and long messages lose their middle.

    >>> one_line("no column '\x1b[2J'\nhere"), one_line("x" * 500)[56:63]
    ("no column '\\x1b[2J' here", 'xxx…xxx')
    """
    # Far more than is shown: escaping 50 MB for the sake of the last few letters takes seconds.
    text = _cut(message, 20 * LONGEST_MESSAGE)
    words = [_cut(word, LONGEST_WORD) for word in text.split()]
    return _cut(" ".join(_escaped(word) for word in words), LONGEST_MESSAGE)


def _escaped(word: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)


def _cut(text: str, longest: int) -> str:
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"
