"""Finished pieces of a long fit on disk, so that a killed run loses nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from sklearn_deeplifft._files import new_file, opened, sweep_up
from sklearn_deeplifft.exceptions import CheckpointWarning, tell

__all__ = ["Checkpoints", "Failures", "key_of"]


class Checkpoints:
    """Finished pieces of a long fit, one file each, in a folder.

    A piece comes back exactly as it was saved, or not at all. The first one makes the folder. What
    writers that were killed have left in it is removed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        if "\0" in str(folder):
            raise ValueError(f"checkpoint_dir={folder!r} is no path of a folder: it holds a null.")
        existing = next(p for p in (self.folder, *self.folder.parents) if os.path.lexists(p))
        problem = f"cannot keep checkpoints in {self.folder}: {existing} is not a"
        if not existing.is_dir():
            raise NotADirectoryError(f"{problem} folder. Use another checkpoint_dir.")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(f"{problem} writable folder. Use another checkpoint_dir.")
        if existing == self.folder:
            sweep_up(self.folder)

    def load(self, name: str, key: str) -> dict[str, np.ndarray] | None:
        """The arrays saved under this name and key; None, with a warning, if a file is unfit."""
        path = self.folder / f"{name}.npz"
        try:
            file = opened(path)  # its other errors are raised: saving would fail as well
        except FileNotFoundError:
            return None
        try:
            with file:
                stored, arrays = _read(file)
        except PermissionError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            problem, remedy = f"is damaged ({type(error).__name__}: {error})", ""
        else:
            if stored == key:
                return arrays
            problem = "is foreign (made from other data or settings, or by another version)"
            remedy = "Use another checkpoint_dir for another fit."
        finding = f"checkpoint {path} {problem}. The piece is computed again and the file replaced."
        tell(CheckpointWarning(finding, remedy))
        return None

    def save(self, name: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the arrays; ``key``, from ``key_of``, tells all that they depend on."""
        if unfit := [label for label, array in arrays.items() if not _is_plain(array)]:
            raise TypeError(f"cannot keep {unfit}: convert to arrays of numbers, strings or dates.")
        arrays = {label: np.asarray(array) for label, array in arrays.items()}
        header = {"key": key, "names": list(arrays), "digest": key_of(key, arrays)}
        self.folder.mkdir(parents=True, exist_ok=True)
        with new_file(self.folder / f"{name}.npz") as file:
            # By position, as savez has parameters whose names an array may also have.
            np.savez(file, np.array(json.dumps(header)), *arrays.values())

    def discard(self, name: str) -> None:
        """Remove a piece, if it is there."""
        (self.folder / f"{name}.npz").unlink(missing_ok=True)


class Failures:
    """Checkpoints that could not be written; hours of training count more than they do."""

    def __init__(self, store: Checkpoints | None) -> None:
        self.store = store
        self.first: OSError | None = None
        self.told = False

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after an error of the system, in any thread."""
        try:
            yield
        except OSError as error:
            self.first = self.first or error

    def tell(self) -> None:
        """Warn, once; in the thread of the user's call, as a warning names its line."""
        if self.first is None or self.told:
            return
        self.told = True
        assert self.store is not None
        finding = (
            f"no checkpoint can be written to {self.store.folder} ({type(self.first).__name__}: "
            f"{self.first}). The fit goes on, and networks that are not written are trained again "
            "if it is interrupted."
        )
        tell(CheckpointWarning(finding, "Make room there, or use another checkpoint_dir."))


def _read(file: IO[bytes]) -> tuple[str, dict[str, np.ndarray]]:
    """Key and arrays of a whole file; an error of some kind if it is not whole."""
    with np.load(file, allow_pickle=False) as npz:
        # Before NumPy makes anything: a shape could ask for any amount of memory.
        size, members = os.fstat(file.fileno()).st_size, npz.zip.infolist()
        _require_held(sum(member.file_size for member in members), size)
        if (member := npz.zip.testzip()) is not None:
            raise ValueError(f"the checksum of {member} does not fit")
        for part in members:
            _require_held(_declared(npz.zip, part), size)
        header = json.loads(str(npz["arr_0"]))
        arrays = {label: npz[f"arr_{i}"] for i, label in enumerate(header["names"], start=1)}
    if header["digest"] != key_of(header["key"], arrays):
        raise ValueError("the digest does not fit the content")
    return header["key"], arrays


def _require_held(declared: int, size: int) -> None:
    """Refuse what declares more than the file holds; ``save`` compresses nothing."""
    if declared > size:
        raise ValueError(f"it declares {declared:,} bytes, and the file has {size:,}")


def _declared(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Bytes of the array that a member declares."""
    with archive.open(member) as content:
        major = np.lib.format.read_magic(content)[0]
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        shape, _, dtype = read[major](content)
    return math.prod(shape) * int(dtype.itemsize)


def key_of(*parts: Any) -> str:
    """Hex digest of numbers, strings, None, tuples, lists, dicts, dataclasses and arrays.

    The same in every process. Types count (1, 1.0, True and "1" differ), but a tuple is a list and
    a NumPy scalar is Python's; the order of a dict and of an array in memory does not count.
    """
    sha = hashlib.sha256()
    for chunk in _encoded(parts):
        sha.update(chunk)
    return sha.hexdigest()


def _encoded(part: Any) -> Iterator[bytes]:
    """Bytes that differ wherever the values do: each token tells its type and length."""
    if isinstance(part, np.generic) and _is_plain(part) and part.dtype.kind not in "mM":
        part = part.item()
    kind = next((k for k in (bool, int, float, complex, str, bytes) if isinstance(part, k)), None)
    if part is None:
        yield b"none:"
    elif kind is not None:
        text = ascii(kind(part))
        yield f"{kind.__name__}:{len(text)}:{text}".encode()
    elif isinstance(part, tuple | list):
        yield b"list:%d:" % len(part)
        for item in part:
            yield from _encoded(item)
    elif isinstance(part, dict):
        yield b"dict:"
        yield from _encoded(sorted((key_of(k), key_of(v)) for k, v in part.items()))
    else:
        yield from _encoded_object(part)


def _encoded_object(part: Any) -> Iterator[bytes]:
    kind = f"{type(part).__module__}.{type(part).__qualname__}"
    if _is_plain(part):
        yield f"array:{part.dtype.str}:{part.shape}:".encode()
        # In blocks: the whole table of a fit may be hashed, and is not copied for it.
        for block in np.nditer(part, ["external_loop", "buffered", "zerosize_ok"], order="C"):
            yield np.asarray(block).tobytes()
    elif isinstance(part, np.ndarray) and part.dtype.hasobject:
        yield b"objects:"
        yield from _encoded([part.shape, part.tolist()])
    elif is_dataclass(type(part)):
        yield b"dataclass:"
        yield from _encoded([kind, {f.name: getattr(part, f.name) for f in fields(part)}])
    else:
        raise TypeError(f"no key can be made of {kind}: see key_of for the types that have one.")


def _is_plain(part: Any) -> bool:
    """Whether equal arrays have equal bytes: no pointers, masks or, as in long double, padding."""
    known = isinstance(part, np.ndarray | np.generic) and not isinstance(part, np.ma.MaskedArray)
    return known and part.dtype.kind in "biufcmMSU" and part.dtype.char not in "gG"
