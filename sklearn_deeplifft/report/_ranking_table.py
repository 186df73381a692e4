"""The table of features: what stands in its cells, and what they are sorted by."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft._printable import harmless, named, printable
from sklearn_deeplifft.report._evidence import Evidence

__all__ = ["MOST_ROWS", "SELECTED_BY", "Cell", "Column", "columns_of", "rows_of", "safe"]

MOST_ROWS = 5000
"""Features in the table: a browser sorts these in a moment."""
FREQUENT = 10
"""Length of the networks' own lists that a frequency is given for, if there are more features."""
SELECTED_BY = "selected by"
"""Title of the frequency where there are too few features for such lists."""


class Cell(NamedTuple):
    """Text, and the number that it is sorted by."""

    text: str
    kind: str = ""
    value: str | None = None
    bar: str | None = None
    """Length in per cent."""
    header: bool = False


class Column(NamedTuple):
    """A column and how its cells are made."""

    title: str
    kind: str
    cell: Callable[[int], Cell]
    """From the position of a feature, 0 the best."""
    first: str = ""
    """Order of the first sorting: largest first, where large is good."""


def safe(name: object, most: int = 60) -> str:
    """A name to be shown: cut, without what a terminal or a spreadsheet would obey."""
    return harmless(printable(name, most))


def columns_of(evidence: Evidence) -> list[Column]:
    """Columns of the table; those that do not apply are left out."""
    frame = evidence.features.frame
    found = [
        _numbers("rank", frame["rank"].to_numpy(), "{:,.0f}", first="descending"),
        Column("feature", "feature", lambda i: Cell(safe(evidence.name(i)), header=True)),
    ]
    if "group" in frame:
        found.append(Column("columns", "", lambda i: Cell(_members(evidence, i))))
    importance = frame["importance"].to_numpy()
    found.append(_importances(importance))
    if "importance_low" in frame:
        low, high = frame["importance_low"], frame["importance_high"]
        found.append(
            Column("95 % interval", "number", lambda i: _interval(low[i], high[i]), "descending")
        )
        found += _frequency(evidence)
    if "q_value" in frame:
        # As many digits as messages have: of two, q = 0.104 would look like alpha = 0.1.
        found.append(_numbers("p", frame["p_value"].to_numpy(), "{:.3g}"))
        found.append(_numbers("q", frame["q_value"].to_numpy(), "{:.3g}"))
    said = frame["direction"]
    title = "more of it speaks for" if evidence.labelled else "direction"
    found.append(Column(title, "", lambda i: Cell(_direction(evidence, str(said[i])))))
    found += _slopes(evidence)
    if any(evidence.features.partners):
        found.append(Column("near-copies", "", lambda i: Cell(_near_copies(evidence, i))))
    return found


def rows_of(evidence: Evidence, columns: Sequence[Column]) -> list[dict[str, object]]:
    """Rows of the table, the best feature first."""
    selected = evidence.features.frame["selected"].to_numpy() & evidence.cut
    shown = range(min(len(selected), MOST_ROWS))
    return [
        {"selected": bool(selected[i]), "cells": [column.cell(i) for column in columns]}
        for i in shown
    ]


def _numbers(title: str, values: np.ndarray, form: str, first: str = "") -> Column:
    return Column(title, "number", lambda i: _number(float(values[i]), form), first)


def _number(value: float, form: str) -> Cell:
    if math.isnan(value):
        return Cell("", "number", "NaN")
    return Cell(form.format(value), "number", f"{value:.9g}")


def _importances(values: np.ndarray) -> Column:
    longest = max(float(values.max()), 0.0)

    def cell(i: int) -> Cell:
        share = max(float(values[i]), 0.0) / longest if longest > 0 else 0.0
        return _number(float(values[i]), "{:.4f}")._replace(bar=f"{100 * share:.1f}")

    return Column("importance", "number", cell, "descending")


def _interval(low: float, high: float) -> Cell:
    if math.isnan(low):
        return Cell("", "number", "NaN")
    return Cell(f"{low:.4f} to {high:.4f}", "number", f"{low:.9g}")


def _frequency(evidence: Evidence) -> list[Column]:
    """Of lists of one length; of too few features for that, of those that the user selects."""
    points = [point for point in evidence.features.stability if point.count <= FREQUENT]
    if not points:
        values = evidence.features.frame["selection_frequency"].to_numpy()
        return [_numbers(SELECTED_BY, values, "{:.0%}", "descending")] if evidence.cut else []
    point = points[-1]
    return [_numbers(f"in first {point.count}", point.frequency, "{:.0%}", "descending")]


def _slopes(evidence: Evidence) -> list[Column]:
    """Slope of the only quantity, or effect of interventions; of classes the figure has them."""
    if evidence.labelled or len(evidence.features.labels) > 1:
        return []
    title = "effect" if evidence.selector.quantities_.slope is None else "slope"
    return [_numbers(title, evidence.features.slopes[:, 0], "{:+.3f}", "descending")]


def _direction(evidence: Evidence, said: str) -> str:
    """``"+ cat"`` in words: a cell that began with a sign would be a formula to a spreadsheet."""
    sign, _, label = said.partition(" ")
    if evidence.labelled:  # the class is one that it speaks for
        return f"\u00b1 {safe(label)}" if sign == "+-" else safe(label)
    word = {"+": "rises", "-": "falls", "+-": "\u00b1"}.get(sign, "")
    return f"{safe(label)} {word}".strip()


def _members(evidence: Evidence, i: int) -> str:
    own = evidence.features.columns[i]
    return named(safe(evidence.names[j], 30) for j in own) if len(own) > 1 else ""


def _near_copies(evidence: Evidence, i: int) -> str:
    partners = evidence.features.partners
    return named(safe(name, 30) for name in partners[i]) if i < len(partners) else ""
