"""Columns of a file made into numbers or categories, or left out with a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables.reading._codes import (
    example_code,
    long_numbers,
    merged,
    padded_notes,
    too_long,
)
from sklearn_deeplifft.tables.reading._dates import (
    compact_dates,
    dates_as_text,
    read_dates,
    typed_dates,
)
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._identifiers import (
    OWNER_NAMES,
    is_free_text,
    kind_of_whole_numbers,
    names_rows,
)
from sklearn_deeplifft.tables.reading._missing import is_missing_text
from sklearn_deeplifft.tables.reading._no_dates import date_sentinels, without_given_dates
from sklearn_deeplifft.tables.reading._notation import (
    APOSTROPHE,
    SPACES,
    Convention,
)
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._numbers import (
    NumberReading,
    distinct_cells,
    read_numbers,
    resolved,
)
from sklearn_deeplifft.tables.reading._options import ReadOptions
from sklearn_deeplifft.tables.reading._owners import owner_notes
from sklearn_deeplifft.tables.reading._sentinels import sentinels, without_given
from sklearn_deeplifft.tables.reading._unreadable import require_no_measurements, unreadable

__all__ = [
    "MISSING_LEVEL",
    "Column",
    "Draft",
    "draft_of",
    "finished",
    "numbers_of",
    "without_bytes",
]

MISSING_LEVEL = "(missing)"
MOST_MIXED = 10
"""Distinct values up to which numbers and texts, such as 1, 2, 3, 4+, are taken as categories."""
MOST_WORDS = 8
"""Words in the place of numbers up to which all are named in an option, which must name all."""
NEARLY_ALL = 0.9
CODE = re.compile(r"[A-Z]{2,3}")
MIXED_NAME = re.compile(r"[A-Za-z]{0,4}[-_.]?\d+[-_.]?[A-Za-z]{0,4}")
"""A number beside letters: 50810A."""
GROUPING_MARKS = {".": f",'_{APOSTROPHE}{SPACES}", ",": f".'_{APOSTROPHE}{SPACES}"}
SAID_OF = {"dates": "dates", "times": "times of day"}


@dataclass(frozen=True)
class Draft:
    """Contents of a column, before the others have said what its decimal mark is."""

    name: str
    column: pd.Series
    numbers: np.ndarray | None = None
    """Values that the file has as numbers or dates."""
    reading: NumberReading | None = None
    """Texts that are mostly numbers."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column as it is ranked."""

    name: str
    kind: str
    """"numbers", "levels", or a key of ``LEFT_OUT``."""
    numbers: np.ndarray | None = None
    """float64, NaN where a value is missing."""
    levels: pd.Series | None = None
    """Texts; ``MISSING_LEVEL`` where there is none."""
    notes: tuple[Note, ...] = field(default=())


def without_bytes(column: pd.Series) -> pd.Series:
    """Texts that a file holds as bytes, as Arrow and numpy have them, decoded."""
    if not types.is_object_dtype(column.dtype) or not column.map(type).eq(bytes).any():
        return column
    return column.map(lambda cell: cell.decode("utf-8", "replace") if type(cell) is bytes else cell)


def draft_of(name: str, column: pd.Series, options: ReadOptions) -> Draft:
    """Find out what a column holds.

    Raises
    ------
    TableReadError
        Cells are neither numbers nor texts.
    """
    column = without_bytes(column)
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Draft(name, column)
    if types.is_complex_dtype(dtype):
        raise unreadable(name, "its cells are complex numbers")
    if types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype):
        values = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        values, notes = without_given(name, values, options)
        return Draft(name, column, values, None, notes)
    if (dated := typed_dates(column)) is not None:
        return _typed(name, column, *dated, options)
    column = dates_as_text(column)
    try:
        counts = distinct_cells(column)
    except TypeError as error:
        raise unreadable(name, "its cells hold lists or other objects") from error
    reading = read_numbers(counts, options)
    if reading.share >= 0.5:
        return Draft(name, column, None, reading)
    return _dated(name, column, counts, options)


