"""Backgrounds: sequences into which motifs are put, or with which others are compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._positions import require_positive
from sklearn_deeplifft.sequences._random import gc_matched, permuted, profile_texts
from sklearn_deeplifft.sequences._segments import Letters, letters_of
from sklearn_deeplifft.sequences._shuffle import rng_of, shuffled, warn_single

__all__ = ["Background", "background"]

KINDS = ("dinucleotide", "permuted", "profile", "random", "gc")


class Background(NamedTuple):
    """Sequences of a background, and where they come from."""

    sequences: list[str]
    """In upper case, n of them."""
    rows: NDArray[np.int64]
    """(n,): the sequence of X (of ``kind``, where sequences were given) behind each."""
    quartiles: NDArray[np.int64] | None
    """(n,): quarter of the predictions that its row is in, 0 the lowest; None without them."""


def background(
    X: Any,
    kind: Any = "dinucleotide",
    n: int = 1000,
    by_prediction: ArrayLike | None = None,
    *,
    pool: Any = None,
    random_state: Any = None,
    alphabet: str = "DNA",
) -> Background:
    """Sequences that are like those of a data set, and hold none of its order.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        The data set.
    kind : {"dinucleotide", "permuted", "profile", "random", "gc"} or sequences
        - "dinucleotide": shuffles that keep pairs of neighbours, `dinucleotide_shuffle`;
        - "permuted": shuffles that keep letters, `permute`;
        - "profile": drawn from the letter frequencies of each position, `profile_sample`;
        - "random": every letter of every known position drawn uniformly;
        - "gc": members of ``pool`` with the GC content of X, `gc_matched`;
        - a list, array or Series of sequences: these themselves, drawn from.
    n : int, default=1000
        Sequences of the background. Up to m of them come from different rows; beyond that, rows
        come equally often.
    by_prediction : array-like of shape (m,), default=None
        A prediction or measurement of each row. As many sequences then come from each quarter of
        its values, lowest first, so that the background covers their whole range.
    pool : sequences, default=None
        For "gc": at least n sequences.
    random_state : int, RandomState instance or None, default=None
        Seed.
    alphabet : str, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    Background
        ``sequences``, ``rows`` and ``quartiles``.

    Raises
    ------
    ValueError
        An unknown kind, "gc" without a pool or with a small one, predictions that are not one
        finite number per row, "profile" of unequal lengths.

    Warns
    -----
    FeatureSelectionWarning
        Rows have no shuffle but themselves; all sequences of the background are the same.

    Examples
    --------
    >>> found = background(["AACCAGGATCA", "ACGGTTAACGT"], n=3, random_state=0)
    >>> found.sequences, found.rows.tolist()
    (['AAGGACCATCA', 'AACGTTACGGT', 'AAGGACATCCA'], [0, 1, 0])
    """
    require_positive("n", n)
    kind = _kind(kind)
    if (kind == "gc") != (pool is not None):
        raise ValueError("pool= is for kind='gc', and that needs one: sequences to choose from.")
    rng = rng_of(random_state)
    source, name = (X, "X") if isinstance(kind, str) else (kind, "kind")
    letters = letters_of(source, alphabet, name)
    quarters = None if by_prediction is None else _quarters(by_prediction, letters.n)
    rows = _rows_drawn(letters.n, n, quarters, rng)
    chosen = letters.take(rows)
    quartiles = None if quarters is None else quarters[rows]
    sequences = _sequences(kind, chosen, quartiles, pool, rng)
    if n > 1 and len({*sequences}) == 1:
        finding = f"all {n:,} sequences of the background are the same, {shown(sequences[0])}."
        remedy = "Effects on it have no spread: pass more sequences, or kind='permuted'."
        tell(FeatureSelectionWarning(finding, remedy))
    return Background(sequences, rows, quartiles)


def _kind(kind: Any) -> Any:
    if isinstance(kind, str) and kind not in KINDS:
        raise ValueError(
            f"kind={shown(kind)}; pass one of {', '.join(map(repr, KINDS))}, or sequences."
        )
    return kind


def _quarters(values: ArrayLike, m: int) -> NDArray[np.int64]:
    """Quarter of each row by the rank of its value, (m,); ties in the order of rows."""
    read = np.asarray(values)
    if read.shape != (m,) or read.dtype.kind not in "buif" or not np.isfinite(read).all():
        raise ValueError(
            f"by_prediction is {shown(values)} of shape {read.shape}; pass one finite number for "
            f"each of the {m:,} sequences."
        )
    if m < 4:
        raise ValueError(f"by_prediction needs 4 sequences or more, one a quarter; X holds {m}.")
    quarters = np.empty(m, dtype=np.int64)
    quarters[read.argsort(kind="stable")] = np.arange(m) * 4 // m
    return quarters


def _rows_drawn(
    m: int, n: int, quarters: NDArray[np.int64] | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows, each of them equally often or once more, from each quarter in turn."""
    if quarters is None:
        return _equally_often(np.arange(m), n, rng)
    sizes = np.diff(np.arange(5) * n // 4)
    parts = [_equally_often(np.flatnonzero(quarters == q), sizes[q], rng) for q in range(4)]
    return np.concatenate(parts)


def _equally_often(rows: NDArray[Any], n: Any, rng: np.random.Generator) -> NDArray[np.int64]:
    rounds = [rng.permutation(rows) for _ in range(-(-int(n) // len(rows)))]
    return np.concatenate([rows[:0], *rounds])[:n]


def _sequences(
    kind: Any,
    letters: Letters,
    quarters: NDArray[np.int64] | None,
    pool: Any,
    rng: np.random.Generator,
) -> list[str]:
    if kind == "dinucleotide":
        warn_single(letters)
        return letters.texts(shuffled(letters, 1, rng)[0])
    if kind == "permuted":
        return letters.texts(permuted(letters, rng))
    if kind == "random":
        drawn = rng.integers(letters.alphabet.K, size=len(letters.codes))
        columns = np.where(letters.codes >= 0, drawn, -1)
        return letters.texts(letters.alphabet.letter_of()[columns])
    if kind == "profile":
        groups = np.zeros(letters.n) if quarters is None else quarters
        parts = [letters.take(np.flatnonzero(groups == q)) for q in np.unique(groups)]
        return [text for part in parts for text in profile_texts(part, part.n, rng)]
    if kind == "gc":
        name, seed = letters.alphabet.name, int(rng.integers(2**31))
        matched = gc_matched(letters.texts(), pool, seed, alphabet=name)
        return letters_of(pool, name, "pool").take(matched).texts()
    return letters.texts()
