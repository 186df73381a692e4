"""Whether the index of a genome, a ``.fai`` file, is of the genome that lies beside it.

Time stamps do not say: a copy keeps the older one, or gets a new one. So the index is held against
the file, a few bytes for each record.
"""

from __future__ import annotations

from typing import Any

from sklearn_deeplifft._printable import printable

__all__ = ["require_fitting"]

MOST_BYTES = 2**16
"""Bytes read at a place, and of a header at the most: an index may say that it is a genome long."""

Reader = Any
"""``pyfaidx.Faidx``: reads plain files, and those of bgzip."""


def require_fitting(reader: Reader, genome: str) -> None:
    """Raise ``ValueError`` that names the first record that is not where the index says.

    The index may leave records out, as one cut down to a few chromosomes does.
    """
    if not reader.index:
        raise ValueError(_misfit(genome, "it holds no record"))
    for name in reader.index:
        if not _read_or_none(_begins, reader, name):
            raise ValueError(_misfit(genome, f"record {printable(name)} is not where it says"))
        if not _read_or_none(_ends, reader, name):
            raise ValueError(
                _misfit(genome, f"record {printable(name)} does not end where it says")
            )


def _misfit(genome: str, what: str) -> str:
    return (
        f"the index {genome}.fai does not fit {genome}: {what}, so that it would give letters of "
        "other places. The genome was changed after it was indexed; delete the index (of a "
        "compressed genome also its .gzi), and it is written anew. Where you may not, copy the "
        "genome elsewhere."
    )


def _read_or_none(question: Any, reader: Reader, name: str) -> bool | None:
    try:
        return bool(question(reader, name))
    except (MemoryError, PermissionError):
        raise
    except Exception:  # places that are none, of compressed files too, raise whatever they meet
        return None


def _begins(reader: Reader, name: str) -> bool:
    """Whether a header of this name stands before the record, and its first line fits."""
    record = reader.index[name]
    if record.offset <= record.prev_bend:
        return False
    # Comments, blank lines, and records that the index leaves out may stand before the header.
    *kept, before = record
    reader.index[name] = type(record)(*kept, max(before, record.offset - MOST_BYTES))
    header = f">{reader.get_long_name(name)}".strip().rpartition("\n>")[2].lstrip(">")
    if header.split()[:1] != [name] or "\n" in header:
        return False
    return _first_line_fits(reader, name)


def _first_line_fits(reader: Reader, name: str) -> bool:
    """Whether the first line has as many letters as the index says, and no break among them."""
    record = reader.index[name]
    if not record.rlen:
        return True
    first = min(record.rlen, record.lenc)
    # The end of a line by itself: one may hold a whole chromosome.
    begin, _ = reader.from_file(name, 1, min(first, MOST_BYTES), internals=True)
    end, _ = reader.from_file(name, first, min(first + 1, record.rlen), internals=True)
    lengths = [len(line) for line in (*begin.splitlines(), *end.splitlines())]
    ones = [1] if first == record.rlen else [1, 1]
    return lengths == [min(first, MOST_BYTES), *ones] and ">" not in begin + end


def _ends(reader: Reader, name: str) -> bool:
    """Whether a record has its last letter, and behind it a header or nothing."""
    length = reader.index[name].rlen
    last = reader.from_file(name, max(length, 1), length)
    behind = reader.file.read(MOST_BYTES).strip()
    return len(last) == min(length, 1) and behind[:1] in (b"", b">")