def _typed(
    name: str, column: pd.Series, kind: str, values: np.ndarray, options: ReadOptions
) -> Draft:
    """Dates, times or durations that the file holds as such."""
    if kind != "dates":
        return Draft(name, column, values, None, (Note(kind, name),))
    values, missing = without_given_dates(name, values, options.na)
    notes = (Note(kind, name), *missing, *date_sentinels(name, values))
    return Draft(name, column, values, None, notes)


def _dated(name: str, column: pd.Series, counts: Counter[object], options: ReadOptions) -> Draft:
    """Texts that are dates become numbers; all others stay what they are."""
    texts = [c for c in counts if isinstance(c, str) and not is_missing_text(c, options.na)]
    found = read_dates(texts, name, options.date_order) if texts else None
    if found is None:
        return Draft(name, column)
    number_of = read_numbers(
        Counter({t: counts[t] for t in counts if t not in found.values}), options
    )
    if number_of.others or number_of.cells or number_of.typed:
        left = (*number_of.others, *map(str, number_of.cells), *map(str, number_of.typed))
        raise _not_all(name, SAID_OF[found.kind], left, counts, options.na)
    notes = [Note(found.kind, name), *_missing_note(name, number_of.missing, counts)]
    if found.order is not None:
        notes.append(Note(found.order, name, words=(texts[0],)))
    if found.years is not None:
        notes.append(Note("short years", name, words=found.years))
    values = resolved(column, found.values)
    if found.kind == "dates":
        notes += date_sentinels(name, values, found.values)
    return Draft(name, column, values, None, tuple(notes))


def finished(draft: Draft, file_convention: Convention | None, options: ReadOptions) -> Column:
    """Settle a column.

    Parameters
    ----------
    file_convention : Convention or None
        The one that other columns leave no doubt of.

    Raises
    ------
    TableReadError
        It holds numbers and what is no number, more categories than allowed, or digits that can
        be read in two ways; ``options.drop`` or another option has to say what to do.
    """
    name, column = draft.name, draft.column
    if draft.numbers is None and draft.reading is None:
        return _levels(name, column, options)
    if draft.reading is not None:
        if (made := _texts_that_hold_numbers(draft, options)) is not None:
            return made
        values, notes = numbers_of(name, column, draft.reading, file_convention, options)
        notes = (*notes, *padded_notes(name, draft.reading))
    else:
        assert draft.numbers is not None
        values, notes = draft.numbers, draft.notes
    if np.isnan(values).all():
        return Column(name, "empty", notes=(Note("empty", name),))
    days = compact_dates(values)
    if days is not None:
        written = {f"{value:.0f}": day for value, day in zip(values, days, strict=True)}
        notes = (*notes, Note("dates", name), *date_sentinels(name, days, written))
        return Column(name, "numbers", days, None, notes)
    kind = _kind_of_numbers(draft, values)
    if kind in ("counter", "identifier"):
        return Column(name, kind, notes=(Note(kind, name),))
    if kind != "numbers":
        notes = (*notes, Note(kind, name))
    if kind == "repeated identifier":
        notes = (*notes, Note("owners", name))
    return Column(name, "numbers", values, None, tuple(notes))


def _texts_that_hold_numbers(draft: Draft, options: ReadOptions) -> Column | None:
    """Categories of few codes, as in 1, 2, 3, 4+ or 01, 02; None if a column is one of numbers."""
    name, reading = draft.name, draft.reading
    assert reading is not None
    code = example_code(reading)
    if reading.others and _is_text(name, reading):
        made = _levels(name, draft.column, options)
        note = Note("mixed", name, words=(*reading.others[:3],))
    elif code is not None and _are_categories(name, reading, options):
        made = _levels(name, draft.column, options, reading.missing)
        note = Note("codes", name, words=(code,))
    else:
        return None
    return replace(made, notes=(*made.notes, note)) if made.kind == "levels" else made


def _kind_of_numbers(draft: Draft, values: np.ndarray) -> str:
    """Kind of a column of numbers, as ``kind_of_whole_numbers`` has it.

    Raises
    ------
    TableReadError
        Whole numbers are so long that different ones become one.
    """
    if types.is_bool_dtype(draft.column.dtype):
        return "numbers"
    exact = long_numbers(draft.column, draft.reading)
    if merged(exact):
        if draft.column[np.isfinite(values)].is_unique:
            return "identifier"
        raise TableReadError(
            f"{printable(draft.name)} cannot be read: {too_long(exact)}.",
            "Leave the column out with {}, or, if rows of one value belong together, say {}.",
            [Option("drop", [draft.name]), Option("row_groups", draft.name)],
        )
    return kind_of_whole_numbers(draft.name, values)


