"""The tables of the quality benchmark, and how each is split.

Real ones are read where they lie, never copied into the project; two come with scikit-learn.
Columns that hold one value in all rows are dropped, as they cannot be selected for a reason.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.io
from scipy.sparse import csr_array, issparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.common.added_noise import NOISE
from benchmarks.common.gate_tables import PLANTED
from benchmarks.common.motif_tables import (
    deepbind_classes,
    promoters_arabidopsis,
    starr_mesc_motif_table,
    table_file,
)

COUNTS = (3, 5, 10, 20, 50)
N_SPLITS = 3


@dataclass(frozen=True, eq=False)
class QualityTable:
    """A table with classes.

    Attributes
    ----------
    name : str
    X : float32 array or CSR array of shape (n, d)
        NaN where a value is missing.
    y : int64 array of shape (n,)
        Classes, 0 to K - 1.
    row_groups : int64 array of shape (n,) or None
        Rows that a split must keep together.
    blocks : int64 array of shape (d,) or None
        Which columns are one feature and are counted, kept and dropped as one.
    planted : tuple of int
        Columns that are known to carry the classes, if they are known.
    """

    name: str
    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None = None
    blocks: np.ndarray | None = None
    planted: tuple[int, ...] = ()

    @property
    def n_features(self) -> int:
        """Features to choose from: columns, or blocks of columns."""
        return self.X.shape[1] if self.blocks is None else len(np.unique(self.blocks))

    @property
    def counts(self) -> tuple[int, ...]:
        """Lengths of list to judge; one that holds every feature selects nothing."""
        return tuple(k for k in COUNTS if k < self.n_features)

    @property
    def stability_count(self) -> int:
        """Length of list whose stability is told: 20, or half of a narrow table."""
        return min(20, self.n_features // 2)


class Rows(NamedTuple):
    """Rows to select from; missing values are their means."""

    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None


class Split(NamedTuple):
    """Training rows and test rows of one split; missing values are training means."""

    X: Any
    y: np.ndarray
    row_groups: np.ndarray | None
    test_X: Any
    test_y: np.ndarray


def split(table: QualityTable, number: int) -> Split:
    """Split `number` of three: stratified, with rows of one group on one side."""
    if table.row_groups is None:
        folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=0)
    else:
        folds = StratifiedGroupKFold(N_SPLITS, shuffle=True, random_state=0)
    found = list(folds.split(np.zeros(len(table.y)), table.y, table.row_groups))
    train, test = found[number]
    groups = None if table.row_groups is None else table.row_groups[train]
    X, test_X = _imputed(table.X[train], table.X[test])
    return Split(X, table.y[train], groups, test_X, table.y[test])


def load(name: str, data_dir: str | Path | None = None) -> QualityTable:
    """A table by its name in `TABLES`; FileNotFoundError where its files are not there."""
    return TABLES[name](data_dir)


def half(table: QualityTable, number: int) -> Rows:
    """Rows of half `number` of the whole table, drawn anew each time: stratified, groups whole.

    Halves and not bootstraps, as a bootstrap's copies of a row would be both learnt from and held
    out by the selectors that hold out rows. Missing values are means of the half.
    """
    if table.row_groups is None:
        folds = StratifiedKFold(2, shuffle=True, random_state=number)
    else:
        folds = StratifiedGroupKFold(2, shuffle=True, random_state=number)
    rows, _ = next(folds.split(np.zeros(len(table.y)), table.y, table.row_groups))
    groups = None if table.row_groups is None else table.row_groups[rows]
    X, _ = _imputed(table.X[rows], table.X[:1])
    return Rows(X, table.y[rows], groups)


def _imputed(train: Any, test: Any) -> tuple[Any, Any]:
    if issparse(train) or not (np.isnan(train).any() or np.isnan(test).any()):
        return train, test
    imputer = SimpleImputer(keep_empty_features=True).fit(train)
    return imputer.transform(train), imputer.transform(test)


def as_table(name: str, X: Any, labels: Any, **known: Any) -> QualityTable:
    """A table without its constant columns, its classes numbered from 0."""
    X = np.asarray(X, dtype=np.float32)
    y = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    varies = np.nanmin(X, axis=0) < np.nanmax(X, axis=0)
    if "blocks" in known:
        known["blocks"] = known["blocks"][varies]
    if "planted" in known and not varies.all():
        raise ValueError(f"{name} has constant columns, so that its planted ones would be renamed.")
    return QualityTable(name, X[:, varies], y, **known)


def _arabidopsis(data_dir):
    table = promoters_arabidopsis(data_dir)
    return QualityTable("promoters_arabidopsis", table.X, table.y)


def _deepbind(data_dir):
    table = deepbind_classes(data_dir)
    return QualityTable("deepbind_encode_B", table.X, table.y)


def _starr(data_dir):
    table = starr_mesc_motif_table(data_dir)
    return as_table("starr", table.X, table.y)


def read_mat(data_dir, folder, file):
    """Rows and labels of a file of scikit-feature."""
    found = scipy.io.loadmat(table_file(data_dir, folder, file))
    return found["X"], found["Y"].ravel()


def _madelon(data_dir):
    return as_table("madelon", *read_mat(data_dir, "madelon", "madelon.mat"), planted=PLANTED)


def _isolet(data_dir):
    return as_table("isolet", *read_mat(data_dir, "isolet", "Isolet.mat"))


def _basehock(data_dir):
    name = "text_counts_basehock"
    table = as_table(name, *read_mat(data_dir, name, "BASEHOCK.mat"))
    return replace(table, X=csr_array(table.X))


def _expression(name):
    def read(data_dir):
        return as_table(name, *splittable(*read_mat(data_dir, "expression_small", f"{name}.mat")))

    return read


def splittable(X: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without classes of fewer rows than splits, of which some split would have none to test."""
    classes, rows = np.unique(labels, return_counts=True)
    kept = np.isin(labels, classes[rows >= N_SPLITS])
    return X[kept], labels[kept]


