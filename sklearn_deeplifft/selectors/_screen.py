"""Pieces of what is printed: titles, grids, bars and signed numbers."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

__all__ = [
    "GAP",
    "MOST_FEATURES",
    "bar",
    "empty_cell",
    "explain",
    "grid_of",
    "show_title",
    "shown_of",
    "signed",
    "visible",
]

MOST_FEATURES = 20
GAP = 3
"""Characters between columns."""


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
