"""Interventions on encoded sequences: whole positions are written, so rows stay one-hot.

==============  ===============================================================  =========
code            symbol                                                           shape
==============  ===============================================================  =========
``letters``     probabilities of the letters of a motif, position by position    (w, K)
``values``      encoded rows at the positions written                            (r, w K)
==============  ===============================================================  =========

Letter ``a`` of position ``l`` is column ``K l + a``, as `SequenceEncoder` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._compose import Composed, compose
from sklearn_deeplifft.interventions._letters import (
    alphabet_of,
    letters_of,
    word_of,
    written_positions,
)
from sklearn_deeplifft.interventions._values import Intervention, SetTo, require_seed
from sklearn_deeplifft.tables import Names

__all__ = [
    "Drawn",
    "Shuffled",
    "Word",
    "embed",
    "embed_many",
    "mutate",
    "require_encoded",
    "require_positions",
    "shuffle_region",
]

SIMPLEX = 1e-6
"""How far the letters of a position may be from summing to one, or to zero where unknown."""


@dataclass(frozen=True)
class Word(SetTo):
    """Write fixed letters."""

    start: int = 0
    K: int = 4

    def describe(self, label: str) -> str:
        return f"embed({self.level} at {self.start})"

    def learned(self, data: np.ndarray, names: Names = None) -> Word:
        require_encoded(data, self.K)
        return self

    def require_within(self, n_columns: int) -> None:
        require_positions(self, self.describe(""), self.K, n_columns)


@dataclass(frozen=True)
class Drawn(Intervention):
    """Write letters that are drawn for each row."""

    letters: tuple[tuple[float, ...], ...]
    """(w, K): their probabilities; each sums to one."""
    word: str
    start: int
    random_state: int
    drawn: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(n, w K): the letters of each row of the data."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        if self.drawn is None:
            raise ValueError(
                f"{self.describe('')} draws letters for each row of a table; bind it first, or "
                "pass it to intervention_effects, which does."
            )
        rows = np.arange(len(values)) if rows is None else rows
        return self.drawn[rows % len(self.drawn)]

    def describe(self, label: str) -> str:
        return f"embed({self.word} drawn at {self.start})"

    def learned(self, data: np.ndarray, names: Names = None) -> Drawn:
        K = len(self.letters[0])
        require_encoded(data, K)
        chances = np.array(self.letters)
        u = np.random.RandomState(self.random_state).uniform(size=(len(data), len(chances), 1))
        # The last letter's share ends at one, whatever the sum was rounded to.
        chosen = (u > chances.cumsum(axis=1)[None, :, :-1]).sum(axis=2)
        return replace(self, drawn=np.eye(K)[chosen].reshape(len(data), -1))

    def require_within(self, n_columns: int) -> None:
        require_positions(self, self.describe(""), len(self.letters[0]), n_columns)


@dataclass(frozen=True)
class Shuffled(Intervention):
    """Put the letters of a region in another order, in each row one of its own."""

    start: int
    stop: int
    K: int
    random_state: int
    orders: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(n, w): for each row of the data."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        if self.orders is None:
            raise ValueError(
                f"{self.describe('')} shuffles rows of a table; bind it first, or pass it to "
                "intervention_effects, which does."
            )
        rows = np.arange(len(values)) if rows is None else rows
        letters = values.reshape(len(values), -1, self.K)
        order = self.orders[rows % len(self.orders)]
        return np.take_along_axis(letters, order[..., None], axis=1).reshape(values.shape)

    def describe(self, label: str) -> str:
        return f"shuffle({self.start}:{self.stop})"

    def learned(self, data: np.ndarray, names: Names = None) -> Shuffled:
        require_encoded(data, self.K)
        width = len(self.columns) // self.K
        u = np.random.RandomState(self.random_state).uniform(size=(len(data), width))
        return replace(self, orders=u.argsort(axis=1, kind="stable"))

    def require_within(self, n_columns: int) -> None:
        require_positions(self, self.describe(""), self.K, n_columns)


def embed(
    motif: Any,
    start: int,
    strand: str = "+",
    *,
    draw: bool = False,
    random_state: int = 0,
    alphabet: str = "DNA",
) -> Word | Drawn:
    """Write a motif into encoded sequences.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
        A word; N (X of proteins) leaves a position as it is, and the other IUPAC codes of DNA and
        RNA are drawn anew for each row. Or counts or probabilities of letters, of which the
        likeliest are written.
    start : int
        Position of its first letter, from 0.
    strand : {"+", "-"}, default="+"
        "-" writes the reverse complement.
    draw : bool, default=False
        Draw the letters of a matrix for each row by their probabilities.
    random_state : int, default=0
        Draws letters; equal seeds draw the same for the same rows.
    alphabet : str, default="DNA"
        As of the `SequenceEncoder` that the rows are from.

    Returns
    -------
    Intervention

    Raises
    ------
    ValueError
        A letter that the alphabet lacks, a matrix that is none of letters, a negative start; on a
        table, a motif that runs over the end, or columns that are no encoded sequence.

    Examples
    --------
    >>> from sklearn_deeplifft.interventions import embed
    >>> embed("CACGTG", 97).describe("")
    'embed(CACGTG at 97)'
    >>> embed("GATA", 3, "-").columns
    (12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27)
    """
    known = alphabet_of(alphabet)
    if not isinstance(motif, str | bytes) and not draw:
        # Before the strand is turned: of equal letters the first, and its partner on the other.
        motif = np.eye(known.K)[letters_of(motif, known, "+").argmax(axis=1)].T
    letters = letters_of(motif, known, strand)
    positions = np.array(written_positions(start, len(letters), "embed"))
    written = letters.any(axis=1)
    word = word_of(letters, known)
    letters, positions = letters[written], positions[written]
    columns = tuple((known.K * positions[:, None] + np.arange(known.K)).ravel().tolist())
    if (letters.max(axis=1) == 1).all():
        values = tuple(letters.ravel().tolist())
        return Word(columns, values, word, int(start), known.K)
    require_seed(random_state, "embed")
    chances = tuple(tuple(row) for row in letters.tolist())
    return Drawn(columns, chances, word, int(start), int(random_state))


def embed_many(
    motifs: Iterable[Sequence[Any]], *, random_state: int = 0, alphabet: str = "DNA"
) -> Composed:
    """Write several motifs that do not overlap.

    Parameters
    ----------
    motifs : iterable of (motif, start) or (motif, start, strand)
        As for `embed`.
    random_state : int, default=0
        Draws the letters of IUPAC codes; each motif draws its own.
    alphabet : str, default="DNA"

    Returns
    -------
    Composed

    Raises
    ------
    ValueError
        Motifs that overlap, none at all, or what `embed` refuses.

    Examples
    --------
    >>> from sklearn_deeplifft.interventions import embed_many
    >>> embed_many([("GGAA", 10), ("GGAA", 20, "-")]).describe("")
    'embed(GGAA at 10) & embed(TTCC at 20)'
    """
    parts: list[Word | Drawn] = []
    for given in motifs:
        one = () if isinstance(given, str) else tuple(given)
        if len(one) not in (2, 3):
            raise ValueError(
                f"embed_many holds {shown(given)}; each motif is (motif, start) or "
                "(motif, start, strand)."
            )
        seed = random_state + len(parts)
        parts.append(embed(*one, random_state=seed, alphabet=alphabet))
    if not parts:
        raise ValueError("embed_many got no motif; pass at least one (motif, start).")
    for i, part in enumerate(parts):
        for other in parts[:i]:
            shared = np.intersect1d(part.positions, other.positions)
            if len(shared):
                raise ValueError(
                    f"{other.describe('')} and {part.describe('')} overlap at position "
                    f"{shared[0] // alphabet_of(alphabet).K}; move one of them, or write what "
                    "you mean as one word."
                )
    return compose(*parts)


def mutate(position: int, letter: str, *, alphabet: str = "DNA") -> Word:
    """Write one letter.

    Parameters
    ----------
    position : int
        From 0.
    letter : str
        One letter of the alphabet.
    alphabet : str, default="DNA"

    Returns
    -------
    Intervention
    """
    known = alphabet_of(alphabet)
    if not isinstance(letter, str) or len(letter) != 1 or letter.upper() not in _letters(known):
        raise ValueError(
            f"mutate(..., letter={shown(letter)}) must be one of the letters "
            f"{known.letters.decode()}."
        )
    found = embed(letter, position, alphabet=alphabet)
    assert isinstance(found, Word)  # a letter of the alphabet draws nothing
    return found


def shuffle_region(
    start: int, stop: int, *, random_state: int = 0, alphabet: str = "DNA"
) -> Shuffled:
    """Put the letters of a region in random order: what its order is for, at equal composition.

    Parameters
    ----------
    start, stop : int
        Positions from the first to before the second, two or more.
    random_state : int, default=0
        Every row gets an order of its own; equal seeds give the same rows the same orders.
    alphabet : str, default="DNA"

    Returns
    -------
    Intervention
    """
    known = alphabet_of(alphabet)
    first = written_positions(start, 1, "shuffle_region").start
    last = written_positions(stop, 1, "shuffle_region").start
    if last - first < 2:
        raise ValueError(
            f"shuffle_region(start={start}, stop={stop}) holds {max(last - first, 0)} position(s); "
            "an order needs two or more."
        )
    require_seed(random_state, "shuffle_region")
    columns = tuple(range(known.K * first, known.K * last))
    return Shuffled(columns, first, last, known.K, int(random_state))


def require_encoded(values: np.ndarray, K: int) -> None:
    """Raise unless the letters of every position sum to one, or to zero where it is unknown."""
    sums = values.reshape(len(values), -1, K).sum(axis=2)
    if (values < -SIMPLEX).any() or not np.minimum(abs(sums), abs(sums - 1)).max() <= SIMPLEX:
        raise ValueError(
            f"an edit of sequences writes columns that hold no encoded letters: {K} columns a "
            "position must sum to 1 (or 0, unknown). Encode sequences by SequenceEncoder, position "
            "by position and without scaling, and pass its alphabet."
        )


def require_positions(intervention: Intervention, what: str, K: int, n_columns: int) -> None:
    """Raise for what runs over the end of encoded sequences."""
    if n_columns % K:
        raise ValueError(
            f"{what}: {n_columns} columns are no encoded sequences of {K} letters; encode them by "
            "SequenceEncoder, and pass its alphabet."
        )
    last = max(column for column in intervention.columns if isinstance(column, int)) // K
    if last >= n_columns // K:
        raise ValueError(
            f"{what} writes position {last}, but the sequences have {n_columns // K} (0 to "
            f"{n_columns // K - 1}); start {last + 1 - n_columns // K} further left, or less."
        )


def _letters(alphabet: Any) -> str:
    found: str = alphabet.letters.decode()
    return found
