"""Cells of a file made into features and a target."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd
from pandas.api import types
from scipy import sparse

from sklearn_deeplifft._printable import named, named_with_counts, printable, quoted
from sklearn_deeplifft.tables.reading._columns import Column, Draft, draft_of, finished
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError
from sklearn_deeplifft.tables.reading._notation import Convention, parse_cell
from sklearn_deeplifft.tables.reading._notes import LEFT_OUT, OF_OWNERS, Note, sentences
from sklearn_deeplifft.tables.reading._options import ReadOptions
from sklearn_deeplifft.tables.reading._owners import owners_of, with_groups
from sklearn_deeplifft.tables.reading._raw import RawTable, trimmed
from sklearn_deeplifft.tables.reading._separators import separator_around
from sklearn_deeplifft.tables.reading._table import ReadTable
from sklearn_deeplifft.tables.reading._target import (
    resolve_task,
    spellings_note,
    target_column,
    target_values,
    without_target_note,
)

__all__ = ["interpret", "no_column"]

T = TypeVar("T")
POINT, COMMA = Convention(".", ","), Convention(",", ".")


def no_column(column: str, columns: Sequence[str], *, of_text: bool = False) -> TableReadError:
    """Say that there is no such column, and which ones are spelled alike.

    A single column ``of_text`` may be several that were not told apart.

    >>> print(no_column("clas", ["class", "age"]))
    no column 'clas'; did you mean 'class'?
    """
    lowered = {name.lower(): name for name in columns}
    close = [lowered[name] for name in difflib.get_close_matches(column.lower(), lowered, n=3)]
    if close:
        same = " or ".join(map(quoted, close))
        return TableReadError(f"no column {quoted(column)}; did you mean {same}?")
    sep = separator_around(column, ",".join(columns)) if of_text else None
    if sep is not None and len(columns) == 1:
        return TableReadError(
            f"no column {quoted(column)}; the file has a single column, {quoted(columns[0])}.",
            "If its columns are separated by something else, say so, as in {}.",
            [Option("sep", sep)],
        )
    if len(columns) == 1:
        return TableReadError(f"no column {quoted(column)}; the only one is {quoted(columns[0])}.")
    numbers = [name for name in columns if parse_cell(name) is not None]
    remedy = "The first line seems to hold cells rather than names; put a line of names above it."
    return TableReadError(
        f"no column {quoted(column)}; the columns are {named(columns)}.",
        remedy if 2 * len(numbers) > len(columns) else "",
    )


def interpret(
    raw: RawTable, *, name: str, target: str | None, task: str, options: ReadOptions
) -> ReadTable:
    """Settle every column of a file.

    Raises
    ------
    TableReadError
        There is no such column, or one cannot be read without being told how.
    ValueError
        No row or column is left, a value is infinite, or the target does not fit the task.
    """
    target, options = _as_named(raw, target, options)
    _require_columns(raw, target, options)
    owners = owners_of(raw, options)
    frame = raw.frame
    if frame.empty and raw.X is None:
        raise ValueError(f"{printable(name)} has a header and no rows under it.")
    left = {*options.drop, options.row_groups}
    aside = {target, raw.row_names, *left}
    beside = [c for c in frame if c not in aside]
    notes = [*raw.notes, *(Note("dropped", column) for column in options.drop)]
    if raw.row_names is not None and raw.row_names not in (*options.drop, options.row_groups):
        notes.append(Note("identifier", raw.row_names))
    if raw.X is None:
        columns, convention = _columns(raw, beside, options)
    else:
        columns, convention = [], None
        notes += [Note("beside", column) for column in beside]
    notes += [note for column in columns for note in column.notes]
    if owners is not None:
        notes = [note for note in notes if note.kind not in OF_OWNERS]
    kept = [column for column in columns if column.kind not in LEFT_OUT]
    table = ReadTable(
        name,
        _features(kept, len(frame)) if raw.X is None else _matrix(raw, left),
        tuple(c.name for c in kept)
        if raw.X is None
        else tuple(n for n in raw.feature_names if n not in left),
        tuple(c.name for c in kept if c.kind == "levels"),
        notes=tuple(notes),
        row_groups=options.row_groups,
        groups=owners,
    )
    if not table.features:
        beside_target = f" beside the target {quoted(target)}" if target else ""
        left_out = " ".join(sentences(n for n in notes if n.kind in LEFT_OUT))
        raise ValueError(f"no column is left to rank{beside_target}. {left_out}".rstrip())
    if target is not None:
        table = _with_target(table, raw, target, task, options, convention)
    if owners is not None:
        table = with_groups(table)
    _require_finite(table)
    return table


def _as_named(
    raw: RawTable, target: str | None, options: ReadOptions
) -> tuple[str | None, ReadOptions]:
    """The target and the options, with columns named as they are once their names are trimmed."""
    columns = {*map(str, raw.frame), *raw.feature_names}

    def found(name: str) -> str:
        return name if name in columns else trimmed(name)

    owner = None if options.row_groups is None else found(options.row_groups)
    named = replace(options, drop=[found(name) for name in options.drop], row_groups=owner)
    return (None if target is None else found(target)), named


def _require_columns(raw: RawTable, target: str | None, options: ReadOptions) -> None:
    columns = [*map(str, raw.frame), *raw.feature_names]
    of_text, drop, owner = raw.as_text is not None, options.drop, options.row_groups
    for column in (*drop, *([] if owner is None else [owner])):
        if column not in columns:
            raise no_column(column, columns, of_text=of_text)
    if target is not None and target in drop:
        raise TableReadError(f"{quoted(target)} is the target; it cannot be left out.")
    if owner is not None and owner == target:
        raise TableReadError(
            f"{quoted(owner)} is the target; it cannot say which rows belong together as well."
        )
    if owner in drop:
        raise TableReadError(
            f"{quoted(owner)} says which rows belong together, so it is no feature; it need not be "
            "left out as well."
        )
    if target is not None and target not in raw.frame:
        beside = list(map(str, raw.frame)) if raw.X is not None else columns
        if raw.X is not None and not beside:
            raise TableReadError(
                "the file holds no target; save one value for each row in it, as y."
            )
        raise no_column(target, beside, of_text=of_text)


def _columns(
    raw: RawTable, names: Sequence[str], options: ReadOptions
) -> tuple[list[Column], Convention | None]:
    """Every column settled, and the file's convention of numbers if it shows one."""
    cells = dict(raw.frame.items())
    drafts = _all(names, lambda name: draft_of(name, cells[name], options))
    convention = _file_convention(drafts, raw)
    if raw.as_text is not None and (
        convention == COMMA or options.decimal == "," or options.thousands == "."
    ):
        drafts = [_as_written(draft, raw.as_text, options) for draft in drafts]
    by_name = {draft.name: draft for draft in drafts}
    columns = _all(names, lambda name: finished(by_name[name], convention, options))
    return columns, convention


