"""Whose row is it? Rows that belong together, such as those of one patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._identifiers import (
    OWNER_NAMES,
    is_repeated,
    names_rows,
    numbered_name,
)
from sklearn_deeplifft.tables.reading._missing import is_missing_text
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._options import ReadOptions
from sklearn_deeplifft.tables.reading._raw import RawTable
from sklearn_deeplifft.tables.reading._table import ReadTable

__all__ = ["owner_notes", "owners_of", "with_groups"]


def owner_notes(name: str, kind: str, present: dict[str, int]) -> tuple[Note, ...]:
    """Notes of texts that say whose row it is: rows of one owner may belong together.

    Parameters
    ----------
    kind : str
        What becomes of the column: "levels", or a key of ``LEFT_OUT``.
    present : dict of str to int
        Its distinct texts, and how often each stands in it.
    """
    n, n_levels = sum(present.values()), len(present)
    if kind == "levels":
        repeated = names_rows(name, OWNER_NAMES) and is_repeated(n_levels, n)
        return (Note("repeated identifier", name), Note("owners", name)) if repeated else ()
    if kind == "identifier" and n_levels < n:
        return (Note("owners", name),)
    numbered = numbered_name(present) if kind in ("identifier", "distinct") else None
    return () if numbered is None else (Note("numbered", name, words=numbered),)


def owners_of(raw: RawTable, options: ReadOptions) -> np.ndarray | None:
    """Owner of each row (n,) as text, None where there is none; or whole numbers as they are."""
    name = options.row_groups
    if name is None:
        return None
    cells = raw.frame[name] if name in raw.frame else _of_matrix(raw, name)
    if pd.api.types.is_integer_dtype(cells.dtype) and not cells.isna().any():
        return np.asarray(cells.to_numpy(dtype=np.int64))
    texts = cells.astype(object).map(_as_text, na_action="ignore")
    missing = texts.isna() | texts.map(
        lambda text: is_missing_text(text, options.na), na_action="ignore"
    ).eq(True)
    return np.array(texts.where(~missing, None), dtype=object)


def _of_matrix(raw: RawTable, name: str) -> pd.Series:
    assert raw.X is not None
    at = [raw.feature_names.index(name)]
    if sparse.issparse(raw.X):
        return pd.Series(np.ravel(sparse.csr_matrix(raw.X[:, at]).toarray()))
    return pd.Series(np.ravel(raw.X[:, at]))


def _as_text(cell: object) -> str:
    # Programs write 309 and 309.0 for the same number.
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()  # type: ignore[call-overload]


def with_groups(table: ReadTable) -> ReadTable:
    """Check that rows do belong together, and say so.

    Raises
    ------
    TableReadError
        A row has no owner, all have the same, or each has one of its own.
    """
    groups, name = table.groups, table.row_groups
    assert groups is not None
    assert name is not None
    shown = printable(name)
    n_missing = int(pd.isna(groups).sum())
    if n_missing:
        rows = "1 row has" if n_missing == 1 else f"{n_missing:,} rows have"
        raise TableReadError(
            f"{shown}: {rows} no value, and every row belongs to some group; give such rows names "
            "of their own."
        )
    found = pd.unique(groups)
    if len(found) == len(groups):
        numbered = numbered_name(map(str, found))
        remedy = (
            "Name a column in which values repeat."
            if numbered is None
            else f"Values such as {quoted(numbered[0])} are a name and a number: put the name, "
            f"{quoted(numbered[1])}, into a column of its own, and name that one."
        )
        raise TableReadError(
            f"{shown} has another value in every row, so no rows belong together.", remedy
        )
    if len(found) == 1:
        raise TableReadError(
            f"{shown} has the same value in all rows; nothing could be held out.",
            "Leave it out with {}.",
            [Option("drop", [name])],
        )
    if groups.dtype == object:
        groups = groups.astype(str)
    note = Note("row groups", name, len(found))
    return replace(table, groups=groups, notes=(*table.notes, note))
