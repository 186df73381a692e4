"""A table that was read, made ready to be split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft._printable import named_with_counts
from sklearn_deeplifft.cli._target import class_labels
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
    row_groups: np.ndarray | None = None
    """(n,): rows of one group, such as a peak and its shuffle, are held out together."""

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
) -> Table:
    """Settle every column, and leave out classes that are too small to be split.

    Raises
    ------
    ValueError
        A column cannot be read without being told how (``TableReadError``), no row or column is
        left, a value is infinite, or the target does not fit the task.
    """
    raw = RawTable(cells) if isinstance(cells, pd.DataFrame) else cells
    options = ReadOptions(drop=drop) if options is None else options
    return of_read_table(interpret(raw, name=name, target=target, task=task, options=options))


def of_read_table(read: ReadTable) -> Table:
    """Rows of a table that was read, without those of classes that cannot be split."""
    assert read.y is not None
    assert read.target is not None
    assert read.task is not None
    notes = read.sentences(as_flag)
    X, y = _frame(read), read.y
    if read.task == "classification":
        keep, y = class_labels(y, read.target, notes)
        X = X if keep.all() else X[keep]  # a table may be most of the memory
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
    )
    _note_missing(table, notes)
    return table


def _frame(read: ReadTable) -> pd.DataFrame:
    if isinstance(read.X, pd.DataFrame):
        return read.X
    # Methods of comparison, and what they are compared by, take dense rows alone.
    return pd.DataFrame(sparse.csr_matrix(read.X).toarray(), columns=list(read.features))


def _note_missing(table: Table, notes: list[str]) -> None:
    gaps = table.numbers.isna().sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named_with_counts(gaps.items())
        notes.append(f"Missing numbers filled with the median of the training rows: {counts}.")
    gaps = (table.levels == MISSING_LEVEL).sum()
    gaps = gaps[gaps > 0]
    if len(gaps):
        counts = named_with_counts(gaps.items())
        notes.append(f"Missing categories are a level of their own: {counts}.")
