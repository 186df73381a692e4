"""Options of how TABLE is read, the same for every command; loads nothing but click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

__all__ = ["reading_of", "reading_options"]

NAMES = (
    *("drop", "row_groups", "sep", "encoding", "decimal", "thousands", "na", "date_order"),
    *("max_categories", "sheet", "layer"),
)
"""Parameters of a command that ``reading_options`` adds."""


def reading_options() -> list[Callable[..., Any]]:
    """Options that say how cells are read, for ``click`` to add to a command."""
    return [
        click.option(
            "--drop",
            multiple=True,
            metavar="COL,COL",
            help="Columns to leave out, separated by commas; may be repeated.",
        ),
        click.option(
            "--row-groups",
            metavar="COL",
            help="Rows of one value of COL belong together, such as those of one patient: they are "
            "held out together, and COL is no feature.",
        ),
        click.option("--sep", help="What separates columns of text; by default the lines say."),
        click.option("--encoding", help="Of text; by default UTF-8, or what the file begins with."),
        click.option(
            "--decimal",
            type=click.Choice([".", ","]),
            help="Decimal mark; by default the cells say.",
        ),
        click.option(
            "--thousands",
            type=click.Choice([",", ".", " ", "'", "_"]),
            help="Mark between groups of digits; by default the cells say.",
        ),
        click.option(
            "--na",
            multiple=True,
            metavar="WORD,WORD",
            help="Cells that mean missing, in the place of the usual words (NA, unknown, - ...); "
            "'' for empty ones alone.",
        ),
        click.option(
            "--date-order",
            type=click.Choice(["dmy", "mdy"]),
            help="Whether the day or the month of a date comes first; by default the cells say.",
        ),
        click.option(
            "--max-categories",
            type=click.IntRange(min=2),
            default=50,
            show_default=True,
            help="Different texts that a column may hold.",
        ),
        click.option("--sheet", help="Sheet of a workbook.", metavar="NAME"),
        click.option("--layer", help="Layer of an h5ad file, in the place of X.", metavar="NAME"),
    ]


def reading_of(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a command's options into those of reading, lists taken apart, and the others."""
    reading = {name: options[name] for name in NAMES}
    reading["sep"] = "\t" if reading["sep"] == r"\t" else reading["sep"]
    words = tuple(word.strip() for text in reading["na"] for word in text.split(","))
    reading["na"] = words or None
    return reading, {name: value for name, value in options.items() if name not in NAMES}
