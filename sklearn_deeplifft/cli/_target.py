"""Task of the target, and its values as labels or numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._columns import as_numbers, kind_of
from sklearn_deeplifft.tables import task_of, task_sentence

__all__ = ["FEWEST_ROWS", "class_labels", "resolve_task", "target_values"]

FEWEST_ROWS = 4
"""Rows a class needs for 30 % of them to be at least one row, and the rest at least two."""


def resolve_task(y: pd.Series, task: str, notes: list[str]) -> str:
    """Classification or regression: what was asked for, or by the rule of ``tables.task_of``.

    Raises
    ------
    ValueError
        Regression was asked for, but the target is not numbers; or it is one number throughout.
    """
    if task == "regression" and not _is_numeric(y):
        raise ValueError(
            f"--task regression needs numbers; {y.name} holds {str(y.iloc[0])!r}. Leave --task "
            "out to predict it as classes."
        )
    if task != "auto":
        return task
    found = task_of(y)
    if found == "regression":
        n_values = y.nunique()
        if n_values == 1:
            raise ValueError(
                f"the target {y.name!r} is {y.iloc[0]} in every row; there is nothing to predict."
            )
        notes.append(task_sentence(str(y.name), n_values, "use --task classification"))
    return found


def target_values(y: pd.Series, task: str) -> np.ndarray:
    """The target as float64, as whole numbers, or as strings."""
    if task == "regression":
        values = as_numbers(y)
        if not np.isfinite(values).all():
            raise ValueError(f"the target {y.name!r} holds infinite values; replace them.")
        return values
    if _is_numeric(y) and not pd.api.types.is_bool_dtype(y.dtype) and _are_whole(y):
        return as_numbers(y).astype(np.int64)
    return np.asarray(y.astype(object).map(str).to_numpy(dtype=object).astype(str))


def class_labels(y: np.ndarray, target: str, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep, as booleans, and their labels: classes too small to be split go.

    Raises
    ------
    ValueError
        No class is large enough.
    """
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    small = sizes < FEWEST_ROWS
    if small.all():
        raise ValueError(
            f"no class of {target!r} has {FEWEST_ROWS} rows, the fewest that can be split into a "
            f"training and a test part ({len(labels):,} different values in {len(y):,} rows). Is "
            "it the right column? Numbers can be predicted with --task regression."
        )
    if small.any():
        notes.append(
            f"{small.sum()} classes with fewer than {FEWEST_ROWS} rows are left out "
            f"({sizes[small].sum():,} rows), such as {str(labels[small][0])!r}."
        )
    keep = ~small[codes]
    return keep, y[keep]


def _is_numeric(y: pd.Series) -> bool:
    return kind_of(y) in ("numbers", "counter")


def _are_whole(y: pd.Series) -> bool:
    values = as_numbers(y)
    return bool(np.isfinite(values).all() and (values == np.round(values)).all())
