"""A table that was read, made ready to be split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft._printable import named_with_counts
from sklearn_deeplifft.cli._target import class_labels, classes_of_several_groups
from sklearn_deeplifft.tables.reading import (
    MISSING_LEVEL,
    RawTable,
    ReadOptions,
    ReadTable,
    as_flag,
    interpret,
    no_column,
)

__all__ = ["Table", "make_table", "missing_column"]


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
    dates: frozenset[str] = frozenset()
    """Columns of numbers that are days since 1970-01-01."""
    row_groups: str | None = None
    """Name of the column that says which rows belong together."""
    groups: np.ndarray | None = None
    """(n,): its values; None lets each row stand alone."""

    @property
    def n_columns(self) -> int:
        """Columns that are features, before categories become several."""
        return len(self.numbers.columns) + len(self.levels.columns)


def missing_column(column: str, columns: Sequence[str]) -> str:
    """Say that there is no such column, and which ones are spelled alike.

    >>> missing_column("clas", ["class", "age"])
    "no column 'clas'; did you mean 'class'?"
    """
    return no_column(column, columns).said(as_flag)


def make_table(
    cells: pd.DataFrame | RawTable,
    target: str,
    *,
    name: str,
    drop: Sequence[str] = (),
    task: str = "auto",
    options: ReadOptions | None = None,
    filled_by: str = "all rows",
) -> Table:
    """Settle every column, and leave out classes that are too small to be split.

    Parameters
    ----------
    filled_by : str, default="all rows"
        Rows whose median fills missing numbers, in words.

    Raises
    ------
    ValueError
        A column cannot be read without being told how (``TableReadError``), no row or column is
        left, a value is infinite, or the target does not fit the task.
    """
    raw = RawTable(cells) if isinstance(cells, pd.DataFrame) else cells
    options = ReadOptions(drop=drop) if options is None else options
    read = interpret(raw, name=name, target=target, task=task, options=options)
    return of_read_table(read, filled_by)


def of_read_table(read: ReadTable, filled_by: str = "all rows") -> Table:
    """Rows of a table that was read, without those of classes that cannot be split."""
    assert read.y is not None
    assert read.target is not None
    assert read.task is not None
    notes = read.sentences(as_flag)
    X, y, groups = _frame(read), read.y, read.groups
    if read.task == "classification":
        keep = class_labels(y, read.target, notes)
        X, y, groups = _kept(keep, X, y, groups)
    if read.task == "classification" and groups is not None:
        assert read.row_groups is not None
        keep = classes_of_several_groups(y, groups, read.target, read.row_groups, notes)
        X, y, groups = _kept(keep, X, y, groups)
    texts = list(read.text_columns)
    table = Table(
        read.name,
        X.drop(columns=texts),
        X[texts],
        y,
        read.target,
        read.task,
        notes,
        list(read.features),
        frozenset(note.column for note in read.notes if note.kind == "dates"),
        read.row_groups,
        groups,
    )
    _note_missing(table, notes, filled_by)
    return table


def _kept(
    keep: np.ndarray, X: pd.DataFrame, y: np.ndarray, groups: np.ndarray | None
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray | None]:
    if keep.all():
        return X, y, groups  # a table may be most of the memory
    return X[keep], y[keep], None if groups is None else groups[keep]


def _frame(read: ReadTable) -> pd.DataFrame:
    if isinstance(read.X, pd.DataFrame):
        return read.X
    # Methods of comparison, and what they are compared by, take dense rows alone.
    return pd.DataFrame(sparse.csr_matrix(read.X).toarray(), columns=list(read.features))


def _note_missing(table: Table, notes: list[str], filled_by: str) -> None:
    gaps = table.numbers.isna().sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named_with_counts(gaps.items())
        notes.append(f"Missing numbers filled with the median of {filled_by}: {counts}.")
    gaps = (table.levels == MISSING_LEVEL).sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named_with_counts(gaps.items())
        notes.append(f"Missing categories are a level of their own: {counts}.")
