"""Files of motifs: MEME, JASPAR and TRANSFAC, plain or compressed by gzip."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from os import PathLike
from pathlib import Path

import numpy as np

from sklearn_deeplifft._printable import counted, named, printable, quoted
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences.motifs._matrices import (
    LETTERS,
    ROUNDED,
    Motif,
    motif_of,
    motif_of_probabilities,
    require_distinct_names,
)

__all__ = ["read_motifs"]

FORMATS = "MEME (a line 'MEME version'), JASPAR ('>' and a name) or TRANSFAC ('P0 A C G T')"
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

HEAD = re.compile(r"P[0O]\s+[A-Za-z]\b")
"""Head of a matrix of TRANSFAC, with a letter for each column."""

ROW = re.compile(r"\s*\d+\s")
ROW_OF_FOUR = re.compile(rf"\s*\d+(?:\s+{NUMBER.pattern}){{4}}(?:\s|$)")
"""Lines of counts below it, and such as are nothing else."""

NAMES = ("AC", "ID", "NA")
"""Lines of TRANSFAC that name a motif: its number, its name, its factor."""

HOMER = re.compile(rf">[^\t]+\t[^\t]+\t{NUMBER.pattern}\s*(?:\t|$)")
"""Header of HOMER: consensus, name, threshold."""

DNA_OR_RNA = (list("ACGT"), list("ACGU"))
LETTER = re.compile(r"\s*([ACGTU])\b", re.IGNORECASE)


def read_motifs(path: str | PathLike[str]) -> tuple[Motif, ...]:
    """Read a file of motifs of DNA, or of RNA, U for T.

    Parameters
    ----------
    path : str or path
        MEME (minimal or full text, version 4 and later), JASPAR (with or without letters and
        brackets) or TRANSFAC; its contents say which.

    Returns
    -------
    tuple of Motif
        In the order of the file, each with a name and counts (4, w).

    Raises
    ------
    ValueError
        The file is empty or of another format, a matrix is cut short, holds what is no count, or
        has a name that stands before; the message names file and motif.

    Warns
    -----
    FeatureSelectionWarning
        Probabilities of a MEME file that add up to less than .95 or more than 1.05 at a position.

    Notes
    -----
    The matrices of a MEME file are probabilities, divided by their sum at each position, of
    ``nsites`` sites (20 where it does not say). Those of other files are probabilities where every
    position adds up to one (.95 to 1.05), and otherwise counts.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "two.pfm")
    ...     _ = file.write_text(">M1 ETS\\n0 9\\n0 0\\n9 0\\n0 0\\n>M2\\n5 0\\n0 5\\n0 0\\n0 0\\n")
    ...     [(motif.name, motif.width) for motif in read_motifs(file)]
    [('M1 ETS', 2), ('M2', 2)]
    """
    path = Path(path)
    text = _text(path)
    try:
        motifs = tuple(_reader_of(text)(text.splitlines()))
        if not motifs:
            raise ValueError(f"it holds no motif; formats are {FORMATS}.")
        require_distinct_names(motif.name for motif in motifs)
    except ValueError as error:
        raise ValueError(f"{printable(path)}: {error}") from error
    return motifs


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{printable(path)} is compressed by gzip and damaged.") from error
    return content.decode("utf-8", errors="replace").removeprefix(chr(0xFEFF))


def _reader_of(text: str) -> Callable[[Sequence[str]], Iterator[Motif]]:
    if not text.strip():
        raise ValueError(f"the file is empty; formats are {FORMATS}.")
    if re.search("^MEME version", text, re.MULTILINE):
        return _meme
    if text.lstrip().startswith(">"):
        return _jaspar
    if any(HEAD.match(line) for line in text.splitlines()):
        return _transfac
    first = text.strip().splitlines()[0]
    raise ValueError(f"it begins with {quoted(first, 40)}; formats are {FORMATS}.")


def _meme(lines: Sequence[str]) -> Iterator[Motif]:
    """``MOTIF name [alternate]``, then ``letter-probability matrix: ... w= nsites=`` and w rows."""
    name, awaited, off = "", "", {}
    for at, line in enumerate(lines):
        if line.startswith("ALPHABET") and _alphabet(lines[at:]) not in DNA_OR_RNA:
            raise ValueError(
                f"it is of {quoted(line)}; motifs are of DNA or RNA, ALPHABET= ACGT or ACGU."
            )
        if line.split()[:1] == ["MOTIF"]:
            _require_none(awaited)
            # The full text goes on with width =, sites = and more.
            name = awaited = " ".join(re.split(r"\s+width\s*=", line)[0].split()[1:3])
        elif line.startswith("letter-probability matrix"):
            name = name or f"motif {at + 1}"
            rows = _matrix(name, lines[at:])
            off[name] = [total for total in map(sum, rows) if abs(total - 1) > ROUNDED]
            sites = _setting(line, "nsites")
            yield motif_of_probabilities(name, np.transpose(rows), sites=sites)
            awaited = ""
    _require_none(awaited)
    _tell_sums(off)


def _require_none(awaited: str) -> None:
    """Raise ``ValueError`` for a motif behind whose name no matrix came."""
    if awaited:
        raise ValueError(
            f"motif {quoted(awaited)} has no letter-probability matrix; the file is cut short, or "
            "holds its scores alone."
        )


def _alphabet(lines: Sequence[str]) -> list[str]:
    """Letters behind ``ALPHABET=``, or of the lines up to ``END ALPHABET``, as they are sorted."""
    if lines[0].startswith("ALPHABET="):
        return list(lines[0].split("=", 1)[1].strip().upper())
    bare = [re.sub('"[^"]*"', "", line) for line in takewhile(_defines, lines[1:])]
    # A line is of a letter, or of two that pair, 'A ~ T'; one with '=' is of any of several.
    parts = [part.split()[:1] for line in bare if "=" not in line for part in line.split("~")]
    return sorted(letter for part in parts for letter in part)


def _defines(line: str) -> bool:
    return not line.startswith(("END ALPHABET", "MOTIF"))


def _matrix(name: str, lines: Sequence[str]) -> list[list[float]]:
    letters, width = (_setting(lines[0], key) for key in ("alength", "w"))
    if letters not in (None, len(LETTERS)):
        raise ValueError(
            f"motif {quoted(name)} has alength= {letters:g} letters; motifs are of DNA, alength= 4."
        )
    rows = list(_rows(lines[1:]))
    if not rows or len(rows) != (width or len(rows)):
        raise ValueError(
            f"motif {quoted(name)} has {len(rows)} rows of four numbers where its header says "
            f"w= {f'{width:g}' if width else '?'}; the file is cut short or damaged."
        )
    return rows


def _tell_sums(off: Mapping[str, Sequence[float]]) -> None:
    """Say which motifs have positions of sums that rounding does not explain."""
    names = [name for name, sums in off.items() if sums]
    if names:
        sums = [total for name in names for total in off[name]]
        finding = (
            f"probabilities at {counted(len(sums), 'position')} of {counted(len(names), 'motif')} "
            f"add up to {min(sums):.3g} to {max(sums):.3g} and not to one, and were divided by "
            f"their sums: {named(names)}."
        )
        tell(FeatureSelectionWarning(finding, "Correct the file if that is not meant."))


def _setting(line: str, key: str) -> float | None:
    found = re.search(rf"\b{key}=\s*({NUMBER.pattern})", line)
    return float(found[1]) if found and float(found[1]) > 0 else None


def _rows(lines: Sequence[str]) -> Iterator[list[float]]:
    """Rows of four numbers, up to the first line that is none."""
    for line in lines:
        numbers = line.split()
        if not numbers:
            continue
        if len(numbers) != 4 or not all(NUMBER.fullmatch(number) for number in numbers):
            return
        yield [float(number) for number in numbers]


def _jaspar(lines: Sequence[str]) -> Iterator[Motif]:
    """``>name`` and four rows of numbers, with or without a letter before and brackets around.

    Rows of letters may come in any order.
    """
    starts = [at for at, line in enumerate(lines) if line.startswith(">")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        name = " ".join(lines[start][1:].split())
        # Of four positions, they would be read as letters.
        if HOMER.match(lines[start]):
            raise ValueError(
                f"motif {quoted(name)} has the header of HOMER, whose rows are positions; make "
                "them columns, below a name alone, or write a MEME file."
            )
        rows = [line for line in lines[start + 1 : end] if line.strip()]
        if len(rows) != 4:
            raise ValueError(
                f"motif {quoted(name)} has {len(rows)} rows below its name; JASPAR has four, "
                "A, C, G, T."
            )
        values = [_row(name, row) for row in _by_letter(name, rows)]
        if len({len(row) for row in values}) > 1:
            raise ValueError(
                f"motif {quoted(name)} has rows of {', '.join(str(len(row)) for row in values)} "
                "numbers; they must be of one length."
            )
        yield motif_of(name or f"motif {start + 1}", values)


def _by_letter(name: str, rows: list[str]) -> list[str]:
    """Rows in the order A, C, G, T, where they say which is which."""
    letters = [found[1].upper() for row in rows if (found := LETTER.match(row))]
    if not letters:
        return rows
    if sorted(letters) not in DNA_OR_RNA:
        raise ValueError(
            f"motif {quoted(name)} has rows of the letters {', '.join(letters)}; write a row for "
            "each of A, C, G, T, or none of the letters, with the rows in this order."
        )
    return [rows[letters.index(letter)] for letter in sorted(letters)]


def _row(name: str, row: str) -> list[float]:
    bare = re.sub(r"[\[\]|:]", " ", LETTER.sub(" ", row))
    try:
        return [float(number) for number in bare.split()]
    except ValueError as error:
        raise ValueError(
            f"motif {quoted(name)} has the row {quoted(row)}; it is to hold numbers."
        ) from error


def _transfac(lines: Sequence[str]) -> Iterator[Motif]:
    """``AC``, ``ID`` or ``NA`` and a name, ``P0 A C G T``, and rows of a position and counts.

    Columns may come in any order, which each head says.
    """
    record: list[str] = []
    number = 0
    for line in [*lines, "//"]:
        if not line.startswith("//"):
            record.append(line)
            continue
        if any(HEAD.match(one) or ROW_OF_FOUR.match(one) for one in record):
            number += 1
            yield _of_record(record, number)
        record = []


def _of_record(record: Sequence[str], number: int) -> Motif:
    tagged = [line.split(maxsplit=1) for line in record]
    words = [line[1].strip() for line in tagged if len(line) == 2 and line[0] in NAMES]
    name = " ".join(dict.fromkeys(words)) or f"motif {number}"
    head = next((at for at, line in enumerate(record) if HEAD.match(line)), None)
    if head is None:
        raise ValueError(
            f"motif {quoted(name)} has rows of numbers and no head above them; write it: P0 A C G "
            "T, the letters in the order of the columns."
        )
    order = _order(name, record[head])
    rows = [line for line in record[head + 1 :] if ROW.match(line)]
    if not rows:
        raise ValueError(f"motif {quoted(name)} has no row below its P0; the file is cut short.")
    values = [row.split()[1:5] for row in rows]
    for row, numbers in zip(rows, values, strict=True):
        if len(numbers) != 4 or not all(NUMBER.fullmatch(number) for number in numbers):
            raise ValueError(
                f"motif {quoted(name)} has the row {quoted(row)}; it is to hold a position and "
                "four numbers."
            )
    return motif_of(name, np.transpose(np.array(values, dtype=np.float64))[order])


def _order(name: str, head: str) -> list[int]:
    """Columns of A, C, G and T."""
    letters = head.upper().split()[1:]
    if sorted(letters) not in DNA_OR_RNA:
        raise ValueError(
            f"motif {quoted(name)} has the head {quoted(' '.join(head.split()))}; it is P0 and "
            "each of A, C, G, T once, in the order of the columns."
        )
    return [letters.index(letter) for letter in sorted(letters)]
