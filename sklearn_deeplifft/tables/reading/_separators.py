"""Separators of columns, told from the lines of a text file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.tables.reading._errors import TableReadError

__all__ = [
    "SEPARATORS",
    "UNIT",
    "Record",
    "cells_of",
    "guess_separator",
    "in_words",
    "marks_of",
    "records",
    "separator_around",
    "with_units",
]

SEPARATORS = (",", ";", "\t", "|")
IN_NAMES = frozenset("_-.()[]{}%$'\"")
"""Marks that stand in names and numbers, and separate no columns."""
NAMES = {"\t": "tabs", " ": "spaces", r"\s+": "spaces"}
UNIT = "\x1f"
"""Stands for a separator of several bytes; the unit separator of ASCII, made for it."""
SAMPLE_LINES = 200
DECIMAL = re.compile(r"^[^,]*(\d,\d[^,]*)+$")
"""A line whose commas all stand between digits."""

Record = tuple[int, int, int]
"""First line, the line after the last, and the number of cells; lines count from 0."""


def in_words(sep: str) -> str:
    """A separator in a sentence.

    >>> in_words("||"), in_words(" ")
    ("'||'", 'spaces')
    """
    return NAMES.get(sep, quoted(sep))


def records(lines: Sequence[str], sep: str) -> Iterator[Record]:
    """Rows of cells, which span several lines where a quoted cell does."""
    start = 0
    while start < len(lines):
        # What holds no quotation mark needs no parser, and most tables hold none.
        if '"' not in lines[start]:
            yield start, start + 1, lines[start].count(sep) + 1
            start += 1
            continue
        stop, n_cells = _quoted(lines, start, sep)
        yield start, stop, n_cells
        start = stop


def with_units(lines: Sequence[str], sep: str) -> list[str]:
    """Lines with ``UNIT`` in the place of the separator, but for what stands in quoted cells."""
    marked = [line.replace(sep, UNIT) for line in lines]
    for start, stop, _ in records(marked, UNIT):
        if '"' in lines[start]:
            row = "\n".join(lines[start:stop])  # a quoted cell may go on in the next line
            marked[start:stop] = _with_unit(row, sep).split("\n")
    return marked


def _with_unit(row: str, sep: str) -> str:
    mark = re.escape(sep)
    cell_or_mark = rf'((?:^|(?<={mark}))\s*"(?:[^"]|"")*"(?=\s*(?:{mark}|$)))|{mark}'
    return re.sub(cell_or_mark, lambda found: found[1] or UNIT, row)


def cells_of(text: str, sep: str) -> list[str]:
    """Cells of one row.

    Raises
    ------
    TableReadError
        One of them is longer than any cell may be.
    """
    lines = (f"{line}\n" for line in text.split("\n"))
    try:
        return next(csv.reader(lines, delimiter=sep, skipinitialspace=True))
    except csv.Error as error:
        raise TableReadError(f"the names of columns cannot be read: {error}.") from error


def _quoted(lines: Sequence[str], start: int, sep: str) -> tuple[int, int]:
    """The line after a row that holds quotation marks, and its number of cells."""
    reader = csv.reader(
        (f"{lines[i]}\n" for i in range(start, len(lines))), delimiter=sep, skipinitialspace=True
    )
    try:
        n_cells = len(next(reader))
    except csv.Error as error:
        raise _open_quote(start) from error
    stop = start + reader.line_num
    if stop == len(lines) and _ends_within_quotes(lines[start:], sep):
        raise _open_quote(start)
    return stop, n_cells


def _ends_within_quotes(lines: Sequence[str], sep: str) -> bool:
    rows = csv.reader(
        (f"{line}\n" for line in lines), delimiter=sep, skipinitialspace=True, strict=True
    )
    try:
        next(rows)
    except csv.Error as error:
        return "end of data" in str(error)  # other errors are marks after a closing quote
    return False


def _open_quote(line: int) -> TableReadError:
    return TableReadError(
        f"line {line + 1:,} opens a quotation mark that is not closed; quotation marks in a cell "
        'are doubled ("").'
    )


def guess_separator(lines: Sequence[str], suggested: str) -> str:
    r"""What separates columns: the mark that all lines have equally often.

    Parameters
    ----------
    lines : sequence of str
        Without comments and blank ones.
    suggested : str
        By the suffix of the file, which decides between marks that fit equally well.

    Returns
    -------
    str
        One of ``, ; | \t``, " " for any run of spaces, another mark that the first line has as well
        as all others, or ``suggested``. A mark is twice, as in ``::``, if it stands so equally
        often; cells may then hold it by itself.

    Examples
    --------
    >>> guess_separator(["a;b", "1,5;2,5"], ","), guess_separator(["a b", "1   2"], ",")
    (';', ' ')
    >>> guess_separator(["a^b", "1,5^2,5"], ","), guess_separator(["a::b", "1::2"], ",")
    ('^', '::')
    >>> guess_separator(["a||b", "1||2"], ","), guess_separator(["a||b", "1|5|2"], ",")
    ('||', '|')
    >>> guess_separator(["a||b||c", "1|5||2||3"], ",")
    '||'
    """
    sample = lines[:SAMPLE_LINES]
    counts = {sep: _counts(sample, sep) for sep in SEPARATORS}
    even = {sep: n[-1] for sep, n in counts.items() if _are_even(n)}
    if len(even) > 1 and all(DECIMAL.search(line) for line in sample if "," in line):
        even.pop(",", None)  # 1,5;2,5 without a header
    words = [len(line.split()) for line in sample]
    # That the header has one cell less is a habit of R; a mark that it has as well is surer.
    shared = any(counts[sep][0] == n for sep, n in even.items())
    unusual = None if shared else _unusual(sample)
    if unusual is not None and (
        unusual in sample[0].split() or not _are_even(words, header_too=True)
    ):
        return unusual
    if not even and _are_even(words):
        return " "
    best = _usual(counts, suggested)
    if even:
        best = max(even, key=lambda sep: (even[sep], sep == suggested))
    # No two columns meet in nothing on every line; cells between commas may be empty.
    return _as_it_stands(best, sample) if best == "|" else best


def marks_of(text: str) -> list[str]:
    """Marks in a text that may separate columns, the usual ones first.

    >>> marks_of("a~b_1;c~d")
    [';', '~']
    """
    others = dict.fromkeys(c for c in text if not (c.isalnum() or c.isspace() or c in IN_NAMES))
    return [
        *(sep for sep in SEPARATORS if sep in text),
        *(c for c in others if c not in SEPARATORS),
    ]


def separator_around(name: str, header: str) -> str | None:
    """The mark that makes a name of a header one of its cells; None if there is no such mark.

    >>> separator_around("y", "a~b~y"), separator_around("y", "yes")
    ('~', None)
    """
    found = [mark for mark in marks_of(header) if name in map(str.strip, header.split(mark))]
    doubled = [2 * mark for mark in found if header.count(mark) == 2 * header.count(2 * mark)]
    return next(iter([*doubled, *found]), None)


def _unusual(sample: Sequence[str]) -> str | None:
    """A mark other than the usual ones that every line has equally often, as ^ in a^b."""
    if len(sample) < 2:
        return None
    best, most = None, 0
    for mark in marks_of(sample[0]):
        found = _as_it_stands(mark, sample)
        numbers = _counts(sample, found)
        n_marks = len(found) * (numbers[0] - 1) if len(set(numbers)) == 1 else 0
        if found not in SEPARATORS and n_marks > most:
            best, most = found, n_marks
    return best


def _as_it_stands(mark: str, sample: Sequence[str]) -> str:
    """The mark, or twice the mark where that separates.

    It does where all lines have it equally often, and the header or most lines have the mark in
    no other way: cells may hold it by itself.
    """
    twice = 2 * mark
    only = [line.count(mark) == 2 * line.count(twice) for line in sample]
    if all(only):
        return twice
    numbers = set(_counts(sample, twice))
    n_cells = numbers.pop() if len(numbers) == 1 else 1
    if n_cells == 2:  # a single pair may be a column without a name, as spreadsheets write it
        return twice if only[0] and mark not in (",", ";", "\t") else mark
    return twice if n_cells > 2 and (only[0] or 2 * sum(only) > len(only)) else mark


def _are_even(numbers: Sequence[int], *, header_too: bool = False) -> bool:
    """Whether all lines have as many cells; the header may lack that of the names of rows."""
    n = numbers[-1] if numbers else 0
    return n > 1 and set(numbers[1:]) <= {n} and n - (not header_too) <= numbers[0] <= n


def _counts(sample: Sequence[str], sep: str) -> list[int]:
    try:
        lines, mark = (with_units(sample, sep), UNIT) if len(sep) > 1 else (sample, sep)
        return [n for _, _, n in records(lines, mark)]
    except TableReadError:
        return []  # the sample ends within a quoted cell


def _usual(counts: dict[str, list[int]], suggested: str) -> str:
    """The mark that most lines have equally often, so that the others can be named."""
    shares = {}
    for sep, numbers in counts.items():
        usual, n = Counter(numbers).most_common(1)[0] if numbers else (1, 0)
        # A title over the table must not hide its header; prose has commas as well.
        if usual > 1 and n > 0.5 * len(numbers):
            shares[sep] = (n / len(numbers), sep == suggested, usual)
    return max(shares, key=lambda sep: shares[sep]) if shares else suggested
