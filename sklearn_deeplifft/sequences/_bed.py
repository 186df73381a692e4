"""Regions of a genome by a BED file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from sklearn_deeplifft._printable import named, printable, quoted
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences._fasta import Fasta, file_content, warn_names_twice
from sklearn_deeplifft.sequences._genome_index import require_fitting

__all__ = ["read_bed"]

HEADERS = ("#", "track", "browser")
COMPLEMENT = str.maketrans("ACGTUNRYSWKMBDHVacgtunryswkmbdhv", "TGCAANYRSWMKVHDBtgcaanyrswmkvhdb")
OF_RNA = COMPLEMENT | str.maketrans("Aa", "Uu")

LETTERS_AT_A_TIME = 2**16


class _Region(NamedTuple):
    line: int
    chromosome: str
    start: int
    end: int
    name: str
    reverse: bool


def read_bed(path: str | PathLike[str], genome: str | PathLike[str]) -> Fasta:
    """Read the sequences of regions.

    Parameters
    ----------
    path : str or path
        BED file, plain or compressed by gzip; ``"-"`` is standard input. Columns are chromosome,
        start (from 0), end (not included) and, where they are there, name, score and strand;
        further ones are left alone. A region on the minus strand is reverse complemented;
        in a genome of RNA, the complement of A is U.
    genome : str or path
        FASTA file of the genome, plain or compressed by bgzip. An index, ``.fai``, is written
        beside it where there is none; one that is there is held against the file, and may leave
        chromosomes out.

    Returns
    -------
    Fasta
        ``names``, those of the file or else ``chromosome:start-end``, and ``sequences``.

    Raises
    ------
    ImportError
        pyfaidx is not installed.
    ValueError
        No region; a line that is none; a chromosome that the genome lacks; a region that runs
        over its end; an index of another file, or of an earlier version of this one.
    OSError
        An index that can be neither read nor written.
    """
    shown = "standard input" if str(path) == "-" else printable(path)
    text = file_content(path, shown, "a BED file holds chromosome, start and end on each line")
    regions = list(_regions(text, shown))
    if not regions:
        raise ValueError(f"{shown} holds no region; a line is chromosome, start and end.")
    faidx = extra_module("pyfaidx", "read_bed")
    if not Path(genome).is_file():
        raise FileNotFoundError(f"there is no genome at {printable(genome)}; pass its FASTA file.")
    try:
        with warnings.catch_warnings():
            # Of an index that is older than the genome: whether it fits is asked below.
            warnings.filterwarnings("ignore", category=RuntimeWarning)
            opened = faidx.Fasta(str(genome), as_raw=True, rebuild=False)
    except Exception as error:  # damaged files raise whatever they meet
        _require_openable_index(error, str(genome))
        if isinstance(error, MemoryError | PermissionError):
            raise
        raise ValueError(
            f"{printable(genome)} cannot be read as an indexed FASTA file "
            f"({printable(error, 200)}); mend it, and delete its index, {printable(genome)}.fai, "
            "where there is one. If it is compressed, it has to be by bgzip."
        ) from error
    with opened as chromosomes:
        require_fitting(chromosomes.faidx, printable(genome))
        _require_inside(regions, chromosomes, shown, f"{printable(genome)}.fai")
        rna = any(region.reverse for region in regions) and _is_rna(chromosomes)
        complement = OF_RNA if rna else COMPLEMENT
        sequences = [_letters(region, chromosomes, complement) for region in regions]
    names = [region.name for region in regions]
    warn_names_twice(names, shown)
    return Fasta(names, sequences)


def _regions(text: str, shown: str) -> Iterator[_Region]:
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or fields[0].startswith(HEADERS[0]) or fields[0] in HEADERS[1:]:
            continue
        fields = [field.strip() for field in fields]
        start, end = (_whole(field) for field in (*fields[1:3], "", "")[:2])
        if start is None or end is None or not 0 <= start < end:
            raise ValueError(
                f"line {number} of {shown} is {quoted(line.strip())}; a region is chromosome, "
                "start and end, whole numbers with 0 <= start < end."
            )
        name = fields[3] if len(fields) > 3 and fields[3] not in ("", ".") else ""
        strand = fields[5] if len(fields) > 5 else "."
        if strand not in ("+", "-", "."):
            raise ValueError(
                f"line {number} of {shown} has the strand {quoted(strand)}; it is '+', '-' or '.'."
            )
        where = f"{fields[0]}:{start}-{end}"
        yield _Region(number, fields[0], start, end, name or where, strand == "-")


def _whole(field: str) -> int | None:
    return int(field) if field.isascii() and field.isdigit() else None


def _require_openable_index(error: Exception, genome: str) -> None:
    """Raise ``OSError`` where what went wrong is that an index cannot be written, or read."""
    # The library tells of it in an error of its own, in words for its callers.
    for one in (error, error.__context__):
        if isinstance(one, OSError) and one.filename in (f"{genome}.fai", f"{genome}.gzi"):
            raise OSError(
                f"the index {printable(one.filename)} cannot be opened ({one.strerror}); a genome "
                "without one gets it written beside it: copy the genome to where you may write, "
                "or have it indexed by samtools faidx."
            ) from error


def _require_inside(regions: list[_Region], chromosomes: Any, shown: str, index: str) -> None:
    missing = sorted({region.chromosome for region in regions} - {*chromosomes.keys()})
    if missing:
        raise ValueError(
            f"{shown} names chromosomes that the genome lacks: {named(missing)}; it has "
            f"{named(chromosomes.keys())}. Names must agree to the letter (chr1, 1), and stand in "
            f"its index, {index}."
        )
    over = [r for r in regions if r.end > len(chromosomes[r.chromosome])]
    if over:
        first = over[0]
        raise ValueError(
            f"{len(over):,} of {len(regions):,} regions of {shown} run over the end of their "
            f"chromosome (line {first.line}: {printable(first.chromosome)} has "
            f"{len(chromosomes[first.chromosome]):,} letters); is it of the same genome?"
        )


def _is_rna(chromosomes: Any) -> bool:
    """Whether the first letter of the genome that is T or U, is U."""
    for chromosome in chromosomes:
        for start in range(0, len(chromosome), LETTERS_AT_A_TIME):
            letters = str(chromosome[start : start + LETTERS_AT_A_TIME])
            found = re.search("[TU]", letters, re.IGNORECASE)
            if found:
                return found[0].upper() == "U"
    return False


def _letters(region: _Region, chromosomes: Any, complement: dict[int, int]) -> str:
    letters = str(chromosomes[region.chromosome][region.start : region.end])
    return letters.translate(complement)[::-1] if region.reverse else letters
