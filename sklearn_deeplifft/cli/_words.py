"""Numbers in sentences, singular and plural, and how sentences begin."""

from __future__ import annotations

__all__ = ["as_sentence", "counted"]


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
