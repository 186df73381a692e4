"""Sequences as users hold them, strings or bytes, as one list of upper-case bytes.

==========  ======================================================  ==========
name        meaning                                                 shape
==========  ======================================================  ==========
``texts``   sequences, upper-case ASCII                             list of n
``lengths`` letters of each                                         (n,)
``starts``  where each begins in the letters joined                 (n + 1,)
==========  ======================================================  ==========
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown

__all__ = ["as_texts", "equal_length", "joined", "lengths_of", "letter_matrix", "starts_of"]

PAD = ord(" ")
"""Code of a place behind the end of a sequence in a matrix of letters; no alphabet holds it."""


def as_texts(X: Any, name: str = "X") -> list[bytes]:
    """Read sequences from a list, tuple, array or Series of strings or bytes.

    Parameters
    ----------
    X : iterable of n str or bytes
        Upper and lower case are alike (lower case marks repeats in genomes). Empty sequences are
        allowed.

    Returns
    -------
    list of n bytes
        Upper-case ASCII.

    Raises
    ------
    ValueError
        One string instead of many, a table, a mapping, a row that is no text or not ASCII; the
        message names the row.
    """
    if isinstance(X, str | bytes):
        raise ValueError(
            f"{name} is one string, {shown(X)}; pass a list of sequences, [sequence] for one."
        )
    held = _held_by(X, name)
    if held:
        raise ValueError(f"{name} is a {type(X).__name__}; pass the sequences in it, {held}.")
    if getattr(X, "ndim", 1) != 1 or not is_iterable(X):
        raise ValueError(
            f"{name} is {_described(X)}; sequences are strings: pass a list, a one-dimensional "
            "array or a Series of them (of a frame, the column that holds them)."
        )
    return [_text(value, i, name) for i, value in enumerate(X)]


def _held_by(X: Any, name: str) -> str:
    """How to come to the sequences of what would yield other things: names, or both as lists."""
    if isinstance(X, Mapping):
        return f"list({name}.values())"
    return f"{name}.sequences" if isinstance(X, tuple) and hasattr(X, "sequences") else ""


def _described(X: Any) -> str:
    shape = getattr(X, "shape", None)
    kind = type(X).__name__
    return shown(X) if shape is None else f"a {kind} of shape {tuple(shape)}"


def _text(value: Any, row: int, name: str) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode("ascii").upper()
        except UnicodeEncodeError as error:
            letter = shown(value[error.start])
            raise ValueError(
                f"row {row} of {name} holds {letter} at position {error.start}; sequences are "
                "letters of the ASCII alphabet: correct or drop the row."
            ) from error
    if isinstance(value, bytes):
        if not value.isascii():
            raise ValueError(
                f"row {row} of {name} holds bytes beyond ASCII; sequences are letters: correct or "
                "drop the row."
            )
        return value.upper()
    raise ValueError(
        f"row {row} of {name} is {shown(value)}, of type {type(value).__name__}; every row is a "
        "sequence, a str or bytes: drop rows without one."
    )


def lengths_of(texts: Sequence[bytes]) -> NDArray[np.int64]:
    """Letters of each sequence, (n,)."""
    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def starts_of(texts: Sequence[bytes], gap: int = 0) -> NDArray[np.int64]:
    """Where each sequence begins once all are joined with ``gap`` letters between, (n + 1,).

    The last entry is where one more would begin.
    """
    return np.append(0, np.cumsum(lengths_of(texts) + gap))


def joined(texts: Sequence[bytes]) -> NDArray[np.uint8]:
    """All letters, one sequence behind the other, as ASCII codes."""
    return np.frombuffer(b"".join(texts), dtype=np.uint8)


def letter_matrix(texts: Sequence[bytes], length: int, pad: str = "right") -> NDArray[np.uint8]:
    """ASCII codes (n, length) of sequences of at most that length, spaces where there is none.

    Parameters
    ----------
    pad : {"right", "both"}
        Where the spaces go; of an odd number the one over goes to the right.
    """
    if pad == "right":
        padded = b"".join(text.ljust(length) for text in texts)
    else:  # bytes.center puts the odd space now to the left, now to the right
        padded = b"".join(_centred(text, length) for text in texts)
    return np.frombuffer(padded, dtype=np.uint8).reshape(len(texts), length)


def _centred(text: bytes, length: int) -> bytes:
    return text.rjust(len(text) + (length - len(text)) // 2).ljust(length)


def equal_length(texts: Sequence[bytes], name: str, remedy: str) -> int:
    """Length that all sequences share.

    Raises
    ------
    ValueError
        There are none, or their lengths differ.
    """
    lengths = lengths_of(texts)
    if not len(lengths):
        raise ValueError(f"{name} holds no sequence; pass at least one.")
    low, high = int(lengths.min()), int(lengths.max())
    if low != high:
        raise ValueError(
            f"the sequences of {name} are of {low:,} to {high:,} letters (row "
            f"{int(lengths.argmin())} and row {int(lengths.argmax())}); they must be of one "
            f"length: {remedy}"
        )
    return low
