"""The learners that judge a set of features, and how well they do on rows held out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft.ensembles import METRICS

__all__ = ["METRICS", "Judgement", "balanced_accuracy", "forest", "judge", "linear", "r_squared"]

RESAMPLES = 100


class Judgement(NamedTuple):
    """Scores on the test rows."""

    linear: float
    forest: float
    standard_error: float
    """Standard error of the mean of the two, over resampled test rows; NaN of a single group."""

    @property
    def mean(self) -> float:
        """Mean of the two learners."""
        return (self.linear + self.forest) / 2


def linear(task: str) -> Any:
    """Logistic regression, each class weighing the same, or ridge; on standardised columns."""
    model = (
        LogisticRegression(max_iter=500, class_weight="balanced")
        if task == "classification"
        else Ridge()
    )
    return make_pipeline(StandardScaler(), model)


def forest(task: str, n_trees: int, seed: int) -> Any:
    """A random forest, each class weighing the same."""
    settings = {"n_estimators": n_trees, "random_state": seed, "n_jobs": -1}
    if task == "classification":
        return RandomForestClassifier(class_weight="balanced", **settings)
    return RandomForestRegressor(max_features=1 / 3, **settings)


def judge(
    task: str,
    X_train: np.ndarray,
    X_test: np.ndarray,
    y_train: np.ndarray,
    y_test: np.ndarray,
    seed: int,
    *,
    groups: np.ndarray | None = None,
) -> Judgement:
    """Train both learners on some columns and score them on the test rows.

    ``groups`` of test rows that belong together: the error is over resampled groups, then.
    """
    score = balanced_accuracy if task == "classification" else r_squared
    predictions = []
    for model in (linear(task), forest(task, 100, seed)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X_train, y_train)
        # Threads add up the trees' votes in any order, and the last bit decides ties.
        if "n_jobs" in model.get_params():
            model.set_params(n_jobs=1)
        predictions.append(model.predict(X_test))
    by_linear, by_forest = (score(y_test, found) for found in predictions)
    error = _standard_error(score, y_test, predictions, groups, seed)
    return Judgement(by_linear, by_forest, error)


def balanced_accuracy(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over the classes in ``truth`` of the share of their rows that is found.

    >>> balanced_accuracy(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1]))
    0.875
    """
    _, codes, sizes = np.unique(truth, return_inverse=True, return_counts=True)
    return float((np.bincount(codes, weights=truth == found) / sizes).mean())


def r_squared(truth: np.ndarray, found: np.ndarray) -> float:
    """One minus the squared error in units of the variance; NaN if the truth does not vary.

    >>> r_squared(np.array([1.0, 3.0]), np.array([1.0, 2.0]))
    0.5
    """
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1 - ((truth - found) ** 2).sum() / spread) if spread > 0 else float("nan")


def _standard_error(
    score: Callable[[np.ndarray, np.ndarray], float],
    truth: np.ndarray,
    predictions: list[np.ndarray],
    groups: np.ndarray | None,
    seed: int,
) -> float:
    """Error over resampled rows or groups; NaN for a single one, which tells of no other."""
    rng = np.random.default_rng(seed)
    units = None if groups is None else _rows_of_each(groups)
    n = len(truth) if units is None else len(units)
    if n < 2:
        return math.nan
    scores = []
    for _ in range(RESAMPLES):
        rows = rng.integers(n, size=n)
        if units is not None:
            rows = np.concatenate([units[unit] for unit in rows])
        scores.append(np.mean([score(truth[rows], found[rows]) for found in predictions]))
    # Resamples of n vary as if the n were all there are; they are a sample, hence n - 1.
    return float(np.nanstd(scores)) * math.sqrt(n / (n - 1))


def _rows_of_each(groups: np.ndarray) -> list[np.ndarray]:
    """Positions of the rows of each group."""
    codes = np.unique(groups, return_inverse=True)[1]
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
