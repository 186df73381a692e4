"""Counts of k-letter words, the plainest description of a sequence's composition."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import named
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._alphabet import Alphabet, find_alphabet, require_letters
from sklearn_deeplifft.sequences._texts import as_texts, joined, lengths_of, starts_of
from sklearn_deeplifft.sequences._transformer import SequenceTransformer

__all__ = ["KmerCounter"]

MOST_WORDS = 2**24
"""Columns, counted before words and their complements are merged."""

LETTERS_AT_A_TIME = 2**21


class KmerCounter(SequenceTransformer, BaseEstimator):
    """Count words of ``k`` letters, overlapping ones too.

    Parameters
    ----------
    k : int, default=6
        Letters of a word.
    canonical : bool, default=True
        Count a word and its reverse complement as one, named by the first of the two in the order
        of the alphabet, as is right where either strand may have been read. For DNA and RNA, by
        name or by their letters ACGT and ACGU.
    alphabet : {"DNA", "RNA", "protein"} or str, default="DNA"
        See `SequenceEncoder`.
    u_is_t : bool, default=False
        Read U as T in DNA, and T as U in RNA.

    Attributes
    ----------
    words_ : ndarray of str
        Words in the order of the columns, W of them.

    Examples
    --------
    >>> from sklearn_deeplifft.sequences import KmerCounter
    >>> counter = KmerCounter(k=2).fit(["ACGN", "GTTT"])
    >>> counter.get_feature_names_out().tolist()
    ['AA', 'AC', 'AG', 'AT', 'CA', 'CC', 'CG', 'GA', 'GC', 'TA']
    >>> counter.transform(["ACGN", "GTTT"]).toarray()
    array([[0, 1, 0, 0, 0, 0, 1, 0, 0, 0],
           [2, 1, 0, 0, 0, 0, 0, 0, 0, 0]], dtype=int32)
    """

    _parameter_constraints: dict[str, Any] = {
        "k": [Interval(Integral, 1, None, closed="left")],
        "canonical": ["boolean"],
        "alphabet": [str],
        "u_is_t": ["boolean"],
    }

    def __init__(
        self, k: int = 6, canonical: bool = True, *, alphabet: str = "DNA", u_is_t: bool = False
    ) -> None:
        self.k = k
        self.canonical = canonical
        self.alphabet = alphabet
        self.u_is_t = u_is_t

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> KmerCounter:
        """Settle the columns, and check every letter.

        Parameters
        ----------
        X : list, array or Series of n str or bytes
            Sequences of any lengths.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            No sequence, or none that is as long as a word; more than 2**24 words; ``canonical``
            for an alphabet without complements; a character that the alphabet lacks.
        """
        alphabet = self._alphabet()
        texts = as_texts(X)
        require_letters(texts, alphabet, parameters=("alphabet", "u_is_t"))
        if not texts:
            raise ValueError("X holds no sequence; pass at least one.")
        longest = int(lengths_of(texts).max())
        if longest < self.k:
            raise ValueError(
                f"k={self.k} is longer than every sequence of X, the longest of which has "
                f"{longest} letters; pass a smaller k."
            )
        words, column = _columns(alphabet, self.k, self.canonical)
        self.words_ = words
        self._column = column
        return self

    def transform(self, X: Any) -> sp.csr_array:
        """Count words.

        Parameters
        ----------
        X : list, array or Series of n str or bytes
            Sequences of any lengths. A word with an unknown letter in it is not counted.

        Returns
        -------
        CSR array of int32, shape (n, W)

        Warns
        -----
        FeatureSelectionWarning
            Sequences that are shorter than a word, or hold unknown letters alone: their counts
            are zero.
        """
        check_is_fitted(self)
        alphabet, texts = self._alphabet(), as_texts(X)
        require_letters(texts, alphabet, parameters=("alphabet", "u_is_t"))
        K = alphabet.K
        blocks = [
            _counted(codes, n, K, self.k, self._column) for codes, n in _blocks(texts, alphabet)
        ]
        counts = sp.vstack([sp.csr_array((0, len(self.words_)), dtype=np.int32), *blocks], "csr")
        self._warn_empty(counts)
        return counts

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Words, (W,).

        Parameters
        ----------
        input_features : ignored
            Sequences have no columns.
        """
        check_is_fitted(self)
        return self.words_.astype(object)

    def _alphabet(self) -> Alphabet:
        return find_alphabet(self.alphabet, self.u_is_t)

    def _warn_empty(self, counts: sp.csr_array) -> None:
        empty = np.flatnonzero(np.diff(counts.indptr) == 0)
        if len(empty):
            finding = (
                f"{len(empty):,} of {counts.shape[0]:,} sequences hold no word of {self.k} known "
                f"letters (row {named(empty)}); their counts are zero."
            )
            tell(FeatureSelectionWarning(finding, "Drop them, or pass a smaller k."))

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _columns(
    alphabet: Alphabet, k: int, canonical: bool
) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Words in the order of their columns, and the column of each word by its number, (K^k,).

    The number of a word has its letters for digits, to the base K.
    """
    K = alphabet.K
    if K**k > MOST_WORDS:
        most = int(np.log(MOST_WORDS) / np.log(K))
        raise ValueError(
            f"k={k} makes {K}**{k} words, more than {MOST_WORDS:,}; pass k={most} or fewer."
        )
    numbers = np.arange(K**k)
    if canonical:
        if not alphabet.complemented:
            raise ValueError(
                f"canonical=True merges complements, which are known of ACGT and ACGU and not "
                f"of {alphabet.letters.decode()}; pass canonical=False."
            )
        complement, rest = np.zeros_like(numbers), numbers
        for _ in range(k):  # in ACGT, and ACGU, the complement of letter a is 3 - a
            complement, rest = complement * K + (K - 1 - rest % K), rest // K
        numbers = np.minimum(numbers, complement)
    kept, column = np.unique(numbers, return_inverse=True)
    digits = kept[:, None] // K ** np.arange(k - 1, -1, -1) % K
    letters = alphabet.letter_of()[digits]
    words = np.ascontiguousarray(letters).view(f"S{k}").ravel().astype(f"U{k}")
    return words, column


def _blocks(texts: list[bytes], alphabet: Alphabet) -> Iterator[tuple[NDArray[np.int8], int]]:
    """Codes of some sequences at a time, an unknown letter behind each, and their number."""
    starts = starts_of(texts, gap=1)
    first = 0
    while first < len(texts):
        end = starts[first] + LETTERS_AT_A_TIME
        last = max(first + 1, int(np.searchsorted(starts, end, side="right")) - 1)
        part = [text + alphabet.unknown for text in texts[first:last]]
        codes = alphabet.codes[joined(part)]
        # Rows are told by their ends, which no letter shares.
        codes[starts[first + 1 : last + 1] - starts[first] - 1] = -3
        yield codes, last - first
        first = last


def _counted(
    codes: NDArray[np.int8], n: int, K: int, k: int, column: NDArray[np.int64]
) -> sp.csr_array:
    """Counts of one block, (n, W)."""
    W = int(column.max()) + 1
    places = max(len(codes) - k + 1, 0)
    number, known = np.zeros(places, dtype=np.int64), np.ones(places, dtype=bool)
    for i in range(k):
        letters = codes[i : i + places]
        number = number * K + letters
        known &= letters >= 0
    row = np.cumsum(codes == -3)[:places]
    keys = row[known] * W + column[number[known]]
    cells, counts = np.unique(keys, return_counts=True)
    indptr = np.searchsorted(cells, np.arange(n + 1) * W)
    return sp.csr_array((counts.astype(np.int32), (cells % W).astype(np.int32), indptr), (n, W))
