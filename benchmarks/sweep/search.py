"""Grids over numbers of features, each from an empty folder."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmarks.sweep.counting import VARIABLE, CountedSelector, trainings


class Outcome(NamedTuple):
    """Of one grid."""

    seconds: float
    trainings: int
    scores: np.ndarray
    """(n_counts,): mean test scores."""


def measure(n_rows: int, n_networks: int) -> dict[str, float]:
    """All figures, on one table."""
    X, y = make_classification(n_rows, 40, n_informative=8, n_redundant=4, random_state=0)
    many, one = list(range(1, 21)), [20]
    grid(X[:200], y[:200], one, 1, kept=True)  # what is loaded at first use is not timed
    full = grid(X, y, many, n_networks, kept=True)
    single = grid(X, y, one, n_networks, kept=True)
    two = grid(X, y, many, n_networks, kept=True, n_jobs=2)
    plain = grid(X, y, many, n_networks, kept=False)
    for other in (two, plain):
        if not np.array_equal(other.scores, full.scores):
            raise AssertionError("the scores of the grid depend on memory or on n_jobs")
    return {
        "trainings_20x5": full.trainings,
        "trainings_20x5_two_processes": two.trainings,
        "trainings_20x5_without_memory": plain.trainings,
        "time_ratio_20_counts_to_1": full.seconds / single.seconds,
        "seconds_20_counts": full.seconds,
        "seconds_1_count": single.seconds,
        "seconds_20_counts_without_memory": plain.seconds,
        "speedup_over_without_memory": plain.seconds / full.seconds,
    }


def grid(
    X: np.ndarray, y: np.ndarray, counts: list[int], n_networks: int, *, kept: bool, n_jobs: int = 1
) -> Outcome:
    """Search once, from an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = str(Path(folder) / "trainings")
        if n_jobs > 1:  # workers inherit the counter when they start
            get_reusable_executor().shutdown(wait=True)
        networks = CountedSelector.default_estimator(
            n_networks=n_networks, hidden_layer_sizes=(64, 32), max_epochs=20
        )
        selector = CountedSelector(
            networks,
            step=0.5,
            memory=Path(folder) / "kept" if kept else None,
            random_state=0,
        )
        pipeline = make_pipeline(selector, LogisticRegression(max_iter=1000))
        asked = {"countedselector__n_features_to_select": counts}
        search = GridSearchCV(pipeline, asked, cv=5, n_jobs=n_jobs)
        began = time.perf_counter()
        with parallel_config("loky"):
            search.fit(X, y)
        seconds = time.perf_counter() - began
        return Outcome(seconds, trainings(), search.cv_results_["mean_test_score"])
