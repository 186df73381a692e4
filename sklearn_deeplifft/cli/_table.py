"""A data frame made into features and a target, with a line for everything left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._columns import LEFT_OUT, as_levels, as_numbers, kind_of
from sklearn_deeplifft.cli._target import class_labels, resolve_task, target_values

__all__ = ["Table", "make_table", "missing_column"]

MISSING_LEVEL = "(missing)"
MOST_NAMED = 5


@dataclass(frozen=True)
class Table:
    """Rows ready to be split."""

    name: str
    numbers: pd.DataFrame
    """float64; NaN where a value is missing."""
    levels: pd.DataFrame
    """Strings; a missing value is a level of its own."""
    y: np.ndarray
    target: str
    task: str
    """"classification" or "regression"."""
    notes: list[str] = field(default_factory=list)
    """Remarks for the reader: columns and rows left out, values filled in."""
    features: list[str] = field(default_factory=list)
    """Columns that are features, in the order of the file."""

    @property
    def n_columns(self) -> int:
        """Columns that are features, before categories become several."""
        return len(self.numbers.columns) + len(self.levels.columns)


def missing_column(column: str, columns: Sequence[str]) -> str:
    """Say that there is no such column, and which ones are spelled alike.

    >>> missing_column("clas", ["class", "age"])
    "no column 'clas'; did you mean 'class'?"
    """
    lowered = {name.lower(): name for name in columns}
    close = [lowered[name] for name in difflib.get_close_matches(column.lower(), lowered, n=3)]
    if close:
        return f"no column {column!r}; did you mean {' or '.join(map(repr, close))}?"
    if len(columns) == 1:
        return (
            f"no column {column!r}; the file has a single column, {columns[0][:60]!r}. If its "
            "columns are separated by something else, say so, as in --sep ';'."
        )
    return f"no column {column!r}; the columns are {named(columns)}."


def named(columns: Iterable[object]) -> str:
    """Name up to five columns.

    >>> named("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    columns = list(columns)
    rest = len(columns) - MOST_NAMED
    shown = ", ".join(str(column) for column in columns[:MOST_NAMED])
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def make_table(
    frame: pd.DataFrame, target: str, *, name: str, drop: Sequence[str] = (), task: str = "auto"
) -> Table:
    """Sort the columns of ``frame`` into numbers, categories and what cannot be used.

    Raises
    ------
    ValueError
        No row or column is left, a value is infinite, or the target does not fit the task.
    """
    notes: list[str] = []
    # Of all rows: without those that have no target, row numbers would not be consecutive.
    kinds = {c: kind_of(frame[c]) for c in frame if c != target and c not in drop}
    frame = _rows_with_target(frame, target, notes)
    task = resolve_task(frame[target], task, notes)
    y = target_values(frame[target], task)
    if task == "classification":
        keep, y = class_labels(y, target, notes)
        frame = frame[keep]
    _note_left_out(kinds, notes)
    numbers = [column for column, kind in kinds.items() if kind == "numbers"]
    levels = [column for column, kind in kinds.items() if kind == "levels"]
    if not numbers and not levels:
        raise ValueError(f"no column is left to rank beside the target {target!r}.")
    table = Table(
        name,
        pd.DataFrame({c: as_numbers(frame[c]) for c in numbers}, index=frame.index),
        pd.DataFrame({c: as_levels(frame[c], MISSING_LEVEL) for c in levels}, index=frame.index),
        y,
        target,
        task,
        notes,
        [column for column, kind in kinds.items() if kind not in LEFT_OUT],
    )
    _require_finite(table.numbers)
    _note_missing(table, notes)
    return table


def _rows_with_target(frame: pd.DataFrame, target: str, notes: list[str]) -> pd.DataFrame:
    missing = frame[target].isna()
    if missing.any():
        notes.append(f"{missing.sum():,} rows without a value of {target} are left out.")
        frame = frame[~missing]
    if frame.empty:
        raise ValueError(f"no row has a value of the target {target!r}.")
    return frame


def _note_left_out(kinds: dict[str, str], notes: list[str]) -> None:
    for kind, reason in LEFT_OUT.items():
        columns = [column for column, found in kinds.items() if found == kind]
        if columns:
            notes.append(f"Left out, {reason}: {named(columns)}.")


def _require_finite(numbers: pd.DataFrame) -> None:
    infinite = np.isinf(numbers).sum()
    bad = infinite[infinite > 0]
    if len(bad):
        counts = named(f"{column} ({count})" for column, count in bad.items())
        raise ValueError(
            f"infinite values in {len(bad)} columns: {counts}. Replace them, or leave the "
            "columns out with --drop."
        )


def _note_missing(table: Table, notes: list[str]) -> None:
    gaps = table.numbers.isna().sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named(f"{column} ({count:,})" for column, count in gaps.items())
        notes.append(f"Missing numbers filled with the median of the training rows: {counts}.")
    gaps = (table.levels == MISSING_LEVEL).sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named(f"{column} ({count:,})" for column, count in gaps.items())
        notes.append(f"Missing categories are a level of their own: {counts}.")
