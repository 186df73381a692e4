"""Fits whose cost is measured: the default selector, a forest, a grid over numbers of features."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmarks.common.count_tables import count_table
from benchmarks.common.quality_tables import load
from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.datasets import make_motif_counts

__all__ = ["COUNTS", "prepare"]

COUNTS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300]
FOLDS = 5


def prepare(what: str, table: str = "counts", **size: int) -> Callable[[], object]:
    """Make a table ready and say what is to be measured on it."""
    warnings.simplefilter("ignore")
    X, y = _table(table, **size)
    if what == "forest":
        return lambda: RandomForestClassifier(500, random_state=0, n_jobs=1).fit(X, y)
    if what == "job":
        return lambda: _job(X, y)
    return lambda: DeepLIFFTSelector(random_state=0).fit(X, y)


def _table(name: str, **size: int) -> tuple[Any, np.ndarray]:
    if name == "counts":
        return count_table(**size)
    if name == "motifs":
        made = make_motif_counts(size["n"], n_features=size["d"], random_state=0)
        return made.X, made.y
    found = load(name)
    return found.X, found.y


def _job(X: np.ndarray, y: np.ndarray) -> None:
    """Choose one of 20 numbers of features by 5 folds, and refit."""
    with tempfile.TemporaryDirectory() as memory:
        selector = DeepLIFFTSelector(random_state=0, memory=memory)
        search = GridSearchCV(
            make_pipeline(selector, LogisticRegression()),
            {"deeplifftselector__n_features_to_select": COUNTS},
            cv=FOLDS,
            n_jobs=2,
        )
        search.fit(X, y)
