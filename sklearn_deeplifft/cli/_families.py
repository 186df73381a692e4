"""Columns of a table that are one feature, as a file says it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_deeplifft.cli._parts import Parts, source_columns
from sklearn_deeplifft.cli._rankers import Chooser
from sklearn_deeplifft.cli._table import Table, named
from sklearn_deeplifft.tables import FeatureGroups, find_groups

__all__ = ["Families", "by_groups", "groups_of", "names_of_features", "of_table"]

Families = Mapping[str, str | None]
"""The group of each column of the table; None is none."""


def of_table(families: Families | None, table: Table, notes: list[str]) -> Families | None:
    """Families of the columns that are ranked; a note names what else the file holds.

    Raises
    ------
    ValueError
        The file has no column of the table.
    """
    if families is None:
        return None
    found = {column: families[column] for column in table.features if column in families}
    others = [name for name in families if name not in found]
    if not found:
        raise ValueError(
            f"the file of groups names no column that is ranked, but {named(others)}; the columns "
            f"are {named(table.features)}."
        )
    if others:
        notes.append(f"In the file of groups, but not ranked: {named(others)}.")
    return found


def groups_of(families: Families | None, table: Table, parts: Parts) -> FeatureGroups:
    """The feature that each encoded column belongs to: those of a text column go with it."""
    labels = None if families is None else [families.get(c) for c in source_columns(table, parts)]
    return find_groups(labels, None, parts.X_train.shape[1])


def names_of_features(families: Families | None, table: Table, parts: Parts) -> list[str]:
    """Name of each encoded column's feature: the group, or the column itself."""
    if families is None:
        return list(parts.X_train)
    sources = source_columns(table, parts)
    return [families.get(c) or name for c, name in zip(sources, parts.X_train, strict=True)]


def by_groups(choose: Chooser, groups: FeatureGroups) -> Chooser:
    """Choose groups in the place of columns: a group comes where its best column does."""
    if groups.single:
        return choose

    def whole(k: int) -> np.ndarray:
        n = k
        while True:
            found = list(dict.fromkeys(groups.of_column[choose(n)].tolist()))
            if len(found) >= k:
                return np.flatnonzero(np.isin(groups.of_column, found[:k]))
            n += k - len(found)  # so many columns more, at the least

    return whole
