"""Labelled sequences of FASTA files: one file per class, or one file against its own shuffles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sklearn_deeplifft._printable import named, printable, quoted
from sklearn_deeplifft.cli._errors import Refused, refused_as_typed
from sklearn_deeplifft.cli._fitting import collected, notes_of
from sklearn_deeplifft.cli._target import FEWEST_ROWS
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.sequences import (
    as_texts,
    dinucleotide_shuffle,
    find_alphabet,
    read_fasta,
    require_letters,
)

__all__ = ["SHUFFLED", "Samples", "read_samples"]

SHUFFLED = "shuffled"
"""Class of the shuffles, where there is one file."""

SUFFIXES = (".gz", ".fa", ".fasta", ".fna", ".fas", ".txt", ".seq")


@dataclass(frozen=True)
class Samples:
    """Sequences, their classes, and which of them belong together."""

    name: str
    texts: list[bytes]
    """Of A, C, G, T, and letters that stand for several, in upper case."""
    names: list[str]
    """Of the records; distinct across files, if need be by the class before them."""
    y: np.ndarray
    """(n,): the class of each sequence, a str."""
    pairs: np.ndarray | None = None
    """(n,): number of the record that a sequence, or its shuffle, comes from."""
    notes: list[str] = field(default_factory=list)

    @property
    def given(self) -> np.ndarray:
        """(n,): whether a sequence is of a file, and no shuffle."""
        return np.ones(len(self.y), dtype=bool) if self.pairs is None else self.y != SHUFFLED


def read_samples(paths: Sequence[Path], *, against: str | None, seed: int) -> Samples:
    """Read one FASTA file per class, or one and shuffles of it.

    Raises
    ------
    click.ClickException
        Exit status 2: the files do not make two classes, or one is no FASTA or holds characters
        that DNA and RNA lack.
    ValueError
        A file holds fewer records than can be split, or one is DNA and another RNA.
    """
    _require_classes(paths, against)
    classes = _class_names(paths)
    with collected() as warned:
        parts = [_read(path) for path in paths]
    notes = notes_of(warned)
    _require_one_alphabet(paths, [texts for texts, _ in parts])
    parts = [([text.replace(b"U", b"T") for text in texts], own) for texts, own in parts]
    if against is not None:
        return _against_shuffles(classes[0], *parts[0], seed, notes)
    names = [name for _, own in parts for name in own]
    if len(set(names)) < len(names):
        names = [f"{c}:{n}" for c, (_, own) in zip(classes, parts, strict=True) for n in own]
    return Samples(
        ", ".join(classes),
        [text for texts, _ in parts for text in texts],
        names,
        np.repeat(np.array(classes), [len(texts) for texts, _ in parts]),
        notes=notes,
    )


def _require_classes(paths: Sequence[Path], against: str | None) -> None:
    if len(paths) == 1 and against is None:
        raise Refused(
            "one file is one class, and there is nothing to tell it from; name a second FASTA "
            "file, or add --against shuffles."
        )
    if len(paths) > 1 and against is not None:
        raise Refused(
            f"--against {against} is for a single FASTA file, and {len(paths)} are named; leave "
            "it out, or name one file."
        )
    if len(set(map(str, paths))) < len(paths):
        raise Refused(
            f"a file is named twice: {named(map(str, paths))}; each class is a file of its own."
        )


def _class_names(paths: Sequence[Path]) -> list[str]:
    """Names of the files without their suffixes; where two are alike, with their folders."""
    short = [_bare(path) for path in paths]
    if len(set(short)) < len(short):
        return [str(path) for path in paths]
    return short


def _bare(path: Path) -> str:
    if str(path) == "-":
        return "stdin"
    while path.suffix.lower() in SUFFIXES and path.stem:
        path = path.with_suffix("")
    return path.name


def _read(path: Path) -> tuple[list[bytes], list[str]]:
    shown = "standard input" if str(path) == "-" else printable(path)
    with refused_as_typed(ValueError):
        names, sequences = read_fasta(path)
        texts = as_texts(sequences, shown)
        require_letters(texts, find_alphabet("DNA", u_is_t=True), shown)
    if len(texts) < FEWEST_ROWS:
        raise ValueError(
            f"{shown} holds {counted(len(texts), 'sequence')}; a class needs {FEWEST_ROWS} to be "
            "split into a training and a test part, and hundreds to be learned."
        )
    return texts, names


def _require_one_alphabet(paths: Sequence[Path], parts: Sequence[Sequence[bytes]]) -> None:
    rna = [any(b"U" in text for text in texts) for texts in parts]
    dna = [any(b"T" in text for text in texts) for texts in parts]
    for one, other in ((i, j) for i in range(len(paths)) for j in range(len(paths))):
        if rna[one] and not dna[one] and dna[other] and not rna[other]:
            raise ValueError(
                f"{quoted(paths[one])} is RNA (it has U and no T) and {quoted(paths[other])} is "
                "DNA; classes that are written in two alphabets are told apart by that. Write "
                "both alike."
            )


def _against_shuffles(
    name: str, texts: Sequence[bytes], names: Sequence[str], seed: int, notes: Sequence[str]
) -> Samples:
    shuffled = as_texts(dinucleotide_shuffle(texts, random_state=seed))
    same = sum(one == other for one, other in zip(texts, shuffled, strict=True))
    of_shuffle = []
    if same:
        of_shuffle.append(
            f"{counted(same, 'sequence')} came back unchanged from the shuffle; there is no other, "
            "or it was drawn by chance."
        )
    own = name if name != SHUFFLED else f"{name} (given)"
    return Samples(
        f"{own} against its shuffles",
        [*texts, *shuffled],
        [*names, *(f"{one}|{SHUFFLED}" for one in names)],
        np.repeat(np.array([own, SHUFFLED]), len(texts)),
        np.tile(np.arange(len(texts)), 2),
        [*notes, *of_shuffle],
    )
