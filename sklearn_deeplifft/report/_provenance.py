"""Where a report comes from: a hash of the data, versions, the day."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_deeplifft._versions import version_of
from sklearn_deeplifft.tables import Rows

__all__ = ["day", "file_hash", "table_hash", "versions"]

PACKAGES = ("sklearn-deeplifft", "torch", "scikit-learn", "skorch", "numpy", "scipy", "pandas")
"""Distributions that the bits of a fit may depend on."""


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as ``sha256sum`` prints it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table_hash(rows: Rows, y: Any, names: Sequence[object]) -> str:
    """SHA-256 of names, values as float64 row by row, and target as text.

    The same for a table and its sparse copy; another order of rows is another table.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode(errors="backslashreplace"))
    for _, block in rows.blocks():
        # Adding zero makes the zeros of -0.0 and 0.0 the same.
        digest.update((np.ascontiguousarray(block, dtype="<f8") + 0.0).tobytes())
    for value in np.asarray(y, dtype=object).ravel():
        digest.update(f"{value}\0".encode(errors="backslashreplace"))
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Version of Python and of each package that a fit depends on."""
    return {"Python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def day() -> str:
    """Today in UTC, or the day of ``SOURCE_DATE_EPOCH``, as 2026-01-31."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return now.date().isoformat()
