"""FASTA files, plain or compressed, and standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from sklearn_deeplifft._printable import named, printable, quoted
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell

__all__ = ["Fasta", "file_content", "read_fasta", "warn_names_twice"]

GZIP = b"\x1f\x8b"


class Fasta(NamedTuple):
    """Records of a FASTA file, in its order."""

    names: list[str]
    """First word of each header."""
    sequences: list[str]
    """Letters as they stand in the file, without white space."""


def read_fasta(path: str | PathLike[str]) -> Fasta:
    """Read a FASTA file.

    Parameters
    ----------
    path : str or path
        Plain or compressed by gzip, whatever its name; ``"-"`` is standard input.

    Returns
    -------
    Fasta
        ``names``, the first word of each header, and ``sequences``, both lists of n strings.
        Case and letters are left as they are; what reads the sequences checks them.

    Raises
    ------
    ValueError
        The file is empty, does not begin with ``>``, is damaged, or holds no text.

    Warns
    -----
    FeatureSelectionWarning
        Two records have one name.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "peaks.fa")
    ...     _ = file.write_text(">peak1 chr1:5-12\\nACGT\\nac\\n>peak2\\nTTT\\n")
    ...     read_fasta(file)
    Fasta(names=['peak1', 'peak2'], sequences=['ACGTac', 'TTT'])
    """
    shown = "standard input" if str(path) == "-" else printable(path)
    content = file_content(path, shown, "a FASTA file holds lines of letters below '>name'")
    records = list(_records(content, shown))
    names = [name for name, _ in records]
    warn_names_twice(names, shown)
    return Fasta(names, [letters for _, letters in records])


def file_content(path: str | PathLike[str], shown: str, rule: str) -> str:
    """Text of a file, plain or compressed, or of standard input.

    Raises
    ------
    ValueError
        It is empty, damaged, or no text; ``rule`` says what it should hold.
    """
    raw = sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
    content = _decompressed(raw, shown)
    if not content.strip():
        raise ValueError(f"{shown} is empty; {rule}.")
    if b"\x00" in content:
        raise ValueError(f"{shown} holds no text; {rule}, plain or compressed by gzip.")
    return content.decode("utf-8-sig", errors="replace")


def _decompressed(raw: bytes, shown: str) -> bytes:
    if not raw.startswith(GZIP):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{shown} is compressed by gzip and damaged or cut short ({error}); fetch it again."
        ) from error


def _records(text: str, shown: str) -> Iterator[tuple[str, str]]:
    before, *records = f"\n{text}".replace("\r", "\n").split("\n>")
    if before.strip():
        first = before.strip().splitlines()[0]
        hint = " (it looks like FASTQ)" if first.startswith("@") else ""
        raise ValueError(
            f"{shown} begins with {quoted(first, 30)}{hint}; the first line of a FASTA file is "
            "'>' and a name."
        )
    for i, record in enumerate(records):
        header, _, letters = record.partition("\n")
        words = header.split(maxsplit=1)
        if not words:
            raise ValueError(
                f"record {i} of {shown} has no name behind its '>'; name every record."
            )
        yield words[0], "".join(letters.split())


def warn_names_twice(names: list[str], shown: str) -> None:
    """Say how many records have a name that another has."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        more = sum(count - 1 for count in Counter(names).values())
        finding = (
            f"{more:,} of the {len(names):,} records of {shown} have a name that stands before: "
            f"{named(twice)}."
        )
        remedy = "Rename or drop them where hits are to be told apart by name."
        tell(FeatureSelectionWarning(finding, remedy))
