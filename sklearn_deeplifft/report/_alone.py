"""How far a few columns alone come: a small tree, cross-validated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_deeplifft.ranking import drawn_rows

__all__ = ["N_FOLDS", "Target", "alone"]

N_FOLDS = 5
MOST_ROWS = 5000
"""Rows that a score is taken from: a tree of eight leaves learns no more from more."""
MOST_LEAVES = 8


@dataclass(frozen=True)
class Target:
    """What is predicted, one value a row."""

    values: np.ndarray
    """(n,): codes of classes, or numbers."""
    classification: bool
    labels: tuple[str, ...] = ()
    """Classes by code."""
    groups: np.ndarray | None = None
    """(n,): rows that are held out together."""

    @property
    def chance(self) -> float:
        """Score of a learner that knows nothing."""
        return 1 / len(self.labels) if self.classification else 0.0

    @property
    def metric(self) -> str:
        """Name of the score."""
        return "balanced accuracy" if self.classification else "R squared"

    def skill(self, score: float) -> float:
        """The score on a scale on which chance is 0 and no error 1."""
        return (score - self.chance) / (1 - self.chance)


def alone(columns: np.ndarray, target: Target) -> float:
    """Balanced accuracy, or R squared, of predictions from ``columns`` (n, m) alone.

    Over rows that were held out in one of five folds; NaN where rows are too few to be folded.
    """
    y, groups = target.values, target.groups
    if len(y) > MOST_ROWS:
        strata = y if target.classification else np.zeros(len(y), dtype=np.int64)
        kept = drawn_rows(np.arange(len(y)), strata, MOST_ROWS, np.random.default_rng(0))
        columns, y = columns[kept], y[kept]
        groups = None if groups is None else groups[kept]
    if not _can_be_folded(y, groups, target):
        return float("nan")
    found = np.full(len(y), np.nan)
    for train, test in _folds(target, groups).split(columns, y, groups):
        found[test] = _tree(target, len(train)).fit(columns[train], y[train]).predict(columns[test])
    score = balanced_accuracy_score if target.classification else r2_score
    return float(score(y, found))


def _can_be_folded(y: np.ndarray, groups: np.ndarray | None, target: Target) -> bool:
    if groups is not None and len(np.unique(groups)) < N_FOLDS:
        return False
    if not target.classification:
        return len(y) >= 2 * N_FOLDS
    sizes = np.unique(y, return_counts=True)[1]
    return bool(len(sizes) > 1 and sizes.min() >= N_FOLDS)


def _folds(target: Target, groups: np.ndarray | None) -> KFold:
    if target.classification:
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        return kind(N_FOLDS, shuffle=True, random_state=0)
    if groups is not None:
        return GroupKFold(N_FOLDS)
    return KFold(N_FOLDS, shuffle=True, random_state=0)


def _tree(target: Target, n: int) -> DecisionTreeClassifier | DecisionTreeRegressor:
    settings = {
        "max_leaf_nodes": max(MOST_LEAVES, len(target.labels)),
        "min_samples_leaf": max(min(5, n // 20), 1),
        "random_state": 0,
    }
    if target.classification:
        return DecisionTreeClassifier(class_weight="balanced", **settings)
    return DecisionTreeRegressor(**settings)
