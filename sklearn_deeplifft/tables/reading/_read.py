"""From a path to a table, whatever the format of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.tables.reading._bytes import contents, decoded
from sklearn_deeplifft.tables.reading._containers import (
    read_arrow,
    read_excel,
    read_json,
    read_parquet,
)
from sklearn_deeplifft.tables.reading._delimited import read_delimited
from sklearn_deeplifft.tables.reading._errors import TableReadError
from sklearn_deeplifft.tables.reading._formats import format_of, refuse_other_text
from sklearn_deeplifft.tables.reading._interpret import interpret
from sklearn_deeplifft.tables.reading._matrices import read_h5ad, read_npz
from sklearn_deeplifft.tables.reading._notes import LEFT_OUT, OF_OWNERS, sentences
from sklearn_deeplifft.tables.reading._options import ReadOptions
from sklearn_deeplifft.tables.reading._raw import RawTable
from sklearn_deeplifft.tables.reading._table import ReadTable

__all__ = ["read_raw", "read_table"]

JSON = re.compile(r"\s*(\[\s*[\[{\]]|\{\s*[\"}])")
"""Not any bracket: names of columns may stand in some."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def read_table(
    path: str | PathLike[str],
    *,
    target: str | None = None,
    drop: Sequence[str] = (),
    row_groups: str | None = None,
    task: str = "auto",
    sep: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    na: Sequence[str] | None = None,
    date_order: str | None = None,
    max_categories: int = 50,
    sheet: str | None = None,
    layer: str | None = None,
) -> ReadTable:
    """Read a table; every column is understood, left out with a word, or refused.

    Parameters
    ----------
    path : path-like
        Text with any separator and encoding, JSON lines, parquet, Arrow or feather, ``.xlsx``,
        ``.npz`` (``X`` or the parts of a CSR matrix, with ``feature_names`` and ``y``) or ``.h5ad``
        (features are ``X``, the target is a column of ``obs``). Contents decide, not the suffix;
        all of these may be compressed by gzip, bzip2, xz or zstandard.
    target : str, default=None
        Column to predict; None reads features alone.
    drop : sequence of str, default=()
        Columns to leave out.
    row_groups : str, default=None
        Column that says which rows belong together, such as the patient of each: no feature, but
        ``ReadTable.groups``.
    task : {"auto", "classification", "regression"}, default="auto"
        By default text and up to 20 different whole numbers are classes.
    sep : str, default=None
        What separates columns; None goes by the lines.
    encoding : str, default=None
        None goes by the byte order mark, else UTF-8, else Windows-1252 with a note.
    decimal, thousands : str, default=None
        Marks in numbers; None goes by the cells, and refuses ``1,234`` where no other cell of the
        file tells what it is.
    na : sequence of str, default=None
        Cells that mean missing, beside empty ones and in the place of the usual words. None takes
        ``NA``, ``null``, ``?`` and their like as missing, and among numbers also ``unknown`` or
        ``-``; where NA may be a value, it is asked about.
    date_order : {"dmy", "mdy"}, default=None
        Whether the day or the month comes first; None goes by the cells.
    max_categories : int, default=50
        Different texts that a column may hold.
    sheet : str, default=None
        Sheet of a workbook; None takes the only one, or the only one that has the target.
    layer : str, default=None
        Layer of an h5ad file, in the place of ``X``.

    Returns
    -------
    ReadTable
        Features, target, and notes of what was decided; ``encoded()`` makes numbers of it.

    Raises
    ------
    TableReadError
        The file is no table, or a column cannot be read without being told how; the message names
        the parameter that would.
    ValueError
        No row or column is left, a value is infinite, or the target does not fit the task.
    ImportError
        The format needs a library that is not installed.
    OSError
        The file cannot be opened.

    Warns
    -----
    FeatureSelectionWarning
        Columns were left out, though nobody asked for it, or say that rows may belong together.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn_deeplifft.tables import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "prices.txt"
    ...     _ = path.write_text("price;age;sold\\n1.234,5;31;yes\\n80,0;-;no\\n99,9;40;no\\n")
    ...     table = read_table(path, target="sold")
    >>> table.X["price"].tolist(), table.y.tolist()
    ([1234.5, 80.0, 99.9], ['yes', 'no', 'no'])
    >>> for sentence in table.sentences():
    ...     print(sentence)
    Columns are separated by ';'.
    price: numbers with a decimal comma, '1.234,5' is 1234.5.
    age: 1 cell is not a number ('-'), taken as missing.
    """
    options = ReadOptions(
        sep=sep,
        encoding=encoding,
        decimal=decimal,
        thousands=thousands,
        na=na,
        date_order=date_order,
        max_categories=max_categories,
        sheet=sheet,
        layer=layer,
        drop=drop,
        row_groups=row_groups,
    )
    path = Path(path)
    raw = read_raw(path, options, target)
    table = interpret(raw, name=path.name, target=target, task=task, options=options)
    told = {*LEFT_OUT, *OF_OWNERS} - {"dropped", "beside"}
    unasked = [note for note in table.notes if note.kind in told]
    if unasked:
        tell(FeatureSelectionWarning(" ".join(sentences(unasked))))
    return table


def read_raw(
    path: Path, options: ReadOptions, target: str | None = None, *, header: bool = True
) -> RawTable:
    """Cells of a file as they are.

    Parameters
    ----------
    target : str, default=None
        Tells which sheet of a workbook is meant.
    header : bool, default=True
        Whether the first line of a text file holds names; without it columns are "0", "1" ...

    Raises
    ------
    TableReadError
        With the path: the file is damaged, or no table.
    """
    try:
        return _read(path, options, target, header=header)
    except TableReadError as error:
        raise TableReadError(
            f"cannot read {printable(path, 200)}: {error.finding}", error.remedy, error.options
        ) from error


def _read(path: Path, options: ReadOptions, target: str | None, *, header: bool) -> RawTable:
    data = contents(path)
    found = format_of(data)
    _require_fit(found, options, header=header)
    readers: dict[str, Callable[[], RawTable]] = {
        "parquet": lambda: read_parquet(data),
        "arrow": lambda: read_arrow(data),
        "xlsx": lambda: read_excel(data, options.sheet, target),
        "npz": lambda: read_npz(data),
        "hdf5": lambda: read_h5ad(data, options.layer),
        "text": lambda: _read_text(data, path, options, header=header),
    }
    return readers[found]()


def _require_fit(found: str, options: ReadOptions, *, header: bool) -> None:
    if not header and found != "text":
        raise TableReadError("this file names its columns; leave out other names.")
    if options.sheet is not None and found != "xlsx":
        raise TableReadError("only workbooks (.xlsx) have sheets; leave the sheet out.")
    if options.layer is not None and found != "hdf5":
        raise TableReadError("only h5ad files have layers; leave the layer out.")


def _read_text(data: bytes, path: Path, options: ReadOptions, *, header: bool) -> RawTable:
    text, notes = decoded(data, options.encoding)
    if not text.strip():
        raise TableReadError("the file is empty.")
    if header:
        refuse_other_text(text)
    if header and JSON.match(text):
        return read_json(text)
    raw = read_delimited(text, _suffix(path), options.sep, header=header)
    return replace(raw, notes=(*notes, *raw.notes))


def _suffix(path: Path) -> str:
    """The suffix that says the format, in lower case, without that of the compression.

    >>> _suffix(Path("Counts.TSV.gz"))
    '.tsv'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