def _all(names: Iterable[str], settle: Callable[[str], T]) -> list[T]:
    """Settle each column by ``settle``; those that it refuses are named together."""
    made: list[T] = []
    refused: list[tuple[str, TableReadError]] = []
    for name in names:
        try:
            made.append(settle(name))
        except TableReadError as error:
            refused.append((name, error))
    if not refused:
        return made
    first = refused[0][1]
    if len(refused) == 1:
        raise first
    others = [name for name, _ in refused[1:]]
    again = [
        Option("drop", [name for name, _ in refused]) if o.name == "drop" else o
        for o in first.options
    ]
    raise TableReadError(
        f"{first.finding} {len(others):,} other column{'s' * (len(others) > 1)} cannot be read "
        f"either: {named(others)}.",
        first.remedy,
        again,
    )


def _file_convention(drafts: Sequence[Draft], raw: RawTable) -> Convention | None:
    """Convention of the columns that can be read in one way only; None if they disagree."""
    shown = {found for found in map(_shown, drafts) if found is not None}
    # Files that hold numbers as such have no decimal mark; those of text were read with points.
    if raw.as_text is not None and any(
        draft.numbers is not None and _has_point(draft.numbers) for draft in drafts
    ):
        shown.add(POINT)
    return shown.pop() if len(shown) == 1 else None


def _shown(draft: Draft) -> Convention | None:
    if draft.reading is None or len(draft.reading.conventions) != 1:
        return None
    convention = draft.reading.conventions[0]
    marks = {convention.decimal, convention.thousands}
    used = any(mark in cell.body for cell in draft.reading.cells.values() for mark in marks if mark)
    return convention if used else None


