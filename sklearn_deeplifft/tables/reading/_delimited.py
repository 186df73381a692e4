"""Text tables: which lines are rows, and their cells read by pandas."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sklearn_deeplifft.tables.reading._errors import TableReadError
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._raw import RawTable, header_names, require_distinct
from sklearn_deeplifft.tables.reading._separators import (
    SEPARATORS,
    UNIT,
    Record,
    cells_of,
    guess_separator,
    in_words,
    records,
    with_units,
)
from sklearn_deeplifft.tables.reading._written import columns_to_keep_as_text

__all__ = ["read_delimited"]

SUGGESTED = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT = {"float_precision": "round_trip"} if PANDAS < (3, 1) else {}
"""Before pandas 3.1 a number is read to its last digit only where that is asked for."""
RULE = re.compile(r":?-{3,}:?")
NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*([eE][-+]?\d+)?%?")


@dataclass(frozen=True)
class _Layout:
    """Rows of a text table."""

    lines: list[str]
    sep: str
    header: Record | None
    rows: list[Record]
    n_columns: int
    row_names: bool
    """Whether every row begins with a cell that the header does not have, as R writes it."""
    notes: list[Note]


def read_delimited(text: str, suffix: str, sep: str | None, *, header: bool = True) -> RawTable:
    """Cells of a text table; the separator is guessed unless it is given.

    Without ``header`` columns are called "0", "1" ...
    """
    layout = _layout(text, suffix, sep, header=header)
    names, notes = [str(i) for i in range(layout.n_columns)], list(layout.notes)
    if layout.header is not None:
        names, unnamed = header_names(_header_cells(layout))
        notes += unnamed
    require_distinct(names)
    rows = "\n".join("\n".join(layout.lines[start:stop]) for start, stop, _ in layout.rows)
    body = rows.encode()  # a quarter of what a StringIO takes
    frame = _cells(body, layout.sep, range(len(names)))
    if written := columns_to_keep_as_text(body, layout.sep, frame):
        frame[written] = _cells(body, layout.sep, written, text=True)

    def as_text(name: str) -> pd.Series:
        column = names.index(name)
        return _cells(body, layout.sep, [column], text=True)[column]

    row_names = names[0] if layout.row_names else None
    return RawTable(frame.set_axis(names, axis=1), tuple(notes), as_text, row_names=row_names)


def _cells(body: bytes, sep: str, columns: Sequence[int], *, text: bool = False) -> pd.DataFrame:
    """Numbers where a whole column is plain numbers, else texts; NaN where a cell is empty.

    Parameters
    ----------
    text : bool
        Whether all are texts, as they are written.
    """
    if not body:
        return pd.DataFrame({i: pd.Series(dtype=object) for i in columns})
    options = {"dtype": str} if text else {}
    try:
        return pd.read_csv(
            io.BytesIO(body),
            sep=sep,
            header=None,
            usecols=columns,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
            **EXACT,
            **options,
        )
    except (ValueError, OverflowError) as error:
        raise TableReadError(f"the rows cannot be read: {str(error).splitlines()[0]}") from error


def _layout(text: str, suffix: str, sep: str | None, *, header: bool) -> _Layout:
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    notes: list[Note] = []
    if lines and (told := re.fullmatch(r"sep=(.)", lines[0].strip("\ufeff"))):
        lines, sep = lines[1:], sep or told[1]  # a habit of Excel
    sample = [line for line in lines if line.strip() and not line.startswith("#")]
    if not sample:
        raise TableReadError("the file holds no table: every line is empty or a comment.")
    suggested = SUGGESTED.get(suffix, ",")
    chosen = guess_separator(sample, suggested) if sep is None else sep
    is_usual = chosen in (*SEPARATORS, " ")
    if sep is None and chosen != suggested and (suffix in SUGGESTED or not is_usual):
        notes.append(Note("separator", words=(chosen,)))
    lines, mark = _single_mark(lines, chosen)
    return _rows(lines, mark, chosen, notes, header=header, given=sep is not None)


def _single_mark(lines: list[str], sep: str) -> tuple[list[str], str]:
    """Lines with a separator of one byte: runs of spaces become tabs."""
    if sep in (" ", r"\s+"):
        return ["\t".join(_words(line)) for line in lines], "\t"
    if len(sep.encode()) > 1:
        return with_units(lines, sep), UNIT
    return lines, sep


def _words(line: str) -> list[str]:
    if '"' not in line:
        return line.split()
    cells = next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True))
    return [f'"{cell}"' if "\t" in cell or " " in cell else cell for cell in cells]


def _rows(
    lines: list[str], sep: str, written: str, notes: list[Note], *, header: bool, given: bool
) -> _Layout:
    """Rows of lines; ``written`` is the separator as the file has it, for errors."""
    found = [r for r in records(lines, sep) if not _is_blank(lines, r, sep)]
    n_blank = len(lines) - sum(stop - start for start, stop, _ in found)
    usual = Counter(n for _, _, n in found).most_common(1)[0][0] if found else 0
    first = next((r[0] for r in found if not lines[r[0]].startswith("#")), len(lines))
    comments = [r for r in found if r[0] < first or _is_comment(lines, r, usual)]
    kept = [r for r in found if r not in set(comments)] if comments else found
    head = _commented_header(lines, sep, comments, kept) if header else None
    if head is not None:
        comments.remove(head)
    elif header and kept:
        head, kept = kept[0], kept[1:]
        if kept and _is_rule(cells_of(lines[kept[0][0]], sep)):
            kept = kept[1:]
    if comments:
        notes.append(Note("comments", n=len(comments)))
    if n_blank:
        notes.append(Note("blank", n=n_blank))
    _require_no_loose_ends(lines, head, kept, sep, written)
    n, row_names = _n_columns(head, kept, written, given=given)
    if row_names:
        notes.append(Note("row names"))
    return _Layout(lines, sep, head, kept, n, row_names, notes)


def _is_blank(lines: list[str], record: Record, sep: str) -> bool:
    start, stop, n = record
    return stop == start + 1 and n >= 1 and not lines[start].strip(f"{sep} \t")


def _is_rule(cells: list[str]) -> bool:
    """Whether a row is the line under the header of a table in Markdown, as in ``|---|:---:|``."""
    found = [cell.strip() for cell in cells if cell.strip()]
    return bool(found) and all(RULE.fullmatch(cell) for cell in found)


def _is_comment(lines: list[str], record: Record, usual: int) -> bool:
    # A row whose first cell begins with #, such as a colour, has as many cells as the others.
    start, _, n = record
    return lines[start].startswith("#") and (n != usual or lines[start].startswith("##"))


def _commented_header(
    lines: list[str], sep: str, comments: list[Record], kept: list[Record]
) -> Record | None:
    """A comment right over the rows that names their columns, as in ``#chrom start end``."""
    above = [r for r in comments if kept and r[1] == kept[0][0]]
    if not above or above[0][2] != kept[0][2] or above[0][2] == 1:
        return None
    names = cells_of(lines[above[0][0]], sep)
    first = cells_of(lines[kept[0][0]], sep)
    numbers_below = not any(map(_is_number, names)) and any(map(_is_number, first))
    # Prose has commas, and no tabs.
    return above[0] if numbers_below or sep == "\t" else None


