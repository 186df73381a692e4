"""Pieces of what is printed: titles, grids, bars, signed numbers, the first and the last lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened

__all__ = [
    "GAP",
    "MOST_FEATURES",
    "bar",
    "console_for",
    "empty_cell",
    "explain",
    "grid_of",
    "shown_of",
    "show_files",
    "show_header",
    "show_notes",
    "show_title",
    "signed",
    "visible",
]

MOST_FEATURES = 20
GAP = 3
"""Characters between columns."""


def console_for(*, quiet: bool) -> Console:
    """Standard output, where text is text: no markup, no emoji, nothing coloured by guess."""
    return Console(markup=False, emoji=False, highlight=False, quiet=quiet)


def show_header(console: Console, table: Table) -> None:
    """Say what was read."""
    target = shortened(table.target, 40)
    kind = (
        f"{counted(len(np.unique(table.y)), 'class', 'classes')} of {target}"
        if table.task == "classification"
        else f"numbers in {target}"
    )
    rows, columns = counted(len(table.y), "row"), counted(table.n_columns, "column")
    console.print(Text(shortened(table.name, console.width), style="bold"))
    console.print(f"{rows}, {columns} to rank, {kind}")
    show_notes(console, table.notes)


def show_notes(console: Console, notes: Sequence[str]) -> None:
    """Print what the reader has to know."""
    for note in notes:
        console.print(Text(f"Note: {shortened(note, 400)}", style="yellow"))


def show_files(console: Console, files: Sequence[Path], names: Sequence[str]) -> None:
    """Say where the results are, and why they are not called ``names``, if they are not."""
    folder, found = files[0].parent, [path.name for path in files]
    if found != list(names):
        text = f"{folder} holds results of an earlier run, which --force would replace."
        console.print(Text(text, style="yellow"), soft_wrap=True)
    # Not wrapped, so that the path can be copied.
    console.print(Text(f"Wrote to {folder}: {' '.join(found)}", style="bold"), soft_wrap=True)
    console.print()


def show_title(console: Console, text: str) -> None:
    """Print a title."""
    console.print(Text(text, style="bold"))


def explain(console: Console, text: str) -> None:
    """Print small print, and end the section."""
    console.print(text, style="dim")
    console.print()


def grid_of(*columns: tuple[str, JustifyMethod], gap: int = GAP) -> Grid:
    """An empty table with these headers, ``gap`` characters between them, two or more."""
    # One character is the box's own.
    padding = (0, 1, 0, gap - 2)
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=padding)
    for header, justify in columns:
        grid.add_column(header, justify=justify, no_wrap=True)
    return grid


def bar(share: float, width: int, console: Console) -> Text:
    """A bar of at most ``width`` characters; ``share`` is 0 to 1."""
    cell = "█" if console.encoding.lower().startswith("utf") else "#"
    return Text(cell * round(max(share, 0.0) * width), style="cyan")


def signed(value: float, text: str = "") -> Text:
    """A number whose sign is there without the colour, too; ``text`` in place of three digits."""
    return Text(text or f"{value:+.3f}", style="green" if value > 0 else "red")


def visible(value: float) -> bool:
    """Whether a number is not ``0.000`` on the screen."""
    return bool(abs(value) >= 0.0005)


def empty_cell() -> Text:
    """Sign for a cell without a value."""
    return Text("-", style="dim")


def shown_of(shown: int, total: int) -> str:
    """Say how many of a list are shown.

    >>> shown_of(3, 3), shown_of(20, 5000)
    ('all 3', 'the first 20 of 5,000')
    """
    return f"all {total:,}" if shown == total else f"the first {shown:,} of {total:,}"
