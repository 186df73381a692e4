"""Numbers in sentences, singular and plural, and how sentences begin."""

from __future__ import annotations

from sklearn_deeplifft._printable import counted

__all__ = ["as_sentence", "counted"]


def as_sentence(text: str) -> str:
    """Begin with a capital letter.

    >>> as_sentence("checkpoint X is damaged.")
    'Checkpoint X is damaged.'
    """
    return text[:1].upper() + text[1:]
