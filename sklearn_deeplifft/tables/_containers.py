"""Tables as they come: storage that can be trusted, distinct names, and cells that are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.tables._frames import column_labels, require_collected, require_no_dates

__all__ = ["require_readable", "require_sound_storage", "naming_bad_cells"]


def require_sound_storage(X: Any, name: str) -> None:
    """Raise ``ValueError`` unless every stored value of a sparse matrix has a place inside it.

    scipy looks at indices when a matrix is made, not at what has become of its arrays since, and
    its compiled code reads and writes wherever they lead. Anything that is not sparse passes.
    """
    if not sp.issparse(X) or len(X.shape) != 2 or _is_sound(X):
        return
    raise ValueError(
        f"{name} is a {X.format} matrix of shape {X.shape} whose indices lead outside of it. Its "
        "arrays were changed after it was made, or read from a damaged file: build it anew."
    )


def _is_sound(X: Any) -> bool:
    if X.format == "coo":
        return all(_within(i, n) for i, n in zip(X.coords, X.shape, strict=True))
    if X.format not in ("csr", "csc"):
        return True
    major, minor = X.shape if X.format == "csr" else X.shape[::-1]
    starts = X.indptr
    if len(starts) != major + 1 or starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        return False
    stored = int(starts[-1])
    return stored <= min(len(X.indices), len(X.data)) and _within(X.indices[:stored], minor)


def _within(indices: np.ndarray, n: int) -> bool:
    return not len(indices) or (int(indices.min()) >= 0 and int(indices.max()) < n)


def require_readable(X: Any, name: str = "X") -> None:
    """Raise ``ValueError`` for what scikit-learn would read otherwise than it is meant.

    That is sparse storage that leads astray, names that two columns share, masked cells, and dates;
    and sequences that are not encoded, which it would print whole.
    """
    require_collected(X, name)
    _require_two_dimensions(X, name)
    require_sound_storage(X, name)
    if isinstance(X, np.ma.MaskedArray) and np.ma.getmaskarray(X).any():
        raise ValueError(
            f"{name} is a masked array, and {int(np.ma.getmaskarray(X).sum())} of its values are "
            "masked out. Fill them in, for example with its filled(numpy.nan) and an imputer."
        )
    require_no_dates(X, name)
    counts = Counter(column for column in column_labels(X) if isinstance(column, str))
    twice = [column for column, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"{name} has more than one column named {', '.join(map(shown, twice[:5]))}; rename or "
            "drop all but one of each."
        )


def _require_two_dimensions(X: Any, name: str) -> None:
    """Raise ``ValueError`` for sequences: strings, or arrays with an axis of letters."""
    if getattr(X, "ndim", 2) == 3:
        raise ValueError(
            f"{name} is an array of shape {tuple(X.shape)}, and a table has rows and columns. "
            "For sequences, encode the strings by sklearn_deeplifft.sequences.SequenceEncoder; "
            "of (n, letters, positions), X.transpose(0, 2, 1).reshape(len(X), -1) has its columns."
        )
    if _holds_texts(X):
        raise ValueError(
            f"{name} holds strings, {shown(next(iter(X)))} first, and a table has rows and columns "
            "of numbers. Encode sequences by "
            "sklearn_deeplifft.sequences.SequenceEncoder, for example in the pipeline."
        )


def _holds_texts(X: Any) -> bool:
    """Whether ``X`` is one string for each row."""
    if isinstance(X, list | tuple):
        return len(X) > 0 and isinstance(X[0], str | bytes)
    if sp.issparse(X) or getattr(X, "ndim", 2) != 1 or not len(X):
        return False
    values = np.asarray(X)
    return values.dtype.kind in "SU" or isinstance(values.flat[0], str | bytes)


@contextmanager
def naming_bad_cells(X: Any, name: str = "X") -> Iterator[None]:
    """Name the cell of a table that is not a number, where reading it failed for that."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        reason = _unreadable(X, name)
        if reason is None:
            raise
        if isinstance(error, TypeError):  # scikit-learn's own type for what is no number at all
            raise TypeError(f"{reason} ({error})") from error
        raise ValueError(reason) from error


def _unreadable(X: Any, name: str) -> str | None:
    """Say which value cannot be read; None where all of them can."""
    if sp.issparse(X):
        return _complex(X, name) if X.dtype.kind == "c" else None
    try:
        values: np.ndarray = np.asarray(X)
    except (TypeError, ValueError, OverflowError) as error:
        return (
            f"{name} cannot be read as a table of numbers ({error}); give every row one per column."
        )
    if values.dtype.kind == "c":
        return _complex(values, name)
    if values.ndim != 2 or values.dtype.kind in "biuf":
        return None
    if values.dtype.kind in "mM":
        return (
            f"{name} holds {values.dtype.name}, which is no number; turn dates into numbers first."
        )
    names = column_labels(X) or range(values.shape[1])
    for i, row in enumerate(values):
        for j, cell in enumerate(row):
            if not _is_number(cell):
                return f"column {names[j]!r} of {name} holds {shown(cell)} (row {i}), {_why(cell)}"
    return None


def _complex(values: Any, name: str) -> str:
    return (  # in scikit-learn's words first, which would print the whole table
        f"Complex data not supported: {name} holds {values.dtype}, and networks read real numbers. "
        "Give real and imaginary parts, or sizes and angles, columns of their own."
    )


def _why(cell: Any) -> str:
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return (
            "which is a missing value. Impute or drop it first, for example with "
            "sklearn.impute.SimpleImputer in the pipeline."
        )
    return (
        "which is no number that 64 bits can hold. Encode or drop the column, for example with "
        "sklearn.preprocessing.OneHotEncoder."
    )


def _is_number(cell: Any) -> bool:
    if isinstance(cell, complex | np.datetime64 | np.timedelta64):
        return False
    try:
        float(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return True