def _has_point(numbers: np.ndarray) -> bool:
    """Whether points in most numbers cannot be between thousands, as in 0.5, 1.25 or 1234.5."""
    values = np.abs(numbers[np.isfinite(numbers)])
    values = values[values != np.rint(values)]
    if not len(values):
        return False
    short = np.isclose(values * 100, np.rint(values * 100), rtol=0, atol=1e-9)
    long = ~np.isclose(values * 1000, np.rint(values * 1000), rtol=0, atol=1e-9)
    return bool(np.mean((values < 1) | (values >= 1000) | long | short) > 0.5)


def _as_written(draft: Draft, as_text: Callable[[str], pd.Series], options: ReadOptions) -> Draft:
    """The column again, from its cells as they are written: points may group its digits."""
    if draft.numbers is None or not pd.api.types.is_float_dtype(draft.column.dtype):
        return draft
    return draft_of(draft.name, as_text(draft.name), options)


def _features(columns: Sequence[Column], n_rows: int) -> pd.DataFrame:
    """Numbers and texts in the order of the file."""
    rows = pd.RangeIndex(n_rows)
    numbers = {c.name: c.numbers for c in columns if c.numbers is not None}
    # Of one matrix: a frame of 100,000 columns takes far longer to put together.
    matrix = np.column_stack(list(numbers.values())) if numbers else np.empty((n_rows, 0))
    frame = pd.DataFrame(matrix, index=rows, columns=list(numbers))
    texts = {c.name: c.levels.to_numpy() for c in columns if c.levels is not None}
    if not texts:
        return frame
    both = pd.concat([frame, pd.DataFrame(texts, index=rows)], axis=1)
    return both[[column.name for column in columns]]


def _matrix(raw: RawTable, aside: Container[str | None]) -> pd.DataFrame | sparse.csr_matrix:
    kept = [i for i, name in enumerate(raw.feature_names) if name not in aside]
    assert raw.X is not None
    X = raw.X if len(kept) == len(raw.feature_names) else raw.X[:, kept]
    if sparse.issparse(X):
        return sparse.csr_matrix(X, dtype=np.float64)
    names = [raw.feature_names[i] for i in kept]
    return pd.DataFrame(np.asarray(X, dtype=np.float64), columns=names)


def _with_target(
    table: ReadTable,
    raw: RawTable,
    target: str,
    task: str,
    options: ReadOptions,
    convention: Convention | None,
) -> ReadTable:
    column = raw.frame[target]
    y, notes = target_column(target, column, options, convention, task)
    missing = y.isna().to_numpy()
    if missing.all():
        raise ValueError(f"no row has a value of the target {quoted(target)}.")
    X, groups = table.X, table.groups
    if missing.any():
        notes.append(without_target_note(target, column, missing))
        keep = np.flatnonzero(~missing)
        y = y[~missing]
        X = X[keep] if sparse.issparse(X) else X.iloc[keep].reset_index(drop=True)
        groups = None if groups is None else groups[keep]
    found, more = resolve_task(y.rename(target), task)
    if found == "classification":
        if raw.as_text is not None and types.is_numeric_dtype(column.dtype):
            column = raw.as_text(target)
        more += spellings_note(y.rename(target), column)
    return replace(
        table,
        X=X,
        groups=groups,
        target=target,
        y=target_values(y.rename(target), found),
        task=found,
        notes=(*table.notes, *notes, *more),
    )


def _require_finite(table: ReadTable) -> None:
    """Refuse infinite values, and NaN in a sparse matrix, which is not filled as a column is."""
    if isinstance(table.X, pd.DataFrame):
        numbers = table.X.drop(columns=list(table.text_columns))
        names, missing = list(numbers), np.zeros(numbers.shape[1], dtype=np.int64)
        infinite = np.isinf(numbers.to_numpy(dtype=np.float64)).sum(axis=0)
    else:
        names, d = list(table.features), table.X.shape[1]
        infinite, missing = (
            np.bincount(table.X.indices[found(table.X.data)], minlength=d)
            for found in (np.isinf, np.isnan)
        )
    kinds = (("infinite values", infinite), ("values that are NaN", missing))
    bad = [_said_in(what, pd.Series(counts, names)) for what, counts in kinds if counts.any()]
    if bad:
        raise ValueError(f"{'; '.join(bad)}. Replace them, or leave these columns out.")


def _said_in(what: str, counts: pd.Series) -> str:
    bad = counts[counts > 0]
    n_columns = f"{len(bad):,} column{'s' * (len(bad) > 1)}"
    return f"{what} in {n_columns}: {named_with_counts(bad.items())}"
