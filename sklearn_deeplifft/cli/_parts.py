"""A table split into training and test rows, both encoded by what the training rows hold."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from sklearn_deeplifft.cli._table import Table

__all__ = ["Parts", "encode", "source_columns", "split"]

TEST_SHARE = 0.3


@dataclass(frozen=True)
class Parts:
    """Training and test rows; columns of numbers, one for each level of a category."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray
    blocks: list[list[str]]
    """Columns of each category: exactly one of them is 1 in every training row."""
    groups_train: np.ndarray | None = None
    """Of the training rows: those of one group are held out together."""


def split(table: Table, seed: int) -> Parts:
    """Hold 30 % of the rows out, of every class alike, or 30 % of the groups of rows."""
    rows = np.arange(len(table.y))
    if table.row_groups is not None:
        dealt = GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed)
        train, test = next(dealt.split(rows, groups=table.row_groups))
    else:
        train, test = train_test_split(
            rows,
            test_size=TEST_SHARE,
            random_state=seed,
            stratify=table.y if table.task == "classification" else None,
        )
    return encode(table, np.sort(train), np.sort(test))


def encode(table: Table, train: np.ndarray, test: np.ndarray) -> Parts:
    """Fill missing numbers and one-hot encode categories, both learned from ``train`` alone.

    A number that no training row has is 0; a level that only test rows have is none of the known.
    """
    numbers = table.numbers.to_numpy(dtype=np.float64)
    medians = _medians(numbers[train])
    numbers = np.where(np.isnan(numbers), medians, numbers)
    levels = [_indicators(table.levels[column], train) for column in table.levels]
    values = np.hstack([numbers, *(found for found, _ in levels)])
    blocks = [names for _, names in levels]
    names = [*table.numbers, *itertools.chain.from_iterable(blocks)]
    _require_distinct(names)
    return Parts(
        pd.DataFrame(values[train], columns=names),
        pd.DataFrame(values[test], columns=names),
        table.y[train],
        table.y[test],
        blocks,
        None if table.row_groups is None else table.row_groups[train],
    )


def source_columns(table: Table, parts: Parts) -> list[str]:
    """The column of the table that each encoded column came from."""
    of_level = {
        name: column
        for column, block in zip(table.levels, parts.blocks, strict=True)
        for name in block
    }
    return [of_level.get(name, name) for name in parts.X_train]


def _medians(values: np.ndarray) -> np.ndarray:
    """Median of each column's numbers; 0 of a column that has none."""
    empty = np.isnan(values).all(axis=0)
    return np.asarray(np.nanmedian(np.where(empty, 0.0, values), axis=0))


def _indicators(column: pd.Series, train: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """One column for each level that training rows have, 1 where a row has it; and their names."""
    values = column.to_numpy()
    found = np.unique(values[train].astype(str))
    return (values[:, None] == found).astype(np.float64), [f"{column.name}={one}" for one in found]


def _require_distinct(names: list[str]) -> None:
    """Raise if a level is called as a column is, or as a level of another column."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            f"{twice[0]!r} would be the name of two columns, as a value of a text stands behind "
            "the text's name and '='; rename one of them, or leave it out with --drop."
        )