def _header_cells(layout: _Layout) -> list[str]:
    assert layout.header is not None
    start, stop, _ = layout.header
    cells = cells_of("\n".join(layout.lines[start:stop]), layout.sep)
    if cells[0].startswith("#"):
        cells[0] = cells[0].lstrip("# ")
    if layout.row_names:
        cells.insert(0, "")
    return cells + [""] * (layout.n_columns - len(cells))


def _require_no_loose_ends(
    lines: list[str], head: Record | None, rows: list[Record], sep: str, written: str
) -> None:
    """Refuse rows that all end with a separator under a header that does not.

    Their first cells would be taken for names of rows, and all others belong to the next column.
    """
    if head is None or not rows:
        return
    n = head[2]
    if all(c == n + 1 and lines[stop - 1].rstrip(" ").endswith(sep) for _, stop, c in rows):
        raise TableReadError(
            f"every row ends with a separator ({in_words(written)}), and the header (line "
            f"{head[0] + 1:,}) does not: they have {_cells_word(n + 1)} and it has {n:,}.",
            "Remove the separator at the ends of the rows, or write it at that of the header.",
        )


def _n_columns(
    head: Record | None, rows: list[Record], sep: str, *, given: bool
) -> tuple[int, bool]:
    """Columns of the table, and whether rows have a name that the header leaves out.

    Raises
    ------
    TableReadError
        Rows have different numbers of cells.
    """
    if not rows:
        return (head[2] if head else 0), False
    n = head[2] if head is not None else rows[0][2]
    if head is not None and all(cells == n + 1 for _, _, cells in rows):
        return n + 1, True
    for start, _, cells in rows:
        if cells != n:
            raise _ragged(start, cells, head, n, Counter(c for _, _, c in rows), sep, given=given)
    return n, False


def _ragged(
    line: int,
    cells: int,
    head: Record | None,
    n: int,
    counts: Counter[int],
    sep: str,
    *,
    given: bool,
) -> TableReadError:
    what = f"the header (line {head[0] + 1:,})" if head is not None else "the first row"
    usual, n_usual = counts.most_common(1)[0]
    finding = (
        f"line {line + 1:,} has {_cells_word(cells)} and {what} has {_cells_word(n)}, separated by "
        f"{in_words(sep)}; every row must have as many."
    )
    if usual != n and n_usual > 0.9 * counts.total():
        finding += f" {n_usual:,} of {counts.total():,} rows have {usual:,}."
        if n == 1 and head is not None:
            remedy = f"Is line {head[0] + 1:,} a title? Remove it, or begin it with #."
        elif sep == "," and not given:
            remedy = (
                "Are there decimal commas? Then put cells in quotation marks, or write the file "
                "with another separator, such as a semicolon."
            )
        else:
            remedy = "Give every column a name."
        return TableReadError(finding, remedy)
    return TableReadError(
        finding, "Put cells that hold the separator in quotation marks, or mend the line."
    )


def _cells_word(n: int) -> str:
    return "1 cell" if n == 1 else f"{n:,} cells"


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None
