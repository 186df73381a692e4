"""Simplex groups of a table: blocks of columns under a constraint, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.tables._rows import Rows
from sklearn_deeplifft.tables._validation import Names, column_indices, column_names

__all__ = ["Simplex", "find_simplices"]


class Simplex(NamedTuple):
    """Columns with ``sum_g scale_g x_g`` constant over the rows."""

    columns: np.ndarray
    scale: np.ndarray


def find_simplices(
    groups: Sequence[Sequence[int | str]] | None, rows: Rows, names: Names
) -> list[Simplex]:
    """Test each group on the data; keep those whose (scaled) sum does not vary.

    Plain one-hot blocks and compositions have scale 1. Columns that were divided by their
    standard deviation after one-hot encoding have the inverse of their range. A block without a
    constraint (one level dropped, unknown levels ignored) needs no correction and gets none.
    """
    found: list[Simplex] = []
    taken: set[int] = set()
    for group in groups or ():
        columns = column_indices(group, names, rows.shape[1])
        again = [c for i, c in enumerate(columns) if c in taken or c in columns[:i]]
        if again:
            raise ValueError(
                f"column {column_names(names, again[:1])} stands twice, or in two groups, of "
                "simplex_groups; a column belongs to one group at most."
            )
        taken.update(columns.tolist())
        if len(columns) < 2:
            continue
        scale = _constraint(rows, columns)
        if scale is None:
            finding = (
                f"simplex group {column_names(names, columns)} is not corrected: neither the sum "
                "of its columns nor that of its columns divided by their ranges is constant "
                "(a level was dropped, or unknown levels are all zero)."
            )
            tell(FeatureSelectionWarning(finding))
            continue
        found.append(Simplex(columns, scale))
    return found


def _constraint(rows: Rows, columns: np.ndarray) -> np.ndarray | None:
    low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
    for where, _ in rows.blocks():
        block = rows.take(where, columns)
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    spread = high - low
    candidates = [np.ones(len(columns))]
    if (spread > 0).all():
        candidates.append(1 / spread.astype(np.float64))
    return next((scale for scale in candidates if _is_constant(rows, columns, scale)), None)


def _is_constant(rows: Rows, columns: np.ndarray, scale: np.ndarray) -> bool:
    low, high, size = np.inf, -np.inf, 0.0
    for where, _ in rows.blocks():
        block = rows.take(where, columns)
        total = block @ scale
        low, high = min(low, total.min()), max(high, total.max())
        size = max(size, float((np.abs(block) @ np.abs(scale)).max()))
    return high - low <= 1e-5 * max(size, 1e-300)
