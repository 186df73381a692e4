"""Columns of text in a table of numbers: each value stands as the number of its level.

Pipelines may take text. Interventions move numbers, so text is numbered on the way in and written
again on the way to the predictor; it may be swapped between rows, and not be set or added to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.interventions._values import Intervention, Swap
from sklearn_deeplifft.tables import Names, column_names

__all__ = ["Levels", "numbered", "require_swaps", "text_levels", "written", "without_text"]

Levels = Mapping[int, np.ndarray]
"""The values of each column of text, by its position: number i stands for the i-th."""


def text_levels(X: Any) -> Levels:
    """Find the columns of a data frame that hold text, and their values in order."""
    if not isinstance(X, pd.DataFrame):
        return {}
    return {
        j: np.array(sorted(pd.unique(X.iloc[:, j].dropna()), key=str), dtype=object)
        for j, dtype in enumerate(X.dtypes)
        if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype))
        and not _holds_numbers(X.iloc[:, j])
    }


def _holds_numbers(column: pd.Series) -> bool:
    """Return whether a column of objects holds numbers all the same."""
    try:
        pd.to_numeric(column)
    except (TypeError, ValueError):
        return False
    return not any(isinstance(value, str) for value in column)


def numbered(X: Any, levels: Levels, what: str = "X") -> Any:
    """The frame with numbers in the place of text; raise for values without a number."""
    if not levels:
        return X
    X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    parts = {}
    for j in range(X.shape[1]):
        column = X.iloc[:, j]
        parts[j] = _codes(column, levels[j], what) if j in levels else column.to_numpy()
    return pd.DataFrame(parts).set_axis(X.columns, axis=1)


def _codes(column: pd.Series, levels: np.ndarray, what: str) -> np.ndarray:
    codes = pd.Index(levels, dtype=object).get_indexer(column.astype(object))
    if (codes < 0).any():
        strange = column[codes < 0].iloc[0]
        rule = "is missing" if pd.isna(strange) else "does not occur in X"
        raise ValueError(
            f"column {column.name!r} of {what} holds {strange!r}, which {rule}; fill it in, or "
            "leave these rows out."
        )
    numbers: np.ndarray = codes.astype(np.float64)
    return numbers


def written(X: np.ndarray, names: Sequence[str] | np.ndarray, levels: Levels) -> pd.DataFrame:
    """Rows (n, d) float64 as the predictor takes them, text written out."""
    frame = pd.DataFrame(X, columns=names)
    for j, values in levels.items():
        frame.isetitem(j, values[X[:, j].astype(np.int64)])
    return frame


def require_swaps(bound: Sequence[Intervention], levels: Levels, names: Names) -> None:
    """Raise for interventions that write numbers into text."""
    for part in (part for one in bound for part in one.parts):
        text = [j for j in part.positions.tolist() if j in levels]
        if text and not isinstance(part, Swap):
            raise ValueError(
                f"{part.describe(column_names(names, text))} writes numbers into column "
                f"{column_names(names, text)}, which holds text; use swap, or encode it as one-hot "
                "columns first."
            )


def without_text(data: np.ndarray, levels: Levels) -> np.ndarray:
    """Set columns of text to 0: the numbers of levels have no distances."""
    if levels:
        data = np.array(data, order="F")
        data[:, list(levels)] = 0
    return data
