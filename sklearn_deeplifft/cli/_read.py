"""Files to data frames: CSV, TSV and parquet, chosen by suffix."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["read_table"]

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
PARQUET = (".parquet", ".pq")
COMPRESSED = (".gz", ".bz2", ".xz")
BARE: dict[str, Any] = {"header": None, "na_values": "?", "skipinitialspace": True}


def read_table(path: Path, sep: str | None = None, *, header: bool = True) -> pd.DataFrame:
    """Read a table; every column name comes back as a string.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.tsv``, ``.tab`` or ``.txt`` (these may be compressed: ``.gz``, ``.bz2``,
        ``.xz``), ``.parquet`` or ``.pq``.
    sep : str, default=None
        What separates the columns of a text file; with it, any suffix will do. None goes by
        the suffix.
    header : bool, default=True
        Whether the first row of a text file holds names. Without it columns are called "0",
        "1" ..., ``?`` is a missing value, and ``.data`` is one more suffix of commas: the habits
        of files that come with their names apart.

    Raises
    ------
    ValueError
        The suffix is not one of these, or the contents are not what it says; or a parquet file
        is said to have no names.
    ImportError
        The file is parquet and pyarrow is not installed.
    """
    suffix = _suffix(path)
    if suffix in PARQUET and not header:
        raise ValueError(
            f"{path} is a parquet file, which names its columns; leave out other names."
        )
    if suffix == ".data" and not header:
        sep = sep or ","
    if suffix not in PARQUET and sep is None and suffix not in SEPARATORS:
        known = ", ".join([*SEPARATORS, *PARQUET])
        raise ValueError(
            f"{path} ends in {suffix or 'no suffix'!r}; tables end in {known} (text also in .gz, "
            ".bz2, .xz after that). For other text files say what separates columns, as in "
            "--sep ','."
        )
    try:
        if suffix in PARQUET:
            frame = _read_parquet(path)
        else:
            frame = pd.read_csv(
                path, sep=sep or SEPARATORS[suffix], low_memory=False, **({} if header else BARE)
            )
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {_first_line(error)}") from error
    frame.columns = frame.columns.map(str)
    _require_distinct(frame, path)
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"reading {path} needs pyarrow, which is not installed; "
            "pip install 'sklearn-deeplifft[tables]' brings it."
        ) from error
    return pd.read_parquet(path, engine="pyarrow")


def _suffix(path: Path) -> str:
    """The suffix that says the format, in lower case, without that of the compression.

    >>> _suffix(Path("Counts.TSV.gz"))
    '.tsv'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _require_distinct(frame: pd.DataFrame, path: Path) -> None:
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        raise ValueError(f"{path} has several columns named {twice[0]!r}; rename all but one.")


def _first_line(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text; convert it first, for example with iconv."
    return (str(error) or type(error).__name__).splitlines()[0]
