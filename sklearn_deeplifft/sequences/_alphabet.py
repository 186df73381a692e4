"""Alphabets: which letters a sequence may hold, and which column each one has.

=========  ==================================================  =============
name       meaning                                             shape
=========  ==================================================  =============
``codes``  column of each letter, -1 unknown, -2 no letter     (256,)
``K``      letters of the alphabet                             scalar
=========  ==================================================  =============
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.sequences._texts import PAD, joined, starts_of

__all__ = ["DNA", "PROTEIN", "RNA", "UNKNOWN", "Alphabet", "find_alphabet", "require_letters"]

UNKNOWN, FOREIGN = -1, -2
"""Codes of a letter that stands for several, and of a character that is none."""


@dataclass(frozen=True)
class Alphabet:
    """Letters in the order of their columns, and those that stand for any of several."""

    name: str
    letters: bytes
    ambiguous: bytes
    """Letters that are legal and have no column: N, and the other IUPAC codes of several."""
    alike: tuple[bytes, bytes] = (b"", b"")
    """Letters that are read as others: the first ones as the second ones."""

    @property
    def K(self) -> int:
        return len(self.letters)

    @property
    def complemented(self) -> bool:
        """Whether letter ``a`` pairs with letter ``3 - a``, as in ACGT and ACGU."""
        return self.letters in (b"ACGT", b"ACGU")

    @property
    def unknown(self) -> bytes:
        """Letter that an unknown position is written as."""
        return self.ambiguous[:1]

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """Column of each ASCII code, (256,); `UNKNOWN`, or `FOREIGN`."""
        codes = np.full(256, FOREIGN, dtype=np.int8)
        codes[list(self.ambiguous)] = UNKNOWN
        codes[list(self.letters)] = np.arange(self.K)
        for one, other in zip(*self.alike, strict=True):
            codes[one] = codes[other]
        # A place behind the end of a sequence is as unknown as a letter N.
        codes[PAD] = UNKNOWN
        return codes

    def letter_of(self) -> NDArray[np.uint8]:
        """ASCII code of each column, and of `UNKNOWN` (the last, index -1): (K + 1,)."""
        return np.frombuffer(self.letters + self.unknown, dtype=np.uint8)


DNA = Alphabet("DNA", b"ACGT", b"NRYSWKMBDHV")
RNA = Alphabet("RNA", b"ACGU", b"NRYSWKMBDHV")
PROTEIN = Alphabet("protein", b"ACDEFGHIKLMNPQRSTVWY", b"XBZJUO")
KNOWN = {alphabet.name.upper(): alphabet for alphabet in (DNA, RNA, PROTEIN)}


def find_alphabet(alphabet: str, u_is_t: bool = False) -> Alphabet:
    """Find an alphabet by its name, or make one of its letters.

    Parameters
    ----------
    alphabet : {"DNA", "RNA", "protein"} or str
        A name, or two or more distinct letters, in the order of their columns. Every other letter
        then counts as unknown. Upper and lower case are alike, of names too.
    u_is_t : bool
        Read U as T in DNA, and T as U in RNA.

    Raises
    ------
    ValueError
        Letters that stand twice, that are none, or a single one; ``u_is_t`` for another alphabet.
    """
    known = KNOWN.get(alphabet.upper())
    if known is not None:
        return _with_alike(known) if u_is_t else known
    if u_is_t:
        raise ValueError(
            f"u_is_t=True is for DNA and RNA, and the alphabet is {shown(alphabet)}; leave it "
            "False."
        )
    letters = alphabet.upper()
    if len(letters) < 2 or not (letters.isascii() and letters.isalpha()):
        raise ValueError(
            f"alphabet={shown(alphabet)}; pass 'DNA', 'RNA', 'protein', or a string of two or more "
            "distinct letters."
        )
    if len(set(letters)) < len(letters):
        twice = next(letter for letter in letters if letters.count(letter) > 1)
        raise ValueError(
            f"alphabet={shown(alphabet)} holds {twice!r} twice (upper and lower case are alike); "
            "name each letter once."
        )
    rest = bytes(c for c in b"NXABCDEFGHIJKLMOPQRSTUVWYZ" if chr(c) not in letters) or b"?"
    return Alphabet(letters, letters.encode(), rest)


def _with_alike(known: Alphabet) -> Alphabet:
    if known is PROTEIN:
        raise ValueError("u_is_t=True is for DNA and RNA, not for proteins; leave it False.")
    alike = (b"U", b"T") if known is DNA else (b"T", b"U")
    return Alphabet(known.name, known.letters, known.ambiguous, alike)


def require_letters(
    texts: Sequence[bytes],
    alphabet: Alphabet,
    name: str = "X",
    *,
    unknown: bool = True,
    parameters: Collection[str] = (),
) -> None:
    """Raise ``ValueError`` that names row and position of a character the alphabet lacks.

    Parameters
    ----------
    unknown : bool
        Allow letters that stand for several, such as N.
    parameters : collection of {"alphabet", "u_is_t"}
        What the caller lets its users pass, and the message may name.
    """
    codes = alphabet.codes.copy()
    codes[PAD] = FOREIGN
    least = UNKNOWN if unknown else 0
    letters = joined(texts)
    if not len(letters) or codes[letters].min() >= least:
        return
    bad = codes[letters] < least
    first = int(bad.argmax())
    starts = starts_of(texts)
    row = int(np.searchsorted(starts, first, side="right")) - 1
    rows = len(np.unique(np.searchsorted(starts, np.flatnonzero(bad), side="right")))
    character = chr(letters[first])
    raise ValueError(
        f"row {row} of {name} holds {character!r} at position {first - int(starts[row])} "
        f"({rows:,} of {len(texts):,} rows hold such characters); "
        f"{_rule(character, alphabet, parameters)}"
    )


def _rule(character: str, alphabet: Alphabet, parameters: Collection[str]) -> str:
    letters = alphabet.letters.decode()
    if character.encode() in alphabet.ambiguous:
        return (
            f"it stands for any of several letters, and only {letters} are allowed: pass "
            "unknown='zero' or 'uniform', or drop such rows."
        )
    rule = f"the letters of {alphabet.name} are {letters}, and {alphabet.unknown.decode()} is any"
    if character in "UT" and alphabet.name in ("DNA", "RNA"):
        if "u_is_t" in parameters:
            return f"{rule}: pass u_is_t=True to read U and T alike."
        other, name = ("T", "RNA") if character == "U" else ("U", "DNA")
        choice = f", or pass alphabet='{name}'" if "alphabet" in parameters else ""
        return f"{rule}: write {character} as {other}{choice}."
    if character == "-":
        return f"{rule}: take the gaps of an alignment out first."
    if character == "*":
        return f"{rule}: cut proteins at their stop, '*', first."
    if character.isalpha():
        if "alphabet" in parameters:
            return f"{rule}: pass the alphabet that the sequences are written in."
        return f"{rule}: sequences of other alphabets, such as proteins, are not read here."
    return f"{rule}: sequences hold letters alone."
