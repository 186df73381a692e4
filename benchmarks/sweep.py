"""A grid over numbers of features: how often networks are trained, and how long it takes.

    python -m benchmarks.sweep [--json FILE] [--quick]

``GridSearchCV`` over 20 numbers of features and 5 folds, and a refit on all rows, with
``DeepLIFFTSelector(memory=...)`` and logistic regression. ``trainings_20x5`` is how often networks
began to train in it, written down by the processes that do; ``trainings_20x5_two_processes`` the
same with two workers. ``time_ratio_20_counts_to_1`` is its time over that of the grid with one
number of features, each from an empty folder. Beside it the same grid without ``memory``, which is
what scikit-learn does by itself. Networks are few and small, so that this ends.
"""

from __future__ import annotations

import argparse
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

from benchmarks._counted import VARIABLE, CountedSelector, trainings
from benchmarks._measure import write_json


class Outcome(NamedTuple):
    """Of one grid."""

    seconds: float
    trainings: int
    scores: np.ndarray
    """(n_counts,): mean test scores."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a smaller table, fewer networks")
    options = parser.parse_args()
    figures = measure(500, 1) if options.quick else measure(2000, 3)
    for name, value in figures.items():
        print(f"{name:40s} {value:10.3f}")
    write_json(options.json, figures)


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
        selector = CountedSelector(
            n_networks=n_networks,
            step=0.5,
            hidden_layer_sizes=(64, 32),
            max_epochs=20,
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


if __name__ == "__main__":
    main()
