"""The learners that judge a set of features, and how well they do on rows held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["METRICS", "Judgement", "balanced_accuracy", "forest", "judge", "linear", "r_squared"]

METRICS = {"classification": "balanced accuracy", "regression": "R squared"}
RESAMPLES = 100


class Judgement(NamedTuple):
    """Scores on the test rows."""

    linear: float
    forest: float
    standard_error: float
    """Standard error of the mean of the two, over resampled test rows."""

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
) -> Judgement:
    """Train both learners on some columns and score them on the test rows."""
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
    return Judgement(by_linear, by_forest, _standard_error(score, y_test, predictions, seed))


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
    seed: int,
) -> float:
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(truth), size=len(truth))
        scores.append(np.mean([score(truth[rows], found[rows]) for found in predictions]))
    return float(np.nanstd(scores))
