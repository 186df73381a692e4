"""Columns that name rows rather than describe them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

__all__ = [
    "OWNER_NAMES",
    "is_free_text",
    "is_repeated",
    "kind_of_whole_numbers",
    "names_rows",
    "numbered_name",
]

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
OWNER_NAMES = ROW_NAMES | {"subject", "patient", "participant", "donor", "mouse"}
"""Words in the names of columns that say whose row it is."""
FREE_TEXT_WORDS = 4
MOST_CODES = 10
"""Distinct values up to which a column named like an owner may hold categories or counts."""
NUMBERED = re.compile(r"(.*[^\W_])(?:[^\w.,]|_)+\d+")
"""A name and a number behind it; a point or a comma may be within a number."""


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
    if not names_rows(name, OWNER_NAMES):
        return "numbers"
    n_distinct = len(np.unique(values))
    if n_distinct == len(values):
        return "identifier"
    return "repeated identifier" if is_repeated(n_distinct, len(values)) else "numbers"


def is_repeated(n_distinct: int, n: int) -> bool:
    """Whether n values of an identifier by name are names that repeat, rather than a few codes."""
    return n_distinct < n and n_distinct > min(MOST_CODES, 0.1 * n)


def is_free_text(texts: list[str]) -> bool:
    """Whether distinct texts are sentences rather than names."""
    return sum(len(text.split()) for text in texts) >= FREE_TEXT_WORDS * len(texts)


def numbered_name(texts: Iterable[str]) -> tuple[str, str] | None:
    """A text and its name, where all texts are names with a number behind, and names repeat.

    >>> numbered_name(["309_1", "309_2", "J12_1", "J12_2"]), numbered_name(["s_1", "s_2", "s_3"])
    (('309_1', '309'), None)
    """
    texts = list(texts)
    found = [NUMBERED.fullmatch(text) for text in texts]
    names = {match[1] for match in found if match is not None}
    # A single name is what the rows of every table could be called.
    if None in found or not 1 < len(names) <= len(texts) / 2 or found[0] is None:
        return None
    return texts[0], found[0][1]
