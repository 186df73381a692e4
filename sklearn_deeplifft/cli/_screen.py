"""The first and the last lines of what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened
from sklearn_deeplifft.selectors._screen import (
    GAP,
    MOST_FEATURES,
    bar,
    empty_cell,
    explain,
    grid_of,
    show_title,
    shown_of,
    signed,
)

__all__ = [
    "GAP",
    "MOST_FEATURES",
    "bar",
    "console_for",
    "empty_cell",
    "explain",
    "grid_of",
    "show_files",
    "show_header",
    "show_notes",
    "show_title",
    "shown_of",
    "signed",
]


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
