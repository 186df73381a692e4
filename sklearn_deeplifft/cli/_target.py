"""Classes of the target that are large enough to be split."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.cli._words import counted

__all__ = ["FEWEST_ROWS", "class_labels", "classes_of_several_groups"]

FEWEST_ROWS = 4
"""Rows a class needs for 30 % of them to be at least one row, and the rest at least two."""


def class_labels(y: np.ndarray, target: str, notes: list[str]) -> np.ndarray:
    """Rows to keep, as booleans: classes too small to be split go.

    Raises
    ------
    ValueError
        No class is large enough, or a single one is.
    """
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    small = sizes < FEWEST_ROWS
    if small.all():
        numbers = " Numbers can be predicted with --task regression."
        raise ValueError(
            f"no class of {quoted(target)} has {FEWEST_ROWS} rows, the fewest that can be split "
            f"into a training and a test part ({len(labels):,} different values in {len(y):,} "
            f"rows). Is it the right column?{numbers if y.dtype.kind in 'iuf' else ''}"
        )
    if (~small).sum() == 1:
        raise ValueError(
            f"of {quoted(target)} a single class has {FEWEST_ROWS} rows, the fewest that can be "
            f"split into a training and a test part, {quoted(labels[~small][0])}; there is nothing "
            "to tell it from. Is it the right column?"
        )
    if small.any():
        n = int(small.sum())
        classes = "1 class" if n == 1 else f"{n:,} classes"
        verb = "is" if n == 1 else "are"
        rows = int(sizes[small].sum())
        notes.append(
            f"{classes} with fewer than {FEWEST_ROWS} rows {verb} left out "
            f"({rows:,} row{'s' * (rows > 1)}), such as {quoted(labels[small][0])}."
        )
    keep: np.ndarray = ~small[codes]
    return keep


def classes_of_several_groups(
    y: np.ndarray, groups: np.ndarray, target: str, row_groups: str, notes: list[str]
) -> np.ndarray:
    """Rows to keep, as booleans: a class of one group can be learned or tested, but not both.

    Raises
    ------
    ValueError
        Fewer than two classes have rows in two groups.
    """
    labels, codes = np.unique(y, return_inverse=True)
    pairs = np.unique(np.column_stack([codes, np.unique(groups, return_inverse=True)[1]]), axis=0)
    alone = np.bincount(pairs[:, 0]) < 2
    if (~alone).sum() < 2:
        raise ValueError(
            f"{(~alone).sum():,} of {counted(len(labels), 'class', 'classes')} of {quoted(target)} "
            f"have rows of two or more {printable(row_groups)} values, and two classes are the "
            f"least: rows of {quoted(labels[alone][0])} are all of one, and cannot be learned and "
            f"tested on different ones. Is {quoted(row_groups)} the right column?"
        )
    if alone.any():
        n, rows = int(alone.sum()), int(alone[codes].sum())
        verb, each = ("is", "") if n == 1 else ("are", " each")
        notes.append(
            f"{counted(n, 'class', 'classes')} whose rows are of a single {printable(row_groups)}"
            f"{each} {verb} left out ({counted(rows, 'row')}), such as {quoted(labels[alone][0])}."
        )
    keep: np.ndarray = ~alone[codes]
    return keep
