"""Sequences as one-hot tables, the form in which every estimator here takes them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_deeplifft._printable import named, shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._alphabet import Alphabet, find_alphabet, require_letters
from sklearn_deeplifft.sequences._texts import as_texts, equal_length, lengths_of, letter_matrix
from sklearn_deeplifft.sequences._transformer import SequenceTransformer

__all__ = ["SequenceEncoder"]


class SequenceEncoder(SequenceTransformer, BaseEstimator):
    """One-hot encode sequences, position by position.

    Letter ``a`` of position ``l`` is column ``K l + a``, positions and letters counted from zero:
    ``p17=A`` is A at the eighteenth position. `sklearn_deeplifft.networks` of sequences un-flatten
    their input in this order.

    Parameters
    ----------
    alphabet : {"DNA", "RNA", "protein"} or str, default="DNA"
        DNA is ACGT, RNA is ACGU, protein the twenty amino acids by their letters. Any other string
        names the letters, in the order of their columns. Upper and lower case are alike, of names
        and of letters.
    length : int, default=None
        Positions of the encoding. None takes the length that all sequences given to ``fit`` share.
        Shorter sequences are padded, longer ones refused.
    pad : {"right", "both"}, default="right"
        Where a shorter sequence is padded; "both" puts it in the middle.
    unknown : {"zero", "uniform", "error"}, default="zero"
        What becomes of a letter that stands for several, such as N: zero in all columns of its
        position; ``1 / K`` in each, the centre of the simplex; or an error. Padding is treated
        alike, except that "error" leaves it zero.
    u_is_t : bool, default=False
        Read U as T in DNA, and T as U in RNA; otherwise it is an error.
    sparse_output : bool, default=False
        Return a CSR array. One column in K is not zero.
    dtype : {"uint8", "float32", "float64"} or dtype, default="float32"
        Of the values; uint8 takes a quarter of the memory and cannot hold ``unknown="uniform"``.

    Attributes
    ----------
    length_ : int
        Positions of the encoding, L.
    letters_ : str
        Letters in the order of their columns, K of them.
    n_features_out_ : int
        ``K L``.

    See Also
    --------
    position_groups : Columns of each position, for ``feature_groups`` and ``simplex_groups``.

    Examples
    --------
    >>> from sklearn_deeplifft.sequences import SequenceEncoder
    >>> encoder = SequenceEncoder().fit(["ACG", "ttn"])
    >>> encoder.transform(["ttn"]).reshape(3, 4)
    array([[0., 0., 0., 1.],
           [0., 0., 0., 1.],
           [0., 0., 0., 0.]], dtype=float32)
    >>> encoder.get_feature_names_out()[:4].tolist()
    ['p0=A', 'p0=C', 'p0=G', 'p0=T']
    >>> encoder.inverse_transform(encoder.transform(["ACG"])).tolist()
    ['ACG']
    """

    _parameter_constraints: dict[str, Any] = {
        "alphabet": [str],
        "length": [Interval(Integral, 1, None, closed="left"), None],
        "pad": [StrOptions({"right", "both"})],
        "unknown": [StrOptions({"zero", "uniform", "error"})],
        "u_is_t": ["boolean"],
        "sparse_output": ["boolean"],
        "dtype": "no_validation",
    }

    def __init__(
        self,
        alphabet: str = "DNA",
        *,
        length: int | None = None,
        pad: str = "right",
        unknown: str = "zero",
        u_is_t: bool = False,
        sparse_output: bool = False,
        dtype: DTypeLike = "float32",
    ) -> None:
        self.alphabet = alphabet
        self.length = length
        self.pad = pad
        self.unknown = unknown
        self.u_is_t = u_is_t
        self.sparse_output = sparse_output
        self.dtype = dtype

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SequenceEncoder:
        """Settle the length, and check every letter.

        Parameters
        ----------
        X : list, array or Series of n str or bytes
            Sequences.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            No sequence, unequal lengths without ``length=``, one that is longer, or a character
            that the alphabet lacks; the message names the row.
        """
        alphabet = self._alphabet()
        self._value_type()
        texts = as_texts(X)
        length = self.length
        if length is None:
            longest = int(max(lengths_of(texts), default=0))
            length = equal_length(texts, "X", f"pass length={longest} to pad the shorter ones.")
        if length < 1:
            raise ValueError("every sequence of X is empty; pass sequences of letters.")
        self._require_encodable(texts, alphabet, length)
        self.length_ = length
        self.letters_ = alphabet.letters.decode()
        self.n_features_out_ = alphabet.K * length
        return self

    def transform(self, X: Any) -> Any:
        """Encode sequences.

        Parameters
        ----------
        X : list, array or Series of n str or bytes
            Sequences of at most ``length_`` letters.

        Returns
        -------
        ndarray or CSR array of shape (n, K L)
            Values within [0, 1]; the K columns of a known position sum to one.

        Warns
        -----
        FeatureSelectionWarning
            Sequences that are empty, or of unknown letters alone.
        """
        check_is_fitted(self)
        alphabet, texts = self._alphabet(), as_texts(X)
        self._require_encodable(texts, alphabet, self.length_)
        columns = alphabet.codes[letter_matrix(texts, self.length_, self.pad)]
        _warn_unknown(columns)
        dense = np.eye(alphabet.K + 1, alphabet.K, dtype=self._value_type())
        if self.unknown == "uniform":
            dense[-1] = 1 / alphabet.K
        if not self.sparse_output:
            return dense[columns].reshape(len(texts), self.n_features_out_)
        return _sparse(columns, dense)

    def inverse_transform(self, X: ArrayLike | sp.sparray | sp.spmatrix) -> NDArray[np.object_]:
        """Write encoded rows as sequences again.

        Parameters
        ----------
        X : ndarray or sparse array of shape (n, K L)
            The letter with the largest value stands at each position.

        Returns
        -------
        ndarray of n str
            All of length L, in upper case; N (X for proteins) where the largest value is not the
            only one, as in unknown positions and padding.
        """
        check_is_fitted(self)
        alphabet = self._alphabet()
        dense = check_array(X, accept_sparse="csr", dtype="numeric", ensure_min_samples=0)
        if dense.shape[1] != self.n_features_out_:
            raise ValueError(
                f"X has {dense.shape[1]:,} columns; encoded sequences of {self.length_:,} "
                f"positions and {alphabet.K} letters have {self.n_features_out_:,}."
            )
        dense = dense.toarray() if sp.issparse(dense) else dense
        blocks = dense.reshape(len(dense), self.length_, alphabet.K)
        highest = blocks.max(axis=2)
        only = (blocks == highest[..., None]).sum(axis=2) == 1
        letters = alphabet.letter_of()[np.where(only, blocks.argmax(axis=2), -1)]
        return np.array([bytes(row).decode() for row in letters], dtype=object)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names such as ``p17=A``, positions from zero, (K L,).

        Parameters
        ----------
        input_features : ignored
            Sequences have no columns.
        """
        check_is_fitted(self)
        names = [f"p{i}={a}" for i in range(self.length_) for a in self.letters_]
        return np.array(names, dtype=object)

    def _alphabet(self) -> Alphabet:
        return find_alphabet(self.alphabet, self.u_is_t)

    def _value_type(self) -> np.dtype[Any]:
        try:
            found = np.dtype(self.dtype)
        except TypeError:
            found = np.dtype(object)
        if found.kind not in "buif":
            raise ValueError(f"dtype={shown(self.dtype)}; pass 'float32', 'float64' or 'uint8'.")
        if self.unknown == "uniform" and found.kind != "f":
            raise ValueError(
                f"dtype={shown(self.dtype)} cannot hold 1 / K, and unknown='uniform' needs it; "
                "pass dtype='float32'."
            )
        return found

    def _require_encodable(self, texts: Sequence[bytes], alphabet: Alphabet, length: int) -> None:
        require_letters(
            texts,
            alphabet,
            unknown=self.unknown != "error",
            parameters=("alphabet", "u_is_t"),
        )
        lengths = lengths_of(texts)
        longer = np.flatnonzero(lengths > length)
        if len(longer):
            raise ValueError(
                f"{len(longer):,} of {len(texts):,} sequences are longer than {length:,} (row "
                f"{longer[0]}: {lengths[longer[0]]:,} letters); cut them, or fit with "
                f"length={int(lengths.max())}."
            )

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _warn_unknown(columns: NDArray[np.int8]) -> None:
    """Say how many rows hold no known letter."""
    unknown = np.flatnonzero((columns < 0).all(axis=1))
    if len(unknown):
        finding = (
            f"{len(unknown):,} of {len(columns):,} sequences hold no known letter (row "
            f"{named(unknown)}), and nothing can be told from them."
        )
        tell(FeatureSelectionWarning(finding, "Drop them."))


def _sparse(columns: NDArray[np.int8], dense: NDArray[Any]) -> sp.csr_array:
    """CSR rows of the letters' columns (n, L); ``dense`` (K + 1, K) holds what each one writes."""
    n, L = columns.shape
    K = dense.shape[1]
    block = sp.csr_array(dense)
    counts = np.diff(block.indptr)[columns]
    rows = np.repeat(columns.ravel(), counts.ravel())
    indptr = np.append(0, np.cumsum(counts.sum(axis=1)))
    within = np.arange(len(rows)) - np.repeat(
        np.cumsum(counts.ravel()) - counts.ravel(), counts.ravel()
    )
    places = block.indptr[:-1][rows] + within
    offsets = np.repeat(np.tile(K * np.arange(L), n), counts.ravel())
    values = (block.data[places], block.indices[places] + offsets, indptr)
    return sp.csr_array(values, shape=(n, K * L))
