"""Hits of motifs as a table, and as a BED file."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklearn_deeplifft._printable import named
from sklearn_deeplifft.sequences.motifs._scan import Block, Scanner, ScanSettings, blocks_of

__all__ = ["COLUMNS", "hits_of", "write_bed"]

COLUMNS = ["sequence", "motif", "start", "end", "strand", "score"]


def hits_of(
    texts: Sequence[bytes],
    settings: ScanSettings,
    sequence_names: Sequence[Any],
    motif_names: NDArray[np.object_],
) -> pd.DataFrame:
    """Every hit, ordered by sequence, start, motif and strand."""
    scanner = Scanner(settings)
    widths = np.array(scanner.widths)
    parts, row = [_Hits.none()], 0
    for block in blocks_of(texts):
        parts += [part.behind(row) for part in _of_block(scanner, block)]
        row += len(block.starts)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    rows, motifs, starts, strands, scores = columns
    order = np.lexsort((strands, motifs, starts, rows))
    rows, motifs, starts, strands = rows[order], motifs[order], starts[order], strands[order]
    names = np.empty(len(sequence_names), dtype=object)
    names[:] = list(sequence_names)
    return pd.DataFrame(
        {
            "sequence": pd.Series(names[rows]).infer_objects(),
            "motif": pd.Series(motif_names[motifs], dtype=object),
            "start": starts,
            "end": starts + widths[motifs],
            "strand": pd.Series(np.array(["+", "-"], dtype=object)[strands], dtype=object),
            "score": scores[order],
        }
    )


class _Hits(tuple[NDArray[Any], ...]):
    """Columns of hits: row, motif, start, strand, score."""

    @classmethod
    def none(cls) -> _Hits:
        return cls((*(np.empty(0, dtype=np.int64),) * 4, np.empty(0, dtype=np.float32)))

    def behind(self, row: int) -> _Hits:
        """The same hits in a table where so many rows come before."""
        return _Hits((self[0] + row, *self[1:]))


def _of_block(scanner: Scanner, block: Block) -> Iterator[_Hits]:
    for motif, strand, found in scanner.hits(block):
        positions = np.array([hit.position for hit in found], dtype=np.int64)
        scores = np.array([hit.score for hit in found], dtype=np.float32)
        rows = block.rows_of(positions)
        same = np.ones(len(positions), dtype=np.int64)
        starts = positions - block.starts[rows]
        yield _Hits((rows, motif * same, starts, strand * same, scores))


def write_bed(hits: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write hits as a BED file.

    Parameters
    ----------
    hits : DataFrame
        As `MotifCounter.hits` returns it.
    path : str or path
        Compressed if it ends in ``.gz``. Six columns of BED and one more: sequence, start (from
        0), end, motif (spaces become ``_``), ten times the score as a whole number from 0 to 1000
        (by which viewers shade), strand, and the score itself, in bits.

    Raises
    ------
    ValueError
        A column is missing.
    """
    missing = [column for column in COLUMNS if column not in hits]
    if missing:
        raise ValueError(
            f"hits has no column {named(missing)}; pass the table that MotifCounter.hits returns."
        )
    shades = np.clip(np.rint(10 * hits["score"].to_numpy()), 0, 1000).astype(np.int64)
    frame = pd.DataFrame(
        {
            "sequence": hits["sequence"].map(_word),
            "start": hits["start"],
            "end": hits["end"],
            "motif": hits["motif"].map(_word),
            "shade": shades,
            "strand": hits["strand"],
            "score": hits["score"].map("{:.3f}".format),
        }
    )
    content = frame.to_csv(sep="\t", header=False, index=False, lineterminator="\n").encode()
    path = Path(path)
    # No time of day in the file: the same hits are the same bytes.
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _word(name: Any) -> str:
    return "_".join(str(name).split())
