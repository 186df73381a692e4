"""Results as one JSON document on standard output, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._table import Table

__all__ = ["Document", "about", "print_document", "records"]

Document = dict[str, Any]


def about(table: Table) -> Document:
    """What was read."""
    return {
        "name": table.name,
        "rows": len(table.y),
        "columns": table.n_columns,
        "target": table.target,
        "task": table.task,
    }


def records(frame: pd.DataFrame) -> list[Document]:
    """An object for each row; what is missing, or no number, is null."""
    names = [str(name) for name in frame]
    rows = frame.itertuples(index=False, name=None)
    return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]


def print_document(document: Document, files: Sequence[Path] = ()) -> None:
    """Print; letters beyond ASCII are escaped, so that no name moves a terminal's cursor."""
    whole = {**document, "files": [str(path) for path in files]}
    click.echo(json.dumps(whole, indent=2, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)
