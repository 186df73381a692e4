"""Stretches of known letters, between unknown ones and the ends of sequences.

==========  =======================================================  =============
name        meaning                                                  shape
==========  =======================================================  =============
``codes``   columns of all letters, joined; negative unknown         (total,)
``starts``  where each segment begins in ``codes``                   (S,)
``lengths`` letters of each                                          (S,)
``rows``    the sequence that each belongs to                        (S,)
==========  =======================================================  =============
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft.sequences._alphabet import Alphabet, find_alphabet, require_letters
from sklearn_deeplifft.sequences._texts import as_texts, joined, starts_of

__all__ = ["Letters", "letters_of"]


@dataclass(frozen=True)
class Letters:
    """Checked sequences, all their letters in one array."""

    alphabet: Alphabet
    ascii: NDArray[np.uint8]
    """(total,): letters of all sequences, one behind the other."""
    bounds: NDArray[np.int64]
    """(n + 1,): where each sequence begins, and where the last one ends."""

    @property
    def n(self) -> int:
        return len(self.bounds) - 1

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        return self.alphabet.codes[self.ascii]

    @cached_property
    def segments(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """``starts``, ``lengths`` and ``rows`` of the stretches of known letters."""
        known = self.codes >= 0
        begins = known.copy()
        inner = np.ones(len(known), dtype=bool)
        inner[self.bounds[:-1][self.bounds[:-1] < len(known)]] = False
        begins[1:] &= ~(known[:-1] & inner[1:])
        ends = known.copy()
        ends[:-1] &= ~(known[1:] & inner[1:])
        starts = np.flatnonzero(begins)
        rows = np.searchsorted(self.bounds, starts, side="right") - 1
        return starts, np.flatnonzero(ends) + 1 - starts, rows

    def texts(self, letters: NDArray[np.uint8] | None = None) -> list[str]:
        """The sequences, or others of the same lengths by their letters (total,)."""
        text = (self.ascii if letters is None else letters).tobytes().decode("ascii")
        bounds = self.bounds.tolist()
        return [text[a:b] for a, b in pairwise(bounds)]

    def take(self, rows: NDArray[np.int64]) -> Letters:
        """The sequences of these rows."""
        texts = self.texts()
        taken = [texts[row].encode() for row in rows]
        return Letters(self.alphabet, joined(taken), starts_of(taken))


def letters_of(X: Any, alphabet: str, name: str = "X") -> Letters:
    """Read and check sequences; unknown letters are allowed.

    Raises
    ------
    ValueError
        No sequence at all, a row that is none, a character that the alphabet lacks.
    """
    texts: Sequence[bytes] = as_texts(X, name)
    if not texts:
        raise ValueError(f"{name} holds no sequence; pass at least one.")
    found = find_alphabet(alphabet)
    require_letters(texts, found, name, parameters=("alphabet",))
    return Letters(found, joined(texts), starts_of(texts))
