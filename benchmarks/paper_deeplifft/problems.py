"""The tables of the benchmark, each cut into a training part and a common test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from benchmarks.common.motif_tables import Table
from sklearn_deeplifft.datasets import MotifCounts, make_motif_counts

TEST_FRACTION = 0.3


class Split(NamedTuple):
    """Positions of the rows that rankings are made from, and of those that judge them."""

    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Problem:
    """A table with its splits."""

    key: str
    """Short name, part of the names in the JSON."""
    table: Table
    splits: tuple[Split, ...]
    truth: MotifCounts | None = None

    @property
    def questions(self) -> range:
        """Classes to set against all others; of two classes, the second says it all."""
        n_classes = len(self.table.target_names)
        return range(1, 2) if n_classes == 2 else range(n_classes)


def generated(n_samples: tuple[int, int, int], n_features: int, n_classes: int, **roles) -> Problem:
    """The generator's table. Its validation rows train: the selector holds out its own."""
    truth = make_motif_counts(n_samples, n_features, n_classes, random_state=0, **roles)
    classes = tuple(f"class {c}" for c in range(n_classes))
    table = Table("generator", truth.X, truth.y, tuple(truth.feature_names), classes)
    train = np.arange(truth.split["valid"].stop)
    test = np.arange(len(train), len(truth.y))
    return Problem("generator", table, (Split(train, test),), truth)


def real(key: str, table: Table, n_splits: int) -> Problem:
    """A real table; rows of one group are never parted."""
    kind = StratifiedShuffleSplit if table.groups is None else GroupShuffleSplit
    parts = kind(n_splits, test_size=TEST_FRACTION, random_state=0)
    splits = parts.split(table.X, table.y, table.groups)
    return Problem(key, table, tuple(Split(train, test) for train, test in splits))


def role(truth: MotifCounts, column: int) -> str:
    """What the generator planted in a column, in words."""
    for name in ("contrary", "host"):
        found = np.flatnonzero(getattr(truth, name) == column)
        if len(found):
            return f"{name} of {found[0]}"
    for c, *members in truth.pairs:
        if column in members:
            return f"pair of {c}"
    classes = np.flatnonzero(truth.causal[:, column])
    if len(classes):
        return f"private to {classes[0]}"
    return "background" if truth.family[column] < 0 else "family of none"
