"""The column to predict: its task, and its values as labels or numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_deeplifft._printable import printable, quoted
from sklearn_deeplifft.tables._task import MOST_NUMBERED_CLASSES, task_of
from sklearn_deeplifft.tables.reading._codes import (
    example_code,
    long_numbers,
    longest,
    merged,
    padded_notes,
    spelled_twice,
    too_long,
)
from sklearn_deeplifft.tables.reading._columns import (
    Draft,
    draft_of,
    numbers_of,
    without_bytes,
)
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._missing import CODE_LIKE, is_missing_text
from sklearn_deeplifft.tables.reading._notation import Convention
from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._numbers import distinct_cells
from sklearn_deeplifft.tables.reading._options import ReadOptions

__all__ = ["resolve_task", "spellings_note", "target_column", "target_values"]


def target_column(
    name: str,
    column: pd.Series,
    options: ReadOptions,
    convention: Convention | None,
    task: str = "auto",
) -> tuple[pd.Series, list[Note]]:
    """The target as numbers, booleans or texts, missing where it has no value.

    Raises
    ------
    TableReadError
        A word may be a class or a missing value, numbers and what is no number stand together, or
        numbers to predict are so long that several would be one.
    """
    column = without_bytes(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        if types.infer_dtype(column.cat.categories) != "string":
            return column, []
        column = column.astype(object)  # a word such as "nan" may be a class or a missing value
    if types.infer_dtype(column, skipna=True) == "boolean":
        return column, []
    try:
        return _read(name, column, options, convention, task)
    except TableReadError as error:
        raise _of_target(error) from error


def _of_target(error: TableReadError) -> TableReadError:
    """The refusal of a column without the advice to leave it out: the target cannot be."""
    if not any(option.name == "drop" for option in error.options):
        return error
    others = [option for option in error.options if option.name not in ("drop", "row_groups")]
    ways = " or ".join("{}" for _ in others)
    if not others:
        remedy = "Mend its cells: it is the target."
    elif others[0].name == "na":
        remedy = f"If that means missing, say {ways}; else mend the cells: it is the target."
    else:
        remedy = f"Say {ways}, or mend the cells: it is the target."
    return TableReadError(error.finding, remedy, others)


def _read(
    name: str, column: pd.Series, options: ReadOptions, convention: Convention | None, task: str
) -> tuple[pd.Series, list[Note]]:
    draft = draft_of(name, column, options)
    exact = long_numbers(draft.column, draft.reading)
    labels = task == "classification" or (task == "auto" and _is_few(draft))
    if exact and not labels and merged(exact):
        raise TableReadError(
            f"the target {printable(name)} cannot be predicted as a quantity: {too_long(exact)}.",
            "If they are classes, say {}; else subtract the smallest.",
            [Option("task", "classification")],
        )
    if draft.numbers is not None:
        kept = [note for note in draft.notes if note.kind != "missing words"]
        if types.is_numeric_dtype(column.dtype) and not draft.notes:
            return column, []
        return pd.Series(draft.numbers, index=column.index, name=name), kept
    if draft.reading is not None and not (draft.reading.others and _has_classes(draft)):
        _require_no_class(draft, options)
        code = example_code(draft.reading)
        if labels and (code is not None or merged(exact)):
            texts = _texts(name, column, options)
            texts = texts.where(~texts.isin(draft.reading.missing))
            kind, shown = ("long labels", longest(exact)) if code is None else ("label codes", code)
            return texts, [Note(kind, name, words=(shown,))]
        values, notes = numbers_of(name, column, draft.reading, convention, options)
        kept = [note for note in notes if note.kind != "missing words"]
        kept += padded_notes(name, draft.reading)
        return pd.Series(values, index=column.index, name=name), kept
    return _texts(name, column, options), []


def _is_few(draft: Draft) -> bool:
    """Whether whole numbers are few enough to be numbered classes."""
    if draft.reading is None:
        return bool(draft.column.nunique() <= MOST_NUMBERED_CLASSES)
    return len(draft.reading.cells) + len(draft.reading.typed) <= MOST_NUMBERED_CLASSES


def _has_classes(draft: Draft) -> bool:
    assert draft.reading is not None
    return len(draft.reading.counts) <= MOST_NUMBERED_CLASSES


def _require_no_class(draft: Draft, options: ReadOptions) -> None:
    """Ask about a word such as "unknown" beside few numbers, which are classes."""
    reading = draft.reading
    assert reading is not None
    words = [w for w in reading.missing if not is_missing_text(w, options.na)]
    if words and options.na is None and _has_classes(draft):
        raise _ask(draft.name, words[0], reading.counts[words[0]])


def _texts(name: str, column: pd.Series, options: ReadOptions) -> pd.Series:
    if options.na is None:
        counts = distinct_cells(column)
        for word in CODE_LIKE:
            if word in counts:
                raise _ask(name, word, counts[word])
    texts = column.astype(object).map(
        lambda cell: cell.strip() if isinstance(cell, str) else cell, na_action="ignore"
    )
    missing = texts.map(lambda c: isinstance(c, str) and is_missing_text(c, options.na))
    texts = texts.where(~missing.astype(bool)).rename(name)
    if types.infer_dtype(texts, skipna=True) != "integer":
        return texts
    return texts.map(str, na_action="ignore")  # too long to be read as numbers


def _ask(name: str, word: str, n: int) -> TableReadError:
    rows = "1 row" if n == 1 else f"{n:,} rows"
    return TableReadError(
        f"the target {printable(name)} is {quoted(word)} in {rows}; that may be a class, or a "
        "missing value.",
        "Say {} to leave these rows out, or {} to keep them as a class.",
        [Option("na", [word]), Option("na", [""])],
    )


def without_target_note(name: str, column: pd.Series, missing: np.ndarray) -> Note:
    """Rows that have no target, and the words that stand there."""
    cells = Counter(str(cell).strip() for cell in column[missing].dropna().astype(object))
    words = tuple(sorted(word for word in cells if word))
    return Note("no target", name, int(missing.sum()), words)


def spellings_note(y: pd.Series, cells: pd.Series) -> list[Note]:
    """Say that classes are numbers, where some are written in several ways, as 1 and 1.0 are.

    ``cells`` are those of the file, as they are written.
    """
    found = spelled_twice(cells) if _is_numeric(y) else ()
    return [Note("spellings", str(y.name), words=found)] if found else []


def resolve_task(y: pd.Series, task: str) -> tuple[str, list[Note]]:
    """Classification or regression: what was asked for, or by the rule of ``task_of``.

    Raises
    ------
    TableReadError
        Regression was asked for, but the target is not numbers.
    ValueError
        It is the same in every row.
    """
    name = printable(y.name)
    numeric = _is_numeric(y)
    if task == "regression" and not numeric:
        raise ValueError(
            f"a regression needs numbers; {name} holds {quoted(y.iloc[0])}. Leave the task out to "
            "predict it as classes."
        )
    n_values = int(y.nunique())
    if n_values == 1:
        value = y.iloc[0] if numeric else quoted(y.iloc[0])
        raise ValueError(
            f"the target {quoted(y.name)} is {value} in every row; there is nothing to predict."
        )
    if task != "auto":
        return task, []
    found = task_of(y)
    if found == "classification":
        return found, []
    values = np.asarray(y.to_numpy(dtype=np.float64, na_value=np.nan))
    whole = bool((values == np.rint(values)).all())  # numbers with fractions are no classes
    return found, [Note("quantity", str(y.name), n_values)] if whole else []


def target_values(y: pd.Series, task: str) -> np.ndarray:
    """The target as float64, as whole numbers, or as strings.

    Raises
    ------
    ValueError
        A number to predict is infinite.
    """
    if task == "regression":
        values = np.asarray(y.to_numpy(dtype=np.float64, na_value=np.nan))
        if not np.isfinite(values).all():
            raise ValueError(f"the target {quoted(y.name)} holds infinite values; replace them.")
        return values
    if types.is_integer_dtype(y.dtype):
        if int(y.max()) > np.iinfo(np.int64).max:
            return np.asarray(y.map(str).to_numpy(dtype=object).astype(str))
        return np.asarray(y.to_numpy(dtype=np.int64))  # as they are, beyond 2**53 as well
    if _is_numeric(y) and types.infer_dtype(y) != "boolean":
        values = np.asarray(y.to_numpy(dtype=np.float64, na_value=np.nan))
        if (np.abs(values) < 2**63).all() and (values == np.rint(values)).all():
            return values.astype(np.int64)
    return np.asarray(y.astype(object).map(str).to_numpy(dtype=object).astype(str))


def _is_numeric(y: pd.Series) -> bool:
    if isinstance(y.dtype, pd.CategoricalDtype):
        return False
    if types.is_bool_dtype(y.dtype) or types.is_numeric_dtype(y.dtype):
        return True
    return types.infer_dtype(y) in (
        "boolean",
        "integer",
        "floating",
        "decimal",
        "mixed-integer-float",
    )
