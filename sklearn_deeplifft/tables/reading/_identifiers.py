"""Columns that name rows rather than describe them."""

from __future__ import annotations

import re

import numpy as np

__all__ = ["is_free_text", "kind_of_whole_numbers", "names_rows"]

ROW_NAMES = frozenset(
    {
        *("id", "ids", "uid", "uuid", "guid", "identifier", "identifiers"),
        *("accession", "barcode", "rowid", "pk"),
    }
)
"""Words in the names of identifiers."""
COUNTER_NAMES = ROW_NAMES | {
    *("index", "idx", "row", "rows", "rownum", "rownames", "rowname", "number", "num", "no", "nr"),
    *("n", "obs", "observation", "case", "sample", "record", "entry", "key", "serial", "sno", "x1"),
    *("unnamed", "subject", "patient", "participant"),
}
"""Words in the names of columns that count rows; only looked for where a column does."""
FREE_TEXT_WORDS = 4


def names_rows(name: str, among: frozenset[str] = ROW_NAMES) -> bool:
    """Whether a column's name says identifier.

    >>> names_rows("patientID"), names_rows("Sample.id"), names_rows("humid")
    (True, True, False)
    """
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return not among.isdisjoint(re.findall(r"[a-z0-9]+", apart.lower()))


def kind_of_whole_numbers(name: str, values: np.ndarray) -> str:
    """Kind of a column of numbers: "counter", "identifier", "numbers", or one of two in between.

    "kept counter" counts rows under the name of a quantity, and "repeated identifier" has the name
    of an identifier but the same value in several rows. In a table sorted by class, row numbers
    would foretell the class, and mean nothing.
    """
    if len(values) < 3 or not np.isfinite(values).all() or (values != np.rint(values)).any():
        return "numbers"
    if values[0] in (0, 1) and bool((np.diff(values) == 1).all()):
        unnamed = not name or name.startswith("column ")
        return "counter" if unnamed or names_rows(name, COUNTER_NAMES) else "kept counter"
    if not names_rows(name):
        return "numbers"
    n_distinct = len(np.unique(values))
    if n_distinct == len(values):
        return "identifier"
    return "repeated identifier" if n_distinct > 0.1 * len(values) else "numbers"


def is_free_text(texts: list[str]) -> bool:
    """Whether distinct texts are sentences rather than names."""
    return sum(len(text.split()) for text in texts) >= FREE_TEXT_WORDS * len(texts)
