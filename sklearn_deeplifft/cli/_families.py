"""Columns of a table that are one feature, as a file says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sklearn_deeplifft._printable import named
from sklearn_deeplifft.cli._parts import Parts, source_columns
from sklearn_deeplifft.cli._rankers import Chooser
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.tables import FeatureGroups, find_groups

__all__ = ["Families", "by_groups", "features_of", "groups_of", "names_of_features", "of_table"]

Families = Mapping[str, str | None]
"""The group of each column of the table; None is none."""


def of_table(families: Families | None, table: Table, notes: list[str]) -> Families | None:
    """Families of the columns that are ranked; a note names what else the file holds.

    Raises
    ------
    ValueError
        The file has no column of the table, or a group called as a column outside of it.
    """
    if families is None:
        return None
    found = {column: families[column] for column in table.features if column in families}
    others = [name for name in families if name not in found]
    columns = set(table.features)
    for group in filter(None, found.values()):
        if group in columns and found.get(group) != group:
            raise ValueError(
                f"the file of groups has a group {group!r}, and a column of that name is not in "
                "it; give the group another name."
            )
    if not found:
        raise ValueError(
            f"the file of groups names no column that is ranked, but {named(others)}; the columns "
            f"are {named(table.features)}."
        )
    if others:
        notes.append(f"In the file of groups, but not ranked: {named(others)}.")
    return found


def features_of(families: Families | None, table: Table) -> list[str]:
    """Features of the table in its order: groups, and columns that stand alone."""
    return list(dict.fromkeys((families or {}).get(c) or c for c in table.features))


def names_of_features(families: Families | None, table: Table, parts: Parts) -> list[str]:
    """Name of each encoded column's feature: the group, or the column of the table.

    A column of text is one feature, whatever its levels.
    """
    return [(families or {}).get(column) or column for column in source_columns(table, parts)]


def groups_of(names: Sequence[str]) -> FeatureGroups:
    """Encoded columns of one name are one feature."""
    return find_groups(names, None, len(names))


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
