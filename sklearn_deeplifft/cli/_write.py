"""Results on disk: all files or none, under names that are free, and harmless in a spreadsheet."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd

from sklearn_deeplifft._printable import harmless

__all__ = ["csv_writer", "require_writable", "write_all"]


def require_writable(
    folder: Path, option: str = "--output", *, replaced: Iterable[str] = ()
) -> None:
    """Raise ``OSError``, which names the option, before the work begins rather than after it.

    The folder itself is made only when there is something to put into it. Files of these names
    are to be ``replaced``, if they are there.
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
    try:  # root may do everything, and yet there are file systems that take no file
        with tempfile.TemporaryDirectory(dir=existing, prefix=".unfinished-"):
            pass
    except OSError as error:
        raise type(error)(
            f"cannot write into {folder}: {existing} takes no files ({error.strerror}). Use "
            f"another {option}."
        ) from error
    for path in (folder / name for name in replaced):
        if path.is_dir():
            raise IsADirectoryError(f"cannot replace {path}: it is a folder. Use another {option}.")


def csv_writer(frame: pd.DataFrame) -> Callable[[Path], object]:
    """A writer of ``frame`` as CSV, six significant digits, the same on every system.

    Names in cells and headers are `harmless`; numbers are numbers.
    """

    def write(path: Path) -> None:
        safe = frame.rename(columns=lambda name: harmless(str(name)))
        for at, dtype in enumerate(safe.dtypes):
            if not pd.api.types.is_numeric_dtype(dtype):
                safe.isetitem(at, safe.iloc[:, at].map(_harmless_cell))
        safe.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")

    return write


def _harmless_cell(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value


def write_all(
    folder: Path, writers: Mapping[str, Callable[[Path], object]], *, force: bool = True
) -> list[Path]:
    """Write every file beside its place, then move all of them in.

    An error leaves older results as they were. Without ``force`` so does success: where one of
    the names is taken, all of the new files get the same number, ``ranking-2.csv``.

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
        if force:
            places = [folder / name for name in writers]
            _moved(unfinished, writers, places)
        else:
            places = _reserved(folder, list(writers))
            try:
                _moved(unfinished, writers, places)
            except BaseException:
                _removed(places)
                raise
    return places


def _moved(folder: str, names: Iterable[str], places: list[Path]) -> None:
    for name, place in zip(names, places, strict=True):
        os.replace(Path(folder, name), place)


def _reserved(folder: Path, names: list[str]) -> list[Path]:
    """The first set of free names, made as empty files so that no other run takes them."""
    for n in itertools.count(1):
        made: list[Path] = []
        try:
            for name in names:
                path = folder / (name if n == 1 else _numbered(name, n))
                path.touch(exist_ok=False)
                made.append(path)
        except FileExistsError:
            _removed(made)
        except BaseException:
            _removed(made)
            raise
        else:
            return made
    raise AssertionError("itertools.count ends never")


def _removed(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _numbered(name: str, n: int) -> str:
    """Insert a number before the suffix.

    >>> _numbered("ranking.csv", 2)
    'ranking-2.csv'
    """
    path = Path(name)
    return f"{path.stem}-{n}{path.suffix}"
