"""Classes of the target that are large enough to be split."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft._printable import quoted

__all__ = ["FEWEST_ROWS", "class_labels"]

FEWEST_ROWS = 4
"""Rows a class needs for 30 % of them to be at least one row, and the rest at least two."""


def class_labels(y: np.ndarray, target: str, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep, as booleans, and their labels: classes too small to be split go.

    Raises
    ------
    ValueError
        No class is large enough, or a single one is.
    """
    labels, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    small = sizes < FEWEST_ROWS
    if small.all():
        raise ValueError(
            f"no class of {quoted(target)} has {FEWEST_ROWS} rows, the fewest that can be split "
            f"into a training and a test part ({len(labels):,} different values in {len(y):,} "
            "rows). Is it the right column? Numbers can be predicted with --task regression."
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
    keep = ~small[codes]
    return keep, y[keep]
