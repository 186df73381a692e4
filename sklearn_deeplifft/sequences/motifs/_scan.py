"""Sequences joined and scanned once by every motif, block by block.

Sequences are joined by a single N. The letter N scores minus infinity, so no site reaches across
it, and the library that scans has one long text to run through: five times as fast as one sequence
after another.

==============  ==================================================  ===========
name            meaning                                             shape
==============  ==================================================  ===========
``starts``      where each sequence of a block begins               (n,)
``threshold``   score, in bits, from which a site is a hit          scalar
``s``           score of the site that begins at each place         (letters,)
==============  ==================================================  ===========
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences.motifs._matrices import LETTERS, reverse_complement

__all__ = ["Block", "ScanSettings", "Scanner", "blocks_of", "scoring"]

LETTERS_OF_BLOCK = 1_000_000
"""Few enough to stay in the cache of a core while a thousand motifs pass over them."""

PURPOSE = "counting motifs"


class ScanSettings(NamedTuple):
    """All that a scan depends on beside the sequences; travels to worker processes."""

    scores: Sequence[NDArray[np.float32]]
    """S of each motif, (4, w)."""
    thresholds: NDArray[np.float64]
    """(d,), in bits."""
    both_strands: bool


class Block(NamedTuple):
    """Sequences joined by N."""

    text: str
    starts: NDArray[np.int64]

    def rows_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sequence of the block that each position is in."""
        return np.searchsorted(self.starts, positions, side="right") - 1


def blocks_of(texts: Sequence[bytes], most: int = LETTERS_OF_BLOCK) -> Iterator[Block]:
    """Join sequences of A, C, G, T and N, about ``most`` letters at a time.

    A sequence is never cut: one of more letters is a block by itself.
    """
    own: list[bytes] = []
    letters = 0
    for text in texts:
        if own and letters + len(text) > most:
            yield _block(own)
            own, letters = [], 0
        own.append(text)
        letters += len(text) + 1
    if own:
        yield _block(own)


def _block(texts: Sequence[bytes]) -> Block:
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return Block(b"N".join(texts).decode("ascii"), np.cumsum(lengths + 1) - lengths - 1)


class Scanner:
    """Motifs ready to pass over blocks.

    Parameters
    ----------
    settings : ScanSettings
    """

    def __init__(self, settings: ScanSettings) -> None:
        self.library = extra_module("lightmotif", PURPOSE)
        self.thresholds = settings.thresholds
        self.widths = [S.shape[1] for S in settings.scores]
        self.strands = [self._strands(S, settings.both_strands) for S in settings.scores]

    @staticmethod
    def _strands(S: NDArray[np.float32], both: bool) -> list[Any]:
        """Scoring matrices of the strands that are read, "+" first."""
        return [scoring(M) for M in ([S, reverse_complement(S)] if both else [S])]

    def positions(self, block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where hits of all motifs begin, and how many each motif has (d,)."""
        striped, scan = self.library.stripe(block.text), self.library.scan
        found: list[int] = []
        ends = np.empty(len(self.strands), dtype=np.int64)
        for j, (strands, threshold) in enumerate(zip(self.strands, self.thresholds, strict=True)):
            for S in strands:
                found += [hit.position for hit in scan(S, striped, threshold=threshold)]
            ends[j] = len(found)
        return np.array(found, dtype=np.int64), np.diff(ends, prepend=0)

    def hits(self, block: Block) -> Iterator[tuple[int, int, list[Any]]]:
        """Yield motif, strand (0 is "+") and the library's hits, for those that have any."""
        striped, scan = self.library.stripe(block.text), self.library.scan
        for j, (strands, threshold) in enumerate(zip(self.strands, self.thresholds, strict=True)):
            for strand, S in enumerate(strands):
                own = list(scan(S, striped, threshold=threshold))
                if own:
                    yield j, strand, own

    def all_scores(self, block: Block) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield motif and s, at every letter of the block, once for each strand.

        Minus infinity where a site would reach into an N or over the end.
        """
        striped = self.library.stripe(block.text)
        s = np.empty(len(block.text) + 1, dtype=np.float32)
        for j, strands in enumerate(self.strands):
            n_places = max(len(block.text) - self.widths[j] + 1, 0)
            for S in strands:
                s[n_places:] = -np.inf
                if n_places:
                    # The library lays the text out in lanes: lane after lane is place after place.
                    s[:n_places] = np.asarray(S.calculate(striped)).ravel()[:n_places]
                yield j, s


def scoring(S: NDArray[np.float32], background: dict[str, float] | None = None) -> Any:
    """A matrix of lightmotif; what reaches into an N scores minus infinity."""
    rows: dict[str, list[float]] = dict(zip(LETTERS, S.tolist(), strict=True))
    rows["N"] = [-np.inf] * S.shape[1]
    return extra_module("lightmotif", PURPOSE).ScoringMatrix(rows, background)
