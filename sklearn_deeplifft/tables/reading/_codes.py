"""Digits that are names: codes with leading zeros, and numbers longer than float64 tells apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.tables._validation import EXACT
from sklearn_deeplifft.tables.reading._notation import (
    Cell,
    convention_of,
    exact_value,
    parse_cell,
)
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._numbers import NumberReading, distinct_cells

__all__ = [
    "example_code",
    "long_numbers",
    "longest",
    "merged",
    "padded_notes",
    "spelled_twice",
    "too_long",
]


def example_code(reading: NumberReading) -> str | None:
    """A code such as 01, if the column's cells are whole numbers and some begin with a zero.

    007.50 is a number of fixed width, and 0 alone is a number as well.
    """
    if reading.others or not all(type(cell) is int for cell in reading.typed):
        return None
    cells = reading.cells
    if not all(_is_digits(cell) for cell in cells.values()):
        return None
    codes = [str(text) for text, cell in cells.items() if _begins_with_zero(cell)]
    return min(codes) if codes else None


def padded_notes(name: str, reading: NumberReading) -> tuple[Note, ...]:
    """Say of codes that they are read as numbers."""
    code = example_code(reading)
    if code is None:
        return ()
    n = len(reading.cells) + len(reading.typed)
    return (Note("padded", name, n, (code, f"{float(code):.15g}")),)


def _is_digits(cell: Cell) -> bool:
    return cell.body.isdecimal() and not (cell.mark or cell.power or cell.negative)


def _begins_with_zero(cell: Cell) -> bool:
    return len(cell.body) > 1 and cell.body.startswith("0")


def long_numbers(column: pd.Series, reading: NumberReading | None) -> Counter[Decimal]:
    """Whole numbers of a column beyond 2**53, to their last digit, and how often each stands in it.

    Numbers that the file itself has as floats are what they are, and so are those with an exponent.
    """
    if reading is None:
        return _of_integers(column)
    found: Counter[Decimal] = Counter()
    for cell, value in reading.typed.items():
        if abs(value) > EXACT and isinstance(cell, int | np.integer | Decimal):
            found[Decimal(cell if isinstance(cell, Decimal) else int(cell))] += reading.counts[cell]
    convention = reading.conventions[0]
    for text, cell in reading.cells.items():
        exact = None if cell.power else exact_value(cell, convention)
        if exact is not None and abs(exact) > EXACT:
            found[exact] += reading.counts[text]
    return found


def _of_integers(column: pd.Series) -> Counter[Decimal]:
    if not types.is_integer_dtype(column.dtype):
        return Counter()
    numbers = column.dropna()
    if not len(numbers) or max(int(numbers.max()), -int(numbers.min())) <= EXACT:
        return Counter()
    counts = numbers.value_counts(sort=False).items()
    return Counter({Decimal(int(cell)): int(n) for cell, n in counts})


def merged(exact: Iterable[Decimal]) -> bool:
    """Whether different numbers are one as floats."""
    exact = set(exact)
    return len({float(number) for number in exact}) < len(exact)


def longest(exact: Iterable[Decimal]) -> str:
    """The longest of some numbers, as it is written."""
    return max((f"{number:f}".removesuffix(".0") for number in exact), key=len)


def too_long(exact: Iterable[Decimal]) -> str:
    """Why different numbers cannot be read as such, in words."""
    return (
        f"its whole numbers are so long ({printable(longest(exact))}) that different ones would be "
        "read as one"
    )


def spelled_twice(cells: pd.Series) -> tuple[str, ...]:
    """Different texts of one number, such as 1 and 1.0; none if each number has one spelling.

    >>> spelled_twice(pd.Series(["1", "2", "1.0", "2"]))
    ('1', '1.0')
    """
    parts = {str(cell): parse_cell(str(cell)) for cell in distinct_cells(cells)}
    numbers = {text: cell for text, cell in parts.items() if cell is not None}
    convention = convention_of(numbers.values(), None, None)[0]
    texts: dict[Decimal, list[str]] = {}
    for text, cell in numbers.items():
        if (value := exact_value(cell, convention)) is not None:
            texts.setdefault(value, []).append(text)
    several = next((same for same in texts.values() if len(same) > 1), [])
    return tuple(sorted(several, key=lambda text: (len(text), text)))
