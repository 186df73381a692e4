"""A messy table beside the reading that is expected of it, and the comparison of the two."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.tables import ReadTable, TableReadError, read_table
from sklearn_deeplifft.tables.reading import LEFT_OUT

__all__ = ["Case", "faults"]


@dataclass(frozen=True)
class Case:
    """A table, how it is asked for, and what must come of it."""

    name: str
    file: str
    write: Callable[[Path], object]
    X: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Columns in their order: numbers, or texts."""
    y: Sequence[Any] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns left out, and the kind of the note that says so."""
    said: Sequence[str] = ()
    """Parts of the sentences of the reading."""
    refused: Sequence[str] = ()
    """Parts of the message of a refusal, in the place of a reading."""
    options: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = "y"


def faults(case: Case, folder: Path) -> list[str]:
    """Faults in the reading of a case; none, if all is right."""
    path = folder / case.file
    case.write(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", FeatureSelectionWarning)
            table = read_table(path, target=case.target, **case.options)
    except (TableReadError, ValueError) as error:
        return _faults_of_refusal(case, str(error))
    if case.refused:
        return ["it was read, and should have been refused"]
    found = [*_faults_of_X(case, table), *_faults_of_y(case, table)]
    left_out = {note.column: note.kind for note in table.notes if note.kind in LEFT_OUT}
    if left_out != dict(case.left_out):
        found.append(f"left out {left_out}, not {dict(case.left_out)}")
    text = " ".join(table.sentences())
    return found + [f"{part!r} is not in {text!r}" for part in case.said if part not in text]


def _faults_of_refusal(case: Case, message: str) -> list[str]:
    if not case.refused:
        return [f"refused: {message}"]
    found = [f"{part!r} is not in {message!r}" for part in case.refused if part not in message]
    if "\n" in message or not message.isprintable():
        found.append("the message is not one printable line")
    return found


def _faults_of_X(case: Case, table: ReadTable) -> list[str]:
    if list(table.features) != list(case.X):
        return [f"features {list(table.features)}, not {list(case.X)}"]
    X = table.X
    if sparse.issparse(X):
        X = pd.DataFrame(X.toarray(), columns=list(table.features))
    found = []
    for name, values in case.X.items():
        texts = name in table.text_columns
        if texts != isinstance(values[0], str):
            found.append(f"{name} is {'texts' if texts else 'numbers'}")
        elif (texts and X[name].tolist() != list(values)) or (
            not texts and not np.allclose(X[name], values, rtol=1e-12, atol=0, equal_nan=True)
        ):
            found.append(f"{name} is {X[name].tolist()[:8]}, not {list(values)[:8]}")
    groups = table.encoded().feature_groups
    if list(dict.fromkeys(groups)) != list(case.X):
        found.append(f"groups of columns are {groups}")
    return found


def _faults_of_y(case: Case, table: ReadTable) -> list[str]:
    if case.y is None:
        return []
    if table.y is None or table.y.tolist() != list(case.y):
        return [f"y is {None if table.y is None else table.y.tolist()[:8]}, not {case.y[:8]}"]
    return []
