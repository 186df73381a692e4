"""Files that hold a table as such: parquet, arrow, Excel and JSON."""

from __future__ import annotations

import io
import json
import warnings
from typing import Any

import pandas as pd

from sklearn_deeplifft._printable import named, quoted
from sklearn_deeplifft.tables.reading._bytes import require_pyarrow
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError, undamaged
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._raw import RawTable, header_names, require_distinct
from sklearn_deeplifft.tables.reading._workbook_gaps import gap_notes

__all__ = ["read_arrow", "read_excel", "read_json", "read_parquet"]


def read_parquet(data: bytes) -> RawTable:
    """A parquet file; an index with a name is a column, as it was before it was one."""
    pyarrow = require_pyarrow("a parquet file")
    from pyarrow import parquet

    with undamaged("a parquet file"):
        # Not by read_table, which takes a file with two columns of one name for a damaged one.
        return _of_arrow(parquet.ParquetFile(pyarrow.BufferReader(data)).read())


def read_arrow(data: bytes) -> RawTable:
    """An Arrow or feather file."""
    pyarrow = require_pyarrow("an Arrow file")
    from pyarrow import feather

    with undamaged("an Arrow file"):
        return _of_arrow(feather.read_table(pyarrow.BufferReader(data)))


def _of_arrow(table: Any) -> RawTable:
    # pandas refuses to convert two columns of one name, in words of its own.
    names, notes = header_names(table.column_names)
    require_distinct(names)
    frame = table.to_pandas()
    row_names = None
    if frame.index.nlevels > 1 or frame.index.name is not None:
        frame = frame.reset_index()
    elif not isinstance(frame.index, pd.RangeIndex):
        row_names = "row names"
        frame.insert(0, row_names, frame.index.to_numpy())
    names, notes = header_names(frame.columns)
    require_distinct(names)
    return RawTable(frame.set_axis(names, axis=1), tuple(notes), row_names=row_names)


def read_excel(data: bytes, sheet: str | None, target: str | None) -> RawTable:
    """A sheet of an Excel workbook: the one asked for, the only one, or the one with the target."""
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "reading an Excel workbook needs openpyxl, which is not installed; "
            "pip install 'sklearn-deeplifft[tables]' brings it."
        ) from error
    # Styles that openpyxl does not know, and the like, are no concern of the cells.
    with undamaged("an Excel workbook"), warnings.catch_warnings(action="ignore"):
        sheets = pd.read_excel(
            io.BytesIO(data),
            sheet_name=None,
            header=None,
            dtype=object,
            keep_default_na=False,
            na_values=[""],
            engine="openpyxl",
        )
    full = {name: _trimmed(cells) for name, cells in sheets.items()}
    full = {name: cells for name, cells in full.items() if not cells.empty}
    chosen = _sheet(full, list(sheets), sheet, target)
    notes = [Note("sheet", n=len(sheets), words=(chosen,))] if len(sheets) > 1 else []
    cells = full[chosen]
    names, unnamed = header_names(cells.iloc[0])
    if len(names) > 1 and cells.iloc[0].isna().sum() > len(names) / 2:
        raise TableReadError(
            f"the first row of sheet {quoted(chosen)} names "
            f"{int(cells.iloc[0].notna().sum())} of {len(names)} columns; is it a title? Remove "
            "the rows over the names of the columns."
        )
    require_distinct(names)
    with undamaged("an Excel workbook"):
        gaps = gap_notes(data, chosen, cells.iloc[1:], names)
    frame = cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)
    return RawTable(frame.infer_objects(), (*notes, *unnamed, *gaps))


def _trimmed(cells: pd.DataFrame) -> pd.DataFrame:
    """Rows and columns that hold something."""
    filled = cells.notna()
    return cells.loc[filled.any(axis=1), filled.any(axis=0)]


def _sheet(
    full: dict[str, pd.DataFrame], every: list[str], asked: str | None, target: str | None
) -> str:
    if asked is not None:
        if asked not in every:
            raise TableReadError(f"no sheet {quoted(asked)}; the sheets are {named(every)}.")
        if asked not in full:
            raise TableReadError(f"sheet {quoted(asked)} is empty.")
        return asked
    if not full:
        raise TableReadError("every sheet of the workbook is empty.")
    fit = [name for name, cells in full.items() if target in header_names(cells.iloc[0])[0]]
    if len(fit) == 1:
        return fit[0]
    if len(full) == 1:
        return next(iter(full))
    raise TableReadError(
        f"the workbook has several sheets: {named(full)}.",
        "Name one, as in {}.",
        [Option("sheet", next(iter(full)))],
    )


def read_json(text: str) -> RawTable:
    """JSON lines, or a list of records."""
    try:
        if text.lstrip().startswith("["):
            found = json.loads(text)
        else:
            found = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError) as error:
        raise TableReadError(
            f"this begins like JSON, but is not a list of records or one record a line: {error}."
        ) from error
    if not found or not all(isinstance(record, dict) for record in found):
        raise TableReadError("JSON is read as a list of records, or as one record a line.")
    names = list(dict.fromkeys(name for record in found for name in record))
    trimmed, notes = header_names(names)
    require_distinct(trimmed)
    columns = {
        name: pd.Series([record.get(key) for record in found], dtype=object).infer_objects()
        for name, key in zip(trimmed, names, strict=True)
    }
    return RawTable(pd.DataFrame(columns), tuple(notes))
