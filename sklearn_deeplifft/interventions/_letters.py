"""Motifs as probabilities of letters: words, IUPAC codes, matrices, on either strand."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.sequences import Alphabet, find_alphabet

__all__ = ["alphabet_of", "letters_of", "reverse_complement", "word_of", "written_positions"]

IUPAC = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
}
"""Letters that each code stands for, in DNA."""


def alphabet_of(alphabet: Any) -> Alphabet:
    """The alphabet of this name, or of these letters."""
    if not isinstance(alphabet, str):
        raise ValueError(f"alphabet={shown(alphabet)}; pass 'DNA', 'RNA', 'protein' or letters.")
    return find_alphabet(alphabet)


def letters_of(motif: Any, alphabet: Alphabet, strand: str) -> np.ndarray:
    """Probabilities of the letters at each position of a motif, (w, K); a row of zeros is any.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
        A word, in which N (X of proteins) leaves a position as it is and, of DNA and RNA, the
        other IUPAC codes stand for several letters; or counts or probabilities of letters.
    strand : {"+", "-"}
        "-" is the reverse complement.

    Raises
    ------
    ValueError
        An empty motif, a letter that the alphabet lacks, a matrix of another shape, with negative
        entries or a position of zeros; a strand of an alphabet that has but one.
    """
    if isinstance(motif, str | bytes):
        text = motif.decode("ascii", "replace") if isinstance(motif, bytes) else motif
        found = np.array([_of_letter(letter, text, alphabet) for letter in text.upper()])
    else:
        found = _of_matrix(motif, alphabet)
    if not len(found) or not found.any():
        raise ValueError(f"motif={shown(motif)} writes no letter; pass a word or a (K, w) matrix.")
    if strand not in ("+", "-"):
        raise ValueError(f"strand={shown(strand)} must be '+' or '-'.")
    return found if strand == "+" else reverse_complement(found, alphabet)


def reverse_complement(letters: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """(..., w, K) read from the other strand."""
    if not alphabet.complemented:
        raise ValueError(
            f"strand='-' is the reverse complement of DNA and RNA, and the alphabet is "
            f"{alphabet.name}; pass strand='+'."
        )
    return letters[..., ::-1, ::-1]


def word_of(letters: np.ndarray, alphabet: Alphabet) -> str:
    """The motif (w, K) as a word, N where it leaves a position or is of several minds."""
    found = []
    for row in letters:
        only = row.any() and (row == row.max()).sum() == 1
        found.append(alphabet.letters.decode()[int(row.argmax())] if only else "N")
    return "".join(found)


def written_positions(start: Any, width: int, what: str) -> range:
    """Positions ``start`` to ``start + width - 1``; those of the end show when it is bound."""
    whole = isinstance(start, Integral) and not isinstance(start, bool)
    if not whole or start < 0:
        raise ValueError(
            f"{what}: start={shown(start)} must be a position, a whole number from 0 on."
        )
    return range(int(start), int(start) + width)


def _of_letter(letter: str, text: str, alphabet: Alphabet) -> np.ndarray:
    letters = alphabet.letters.decode()
    if letter in letters:
        one = np.zeros(len(letters))
        one[letters.index(letter)] = 1
        return one
    if letter == alphabet.unknown.decode():
        return np.zeros(len(letters))
    codes = IUPAC.get(letter, "") if alphabet.complemented else ""
    if not codes:
        raise ValueError(
            f"motif={shown(text)} holds {letter!r}; the letters of {alphabet.name} are {letters}"
            f", and {alphabet.unknown.decode()} leaves a position as it is."
        )
    several = [letters.index(code.replace("T", letters[3])) for code in codes]
    row = np.zeros(len(letters))
    row[several] = 1 / len(several)
    return row


def _of_matrix(motif: Any, alphabet: Alphabet) -> np.ndarray:
    try:
        matrix = np.asarray(motif, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    if matrix.ndim != 2 or len(matrix) != alphabet.K:
        raise ValueError(
            f"motif={shown(motif)} of shape {matrix.shape} must be a word, or a matrix of shape "
            f"({alphabet.K}, w) with a row for each letter of {alphabet.name}."
        )
    totals = matrix.sum(axis=0)
    if not np.isfinite(matrix).all() or (matrix < 0).any() or (totals <= 0).any():
        raise ValueError(
            "a motif matrix holds a negative or non-finite entry, or a position of zeros; pass "
            "counts or probabilities of letters, and cut positions without any."
        )
    shares: np.ndarray = (matrix / totals).T
    return shares
