"""Decisions taken while a table was read, as values; sentences are made of them at the edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sklearn_deeplifft._printable import named, named_with_counts, printable, quoted
from sklearn_deeplifft.tables._task import task_sentence
from sklearn_deeplifft.tables.reading._errors import Option, Spelling, as_parameter
from sklearn_deeplifft.tables.reading._separators import in_words

__all__ = ["LEFT_OUT", "OF_OWNERS", "Note", "sentences"]

MOST_WORDS = 4

LEFT_OUT = {
    "empty": "no values",
    "counter": "row numbers",
    "identifier": "identifiers",
    "distinct": "a different text in every row",
    "free text": "free text",
    "single": "one category only",
    "dropped": "as asked for",
    "beside": "beside the matrix of features",
}
"""Kinds of notes on columns that are not ranked, and why."""

OF_OWNERS = ("owners", "numbered")
"""Kinds of notes that propose row groups."""


@dataclass(frozen=True)
class Note:
    """One decision.

    Attributes
    ----------
    kind : str
        A key of ``LEFT_OUT``, or of the other decisions: "missing words", "notation", "dates" ...
    column : str
        The column that it is about; "" is the whole table.
    n : int
        Cells, lines or rows that it is about.
    words : tuple of str
        Cells, or other strings of the file, that it speaks of.
    """

    kind: str
    column: str = ""
    n: int = 0
    words: tuple[str, ...] = ()


def sentences(notes: Iterable[Note], spelling: Spelling = as_parameter) -> list[str]:
    """A sentence for each decision; columns about which the same was decided share one."""
    # Sorting is stable: what came first is said first.
    order: dict[tuple[str, tuple[str, ...]], int] = {}
    notes = list(notes)
    for note in notes:
        order.setdefault(_subject(note), len(order))
    grouped = groupby(sorted(notes, key=lambda note: order[_subject(note)]), key=_subject)
    return [_sentence(kind, list(same), spelling) for (kind, _), same in grouped]


def _subject(note: Note) -> tuple[str, tuple[str, ...]]:
    if note.kind in LEFT_OUT:
        return note.kind, ()
    # One notation has another example in every column.
    return note.kind, note.words[:1] if note.kind == "notation" else note.words


def _sentence(kind: str, notes: Sequence[Note], spelling: Spelling) -> str:
    if kind in LEFT_OUT:
        return f"Left out, {LEFT_OUT[kind]}: {named(note.column for note in notes)}."
    return SENTENCES[kind](notes, spelling)


def _words(note: Note) -> str:
    shown = ", ".join(quoted(word, 30) for word in note.words[:MOST_WORDS])
    rest = len(note.words) - MOST_WORDS
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def _columns(notes: Sequence[Note]) -> str:
    return named(note.column for note in notes)


def _counted(notes: Sequence[Note]) -> str:
    return named_with_counts((note.column, note.n) for note in notes)


def _missing_words(notes: Sequence[Note], _: Spelling) -> str:
    first = notes[0]
    if len(notes) == 1:
        cells = "1 cell is not a number" if first.n == 1 else f"{first.n:,} cells are not numbers"
        return f"{printable(first.column)}: {cells} ({_words(first)}), taken as missing."
    total = sum(note.n for note in notes)
    return (
        f"{total:,} cells of {len(notes):,} columns are not numbers ({_words(first)}), taken as "
        f"missing: {_counted(notes)}."
    )


def _notation(notes: Sequence[Note], _: Spelling) -> str:
    style, cell, number = notes[0].words
    return f"{_columns(notes)}: numbers with {style}, {quoted(cell)} is {number}."


def _lines(singular: str, plural: str) -> Callable[[Sequence[Note], Spelling], str]:
    def sentence(notes: Sequence[Note], _: Spelling) -> str:
        n = notes[0].n
        return f"1 {singular}." if n == 1 else f"{n:,} {plural}."

    return sentence


def _sentinel(notes: Sequence[Note], spelling: Spelling) -> str:
    word = notes[0].words[0]
    option = spelling(Option("na", [word]))
    return (
        f"{word} stands in {_counted(notes)} and is far from the other values; it is read as a "
        f"number. If it means missing, say {option}."
    )


def _date_sentinel(notes: Sequence[Note], spelling: Spelling) -> str:
    date, *cells = notes[0].words
    remedy = (
        "mend these cells" if len(cells) > MOST_WORDS else f"say {spelling(Option('na', cells))}"
    )
    return (
        f"{date} stands in {_counted(notes)} and seems to be no date like the others; it is read "
        f"as a date. If it means missing, {remedy}."
    )


def _kept(notes: Sequence[Note], spelling: Spelling) -> str:
    option = spelling(Option("drop", [note.column for note in notes[:3]]))
    verb = "counts" if len(notes) == 1 else "count"
    return (
        f"{_columns(notes)} {verb} the rows and is ranked like other columns; if these are row "
        f"numbers, leave them out with {option}."
    )


def _repeated(notes: Sequence[Note], spelling: Spelling) -> str:
    option = spelling(Option("drop", [note.column for note in notes[:3]]))
    return (
        f"{_columns(notes)}: an identifier by name, but values repeat; ranked like other columns. "
        f"{option} leaves it out."
    )


def _owners(notes: Sequence[Note], spelling: Spelling) -> str:
    option = spelling(Option("row_groups", notes[0].column))
    names = f"{_columns(notes)}: " if len(notes) == 1 else f"One of {_columns(notes)}: "
    return (
        f"{names}values repeat. If rows of one value belong together, as those of one patient do, "
        f"say {option}; else networks are tested on rows that they know."
    )


def _numbered(notes: Sequence[Note], spelling: Spelling) -> str:
    text, name = notes[0].words
    option = spelling(Option("row_groups", "owner"))
    return (
        f"{_columns(notes)}: cells such as {quoted(text)} are a name and a number. If rows of one "
        f"name belong together, put the name, {quoted(name)}, into a column of its own, such as "
        f"owner, and say {option}; else networks are tested on rows that they know."
    )


def _short_years(notes: Sequence[Note], _: Spelling) -> str:
    first, last = notes[0].words
    years = f"{first} to {last}" if first != last else first
    return (
        f"{_columns(notes)}: years of two digits are read as {years}; if they are of another "
        "century, write them with four."
    )


def _categories(notes: Sequence[Note], _: Spelling) -> str:
    return (
        f"{_columns(notes)}: numbers and other texts ({_words(notes[0])}) are taken as categories."
    )


def _codes(notes: Sequence[Note], _: Spelling) -> str:
    (code,) = notes[0].words
    return (
        f"{_columns(notes)}: cells such as {quoted(code)} begin with a zero, as codes do, and are "
        "taken as categories; quantities are written without it."
    )


def _padded(notes: Sequence[Note], spelling: Spelling) -> str:
    code, number = notes[0].words
    option = spelling(Option("max_categories", max(note.n for note in notes)))
    return (
        f"{_columns(notes)}: cells such as {quoted(code)} begin with a zero, as codes do; there "
        f"are {notes[0].n:,} different ones, read as numbers: {quoted(code)} is {number}. If they "
        f"are categories, say {option}."
    )


def _label_codes(notes: Sequence[Note], spelling: Spelling) -> str:
    (code,) = notes[0].words
    return (
        f"{_columns(notes)}: labels such as {quoted(code)} are codes, each a class as it is "
        f"written. If they are numbers to predict, use {spelling(Option('task', 'regression'))}."
    )


def _spellings(notes: Sequence[Note], _: Spelling) -> str:
    one, *others = (quoted(word, 30) for word in notes[0].words[:MOST_WORDS])
    return (
        f"{_columns(notes)}: {' and '.join((', '.join([one, *others[:-1]]), others[-1]))} are the "
        "same number, so the same class."
    )


def _separator(notes: Sequence[Note], _: Spelling) -> str:
    return f"Columns are separated by {in_words(notes[0].words[0])}."


def _encoding(notes: Sequence[Note], spelling: Spelling) -> str:
    option = spelling(Option("encoding", "cp1251"))
    return f"The file is not UTF-8; it is read as Windows-1252. Name another, as in {option}."


def _sheet(notes: Sequence[Note], spelling: Spelling) -> str:
    return f"Read sheet {quoted(notes[0].words[0])} of {notes[0].n:,}."


def _quantity(notes: Sequence[Note], spelling: Spelling) -> str:
    remedy = f"use {spelling(Option('task', 'classification'))}"
    return task_sentence(printable(notes[0].column), notes[0].n, remedy)


def _no_target(notes: Sequence[Note], _: Spelling) -> str:
    n, column, words = notes[0].n, printable(notes[0].column), _words(notes[0])
    rows = "1 row without a value of" if n == 1 else f"{n:,} rows without a value of"
    verb = "is" if n == 1 else "are"
    return f"{rows} {column}{f' ({words})' if words else ''} {verb} left out."


SENTENCES: dict[str, Callable[[Sequence[Note], Spelling], str]] = {
    "missing words": _missing_words,
    "notation": _notation,
    "missing texts": lambda notes, _: (
        f"{_counted(notes)}: {_words(notes[0])} is taken as missing, a category of its own."
    ),
    "sentinel": _sentinel,
    "date sentinel": _date_sentinel,
    "kept counter": _kept,
    "repeated identifier": _repeated,
    "owners": _owners,
    "numbered": _numbered,
    "row groups": lambda notes, _: (
        f"Rows of one {printable(notes[0].column)} are held out together; there are "
        f"{notes[0].n:,} of them."
    ),
    "mixed": _categories,
    "codes": _codes,
    "padded": _padded,
    "label codes": _label_codes,
    "long labels": lambda notes, _: (
        f"{_columns(notes)}: whole numbers such as {_words(notes[0])} are too long to be told "
        "apart as numbers; each is a class as it is written."
    ),
    "spellings": _spellings,
    "separator": _separator,
    "encoding": _encoding,
    "sheet": _sheet,
    "merged cells": lambda notes, _: (
        f"Cells merged with the one before hold no value of their own and are taken as missing: "
        f"{_counted(notes)}. If its value holds for them, unmerge and fill them."
    ),
    "formulas": lambda notes, _: (
        f"Formulas whose values the file does not hold are taken as missing: {_counted(notes)}. "
        "Open it in a spreadsheet program and save it there to have them."
    ),
    "quantity": _quantity,
    "no target": _no_target,
    "dates": lambda notes, _: f"Dates are read as days since 1970-01-01: {_columns(notes)}.",
    "times": lambda notes, _: f"Times of day are read as hours: {_columns(notes)}.",
    "durations": lambda notes, _: f"Durations are read as days: {_columns(notes)}.",
    "day first": lambda notes, _: (
        f"{_columns(notes)}: the day comes before the month, as in {quoted(notes[0].words[0])}."
    ),
    "month first": lambda notes, _: (
        f"{_columns(notes)}: the month comes before the day, as in {quoted(notes[0].words[0])}."
    ),
    "short years": _short_years,
    "comments": _lines("comment line is skipped", "comment lines are skipped"),
    "blank": _lines("blank line is skipped", "blank lines are skipped"),
    "row names": lambda notes, _: (
        "Lines have one cell more than the header; the first is taken as a name of the row."
    ),
    "unnamed": lambda notes, _: f"Columns without a name are called {_columns(notes)}.",
    "array": lambda notes, _: f"Features are the array {quoted(notes[0].words[0])}.",
    "generated names": lambda notes, _: (
        f"The file names no features; they are called {quoted(notes[0].words[0])} to "
        f"{quoted(notes[0].words[1])}."
    ),
}
"""Sentences by kind of note, for notes that say the same of one or more columns."""
