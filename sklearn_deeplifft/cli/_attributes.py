"""A table without a header: the names of its columns stand in a file of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import click
import pandas as pd

from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.tables.reading import Option, as_flag, marks_of

__all__ = ["name_columns"]


def name_columns(frame: pd.DataFrame, attributes: Path, target: str) -> tuple[pd.DataFrame, str]:
    """Name the columns; return the table and what its target is called.

    Parameters
    ----------
    frame : DataFrame
        Without names.
    attributes : Path
        Names of the features in their order, separated by commas or one per line. The target may
        be among them.
    target : str
        Position of the target, from 0, or from -1 backwards; or its name, if it has one.

    Raises
    ------
    click.BadParameter
        There are more or fewer names than columns, the table has a header after all, or there
        is no such target.
    """
    names = _names(attributes)
    _require_no_header(frame, names)
    n = frame.shape[1]
    if len(names) == n:
        at = names.index(target) if target in names else _position(target, n, attributes)
    elif len(names) == n - 1:
        at = _position(target, n, attributes)
        names.insert(at, f"column {at}")
    else:
        raise _bad_attributes(_mismatch(len(names), frame, attributes))
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise _bad_attributes(f"{attributes} names {twice[0]!r} twice; every name is used once.")
    return frame.set_axis(names, axis=1), names[at]


def _names(attributes: Path) -> list[str]:
    try:
        text = attributes.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad_attributes(
            f"{attributes} is not UTF-8 text; convert it first, for example with iconv."
        ) from error
    cells = (cell.strip() for row in csv.reader(text.splitlines()) for cell in row)
    return [cell for cell in cells if cell]


def _require_no_header(frame: pd.DataFrame, names: list[str]) -> None:
    first = {str(value).strip() for value in frame.iloc[0]} if len(frame) else set()
    if 2 * len(first.intersection(names)) > len(names):
        raise _bad_attributes("the first row of the table names its columns; leave the file out.")


def _mismatch(n_names: int, frame: pd.DataFrame, attributes: Path) -> str:
    n_columns = frame.shape[1]
    named = f"{attributes} names {counted(n_names, 'column')}, and the table has"
    if n_columns == 1:
        first = str(frame.iloc[0, 0]) if len(frame) else ""
        fit = [mark for mark in marks_of(first) if first.count(mark) in (n_names - 1, n_names)]
        if not fit:
            return f"{named} a single one."
        return (
            f"{named} a single one. If its columns are separated by something else, say so, as in "
            f"{as_flag(Option('sep', fit[0]))}."
        )
    return (
        f"{named} {n_columns:,}; name the {n_columns - 1:,} beside the target, separated by commas "
        "or one per line."
    )


def _position(target: str, n: int, attributes: Path) -> int:
    try:
        at = range(n)[int(target)]
    except (ValueError, IndexError):
        raise click.BadParameter(
            f"{target!r} is no column of a table whose names come from {attributes}; give its "
            f"position, 0 to {n - 1:,}, or -1 for the last column.",
            param_hint="--target",
        ) from None
    return at


def _bad_attributes(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--attributes")
