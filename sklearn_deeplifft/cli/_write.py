"""Results on disk: all files or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

__all__ = ["require_writable", "csv_writer", "write_all"]


def require_writable(folder: Path, option: str = "--output") -> None:
    """Raise ``OSError``, which names the option, before the work begins rather than after it.

    The folder itself is made only when there is something to put into it.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        raise NotADirectoryError(
            f"cannot write into {folder}: {existing} is a file. Use another {option}."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(
            f"cannot write into {folder}: {existing} is read-only. Use another {option}."
        )


def csv_writer(frame: pd.DataFrame) -> Callable[[Path], object]:
    """A writer of ``frame`` as CSV, six significant digits, the same on every system."""

    def write(path: Path) -> None:
        frame.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")

    return write


def write_all(folder: Path, writers: Mapping[str, Callable[[Path], object]]) -> list[Path]:
    """Write every file beside its place, then move all of them in.

    An error leaves older results as they were.

    Returns
    -------
    list of Path
        The files, in the order of ``writers``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a move across file systems is a copy and can be interrupted.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as unfinished:
        for name, write in writers.items():
            write(Path(unfinished, name))
        for name in writers:
            os.replace(Path(unfinished, name), folder / name)
    return [folder / name for name in writers]
