"""Dinucleotide shuffles, uniform over all sequences that can be reached.

A sequence is a walk over its letters, and its pairs of neighbours are the edges. Another order of
the same edges is another walk between the same ends. A walk is told by the order in which each
letter's exits are taken, and the last exits of all letters but the final one form a tree that leads
to it; conversely, every such tree with any order of the other exits is a walk (Altschul & Erikson
1985). So a tree is drawn uniformly (Wilson 1996), then the orders.

==========  ==========================================================  ============
name        meaning                                                     shape
==========  ==========================================================  ============
``x``       columns of letters; -1 behind the end                       (B, M)
``C``       pairs of neighbours: C[r, a, b] times b follows a           (B, K, K)
``tree``    letter to which the last exit of each letter leads          (B, K)
``exits``   letters that follow, in the order they are taken, sorted
            by the letter that they leave                               (B, M - 1)
``n``       shuffles of each row: then B is n S                         scalar
==========  ==========================================================  ============
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from sklearn.utils import check_random_state

from sklearn_deeplifft._printable import named
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._positions import require_positive
from sklearn_deeplifft.sequences._segments import Letters, letters_of

__all__ = ["dinucleotide_shuffle", "log_shuffles", "n_distinct_shuffles", "rng_of", "shuffled"]

BLOCK = 1000
"""Walks at a time: these fit in cache; twenty thousand at once take seven times as long each."""

Codes = NDArray[np.int64]


def dinucleotide_shuffle(
    X: Any, n: int = 1, random_state: Any = None, *, alphabet: str = "DNA"
) -> list[str]:
    """Shuffle sequences such that every pair of neighbouring letters stays as frequent.

    Each shuffle is drawn uniformly from all sequences with the same first and last letter and the
    same counts of pairs, the sequence itself among them.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        Sequences of any lengths. Unknown letters, such as runs of N, stay where they are, and
        each stretch between them is shuffled within itself.
    n : int, default=1
        Shuffles of each sequence.
    random_state : int, RandomState instance or None, default=None
        Seed.
    alphabet : str, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    list of m n str
        In upper case; the shuffles of sequence ``i`` stand at ``i n`` to ``i n + n - 1``.

    Warns
    -----
    FeatureSelectionWarning
        Sequences that have one shuffle, themselves; see `n_distinct_shuffles`.

    References
    ----------
    Altschul, S. F. & Erikson, B. W. (1985). Significance of nucleotide sequence alignments: a
    method for random sequence permutation that preserves dinucleotide and codon usage.
    *Molecular Biology and Evolution* 2(6).

    Wilson, D. B. (1996). Generating random spanning trees more quickly than the cover time.
    *STOC '96*.

    Examples
    --------
    >>> dinucleotide_shuffle(["AACCAGGATCA"], n=3, random_state=0)
    ['AATCACCAGGA', 'ATCCACAGGAA', 'ATCACCAAGGA']
    """
    require_positive("n", n)
    letters = letters_of(X, alphabet)
    warn_single(letters)
    copies = shuffled(letters, n, rng_of(random_state))
    return [text for texts in zip(*map(letters.texts, copies), strict=True) for text in texts]


def n_distinct_shuffles(X: Any, *, alphabet: str = "DNA") -> NDArray[np.float64]:
    """Count the sequences that `dinucleotide_shuffle` can reach.

    Parameters
    ----------
    X : list, array or Series of m str or bytes
        Sequences of any lengths.
    alphabet : str, default="DNA"
        See `SequenceEncoder`.

    Returns
    -------
    ndarray of shape (m,)
        Natural logarithm of the number, since that of 200 letters has a hundred digits: 0 for a
        sequence such as ACTGACTGACTG, of which there is no other shuffle.

    Notes
    -----
    The BEST theorem: with ``t`` trees of last exits that lead to the final letter ``e``, a
    determinant, the number is ``t prod_{a != e} (out_a - 1)! out_e! / prod_{ab} C_ab!``, since
    walks that differ in the order of equal edges are one sequence. Stretches between unknown
    letters multiply.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(n_distinct_shuffles(["AACCAGGATCA", "ACTGACTGACTG"])).round(6).tolist()
    [48.0, 1.0]
    """
    return log_shuffles(letters_of(X, alphabet))


def rng_of(random_state: Any) -> np.random.Generator:
    """Generator seeded by ``random_state`` as scikit-learn understands it."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))


