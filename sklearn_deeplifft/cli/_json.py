"""Results as one JSON document on standard output, for programs."""

from __future__ import annotations

import json
import math
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
    """An object for each row."""
    names = [str(name) for name in frame]
    rows = frame.itertuples(index=False, name=None)
    return [dict(zip(names, row, strict=True)) for row in rows]


def print_document(document: Document) -> None:
    """Print; what is missing, or no number, is null.

    Letters beyond ASCII are escaped, so that no name moves a terminal's cursor.
    """
    click.echo(json.dumps(_plain(document), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    """What JSON has a word for: anything else as text, no number as null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)
