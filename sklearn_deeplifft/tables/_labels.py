"""Targets of any library and type as plain arrays: one type, nothing missing."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

__all__ = ["numbers_in", "target_columns"]


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
    values = np.asarray(column)
    if values.dtype == object:
        values = values[~pd.isna(values)]
        kinds = _kinds(values)
        if kinds <= {"bool"} or not kinds <= NUMBERS:
            return None
        return values.astype(np.float64)
    if values.dtype.kind == "f":
        return values[~np.isnan(values)]
    return values if values.dtype.kind in "iu" else None


NUMBERS = {"bool", "whole", "real"}


def _kinds(values: np.ndarray) -> Collection[str]:
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
