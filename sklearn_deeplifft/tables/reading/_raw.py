"""Cells as a file has them, before columns are made of them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft._printable import named, quoted
from sklearn_deeplifft.tables.reading._errors import TableReadError
from sklearn_deeplifft.tables.reading._notation import parse_cell
from sklearn_deeplifft.tables.reading._notes import Note

__all__ = ["RawTable", "header_names", "require_distinct", "trimmed"]

NO_WIDTH = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
"""Characters that pages and spreadsheets leave in names, and nobody sees."""


@dataclass(frozen=True)
class RawTable:
    """Columns as found: numbers where a column holds nothing else, else texts or objects."""

    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()
    as_text: Callable[[str], pd.Series] | None = None
    """A column's cells as they are written, by its name; None where the file holds numbers."""
    X: np.ndarray | sparse.csr_matrix | None = None
    """Features of a file that has them as one matrix; ``frame`` then holds what else there is."""
    feature_names: tuple[str, ...] = ()
    """Names of the columns of ``X``."""
    row_names: str | None = None
    """The column of ``frame`` that names the rows and has no name of its own."""


def trimmed(name: str) -> str:
    """A name without what cannot be seen: blanks around it, marks of no width, ways to write é.

    >>> trimmed(" age  in years\ufeff"), trimmed("e\u0301") == "\xe9"
    ('age in years', True)
    """
    plain = unicodedata.normalize("NFC", name).translate(NO_WIDTH)
    return " ".join(plain.split())


def _text(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def header_names(cells: Iterable[object]) -> tuple[list[str], list[Note]]:
    """Trim the names of columns; those without one are called by their position.

    >>> header_names([" age ", "", None])[0]
    ['age', 'column 2', 'column 3']
    """
    names, notes = [], []
    for position, cell in enumerate(cells, start=1):
        name = "" if cell is None or cell != cell else trimmed(_text(cell))
        if not name:
            name = f"column {position}"
            notes.append(Note("unnamed", name))
        names.append(name)
    return names, notes


def require_distinct(names: Sequence[str], what: str = "columns") -> None:
    """Refuse two columns of one name: a ranking could not say which is meant."""
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice and 2 * sum(parse_cell(name) is not None for name in names) > len(names):
        raise TableReadError(
            f"the first line holds numbers where the names of {what} should stand ("
            f"{named(names)}); put a line of names above it."
        )
    if twice:
        at = [i for i, name in enumerate(names, start=1) if name == twice[0]]
        where = " and ".join(f"{i:,}" for i in at[:2])
        others = "1 other name" if len(twice) == 2 else f"{len(twice) - 1:,} other names"
        more = f"; so it is with {others}" if len(twice) > 1 else ""
        raise TableReadError(
            f"several {what} are named {quoted(twice[0])} ({where}{more}); each needs a name of "
            "its own. Rename all but one."
        )
