"""Columns of frames as they are stored: pandas, polars and Arrow, each with types of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown

__all__ = [
    "arrow_as_frame",
    "column_labels",
    "require_collected",
    "require_no_dates",
    "stored_column",
]

OF_TIME = re.compile(r"(date|time|duration|period)", re.IGNORECASE)
"""Begins the types of dates, times of day and durations in all three libraries."""


def column_labels(X: Any) -> Sequence[Any]:
    """Names of the columns of a frame; none of what is no frame."""
    names = getattr(X, "column_names", None)  # the columns of an Arrow table are their values
    return list(getattr(X, "columns", ()) if names is None else names)


def arrow_as_frame(X: Any) -> Any:
    """An Arrow table or record batch as a pandas frame; anything else as given.

    numpy makes objects of decimals, dictionaries and truth values with holes.
    """
    if not (hasattr(X, "column_names") and hasattr(X, "to_pandas")):
        return X
    return X.to_pandas(ignore_metadata=True)  # which would make an index of some columns


def require_collected(X: Any, name: str) -> None:
    """Raise ``ValueError`` for a frame that is a plan of one, such as those of polars."""
    if type(X).__name__ == "LazyFrame":
        raise ValueError(f"{name} is a LazyFrame, which holds no rows yet; pass {name}.collect().")


def require_no_dates(X: Any, name: str) -> None:
    """Raise ``ValueError`` for columns of dates or times.

    polars would hand them out as whole numbers among others, of a unit that depends on their type.
    """
    schema = getattr(X, "schema", None)
    types = getattr(X, "dtypes", None) if hasattr(X, "columns") else None
    if hasattr(X, "column_names"):
        types = getattr(schema, "types", None)
    if types is None or not any(OF_TIME.match(str(one)) for one in set(types)):
        return
    at, found = next((j, one) for j, one in enumerate(types) if OF_TIME.match(str(one)))
    raise ValueError(
        f"column {shown(column_labels(X)[at])} of {name} holds {found}, which is no number; turn "
        "dates and times into numbers first, such as days since the first of them."
    )


def stored_column(X: Any, j: int) -> list[Any]:
    """Cells of a column as Python objects, without missing ones of a frame."""
    if hasattr(X, "iloc"):
        return list(X.iloc[:, j].dropna())
    if hasattr(X, "to_series"):
        return list(X.to_series(j).drop_nulls())
    return [row[j] for row in np.asarray(X, dtype=object)]