def _are_categories(name: str, reading: NumberReading, options: ReadOptions) -> bool:
    """Whether codes such as 01 repeat and are few, or name owners; as numbers zip codes say more.

    A category for each of many codes is more than a table has rows for.
    """
    cells = (*reading.cells, *reading.typed)
    repeat = len(cells) < sum(reading.counts[cell] for cell in cells)
    return repeat and (len(cells) <= options.max_categories or names_rows(name, OWNER_NAMES))


def _is_text(name: str, reading: NumberReading) -> bool:
    """Whether numbers and texts are texts: few codes, as in 1, 2, 3, 4+, or names: 309, 50810A."""
    few = len(reading.cells) + len(reading.typed) + len(reading.others) <= MOST_MIXED
    return few or names_rows(name, OWNER_NAMES)


def numbers_of(
    name: str,
    column: pd.Series,
    reading: NumberReading,
    file_convention: Convention | None,
    options: ReadOptions,
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Values of a column of texts that are numbers, and what was decided about them."""
    if reading.others:
        raise _not_all(name, "numbers", reading.others, reading.counts, options.na)
    convention = _convention(name, reading, file_convention)
    values = reading.values(convention)
    left = [cell for cell in reading.cells if cell not in values]
    if left:
        raise _not_all(name, "numbers", tuple(map(str, left)), reading.counts, options.na)
    notes = [*_missing_note(name, reading.missing, reading.counts)]
    if not reading.is_plain(convention):
        notes.append(_notation_note(name, reading, convention))
    numbers = resolved(column, values)
    return numbers, (*notes, *(sentinels(name, numbers) if options.na is None else ()))


def _convention(name: str, reading: NumberReading, of_file: Convention | None) -> Convention:
    if len(reading.conventions) == 1:
        return reading.conventions[0]
    if of_file is not None:
        return of_file
    cells = [cell for cell, parts in reading.cells.items() if "," in parts.body]
    if not cells:
        return Convention(".", ",")  # a point alone is what all programs write
    raise TableReadError(
        f"{printable(name)}: {quoted(cells[0])} may be a number with a group of thousands or with "
        "a decimal comma, and no cell of the file tells which.",
        "Say {} or {}, or leave the column out with {}.",
        [Option("decimal", "."), Option("decimal", ","), Option("drop", [name])],
    )


def _notation_note(name: str, reading: NumberReading, convention: Convention) -> Note:
    values = reading.values(convention)
    longest = max(
        reading.cells, key=lambda cell: (len(set(str(cell)) & set(",.$%€ '")), len(str(cell)))
    )
    bodies = [cell.body for cell in reading.cells.values()]
    style = []
    if convention.decimal == "," and any("," in body for body in bodies):
        style.append("a decimal comma")
    elif any(mark in body for body in bodies for mark in GROUPING_MARKS[convention.decimal]):
        style.append("groups of thousands")
    marks = {cell.mark for cell in reading.cells.values()} - {""}
    style += [f"the unit {quoted(mark)}" for mark in sorted(marks)]
    return Note(
        "notation",
        name,
        words=(" and ".join(style) or "quotation marks", str(longest), f"{values[longest]:.15g}"),
    )


def _missing_note(name: str, words: Sequence[str], counts: object) -> list[Note]:
    if not words:
        return []
    assert isinstance(counts, Counter)
    often = sorted(words, key=lambda word: (-counts[word], word))
    return [Note("missing words", name, sum(counts[word] for word in words), tuple(often))]


def _levels(
    name: str, column: pd.Series, options: ReadOptions, words: Sequence[str] = ()
) -> Column:
    """Categories, unless there are too many of them, or one alone.

    ``words`` mean missing, beside those that do so among any texts.
    """
    texts = column.astype(object).map(lambda cell: str(cell).strip(), na_action="ignore")
    counts: Counter[str] = Counter(texts.dropna().tolist())
    missing = [text for text in counts if text in words or is_missing_text(text, options.na)]
    _require_no_codes(name, counts, options)
    present = {text: n for text, n in counts.items() if text not in set(missing)}
    if not present:
        return Column(name, "empty", notes=(Note("empty", name),))
    n_present = sum(present.values())
    if len(present) == 1 and n_present == len(column):
        return Column(name, "single", notes=(Note("single", name),))
    kind = _kind_of_texts(name, present, options)
    owners = owner_notes(name, kind, present)
    if kind != "levels":
        return Column(name, kind, notes=(Note(kind, name), *owners))
    found = [text for text in missing if text]
    notes = list(owners)
    if found:
        notes.append(Note("missing texts", name, sum(counts[w] for w in found), tuple(found)))
    levels = texts.where(~texts.isin(missing)).fillna(MISSING_LEVEL).astype(object)
    return Column(name, "levels", None, levels, tuple(notes))


def _kind_of_texts(name: str, present: dict[str, int], options: ReadOptions) -> str:
    """ "levels", or why a column of texts is left out.

    Raises
    ------
    TableReadError
        There are too many categories, and they are neither identifiers nor free text.
    """
    n, n_levels = sum(present.values()), len(present)
    every = n_levels == n and n > 2
    named = names_rows(name, OWNER_NAMES)
    if (every or n_levels > options.max_categories) and not named:
        require_no_measurements(name, list(present))
    if every:
        return "free text" if is_free_text(list(present)) else "distinct"
    if n_levels <= options.max_categories:
        return "levels"
    if n_levels > 0.5 * n and is_free_text(list(present)):
        return "free text"
    if n_levels >= NEARLY_ALL * n or named:
        return "identifier"
    raise TableReadError(
        f"{printable(name)} holds {n_levels:,} different texts in {n:,} rows, more than the "
        f"{options.max_categories:,} categories that a column may have.",
        "Raise the limit with {}, leave the column out with {}, or, if rows of one value belong "
        "together, say {}.",
        [Option("max_categories", n_levels), Option("drop", [name]), Option("row_groups", name)],
    )


def _require_no_codes(name: str, counts: Counter[str], options: ReadOptions) -> None:
    """Ask where NA stands among codes of its kind, such as those of countries."""
    if options.na is not None or "NA" not in counts:
        return
    others = [text for text in counts if not is_missing_text(text, None)]
    codes = [text for text in others if CODE.fullmatch(text)]
    if len(codes) < 2 or len(codes) < NEARLY_ALL * len(others):
        return
    shown = ", ".join(quoted(code) for code in codes[:3])
    raise TableReadError(
        f"{printable(name)}: 'NA' ({counts['NA']:,} cells) stands among codes ({shown}); it may be "
        "one of them, such as Namibia, or a missing value.",
        "Say {} if it means missing, or {} if only empty cells do.",
        [Option("na", ["NA"]), Option("na", [""])],
    )


def _not_all(
    name: str, what: str, words: Sequence[str], counts: object, na: Sequence[str] | None
) -> TableReadError:
    assert isinstance(counts, Counter)
    by_text: Counter[str] = Counter()
    for cell, n in counts.items():
        by_text[str(cell)] += n
    words = sorted(words, key=lambda word: (-by_text[word], word))
    n, total = sum(by_text[word] for word in words), by_text.total()
    shown = ", ".join(quoted(word, 30) for word in words[:4])
    more = f" and {len(words) - 4:,} more" if len(words) > 4 else ""
    are = "is" if n == 1 else "are"
    finding = (
        f"{printable(name)}: most cells are {what}, but {n:,} of {total:,} {are} not "
        f"({shown}{more})."
    )
    options = [Option("drop", [name])]
    it, means = ("it", "it means") if n == 1 else ("them", "they mean")
    remedy = f"mend {it}, or leave the column out with {{}}"
    if what == "numbers" and all(MIXED_NAME.fullmatch(word) for word in words):
        remedy += "; if it names whose row it is, so that rows belong together, say {}"
        options.append(Option("row_groups", name))
    if len(words) > MOST_WORDS:
        return TableReadError(finding, f"{remedy.capitalize()}.", options)
    as_missing = Option("na", [*filter(None, na or ()), *words])
    remedy = f"If {means} missing, say {{}}; else {remedy}."
    return TableReadError(finding, remedy, [as_missing, *options])
