"""Bytes of a file: decompressed by what they are, and decoded to text."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from pathlib import Path

from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.tables.reading._errors import Option, TableReadError, undamaged
from sklearn_deeplifft.tables.reading._notes import Note

__all__ = ["contents", "decoded"]

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""

CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\v\x1a\x1b\x07\x08")
SAMPLE = 65_536


def contents(path: Path) -> bytes:
    """Bytes of a file; gzip, bzip2, xz and zstandard are unpacked, whatever its suffix.

    Raises
    ------
    TableReadError
        It is a folder, or compressed and damaged.
    OSError
        It cannot be read.
    ImportError
        It is zstandard and pyarrow is not installed.
    """
    if path.is_dir():
        raise TableReadError("this is a folder; name a file in it.")
    data = path.read_bytes()
    with undamaged("a compressed file"):
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data)
        if data.startswith(b"BZh"):
            return bz2.decompress(data)
        if data.startswith(b"\xfd7zXZ\x00"):
            return lzma.decompress(data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return _unpacked_zstd(data)
    return data


def _unpacked_zstd(data: bytes) -> bytes:
    pyarrow = require_pyarrow("a file compressed by zstandard")
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
        return bytes(stream.read())


def require_pyarrow(what: str):  # type: ignore[no-untyped-def]  # a module without stubs
    """The module, or an error of one line that names the extra."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f"reading {what} needs pyarrow, which is not installed; "
            "pip install 'sklearn-deeplifft[tables]' brings it."
        ) from error
    return pyarrow


def decoded(data: bytes, encoding: str | None) -> tuple[str, list[Note]]:
    """Text of bytes, lines ending in newlines; a note if the encoding had to be guessed.

    Raises
    ------
    TableReadError
        They are not text, or not text of this encoding.
    """
    notes: list[Note] = []
    if encoding is None:
        encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise _not_text(encoding, error) from error
        text = _western(data, error)
        notes.append(Note("encoding"))
    except (LookupError, AssertionError) as error:  # a codec of bytes to bytes, such as base64
        raise TableReadError(f"{quoted(encoding)} is not an encoding of text.") from error
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a"), notes


def _encoding(data: bytes) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            return name
    sample = data[:SAMPLE]
    if len(sample) > 1 and b"\x00" in sample:
        # ASCII as UTF-16 has a zero in every second byte.
        for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            zeros = sample[start::2].count(0) / max(len(sample[start::2]), 1)
            if zeros > 0.7 and sample[1 - start :: 2].count(0) == 0:
                return name
    _require_text(sample)
    return "utf-8"


def _require_text(sample: bytes) -> None:
    n_control = sum(byte in CONTROL for byte in sample)
    if b"\x00" in sample or n_control > 0.02 * len(sample):
        raise TableReadError("this is binary, not text, and of no kind that is read here.")


def _western(data: bytes, error: UnicodeDecodeError) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise _not_text("utf-8", error) from None


def _not_text(encoding: str, error: UnicodeDecodeError) -> TableReadError:
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    return TableReadError(
        f"this is not {name} text (byte {error.start:,}: {error.reason}).",
        "Name its encoding, as in {}.",
        [Option("encoding", "cp1252" if name != "cp1252" else "latin-1")],
    )
