"""Kinds of columns, and their values as numbers or as names of levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

__all__ = ["LEFT_OUT", "as_levels", "as_numbers", "kind_of"]

MOST_LEVELS = 50

LEFT_OUT = {
    "empty": "no values",
    "dates": "dates and times",
    "other": "neither numbers nor text",
    "counter": "row numbers",
    "distinct": "a different text in every row",
    "many": f"more than {MOST_LEVELS} categories",
    "single": "one category only",
}
"""Kinds of columns that cannot be ranked, and why."""

OBJECTS = {
    "boolean": "numbers",
    "integer": "numbers",
    "floating": "numbers",
    "decimal": "numbers",
    "mixed-integer-float": "numbers",
    "date": "dates",
    "datetime": "dates",
    "datetime64": "dates",
    "time": "dates",
    "timedelta": "dates",
    "period": "dates",
    "complex": "other",
}
"""Kinds of columns by what pandas infers of Python objects; all others count as text."""


def kind_of(column: pd.Series) -> str:
    """Sort a column: "numbers", "levels", or one of ``LEFT_OUT``.

    >>> kind_of(pd.Series([1.5, None, 3.0])), kind_of(pd.Series(["red", "blue", "red"]))
    ('numbers', 'levels')
    """
    values = column.dropna()
    if values.empty:
        return "empty"
    kind = _storage(values)
    if kind == "numbers":
        return "counter" if _counts_rows(column) else kind
    return _kind_of_levels(values) if kind == "levels" else kind


def as_numbers(column: pd.Series) -> np.ndarray:
    """Values as float64, NaN where one is missing."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def as_levels(column: pd.Series, missing: str) -> pd.Series:
    """Values as strings, ``missing`` where there is none."""
    return column.astype(object).map(str, na_action="ignore").fillna(missing).astype(object)


def _storage(values: pd.Series) -> str:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "levels"
    if types.is_complex_dtype(dtype):
        return "other"
    if types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype):
        return "numbers"
    if (
        types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
    ):
        return "dates"
    return OBJECTS.get(types.infer_dtype(values), "levels")


def _counts_rows(column: pd.Series) -> bool:
    """Whether the values are 0, 1, 2 ... or 1, 2, 3 ...: an index that was saved with the table.

    In a table sorted by class it would foretell the class, and mean nothing.
    """
    if len(column) < 3 or types.is_bool_dtype(column.dtype) or column.hasnans:
        return False
    values = as_numbers(column)
    return values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _kind_of_levels(values: pd.Series) -> str:
    n_levels = values.astype(str).nunique()
    if n_levels == 1:
        return "single"
    if n_levels == len(values):
        return "distinct"
    return "many" if n_levels > MOST_LEVELS else "levels"
