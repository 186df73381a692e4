"""The table of the command line: its options, and errors that spell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sklearn_deeplifft.cli._attributes import name_columns
from sklearn_deeplifft.cli._errors import Refused
from sklearn_deeplifft.cli._table import Table, make_table
from sklearn_deeplifft.tables.reading import ReadOptions, TableReadError, as_flag, read_raw

__all__ = ["load_table"]


def load_table(
    path: Path,
    target: str,
    *,
    task: str = "auto",
    attributes: Path | None = None,
    drop: Sequence[str] = (),
    filled_by: str = "all rows",
    **reading: Any,
) -> Table:
    """Read a table as every command does.

    Parameters
    ----------
    attributes : Path, default=None
        Names the columns of a text file without a header; ``target`` is then a position.
    drop : sequence of str
        Columns, or several of them separated by commas.
    filled_by : str, default="all rows"
        Rows whose median fills missing numbers, in words.
    **reading
        The other options of ``_reading_options``.

    Raises
    ------
    click.ClickException
        Exit status 2: the file is no table, or a column cannot be read without an option.
    ValueError
        The data cannot be ranked.
    """
    with _spelled_as_flags():
        options = ReadOptions(**reading)
        raw = read_raw(path, options, target, header=attributes is None)
        if attributes is not None:
            frame, target = name_columns(raw.frame, attributes, target)
            # Without a header, columns were called by their numbers.
            numbers = dict(zip(frame, raw.frame, strict=True))
            as_text = raw.as_text
            raw = replace(
                raw,
                frame=frame,
                as_text=None if as_text is None else lambda name: as_text(numbers[name]),
            )
        columns = [*map(str, raw.frame), *raw.feature_names]
        options = replace(options, drop=_dropped(drop, columns))
        return make_table(
            raw, target, name=path.name, task=task, options=options, filled_by=filled_by
        )


def _dropped(drop: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Columns to leave out; a name that holds a comma is a name first."""
    known = set(columns)
    names: list[str] = []
    for text in drop:
        names += [text] if text in known else [part.strip() for part in text.split(",")]
    return tuple(dict.fromkeys(names))


@contextmanager
def _spelled_as_flags() -> Iterator[None]:
    try:
        yield
    except TableReadError as error:
        raise Refused(error.said(as_flag)) from error
