"""One file of named blocks of numbers and a text, in the layout of safetensors.

Any reader of safetensors opens it. What is ours is in the metadata: the text, a digest of each
block, and, first and at a fixed place, the SHA-256 of all other bytes of the file.

========  =======================================================================
bytes     content
========  =======================================================================
0-7       length H of the header, little-endian
8-8+H     header, JSON: for each block its type, shape and place, and the metadata
the rest  the blocks, one after another, without gaps, uncompressed
========  =======================================================================

Nothing is allocated that is not in the file: sizes are added up before a block is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from sklearn_deeplifft._files import opened, write_whole
from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.exceptions import SavedFileError

__all__ = ["ITEM_BYTES", "Block", "read_blocks", "write_blocks"]

ITEM_BYTES = {
    **{"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2},
    **{"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8},
}
"""Bytes of a number of each type, as safetensors calls it."""

BEGINNING = b'{"__metadata__":{"sha256":"'
DIGITS = slice(8 + len(BEGINNING), 8 + len(BEGINNING) + 64)
"""Place of the digest in the file."""

LARGEST_HEADER = 2**30


class Block(NamedTuple):
    """Numbers of one type, in row-major order."""

    kind: str
    shape: tuple[int, ...]
    content: bytes | memoryview


def write_blocks(path: str | os.PathLike[str], text: str, blocks: Mapping[str, Block]) -> None:
    """Write blocks and a text; an error leaves an older file as it was."""
    header = _header(text, blocks)
    parts = [len(header).to_bytes(8, "little"), header, *(b.content for b in blocks.values())]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    at = DIGITS.start - 8
    parts[1] = header[:at] + digest.hexdigest().encode() + header[at + 64 :]
    write_whole(path, parts)


def read_blocks(path: str | os.PathLike[str]) -> tuple[str, dict[str, Block]]:
    """Read what ``write_blocks`` has written.

    Raises
    ------
    SavedFileError
        The file is foreign, truncated or changed.
    OSError, ValueError
        It cannot be read, or is no file: see ``opened``.
    """
    with opened(path) as file:
        content = file.read()
    try:
        return _parsed(content)
    except SavedFileError as error:
        raise SavedFileError(f"{quoted(os.fspath(path), 400)} {error}") from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        _refuse("does not hold what it should", error, path)


def _refuse(what: str, error: Exception, path: str | os.PathLike[str]) -> NoReturn:
    said = f"{type(error).__name__}: {error}"
    raise SavedFileError(f"{quoted(os.fspath(path), 400)} {what} ({said}).") from error


def _header(text: str, blocks: Mapping[str, Block]) -> bytes:
    digests = {name: hashlib.sha256(block.content).hexdigest() for name, block in blocks.items()}
    metadata = {"sha256": "0" * 64, "text": text, "blocks": json.dumps(digests)}
    header: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, block in blocks.items():
        end = start + len(memoryview(block.content).cast("B"))
        place = [start, end]
        header[name] = {"dtype": block.kind, "shape": list(block.shape), "data_offsets": place}
        start = end
    found = json.dumps(header, separators=(",", ":")).encode()
    return found + b" " * (-len(found) % 8)


def _parsed(content: bytes) -> tuple[str, dict[str, Block]]:
    size = len(content)
    if size < DIGITS.stop or content[8 : DIGITS.start] != BEGINNING:
        raise SavedFileError("is not a file that save has written, or has lost its beginning.")
    length = int.from_bytes(content[:8], "little")
    if length > min(size - 8, LARGEST_HEADER):
        raise SavedFileError(
            f"is truncated or damaged: its header should have {length:,} bytes, and the whole "
            f"file has {size:,}."
        )
    data = memoryview(content)[8 + length :]
    intact = _digest(content) == content[DIGITS]
    try:
        header = json.loads(content[8 : 8 + length], parse_constant=_no_number)
        metadata = header.pop("__metadata__")
        blocks = {name: block for name, block in _blocks(header, data)}
        text, digests = metadata["text"], json.loads(metadata["blocks"])
    except SavedFileError:
        raise
    except Exception as error:
        if intact:
            raise
        raise SavedFileError("is damaged: its header cannot be read.") from error
    if not intact:
        changed = [n for n, b in blocks.items() if _hex(b.content) != digests.get(n)]
        what = f"block {quoted(changed[0])}" if changed else "its header"
        raise SavedFileError(f"is damaged: {what} has changed, as its checksum tells.")
    if not isinstance(text, str):
        raise TypeError("its text is none")
    return text, blocks


def _digest(content: bytes) -> bytes:
    view = memoryview(content)
    digest = hashlib.sha256(view[: DIGITS.start])
    digest.update(b"0" * 64)
    digest.update(view[DIGITS.stop :])
    return digest.hexdigest().encode()


def _hex(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _blocks(header: Mapping[str, Any], data: memoryview) -> Iterator[tuple[str, Block]]:
    """The blocks, whose declared sizes have to fill the data exactly."""
    start = 0
    for name, entry in header.items():
        kind, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
            raise SavedFileError(f"is damaged: block {quoted(name)} has no shape.")
        declared = math.prod(shape) * ITEM_BYTES[str(kind)]
        end = start + declared
        if place != [start, end] or end > len(data):
            raise SavedFileError(
                f"is truncated or damaged: block {quoted(name)} declares {declared:,} bytes, and "
                f"{len(data) - start:,} are left."
            )
        yield name, Block(str(kind), tuple(shape), data[start:end])
        start = end
    if start != len(data):
        raise SavedFileError(f"is damaged: {len(data) - start:,} bytes at its end belong to none.")
