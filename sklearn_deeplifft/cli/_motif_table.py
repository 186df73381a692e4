"""The table of motif counts that is ranked, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sklearn_deeplifft.cli._errors import refused_as_typed
from sklearn_deeplifft.cli._fitting import collected, notes_of
from sklearn_deeplifft.cli._motif_samples import Samples
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.sequences import MotifCounter

__all__ = ["CLASS", "Counted", "count_motifs", "counts_writer"]

CLASS = "class"
"""Name of the classes in the file of counts."""


@dataclass(frozen=True)
class Counted:
    """Sequences, and the hits of every motif in them."""

    samples: Samples
    counter: MotifCounter
    counts: sp.csr_array
    """(n, d), all motifs."""
    table: Table
    """Of the motifs that hit more than nothing."""

    @property
    def families(self) -> dict[str, str | None]:
        """Family of each motif that is ranked."""
        own = zip(self.counter.motif_names_, self.counter.families_, strict=True)
        ranked = set(self.table.features)
        return {str(motif): str(family) for motif, family in own if motif in ranked}


def count_motifs(samples: Samples, counter: MotifCounter, progress: Stages) -> Counted:
    """Scan the sequences by every motif.

    Raises
    ------
    click.ClickException
        Exit status 2: the motifs cannot be read.
    ValueError
        No motif hits any sequence.
    """
    with collected() as warned:
        with progress.stage(_preparing(counter), 1) as advance:
            with refused_as_typed(ValueError, FileNotFoundError):
                counter.fit(samples.texts)
            advance()
        with progress.stage("Counting motifs", 1) as advance:
            counts = counter.transform(samples.texts)
            advance()
    notes = [*samples.notes, *notes_of(warned)]
    return Counted(samples, counter, counts, _table(samples, counter, counts, notes))


def _preparing(counter: MotifCounter) -> str:
    if counter.families != "similarity":
        return "Reading motifs"
    return "Comparing motifs (the first time on a machine memelite compiles, for two minutes)"


def _table(
    samples: Samples, counter: MotifCounter, counts: sp.csr_array, notes: list[str]
) -> Table:
    hit = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]))
    names = counter.motif_names_[hit].tolist()
    if not names:
        raise ValueError(
            f"none of {counted(counts.shape[1], 'motif')} hits any of "
            f"{counted(counts.shape[0], 'sequence')}; use a larger --p-value, or other --motifs."
        )
    lost = counts.shape[1] - len(names)
    if lost:
        notes.append(f"{counted(lost, 'motif')} without any hit left out.")
    numbers = pd.DataFrame(counts[:, hit].toarray().astype(np.float64), columns=names)
    return Table(
        samples.name,
        numbers,
        pd.DataFrame(index=numbers.index),
        samples.y,
        "sequences",
        "classification",
        notes,
        names,
        row_groups=None if samples.pairs is None else "pair",
        groups=samples.pairs,
    )


def counts_writer(found: Counted) -> Callable[[Path], object]:
    """A writer of all counts as .npz: a sparse matrix, and what its rows and columns are.

    ``scipy.sparse.load_npz`` and ``sklearn-deeplifft rank counts.npz --target class`` both read it.
    """
    samples, counts = found.samples, sp.csr_matrix(found.counts)
    rows = {CLASS: samples.y.astype(str), "sequence": np.array(samples.names, dtype=str)}
    if samples.pairs is not None:
        rows["pair"] = samples.pairs

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                format=np.array("csr"),
                shape=np.array(counts.shape),
                data=counts.data,
                indices=counts.indices,
                indptr=counts.indptr,
                feature_names=found.counter.motif_names_.astype(str),
                allow_pickle=False,
                **rows,
            )

    return write
