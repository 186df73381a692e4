"""Groups of columns that are one feature: kept or dropped whole, counted once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft.tables._validation import Names, column_indices, column_names

__all__ = ["FeatureGroups", "find_groups", "group_labels"]

REMEDY = (
    "give one label for each column, a list of columns for each group, a mapping or a callable."
)


Label = tuple[str, Any]
"""A user's label as ("group", label), or a column that stands alone as ("column", column)."""


@dataclass(frozen=True)
class FeatureGroups:
    """The feature of each column; features are in the order of their first columns."""

    of_column: np.ndarray
    """(d,): 0 to G - 1."""
    first: np.ndarray
    """(G,): a column of each feature."""

    @classmethod
    def numbered(cls, labels: np.ndarray) -> FeatureGroups:
        """From a number for each column, (d,), whatever these are."""
        _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
        of_column, place = np.unique(first[inverse], return_inverse=True)
        return cls(place, of_column)

    @property
    def single(self) -> bool:
        """Whether every column is a feature of its own."""
        return len(self.first) == len(self.of_column)

    @property
    def columns(self) -> list[np.ndarray]:
        """Columns of each feature, ascending."""
        order = np.argsort(self.of_column, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.of_column))[:-1])

    def among(self, columns: np.ndarray) -> FeatureGroups:
        """The same features where only these columns are left, ascending."""
        if self.single:
            every = np.arange(len(columns))
            return FeatureGroups(every, every)
        found = np.unique(self.of_column[columns], return_index=True, return_inverse=True)
        return FeatureGroups(found[2], found[1])

    def doubled(self) -> FeatureGroups:
        """The same features, and their null ones behind them."""
        G, d = len(self.first), len(self.of_column)
        of_column = np.append(self.of_column, G + self.of_column)
        return FeatureGroups(of_column, np.append(self.first, d + self.first))

    def merged(self, values: np.ndarray) -> np.ndarray:
        """Values (..., d) that are equal within each feature, as (..., G)."""
        return values[..., self.first]

    def largest(self, values: np.ndarray) -> np.ndarray:
        """The largest of the values (..., d) of each feature's columns, (..., G)."""
        return values if self.single else self._reduced(np.maximum, values)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """The sum of the values (..., d) of each feature's columns, (..., G)."""
        return values if self.single else self._reduced(np.add, values)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (..., G) of features as values (..., d) of their columns."""
        return values[..., self.of_column]

    def _reduced(self, how: np.ufunc, values: np.ndarray) -> np.ndarray:
        order = np.argsort(self.of_column, kind="stable")
        starts = np.searchsorted(self.of_column[order], np.arange(len(self.first)))
        reduced: np.ndarray = how.reduceat(values[..., order], starts, axis=-1)
        return reduced


def find_groups(groups: Any, names: Names, n_columns: int) -> FeatureGroups:
    """Resolve what the user gave as ``feature_groups``.

    Parameters
    ----------
    groups : None, callable, mapping, or sequence
        A callable takes a column name and returns its group's; a mapping, or a Series with names
        for index, does so for some columns, the others stay alone; a sequence holds one label for
        each column, or lists of the columns of each group (or sets, an Index). A column whose label
        is None or NaN stays alone.

    Raises
    ------
    ValueError
        A label for each column was given and their number differs; a column that does not exist
        or stands in two groups; a label that cannot be compared, such as a list.
    """
    if groups is None:
        every = np.arange(n_columns)
        return FeatureGroups(every, every)
    return _coded(_labels(groups, names, n_columns))


def group_labels(groups: Any, names: Names, n_columns: int) -> list[str | None]:
    """The label of each feature where it is a text, as of motif families; None of all others.

    ``groups`` is what `find_groups` resolves, and features are in its order.
    """
    labels = dict.fromkeys(_labels(groups, names, n_columns))
    return [label if kind == "group" and isinstance(label, str) else None for kind, label in labels]


def _labels(groups: Any, names: Names, n_columns: int) -> list[Label]:
    """A label for each column."""
    if groups is None:
        return [("column", i) for i in range(n_columns)]
    if _is_named_series(groups):
        groups = groups.to_dict()
    if callable(groups) or isinstance(groups, Mapping):
        return _named(groups, names)
    if hasattr(groups, "columns"):
        raise ValueError(f"feature_groups is a {type(groups).__name__}; pass one column of it.")
    single = getattr(groups, "ndim", 1) == 0 or not hasattr(groups, "__len__")
    if single or isinstance(groups, str):
        raise ValueError(f"feature_groups={groups!r} says nothing of columns; {REMEDY}")
    if _is_blocks(groups):
        return _blocks(groups, names, n_columns)
    if len(groups) != n_columns:
        raise ValueError(
            f"feature_groups holds {len(groups)} labels for {n_columns} columns; {REMEDY}"
        )
    return [_label(label, i) for i, label in enumerate(groups)]


def _is_named_series(groups: Any) -> bool:
    """Labels that carry the names of their columns are not taken by position."""
    if not hasattr(groups, "to_dict") or not hasattr(groups, "index"):
        return False
    return len(groups) > 0 and all(isinstance(name, str) for name in groups.index)


def _named(groups: Mapping[str, Any] | Callable[[str], Any], names: Names) -> list[Label]:
    if names is None:
        raise ValueError(
            "feature_groups as a mapping or callable needs column names, and X has none; pass a "
            "DataFrame, or one label for each column."
        )
    if callable(groups):
        return [_label(groups(str(name)), name) for name in names]
    known = {str(name) for name in names}
    strange = [key for key in groups if key not in known]
    if strange:
        raise ValueError(f"feature_groups names columns that X does not have: {strange[:5]}.")
    return [_label(groups.get(str(name)), name) for name in names]


def _label(label: Any, column: Any) -> Label:
    """A label that no column's own can equal; columns without one stand for themselves."""
    label = label.item() if isinstance(label, np.generic) else label
    try:
        hash(label)
    except TypeError as error:
        raise ValueError(
            f"the group of column {column!r} is {label!r}; a label must be hashable, such as a "
            "string, a number or a tuple."
        ) from error
    # NaN and pandas.NA do not equal themselves.
    missing = label is None or (label == label) is not True
    return ("column", column) if missing else ("group", label)


def _is_blocks(groups: Sequence[Any]) -> bool:
    return len(groups) > 0 and all(map(_is_block, groups))


def _is_block(group: Any) -> bool:
    """Whether this holds columns, as a list, a set or an Index does, and is no label."""
    if isinstance(group, np.ndarray):
        return True
    # What can be gone through once only would be empty the second time.
    sized = hasattr(group, "__len__") and not isinstance(group, Mapping)
    return sized and is_iterable(group)


def _blocks(groups: Sequence[Any], names: Names, n_columns: int) -> list[Label]:
    labels: list[Label] = [("column", i) for i in range(n_columns)]
    taken: set[int] = set()
    for g, block in enumerate(groups):
        for i in column_indices(block, names, n_columns):
            if int(i) in taken:
                raise ValueError(
                    f"column {column_names(names, [int(i)])} stands twice, or in two groups, of "
                    "feature_groups; a column belongs to one group at most."
                )
            taken.add(int(i))
            labels[i] = ("group", g)
    return labels


def _coded(labels: Sequence[Label]) -> FeatureGroups:
    codes: dict[Any, int] = {}
    of_column = np.empty(len(labels), dtype=np.int64)
    first = []
    for i, label in enumerate(labels):
        if label not in codes:
            codes[label] = len(codes)
            first.append(i)
        of_column[i] = codes[label]
    return FeatureGroups(of_column, np.array(first))
