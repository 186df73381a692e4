"""Sequences without the order of others: permuted, drawn from a profile, or of equal GC content."""

from __future__ import annotations

import bisect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft.sequences._positions import require_positive
from sklearn_deeplifft.sequences._segments import Letters, letters_of
from sklearn_deeplifft.sequences._shuffle import rng_of
from sklearn_deeplifft.sequences._texts import equal_length

__all__ = ["gc_content", "gc_matched", "permute", "permuted", "profile_sample", "profile_texts"]


def permute(X: Any, n: int = 1, random_state: Any = None, *, alphabet: str = "DNA") -> list[str]:
    """Permute the letters of sequences: composition stays, every order is equally likely.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        Sequences of any lengths. Unknown letters, such as N, stay where they are.
    n : int, default=1
        Permutations of each sequence.
    random_state : int, RandomState instance or None, default=None
        Seed.
    alphabet : str, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    list of m n str
        In upper case; those of sequence ``i`` stand at ``i n`` to ``i n + n - 1``.

    See Also
    --------
    dinucleotide_shuffle : Keeps pairs of neighbours as frequent as they are.

    Examples
    --------
    >>> permute(["AACGTN"], n=2, random_state=0)
    ['CTGAAN', 'GACTAN']
    """
    require_positive("n", n)
    letters, rng = letters_of(X, alphabet), rng_of(random_state)
    copies = [letters.texts(permuted(letters, rng)) for _ in range(n)]
    return [text for texts in zip(*copies, strict=True) for text in texts]


def permuted(letters: Letters, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One permutation of each sequence as ASCII codes, (total,)."""
    known = np.flatnonzero(letters.codes >= 0)
    rows = np.searchsorted(letters.bounds, known, side="right").astype(np.uint64)
    # One sort for all sequences: by sequence, then by chance.
    keys = (rows << np.uint64(32)) | rng.integers(2**32, size=len(known), dtype=np.uint64)
    out = letters.ascii.copy()
    out[known] = letters.ascii[known[keys.argsort()]]
    return out


def profile_sample(X: Any, n: int, random_state: Any = None, *, alphabet: str = "DNA") -> list[str]:
    """Draw sequences from the letter frequencies of each position, positions independent.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        Sequences of one length. Unknown letters are not counted; a position that holds no other
        is drawn uniformly.
    n : int
        Sequences to draw.
    random_state : int, RandomState instance or None, default=None
        Seed.
    alphabet : str, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    list of n str

    Examples
    --------
    >>> profile_sample(["ACG", "ACT"], n=4, random_state=0)
    ['ACG', 'ACT', 'ACG', 'ACG']
    """
    require_positive("n", n)
    return profile_texts(letters_of(X, alphabet), n, rng_of(random_state))


def profile_texts(letters: Letters, n: int, rng: np.random.Generator) -> list[str]:
    """``n`` sequences drawn from the profile of sequences of one length."""
    texts = [text.encode() for text in letters.texts()]
    L = equal_length(texts, "X", "cut or drop those of other lengths.")
    K, codes = letters.alphabet.K, letters.codes.reshape(-1, L)
    counts = np.stack([(codes == a).sum(axis=0) for a in range(K)])
    counts[:, counts.sum(axis=0) == 0] = 1
    below = np.cumsum(counts, axis=0)
    drawn = rng.integers(below[-1], size=(n, L))
    columns = (drawn >= below[:-1, None]).sum(axis=0)
    rows = letters.alphabet.letter_of()[columns]
    return [row.tobytes().decode("ascii") for row in rows]


def gc_matched(
    X: Any, pool: Any, random_state: Any = None, *, alphabet: str = "DNA"
) -> NDArray[np.int64]:
    """Choose for each sequence one of nearly the same GC content from a pool.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        Sequences, of any lengths.
    pool : list, array or Series of at least m str or bytes
        Sequences to choose from, such as regions of the genome that were not bound.
    random_state : int, RandomState instance or None, default=None
        Sequences choose in random order.
    alphabet : {"DNA", "RNA"}, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    ndarray of shape (m,)
        Positions in the pool, each at most once; the first is for the first sequence.

    Raises
    ------
    ValueError
        A pool smaller than X, a sequence without a known letter, an alphabet without G and C.

    Examples
    --------
    >>> gc_matched(["GGCC", "AATT"], ["ATATA", "GATC", "GCGCG"], random_state=0).tolist()
    [2, 0]
    """
    wanted = gc_content(letters_of(X, alphabet), "X")
    there = gc_content(letters_of(pool, alphabet, "pool"), "pool")
    if len(there) < len(wanted):
        raise ValueError(
            f"pool holds {len(there):,} sequences for {len(wanted):,} of X, and each is chosen "
            "once; pass a larger pool, or fewer of X."
        )
    # Sequences of one content stand in random order, or the first of the pool would be favoured.
    rng = rng_of(random_state)
    order = np.lexsort((rng.random(len(there)), there))
    matched = np.empty(len(wanted), dtype=np.int64)
    turns = rng.permutation(len(wanted))
    matched[turns] = order[_nearest_free(wanted[turns], there[order])]
    return matched


def gc_content(letters: Letters, name: str) -> NDArray[np.float64]:
    """Share of G and C among the known letters of each sequence, (n,)."""
    alphabet = letters.alphabet
    if not {*b"GC"} <= {*alphabet.letters} or alphabet.K != 4:
        raise ValueError(f"GC content is of DNA and RNA; the alphabet is {alphabet.name}.")
    rows = np.repeat(np.arange(letters.n), np.diff(letters.bounds))
    known = np.bincount(rows[letters.codes >= 0], minlength=letters.n)
    if not known.all():
        raise ValueError(
            f"{(known == 0).sum():,} of {letters.n:,} sequences of {name} hold no known letter "
            f"(row {known.argmin()}), and have no GC content; drop them."
        )
    strong = np.isin(letters.ascii, np.frombuffer(b"GC", dtype=np.uint8))
    share: NDArray[np.float64] = np.bincount(rows[strong], minlength=letters.n) / known
    return share


def _nearest_free(wanted: NDArray[np.float64], values: NDArray[np.float64]) -> list[int]:
    """Place of the nearest of the ascending ``values``, each taken once, first come first served.

    ``left[i]`` leads to the nearest free place up to ``i``, and ``right[i]`` from ``i`` on; a place
    that is taken points past itself, and pointers are shortened as they are followed.
    """
    n = len(values)
    left, right = list(range(n + 1)), list(range(n + 1))  # left is shifted by one, 0 is none
    taken = []
    ascending = values.tolist()
    for value in wanted.tolist():
        place = bisect.bisect_left(ascending, value)
        low, high = _followed(left, place) - 1, _followed(right, place)
        beside_low = high == n or (low >= 0 and value - ascending[low] < ascending[high] - value)
        chosen = low if beside_low else high
        left[chosen + 1], right[chosen] = chosen, chosen + 1
        taken.append(chosen)
    return taken


def _followed(pointers: list[int], place: int) -> int:
    while pointers[place] != place:
        pointers[place] = pointers[pointers[place]]
        place = pointers[place]
    return place
