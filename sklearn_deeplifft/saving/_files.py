"""Files opened only where they are files, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sklearn_deeplifft._printable import quoted

__all__ = ["opened", "write_whole"]

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


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write a file beside its place and move it in; an error leaves an older one as it was."""
    path = Path(path)
    if "\0" in str(path):
        raise ValueError(f"{quoted(path)} is no path of a file: it holds a null.")
    # In the same folder, because a move across file systems is a copy and can be interrupted.
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there is no folder {quoted(path.parent, 400)} to write {quoted(path.name)} in."
        ) from error
    except OSError as error:
        raise _in_words(error, path) from error
    finally:
        unfinished.unlink(missing_ok=True)


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
