"""Tables that no reported benchmark has, so that defaults may be chosen on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.io
from sklearn.datasets import load_wine, make_classification

from benchmarks.common.motif_tables import DATA
from sklearn_deeplifft.datasets import make_motif_counts

COUNTS = (5, 10)
N_SPLITS = 3
FILES = ("ALLAML", "leukemia", "Prostate-GE", "nci9", "Yale", "warpAR10P", "orlraws10P", "RELATHE")
"""Of ``development``; the faces of forty people, ORL, are left out for their time."""


class Table(NamedTuple):
    """A table with classes, 0 to K - 1; every class is in every fold."""

    name: str
    X: np.ndarray
    y: np.ndarray


def tables(quick: bool, data: str | Path | None = None) -> Iterator[Table]:
    """Three small tables, and the development tables where they are there and it is not quick."""
    X, y = load_wine(return_X_y=True)
    yield Table("wine", X, y)
    n = 400 if quick else 2000
    shape = {"n_features": 40, "n_informative": 8, "n_redundant": 8, "n_classes": 3}
    yield Table("planted", *make_classification(n, **shape, random_state=0))
    motifs = make_motif_counts(
        n, n_features=60, n_classes=4, n_private=2, n_null_families=2, n_pairs=4, random_state=0
    )
    yield Table("motifs", motifs.X, motifs.y)
    if not quick:
        yield from _development(DATA if data is None else Path(data))


def _development(folder: Path) -> Iterator[Table]:
    for name in FILES:
        path = folder / "development" / f"{name}.mat"
        if not path.is_file():
            print(f"{path} is not there, so it is skipped.")
            continue
        found = scipy.io.loadmat(path)
        labels = found["Y"].ravel()
        classes, rows = np.unique(labels, return_counts=True)
        kept = np.isin(labels, classes[rows >= N_SPLITS])
        y = np.unique(labels[kept], return_inverse=True)[1]
        X = np.asarray(found["X"][kept], dtype=np.float32)
        yield Table(name, X[:, X.min(axis=0) < X.max(axis=0)], y)
