"""Targets of any library and type as plain arrays: one type, nothing missing."""

from __future__ import annotations

from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.tables._containers import require_sound_storage
from sklearn_deeplifft.tables._rows import with_native_bytes

__all__ = [
    "NUMBERS",
    "kinds_of",
    "missing_rows",
    "numbers_in",
    "plain_target",
    "target_columns",
    "type_names",
]

MOST_NAMED = 5

BEYOND = 2.0**63
"""Smallest number that no signed integer of 64 bits reaches."""

NUMBERS = {"bool", "whole", "real"}
"""Kinds of Python objects that go together in one numeric column."""


def plain_target(y: Any) -> Any:
    """Turn a target of any library into numbers, truth values or text.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, L), or sparse matrix
        Lists, numpy, pandas, polars or arrow, nullable types included.

    Returns
    -------
    array of the same shape
        In the byte order of the machine. Numbers and truth values have a numeric dtype even where
        they came as Python objects; text stays text, also where it spells numbers, and keeps its
        dtype. Columns of different types stay objects, each column of one type. None and sparse
        matrices are handed through.

    Raises
    ------
    ValueError
        Labels are missing, mixed (text and numbers, say), too large for 64 bits, or neither
        numbers nor text.

    Examples
    --------
    >>> plain_target([True, False, None])
    Traceback (most recent call last):
    ...
    ValueError: y has 1 missing label (row 2): drop or impute it.
    >>> plain_target(np.array([0, np.int8(1)], dtype=object))
    array([0, 1])
    """
    if y is None or sp.issparse(y):
        require_sound_storage(y, "y")
        return y if y is None else with_native_bytes(y)
    values = _as_array(y)
    if values.dtype.kind == "T":  # numpy's own strings, which scikit-learn does not know
        values = values.astype(object)
    _require_none_missing(values)
    if values.dtype.kind in "Mm":
        raise ValueError(_neither(values.dtype.name))
    if values.dtype == object:
        values = _of_known_types(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        n = int((~np.isfinite(values)).sum())
        raise ValueError(
            f"Input y contains infinity: {n} number{'s' if n > 1 else ''} too large for "
            f"{values.dtype}, or divided by zero. Drop these rows, or clip them."
        )
    return with_native_bytes(values)


def missing_rows(values: np.ndarray) -> tuple[int, str]:
    """Count missing values, and name the first rows that have one.

    >>> missing_rows(np.array([0.5, np.nan, 2.0, np.nan]))
    (2, 'rows 1, 3')
    """
    missing = np.atleast_1d(pd.isna(values))
    rows = np.unique(np.nonzero(missing)[0])
    named = ", ".join(str(i) for i in rows[:MOST_NAMED])
    rest = len(rows) - MOST_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return int(missing.sum()), f"row{'s' if len(rows) > 1 else ''} {named}{more}"


def target_columns(y: Any) -> list[Any]:
    """Columns of a target, each as it is stored: those of a data frame keep their types."""
    if isinstance(y, pd.DataFrame):
        return [y.iloc[:, i] for i in range(y.shape[1])]
    if isinstance(y, pd.Series | pd.Index | pd.Categorical):
        return [y]
    values = y.toarray() if sp.issparse(y) else np.asarray(y)
    if values.ndim not in (1, 2):
        raise ValueError(
            f"y has shape {values.shape}; it must be (n_samples,) or (n_samples, n_outputs)."
        )
    return [values] if values.ndim == 1 else list(values.T)


def numbers_in(column: Any) -> np.ndarray | None:
    """Numbers of a column without the missing ones; None if it holds anything else.

    Truth values and categories are not numbers, whatever they are stored as.
    """
    if isinstance(column, pd.Series | pd.Index | pd.Categorical) and isinstance(
        column.dtype, pd.CategoricalDtype
    ):
        return None
    values: np.ndarray = np.asarray(column)
    if values.dtype == object:
        values = values[~pd.isna(values)]
        kinds = kinds_of(values)
        if kinds <= {"bool"} or not kinds <= NUMBERS:
            return None
        return values.astype(np.float64)
    if values.dtype.kind == "f":
        present: np.ndarray = values[~np.isnan(values)]
        return present
    return values if values.dtype.kind in "iu" else None


def _as_array(y: Any) -> np.ndarray:
    try:
        values = np.asarray(y)
        if isinstance(y, list | tuple) and values.dtype.kind == "f" and values.size:
            # Among integers of more than 64 bits, or of both signs, numpy takes the nearest floats.
            exact = np.asarray(y, dtype=object)
            if np.abs(values).max() >= BEYOND and kinds_of(exact) <= {"bool", "whole"}:
                return exact
    except (ValueError, OverflowError) as error:  # lists of different lengths
        raise ValueError(
            f"y must hold one label, or one per output, for each row ({error})."
        ) from error
    if values.ndim == 0:  # a set, a dictionary, a generator, a single label
        raise ValueError(
            f"y is {shown(y)}; give one label, or one per output, for each row, in their order: a "
            "list, an array or a column."
        )
    if isinstance(y, np.ma.MaskedArray) and np.ma.getmaskarray(y).any():
        raise ValueError("y is a masked array with values masked out; drop these rows first.")
    return values


def _require_none_missing(values: np.ndarray) -> None:
    n, rows = missing_rows(values)
    if n:
        labels, them = ("label", "it") if n == 1 else ("labels", "them")
        raise ValueError(f"y has {n} missing {labels} ({rows}): drop or impute {them}.")


def _of_known_types(values: np.ndarray) -> np.ndarray:
    """Python objects, column by column, as the dtype that holds them all."""
    columns = [_of_one_type(column) for column in values.reshape(len(values), -1).T]
    if not columns or any(column.dtype == object for column in columns):
        return values
    return np.stack(columns, axis=1).reshape(values.shape)


def _of_one_type(column: np.ndarray) -> np.ndarray:
    kinds = kinds_of(column)
    if kinds <= {"text"}:
        return column
    if kinds <= {"bool"}:
        return column.astype(bool)
    if kinds <= NUMBERS:
        return _as_numbers(column, whole="real" not in kinds)
    if len(kinds) == 1:
        raise ValueError(_neither(kinds.pop()))
    raise ValueError(
        f"y mixes labels of different types ({type_names(column)}): give all of them one type, for "
        "example text with y.astype(str)."
    )


def _as_numbers(column: np.ndarray, *, whole: bool) -> np.ndarray:
    try:
        return column.astype(np.int64 if whole else np.float64)
    except OverflowError as error:
        raise ValueError(
            f"y holds {shown(max(column, key=abs))}, which no number of 64 bits does. "
            "Identifiers are labels as text: y.astype(str)."
        ) from error


def _neither(name: str) -> str:
    return (
        f"y holds {name}, and a label must be a number, a truth value or text. Convert it, for "
        "example with y.astype(str)."
    )


def type_names(values: np.ndarray) -> str:
    """Names of the types of Python objects, for a message."""
    return ", ".join(sorted({type(value).__name__ for value in values.flat}))


def kinds_of(values: np.ndarray) -> set[str]:
    """Kinds of Python objects: "bool", "whole", "real", "text" or the name of another type."""
    return {_kind(found) for found in {type(value) for value in values.flat}}


def _kind(found: type) -> str:
    # Truth values first: bool is a subclass of int.
    if issubclass(found, bool | np.bool_):
        return "bool"
    if issubclass(found, Integral):
        return "whole"
    if issubclass(found, Real | Decimal):
        return "real"
    return "text" if issubclass(found, str) else found.__name__
