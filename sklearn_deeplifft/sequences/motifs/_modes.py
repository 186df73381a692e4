"""What a motif says of a sequence: hits, presence, best score, occupancy. A block at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from numpy.typing import NDArray

from sklearn_deeplifft.sequences.motifs._scan import Block, Scanner, ScanSettings, blocks_of

__all__ = ["MODES", "scanned"]

MODES = ("count", "best", "presence", "occupancy")


def scanned(
    texts: Sequence[bytes], settings: ScanSettings, mode: str, n_jobs: int | None
) -> sp.csr_array | NDArray[np.float32]:
    """Scan sequences by every motif, (n, d): CSR int32 of counts, or dense float32.

    Blocks are dealt to worker processes: threads of one process would wait for each other.
    """
    d = len(settings.scores)
    work = delayed(_counts if mode == "count" else _dense)
    parts = Parallel(n_jobs=n_jobs)(work(block, settings, mode) for block in blocks_of(texts))
    if mode == "count":
        empty = sp.csr_array((0, d), dtype=np.int32)
        return sp.csr_array(sp.vstack([*parts, empty], format="csr", dtype=np.int32))
    return np.concatenate([*parts, np.empty((0, d), dtype=np.float32)])


def _counts(block: Block, settings: ScanSettings, mode: str) -> sp.csr_array:
    positions, per_motif = Scanner(settings).positions(block)
    shape = len(block.starts), len(per_motif)
    columns = np.repeat(np.arange(shape[1], dtype=np.int32), per_motif)
    rows = block.rows_of(positions).astype(np.int32)
    ones = np.ones(len(rows), dtype=np.int32)
    # Equal pairs of row and column are added up.
    return sp.csr_array(sp.coo_array((ones, (rows, columns)), shape=shape))


def _dense(block: Block, settings: ScanSettings, mode: str) -> NDArray[np.float32]:
    if mode == "presence":
        return np.asarray(_counts(block, settings, mode).toarray() > 0, dtype=np.float32)
    return _best(block, settings) if mode == "best" else _occupancy(block, settings)


def _best(block: Block, settings: ScanSettings) -> NDArray[np.float32]:
    """Highest score; the lowest possible one of the motif where it fits nowhere."""
    lowest = np.array([S.min(axis=0).sum() for S in settings.scores], dtype=np.float32)
    found = np.tile(lowest, (len(block.starts), 1))
    for j, s in Scanner(settings).all_scores(block):
        highest = np.maximum.reduceat(s, block.starts)
        np.maximum(found[:, j], highest, out=found[:, j])
    return found


def _occupancy(block: Block, settings: ScanSettings) -> NDArray[np.float32]:
    """Expected number of sites bound, where one at the threshold is bound half of the time."""
    found = np.zeros((len(block.starts), len(settings.scores)), dtype=np.float32)
    for j, s in Scanner(settings).all_scores(block):
        with np.errstate(over="ignore"):  # 2^inf, a site that is never bound
            bound = 1 / (1 + np.exp2(np.float32(settings.thresholds[j]) - s))
        found[:, j] += np.add.reduceat(bound, block.starts)
    return found
