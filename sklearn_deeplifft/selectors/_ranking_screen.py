"""A ranking for a person to read: its features, and what speaks for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console, JustifyMethod
from rich.text import Text

from sklearn_deeplifft._printable import shortened
from sklearn_deeplifft.selectors._directions import most_for
from sklearn_deeplifft.selectors._screen import (
    MOST_FEATURES,
    bar,
    empty_cell,
    explain,
    grid_of,
    show_title,
    shown_of,
    signed,
    visible,
)

__all__ = ["ListedFeatures", "class_unit", "show_classes", "show_features"]

MOST_CLASSES, PER_CLASS = 10, 3


@dataclass(frozen=True)
class ListedFeatures:
    """The features of a ranking, the best first."""

    names: Sequence[object]
    ranks: Sequence[int]
    importances: np.ndarray
    """(G,)."""
    scores: np.ndarray
    """(G, K): sizes count; of quantities signed slopes, 0 of a feature without one."""
    directions: np.ndarray
    """(G, K): 1 where more of the feature speaks for the class, -1 where it speaks against it, 0
    where its columns differ; of a quantity the sign of the slope."""
    outputs: Sequence[str]
    """K names of classes, or of quantities."""
    classes: bool
    """Whether outputs are classes."""


def class_unit(by_class: str) -> str:
    """The meaning of a signed number, of which ``by_class`` names the quantity."""
    return (
        f"Size: {by_class}. +: more of the feature speaks for the class, -: against it, +-: its "
        "columns, or the values of a text, differ. A - alone means nothing above 0.0005."
    )


def show_features(
    console: Console, listed: ListedFeatures, unit: str, most: int = MOST_FEATURES
) -> None:
    """Print the first features, and what their numbers are."""
    n = min(most, len(listed.names))
    show_title(console, f"Features, {shown_of(n, len(listed.names))}")
    width, bars = _room(console)
    grid = grid_of(
        ("rank", "right"),
        ("feature", "left"),
        ("importance", "right"),
        ("", "left"),
        _last_header(listed),
    )
    longest = listed.importances[:n].max(initial=0.0)
    for i in range(n):
        importance = listed.importances[i]
        share = importance / longest if longest > 0 else 0.0
        grid.add_row(
            str(listed.ranks[i]),
            Text(shortened(listed.names[i], width)),
            f"{importance:.3f}",
            bar(share, bars, console),
            _most_for(listed, i),
        )
    console.print(grid)
    explain(console, unit)


def show_classes(console: Console, listed: ListedFeatures, unit: str) -> None:
    """Print what speaks most for and against each class."""
    names, shown = listed.outputs, listed.outputs[:MOST_CLASSES]
    show_title(
        console, f"What speaks for and against each class, {shown_of(len(shown), len(names))}"
    )
    grid = grid_of(("class", "left"), ("for", "left"), ("against", "left"))
    # Two columns of "+0.123 name" beside the class.
    width = max((console.width - 14 - 2 * 3) // 2 - 8, 10)
    for c, name in enumerate(shown):
        cells = [_listed(listed, c, sign, width) for sign in (1, -1)]
        grid.add_row(Text(shortened(name, 14)), *cells)
    console.print(grid)
    explain(console, unit)


def _room(console: Console) -> tuple[int, int]:
    """Characters for the names of features, and for bars."""
    spare = console.width - 4 - 10 - 20 - 4 * 3
    return max(spare * 2 // 3, 12), max(spare // 3, 6)


def _last_header(listed: ListedFeatures) -> tuple[str, JustifyMethod]:
    if listed.classes:
        return "most for class", "left"
    return ("slope", "right") if len(listed.outputs) == 1 else ("largest slope", "left")


def _most_for(listed: ListedFeatures, i: int) -> Text:
    scores, signs = listed.scores[i], listed.directions[i]
    if not listed.classes and len(scores) == 1:
        # A group of columns has none, and neither has a text.
        return signed(scores[0]) if scores[0] else empty_cell()
    sizes = np.abs(scores)
    best = most_for(sizes, signs) if listed.classes else int(np.argmax(sizes))
    if best is None or not visible(sizes[best]):
        return empty_cell()
    return _entry(listed.outputs[best], sizes[best], signs[best], 13)


def _listed(listed: ListedFeatures, c: int, sign: int, width: int) -> Text:
    """The features that speak most for class ``c``, or against it; one per line.

    What speaks for it by some of its columns and against it by others is among those for it.
    """
    signs = listed.directions[:, c]
    wanted = signs >= 0 if sign > 0 else signs < 0
    sizes = np.where(wanted, np.abs(listed.scores[:, c]), 0.0)
    chosen = [i for i in np.argsort(-sizes, kind="stable")[:PER_CLASS] if visible(sizes[i])]
    entries = [_entry(listed.names[i], sizes[i], signs[i], width) for i in chosen]
    return Text("\n").join(entries) if entries else empty_cell()


def _entry(name: object, size: float, sign: float, width: int) -> Text:
    value = signed(sign * size) if sign else Text(f"+-{size:.3f}")
    return Text.assemble(value, " ", shortened(name, width))
