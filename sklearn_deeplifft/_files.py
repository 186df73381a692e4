"""Files opened only where they are files, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from sklearn_deeplifft._printable import quoted

if sys.platform != "win32":
    import fcntl

__all__ = ["PAGE_SUFFIXES", "new_file", "opened", "require_page", "sweep_up", "write_whole"]

PAGE_SUFFIXES = (".html", ".htm")
SUFFIX = ".unfinished"
PRINTED_BY = "For a PDF, open the page in a browser and print it to one."
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file to read it.

    Raises
    ------
    FileNotFoundError, PermissionError
        As the system says it.
    OSError
        It is something else: a folder, a pipe (which would be waited for), a device; or the path
        is longer than the system allows.
    ValueError
        The path holds a null.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        found = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except ValueError as error:
        raise ValueError(f"{quoted(path)} is no path of a file: it holds a null.") from error
    except OSError as error:
        raise _in_words(error, path) from error
    kind = stat.S_IFMT(os.fstat(found).st_mode)
    if kind != stat.S_IFREG:
        os.close(found)
        raise _not_a_file(path, KINDS.get(kind, "something else"))
    return os.fdopen(found, "rb")


def require_page(path: str | os.PathLike[str]) -> None:
    """Raise ``ValueError`` if the suffix is not that of a page of HTML; none at all is fine."""
    suffix = Path(path).suffix
    if suffix and suffix.lower() not in PAGE_SUFFIXES:
        raise ValueError(
            f"{quoted(path, 400)} ends with {quoted(suffix)}, and the page is HTML: its name ends "
            f"with .html. {PRINTED_BY}"
        )


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write a file by ``new_file``, and say in words what is wrong with a path."""
    path = Path(path)
    if "\0" in str(path):
        raise ValueError(f"{quoted(path)} is no path of a file: it holds a null.")
    try:
        with new_file(path) as file:
            file.writelines(parts)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there is no folder {quoted(path.parent, 400)} to write {quoted(path.name)} in."
        ) from error
    except OSError as error:
        raise _in_words(error, path) from error


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of ``path`` in the end; an error leaves what was there."""
    # In the same folder, because a move across file systems is a copy and can be interrupted. The
    # name is short whatever that of the path is, as the system limits both.
    unfinished = path.with_name(f".{uuid.uuid4().hex}{SUFFIX}")
    try:
        with _locked(unfinished) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        # The first error is the one to tell: where the name is too long, so is it to remove.
        with contextlib.suppress(OSError):
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


def _locked(unfinished: Path) -> IO[bytes]:
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


def _in_words(error: OSError, path: str | os.PathLike[str]) -> OSError:
    if error.errno == errno.ENAMETOOLONG:
        return OSError(errno.ENAMETOOLONG, f"{quoted(path)} is too long for a path of this system.")
    if error.errno == errno.ENXIO:  # a socket
        return _not_a_file(path, KINDS[stat.S_IFSOCK])
    if isinstance(error, IsADirectoryError):
        return _not_a_file(path, KINDS[stat.S_IFDIR])
    return error


def _not_a_file(path: str | os.PathLike[str], kind: str) -> OSError:
    type_ = IsADirectoryError if kind == KINDS[stat.S_IFDIR] else OSError
    return type_(f"{quoted(path, 400)} is {kind}, and a file is needed.")
