"""Columns of texts read as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.tables.reading._missing import is_missing_number
from sklearn_deeplifft.tables.reading._notation import (
    Cell,
    Convention,
    convention_of,
    parse_cell,
    value_of,
)
from sklearn_deeplifft.tables.reading._options import ReadOptions

__all__ = ["NumberReading", "distinct_cells", "read_numbers", "resolved"]


@dataclass(frozen=True)
class NumberReading:
    """Distinct cells of a column, sorted into numbers, words for missing, and others."""

    counts: Mapping[object, int]
    """Cells of the file, as often as they stand there; without empty ones."""
    typed: Mapping[object, float]
    """Cells that the file holds as numbers."""
    cells: Mapping[object, Cell]
    """Texts that are written as numbers are."""
    missing: tuple[str, ...]
    others: tuple[str, ...]
    """Neither numbers nor missing."""
    conventions: Sequence[Convention]
    """Conventions that fit the texts; more than one leaves the numbers open."""

    @property
    def share(self) -> float:
        """Numbers among the cells that are not missing, 0 to 1; 0 without any."""
        n = sum(self.counts[cell] for cell in (*self.typed, *self.cells))
        total = n + sum(self.counts[word] for word in self.others)
        return n / total if total else 0.0

    def is_plain(self, convention: Convention) -> bool:
        """Whether cells are as programs write them: digits, and a decimal point at most."""
        marks = any(cell.mark for cell in self.cells.values())
        bodies = [cell.body for cell in self.cells.values()]
        digits = all(body.replace(".", "", 1).isdecimal() for body in bodies)
        points = convention.decimal == "." or not any("." in body for body in bodies)
        return digits and points and not marks

    def values(self, convention: Convention) -> dict[object, float]:
        """Value of each distinct cell; what is missing is left out."""
        found = dict(self.typed)
        for text, cell in self.cells.items():
            value = value_of(cell, convention)
            if value is not None:
                found[text] = value
        return found


def distinct_cells(column: pd.Series) -> Counter[object]:
    """Cells that are not empty, and how often each stands in the column."""
    counts: Counter[object] = Counter()
    for cell, n in column.dropna().value_counts(sort=False).items():
        counts[cell.strip() if isinstance(cell, str) else cell] += int(n)
    counts.pop("", None)
    return counts


def read_numbers(counts: Counter[object], options: ReadOptions) -> NumberReading:
    """Sort the distinct cells of a column."""
    typed: dict[object, float] = {}
    cells: dict[object, Cell] = {}
    missing, others = [], []
    for cell in counts:
        if not isinstance(cell, str):
            value = _typed(cell)
            if value is None:
                others.append(str(cell))
            else:
                typed[cell] = value
        elif is_missing_number(cell, options.na):
            missing.append(cell)
        elif (parts := parse_cell(cell)) is not None:
            cells[cell] = parts
        else:
            others.append(cell)
    conventions = convention_of(cells.values(), options.decimal, options.thousands)
    cells, others = _of_one_kind(counts, cells, others, conventions)
    return NumberReading(counts, typed, cells, tuple(missing), tuple(others), conventions)


def _of_one_kind(
    counts: Counter[object],
    cells: dict[object, Cell],
    others: list[str],
    conventions: Sequence[Convention],
) -> tuple[dict[object, Cell], list[str]]:
    """Numbers that go together: $ and euros, or percents and fractions, are not one scale."""
    marks: Counter[str] = Counter()
    for text, cell in cells.items():
        if cell.body.strip("0.,"):  # nothing is nothing in any unit
            marks[cell.mark] += counts[text]
    usual = marks.most_common(1)[0][0] if marks else ""
    kept = {}
    for text, cell in cells.items():
        fits = any(value_of(cell, convention) is not None for convention in conventions)
        if fits and (cell.mark == usual or not cell.body.strip("0.,")):
            kept[text] = cell
        else:
            others.append(str(text))
    return kept, others


def resolved(column: pd.Series, values: Mapping[Any, float]) -> np.ndarray:
    """The column as float64, NaN where a cell has no value."""
    keys = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    return np.asarray(keys.map(values).to_numpy(dtype=np.float64, na_value=np.nan))


def _typed(cell: object) -> float | None:
    """A number that the file holds as one; None for dates and other objects."""
    try:
        return float(cell) if np.isscalar(cell) or hasattr(cell, "as_tuple") else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
