"""Columns of a text file of which the numbers do not hold all that is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft.tables._validation import EXACT
from sklearn_deeplifft.tables.reading._separators import cells_of

__all__ = ["columns_to_keep_as_text"]

BLOCK = 1 << 20
"""Bytes looked through at once, so that they stay in cache."""
ZERO = ord("0")


def columns_to_keep_as_text(body: bytes, sep: str, frame: pd.DataFrame) -> list[int]:
    """Positions of columns of numbers with leading zeros, or more digits than float64 holds.

    Parameters
    ----------
    body : bytes
        Rows of the file, UTF-8.
    sep : str
    frame : DataFrame
        The same, as read; every row has a cell for each of its columns.
    """
    numeric = {j for j in frame if types.is_numeric_dtype(frame[j].dtype)}
    numeric -= {j for j in frame if types.is_bool_dtype(frame[j].dtype)}
    return sorted({j for j in numeric if _is_long(frame[j])} | _padded(body, sep, numeric))


def _is_long(column: pd.Series) -> bool:
    """Whether digits may be lost: pandas keeps those of 64-bit integers, and of no others."""
    if not types.is_float_dtype(column.dtype):
        return False
    values = np.abs(column.to_numpy())
    return bool(((values > EXACT) & (values < np.inf)).any())


def _padded(body: bytes, sep: str, columns: set[int]) -> set[int]:
    """Columns, among some, of a cell such as 007: digits alone, of which the first is zero."""
    mark = sep.encode()
    cell = re.compile(rb'0\d+ *"? *(?=%b|\n|\Z)' % re.escape(mark))
    found: set[int] = set()
    for at in _zeros(body, mark):
        if found == columns:
            break
        if cell.match(body, at):
            found |= {_column_at(body, at, sep)} & columns
    return found


def _zeros(body: bytes, mark: bytes) -> Iterator[int]:
    """Positions at which a cell may begin with a zero and another digit."""
    before = np.zeros(256, dtype=bool)
    before[[mark[-1], *b'\n" ']] = True
    data = np.frombuffer(body, dtype=np.uint8)
    if re.match(rb"0\d", body):
        yield 0
    for start in range(0, len(data) - 2, BLOCK):
        part = data[start : start + BLOCK + 2]
        digits = part - ZERO < 10  # unsigned: what is below zero is far above nine
        hits = (part[1:-1] == ZERO) & digits[2:] & before[part[:-2]]
        yield from (np.flatnonzero(hits) + start + 1).tolist()


def _column_at(body: bytes, at: int, sep: str) -> int:
    start = body.rfind(b"\n", 0, at) + 1
    if b'"' not in body[start:at]:
        return body.count(sep.encode(), start, at)
    ahead = body[start:at].decode("utf-8", "replace")
    return len(cells_of(f"{ahead}0", sep)) - 1
