"""Groups of rows that belong together, such as the rows of one patient, as codes."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from sklearn_deeplifft.tables._labels import NUMBERS, kinds_of, missing_rows, type_names

__all__ = ["encode_row_groups"]


def encode_row_groups(groups: Any, n_rows: int) -> np.ndarray:
    """Number the groups of rows that were handed to ``fit``.

    Parameters
    ----------
    groups : array-like of shape (n,) or (n, 1)
        Labels of any one type that can be sorted: a list, an array, a Series, an Index, a data
        frame of one column.
    n_rows : int
        Rows of the table.

    Returns
    -------
    int64 array of shape (n,)
        0 to G - 1, in the order of the sorted labels.

    Raises
    ------
    ValueError
        Another shape or length, missing labels, or labels of types that do not compare.

    Examples
    --------
    >>> encode_row_groups(["chr2", "chr1", "chr2"], 3)
    array([1, 0, 1])
    """
    values = _one_column(groups)
    if len(values) != n_rows:
        raise ValueError(
            f"groups holds {len(values)} labels for {n_rows} rows; it must name one group per row."
        )
    n, rows = missing_rows(values)
    if n:
        # One group of all of them would be held out together, n groups of one would leak.
        raise ValueError(
            f"groups has {n} missing label{'s' if n > 1 else ''} ({rows}): name the group of "
            "every row, a new one for a row that is related to no other."
        )
    if values.dtype == object:
        _require_one_type(values)
    try:
        # Sorted, not by first appearance: the order of the rows must not change a fit.
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    except TypeError as error:
        raise ValueError(
            f"groups holds labels that cannot be sorted ({error}); use text or numbers."
        ) from error


def _one_column(groups: Any) -> np.ndarray:
    try:
        values = np.asarray(groups)
    except ValueError as error:  # lists of different lengths
        raise ValueError(f"groups must name one group per row ({error}).") from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"groups has shape {values.shape}; it must be one column, one label per row. Join "
            "several columns into one label first."
        )
    return values


def _require_one_type(values: np.ndarray) -> None:
    """Refuse 1 beside "1": chromosomes of a long file are read so, and would be torn apart."""
    kinds = kinds_of(values)
    if any(isinstance(value, Set) for value in values):
        # They compare by inclusion: sorting them gives no error, and equal ones end up apart.
        raise ValueError(
            f"groups holds labels that cannot be sorted ({type_names(values)}); use text or "
            "numbers."
        )
    if len(kinds) > 1 and not kinds <= NUMBERS:
        raise ValueError(
            f"groups mixes labels of different types ({type_names(values)}), and 1 and '1' would "
            "be two groups: give all of them one type, for example text with groups.astype(str)."
        )