def warn_single(letters: Letters) -> None:
    """Say how many sequences have no shuffle but themselves."""
    single = np.flatnonzero(log_shuffles(letters) < np.log(1.5))
    if len(single):
        finding = (
            f"{len(single):,} of {letters.n:,} sequences have one dinucleotide shuffle, "
            f"themselves (row {named(single)})."
        )
        remedy = "Drop them, or use permute(), where a background is meant to vary."
        tell(FeatureSelectionWarning(finding, remedy))


def log_shuffles(letters: Letters) -> NDArray[np.float64]:
    """Logarithm of the number of shuffles of each sequence, (n,)."""
    _, _, rows = letters.segments
    logs = np.zeros(letters.n)
    for chosen, x, _ in _blocks(letters, BLOCK):
        logs += np.bincount(rows[chosen], _log_walks(x, letters.alphabet.K), letters.n)
    return logs


def shuffled(letters: Letters, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """``n`` shuffles of all sequences as ASCII codes, (n, total)."""
    copies = np.tile(letters.ascii, (n, 1))
    ascii_of = letters.alphabet.letter_of()
    for _, x, where in _blocks(letters, max(1, BLOCK // n)):
        walks = ascii_of[_random_walks(x, letters.alphabet.K, n, rng)]
        inside = x >= 0
        if inside.all():
            copies[:, where] = walks
        else:
            copies[:, where[inside]] = walks[:, inside]
    return copies


def _blocks(letters: Letters, size: int) -> Any:
    """Segments in blocks of similar lengths: which, their codes ``x``, and places in the letters.

    Segments of two letters or fewer have one walk and are left out.
    """
    starts, lengths, _ = letters.segments
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 2]
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        within = np.arange(lengths[chosen[-1]])
        where = starts[chosen, None] + within
        inside = within < lengths[chosen, None]
        where = np.where(inside, where, 0)
        yield chosen, np.where(inside, letters.codes[where], -1).astype(np.int64), where


def _pairs(x: Codes, K: int) -> Codes:
    """Times that letter b follows letter a, (B, K, K)."""
    cells = _cells(x, K)[x[:, 1:] >= 0]
    return np.bincount(cells, minlength=len(x) * K * K).reshape(len(x), K, K)


def _cells(x: Codes, K: int) -> Codes:
    """Flat place in ``C`` of each pair of neighbours, (B, M - 1)."""
    cells: Codes = (np.arange(len(x))[:, None] * K + x[:, :-1]) * K + x[:, 1:]
    return cells


def _ends(x: Codes) -> Codes:
    """Last letter of each row, (B,)."""
    last: Codes = x[np.arange(len(x)), (x >= 0).sum(axis=1) - 1]
    return last


def _log_walks(x: Codes, K: int) -> NDArray[np.float64]:
    """Logarithm of the number of distinct sequences with the pairs of each row, (B,)."""
    C, e = _pairs(x, K), _ends(x)
    every = np.arange(len(x))
    out = C.sum(axis=2)
    laplacian = -C.astype(np.float64)
    laplacian[:, range(K), range(K)] += out
    # The minor without the final letter, in place: its row and column become those of the
    # identity, and so do those of letters that never occur.
    absent = out == 0
    absent[every, e] = True
    laplacian[absent] = 0
    laplacian.transpose(0, 2, 1)[absent] = 0
    laplacian[:, range(K), range(K)] += absent
    log_trees = np.linalg.slogdet(laplacian)[1]
    orders = gammaln(np.maximum(out, 1)).sum(axis=1)  # (out - 1)!, and 0! where there is no exit
    orders += np.log(np.maximum(out[every, e], 1))
    logs: NDArray[np.float64] = log_trees + orders - gammaln(C + 1).sum(axis=(1, 2))
    return logs


def _random_tree(C: Codes, e: Codes, rng: np.random.Generator) -> Codes:
    """Letter of the last exit of each letter, (B, K), uniform over trees that lead to ``e``.

    Wilson's walk: from each letter in turn at random until the tree is met; the exits taken last,
    which the walk has written over earlier ones, join the tree. An exit back to the same letter
    is never the last one, and is left out of the draw.
    """
    B, K = C.shape[:2]
    weights = C.copy()
    weights[:, range(K), range(K)] = 0
    below = weights.cumsum(axis=2)
    tree = np.zeros((B, K), dtype=np.int64)
    inside = weights.sum(axis=2) == 0
    inside[np.arange(B), e] = True
    for a in range(K):
        rows = np.flatnonzero(~inside[:, a])
        here = np.full(len(rows), a)
        while len(rows):
            sums = below[rows, here]
            drawn = rng.random(len(rows)) * sums[:, -1]
            there = (sums <= drawn[:, None]).sum(axis=1)
            tree[rows, here] = there
            outside = ~inside[rows, there]
            rows, here = rows[outside], there[outside]
        rows = np.flatnonzero(~inside[:, a])
        here = np.full(len(rows), a)
        while len(rows):
            inside[rows, here] = True
            here = tree[rows, here]
            outside = ~inside[rows, here]
            rows, here = rows[outside], here[outside]
    return tree


def _first_places(x: Codes, K: int) -> Codes:
    """Where letter b first follows letter a, (S, K, K); 0 where it never does."""
    S, M = x.shape
    first = np.zeros(S * K * K, dtype=np.int64)
    places = np.broadcast_to(np.arange(M - 1), (S, M - 1))
    inside = x[:, 1:] >= 0
    # The last of several values for one cell is the one that stays.
    first[_cells(x, K)[inside][::-1]] = places[inside][::-1]
    return first.reshape(S, K, K)


def _ordered_exits(
    x: Codes, C: Codes, e: Codes, tree: Codes, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Following letters sorted by the letter they leave, each one's in random order, the tree last.

    ``tree`` is (n, S, K), and so many copies of each row are ordered, (n S, M - 1), by one sort of
    64-bit keys: the letter left (8 bits), a random number (48), the one that follows (8). Random
    numbers are even, so none equals the largest one, which the last exit has.
    """
    n, _, K = tree.shape
    a, b = x[:, :-1], x[:, 1:]
    fixed = ((a << 56) | b).astype(np.uint64)
    fixed[b < 0] = np.uint64(255 << 56)  # behind the end: sorted last
    keys = rng.integers(2**64, size=(n, *a.shape), dtype=np.uint64)
    keys >>= np.uint64(8)
    keys &= np.uint64((2**47 - 1) << 9)
    row, letter = np.nonzero((C.sum(axis=2) > 0) & (np.arange(K) != e[:, None]))
    last = _first_places(x, K)[row, letter, tree[:, row, letter]]
    keys[np.arange(n)[:, None], row, last] = np.uint64((2**48 - 1) << 8)
    keys |= fixed
    keys.sort(axis=2)
    return keys.astype(np.uint8).reshape(-1, a.shape[1])


def _random_walks(x: Codes, K: int, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """``n`` shuffles of each row, (n, S, M); what stands behind an end is arbitrary."""
    S, M = x.shape
    C, e = _pairs(x, K), _ends(x)
    tree = _random_tree(np.tile(C, (n, 1, 1)), np.tile(e, n), rng)
    exits = _ordered_exits(x, C, e, tree.reshape(n, S, K), rng).ravel()
    out = np.tile(C.sum(axis=2), (n, 1))
    row = np.arange(n * S)
    # Place of the next exit of each letter in the flat `exits`, one number per row and letter.
    place = (out.cumsum(axis=1) - out + row[:, None] * (M - 1)).ravel()
    row *= K
    walk = np.empty((M, n * S), dtype=np.uint8)
    walk[0] = np.tile(x[:, 0], n)
    for m in range(1, M):
        leaving = row + walk[m - 1]
        taken = place[leaving]
        place[leaving] = taken + 1
        # A row behind its end goes on among the exits of others, and is cut afterwards.
        exits.take(taken, out=walk[m], mode="clip")
    return walk.T.reshape(n, S, M)
