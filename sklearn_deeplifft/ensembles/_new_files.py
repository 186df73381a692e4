"""Files that appear whole or not at all, and what killed writers leave of them."""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

__all__ = ["new_file", "sweep_up"]

SUFFIX = ".unfinished"


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of ``path`` in the end; an error leaves what was there."""
    # In the same folder, because a move across file systems is a copy and can be interrupted.
    unfinished = path.with_name(f".{path.stem}-{uuid.uuid4().hex}{SUFFIX}")
    try:
        with _opened(unfinished) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def sweep_up(folder: Path) -> None:
    """Remove what killed writers have left in a folder; living writers hold a lock on theirs."""
    for unfinished in folder.glob(f".*{SUFFIX}"):
        # Of another user, gone meanwhile, or on a file system without locks: it stays.
        with contextlib.suppress(OSError), open(unfinished, "r+b") as file:
            if sys.platform != "win32":  # there a file that is open cannot be removed anyway
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.unlink()


def _opened(unfinished: Path) -> IO[bytes]:
    """A new file that is locked until it is closed, or its process has ended."""
    while True:
        file = open(unfinished, "xb")  # noqa: SIM115 - the caller closes it
        if sys.platform == "win32":
            return file
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if unfinished.exists():
            return file
        file.close()  # swept up between the two