def _uci(name):
    def read(data_dir):
        table = pd.read_csv(table_file(data_dir, "uci_small", f"{name}.csv"), header=None)
        return as_table(name, table.iloc[:, :-1], table.iloc[:, -1])

    return read


def _mice(data_dir):
    """Fifteen rows a mouse are near copies: all of them train, or all test."""
    table = pd.read_csv(table_file(data_dir, "mice_protein", "Data_Cortex_Nuclear.csv.gz"))
    mouse = table["MouseID"].str.partition("_")[0]
    groups = np.unique(mouse, return_inverse=True)[1].astype(np.int64)
    proteins = [column for column in table if column.endswith("_N")]
    return as_table("mice_protein", table[proteins], table["class"], row_groups=groups)


def _splice(data_dir):
    """Sixty positions, four columns each; a letter for several bases is none of them."""
    path = table_file(data_dir, "splice_uci", "splice.data.gz")
    with gzip.open(path, "rt") as lines:
        rows = [[field.strip() for field in line.split(",")] for line in lines if line.strip()]
    table = pd.DataFrame(rows, columns=["label", "name", "bases"]).drop_duplicates("bases")
    letters = np.array([list(bases) for bases in table["bases"]])
    X = (letters[:, :, None] == np.array(list("ACGT"))).reshape(len(table), -1)
    blocks = np.repeat(np.arange(letters.shape[1]), 4)
    return as_table("splice", X, table["label"], blocks=blocks)


def from_sklearn(name, load_table):
    """How to read a table that comes with scikit-learn."""

    def read(data_dir):
        return as_table(name, *load_table(return_X_y=True))

    return read


def _noisy(kind):
    def read(data_dir):
        base = TABLES["ionosphere"](data_dir)
        X = NOISE[kind](base.X, np.random.default_rng(0))
        return replace(base, name=f"ionosphere_{kind}", X=X.astype(np.float32))

    return read


#: Quick ones first.
TABLES: dict[str, Callable[[str | Path | None], QualityTable]] = {
    "breast_cancer": from_sklearn("breast_cancer", load_breast_cancer),
    "sonar": _uci("sonar"),
    "ionosphere": _uci("ionosphere"),
    **{f"ionosphere_{kind}": _noisy(kind) for kind in NOISE},
    "colon": _expression("colon"),
    "lung_small": _expression("lung_small"),
    "starr": _starr,
    "mice_protein": _mice,
    "digits": from_sklearn("digits", load_digits),
    "lymphoma": _expression("lymphoma"),
    "madelon": _madelon,
    "splice": _splice,
    "isolet": _isolet,
    "text_counts_basehock": _basehock,
    "deepbind_encode_B": _deepbind,
    "promoters_arabidopsis": _arabidopsis,
}
