"""Real tables, of which every one tells something of its classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.io
from scipy.sparse import issparse
from sklearn.impute import SimpleImputer

from benchmarks.common.motif_tables import DATA
from benchmarks.common.quality_tables import TABLES, load

QUICK = ("breast_cancer", "sonar")
DEVELOPMENT = (
    "ALLAML",
    "leukemia",
    "Prostate-GE",
    "nci9",
    "Yale",
    "warpAR10P",
    "orlraws10P",
    "ORL",
    "RELATHE",
)


class RealTable(NamedTuple):
    """A table with classes, and rows that belong together, if any do."""

    name: str
    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None = None


def tables(quick: bool, data: str | Path | None = None) -> Iterator[RealTable]:
    """The tables of the quality benchmark and the development tables, where they are there."""
    for name in QUICK if quick else TABLES:
        try:
            found = load(name, data)
        except FileNotFoundError as missing:
            print(f"{name} is skipped: {missing}")
            continue
        yield RealTable(name, _imputed(found.X), found.y, found.row_groups)
    for name in () if quick else DEVELOPMENT:
        path = Path(DATA if data is None else data) / "development" / f"{name}.mat"
        if not path.is_file():
            print(f"{name} is skipped: {path} is not there.")
            continue
        table = scipy.io.loadmat(path)
        X = np.asarray(table["X"], dtype=np.float32)
        yield RealTable(name, X[:, X.min(axis=0) < X.max(axis=0)], table["Y"].ravel())


def _imputed(X: Any) -> Any:
    if issparse(X) or not np.isnan(X).any():
        return X
    return SimpleImputer(keep_empty_features=True).fit_transform(X)
