"""Choices of the user that commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Motifs", "Results", "Source", "Training"]


@dataclass(frozen=True)
class Source:
    """The table, and which of its columns are meant."""

    table: Path
    target: str
    task: str = "auto"
    attributes: Path | None = None
    groups: Path | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    """Options of ``_reading_options``: how cells are read, and columns to leave out."""


@dataclass(frozen=True)
class Motifs:
    """Sequences, and the motifs that are counted in them."""

    fasta: tuple[Path, ...]
    database: str = "JASPAR2026:vertebrates"
    against: str | None = None
    families: str = "similarity"
    p_value: float = 1e-4


@dataclass(frozen=True)
class Training:
    """Settings of training, and numbers of features at which lists are looked at."""

    networks: int | None = None
    """None is the default of the selector, or the paper's."""
    counts: tuple[int, ...] | None = None
    """None is the counts of ``_counts.DEFAULT`` that the table has room for."""
    jobs: int = 1
    checkpoint_dir: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Results:
    """Destination of the results, and whether anything else is printed or replaced."""

    output: Path
    force: bool = False
    quiet: bool = False
    json: bool = False
    """Whether results are printed as JSON, in the place of tables."""
