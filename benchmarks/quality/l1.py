"""L1 logistic regression as a selector, the penalty chosen for each length of list.

What ``GridSearchCV`` over ``C`` does of a pipeline that keeps the `k` largest weights of an L1
logistic regression (``SelectFromModel(..., max_features=k)``) and refits on them, with the models
of one path shared by all `k`. Several classes are told apart one against all others, and a column's
weight is the sum of its absolute weights. Only training rows are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn
from scipy.sparse import csr_array, issparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.fixes import parse_version

from benchmarks.quality.lists import Lists, Training, best_lists, standardised

# scikit-learn 1.8 renamed the choice of the penalty and warns of the old name.
_NEW_NAME = parse_version(sklearn.__version__) >= parse_version("1.8")
_L1 = {"l1_ratio": 1.0} if _NEW_NAME else {"penalty": "l1"}
# liblinear penalises the intercept too; on this scale it hardly does.
_INTERCEPT_SCALE = 100.0
# Factor between inverse penalties; models at most; and how many times as many features as the
# longest list the last model may use, whose weights say little more of short lists.
_GROWTH, _MODELS, _BEYOND = 1.5, 24, 3
# With fewer non-zeros than this share columns are scaled, not centred: liblinear is quicker then.
_SPARSE = 0.3
_INNER_SPLITS = 3


def l1_lists(training: Training, counts: Sequence[int]) -> Lists:
    """For each `k` the largest weights of that model whose largest `k` do best in inner folds."""
    Z, blocks = scaled(training.X), training.blocks
    penalties, whole = path(Z, training.y, _BEYOND * max(counts))
    gains = np.zeros((len(penalties), len(counts)))
    for train, test in folds(training, _INNER_SPLITS, training.seed):
        inner = np.array([weights(Z[train], training.y[train], C) for C in penalties])
        gains += _gains(Z, training.y, train, test, _path_lists(inner, blocks, counts))
    lists = _path_lists(whole, blocks, counts)
    return {k: lists[best][k] for k, best in zip(counts, gains.argmax(axis=0), strict=True)}


def scaled(X: Any) -> Any:
    """Columns of standard deviation 1; centred, unless most entries are zero."""
    if not issparse(X) and np.count_nonzero(X) < _SPARSE * X.size:
        X = csr_array(X)
    return standardised(X)


def path(Z: Any, y: np.ndarray, most: int) -> tuple[list[float], np.ndarray]:
    """Inverse penalties from the least that lets a column in, and weights: (models, d)."""
    penalties, found = [], []
    C = least_penalty(Z, y) * _GROWTH
    while len(found) < _MODELS and (not found or np.count_nonzero(found[-1]) < most):
        penalties.append(C)
        found.append(weights(Z, y, C))
        C *= _GROWTH
    return penalties, np.array(found)


def least_penalty(Z: Any, y: np.ndarray) -> float:
    """The inverse penalty up to which no column enters, beside a free intercept."""
    # Classes that weigh the same start at one half; a row's pull is its weight times one half.
    pulls = [np.where(own, 0.25 / own.mean(), -0.25 / (~own).mean()) for own in _questions(y)]
    return 1 / max(np.abs(Z.T @ pull).max() for pull in pulls)


def weights(Z: Any, y: np.ndarray, C: float) -> np.ndarray:
    """Sum over classes of absolute weights: (d,)."""
    return np.sum([np.abs(_one_against_all(Z, own, C)) for own in _questions(y)], axis=0)


def _questions(y: np.ndarray) -> list[np.ndarray]:
    classes = np.unique(y)
    return [y == c for c in (classes[1:] if len(classes) == 2 else classes)]


def _one_against_all(Z: Any, y: np.ndarray, C: float) -> np.ndarray:
    model = LogisticRegression(
        C=C,
        solver="liblinear",
        class_weight="balanced",
        intercept_scaling=_INTERCEPT_SCALE,
        max_iter=1000,
        random_state=0,
        **_L1,
    )
    return model.fit(Z, y).coef_[0]


def _path_lists(
    models: np.ndarray, blocks: np.ndarray | None, counts: Sequence[int]
) -> list[Lists]:
    """Of each model; columns that it leaves out follow by their mean weight along the path."""
    beyond = 1e-6 * models.mean(axis=0)
    return [best_lists(weight + beyond, blocks, counts, np.sum) for weight in models]


def folds(training: Training, number: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train and to test on, stratified, with rows of one group on one side."""
    kind = StratifiedKFold if training.row_groups is None else StratifiedGroupKFold
    parts = kind(number, shuffle=True, random_state=seed)
    return list(parts.split(np.zeros(len(training.y)), training.y, training.row_groups))


def _gains(
    Z: Any, y: np.ndarray, train: np.ndarray, test: np.ndarray, lists: list[Lists]
) -> np.ndarray:
    """Balanced accuracy of a refit on each list: (models, counts)."""
    known: dict[tuple[int, ...], float] = {}

    def gain(columns: list[int]) -> float:
        key = tuple(sorted(columns))
        if key not in known:
            model = LogisticRegression(class_weight="balanced", max_iter=1000)
            model.fit(Z[train][:, key], y[train])
            known[key] = balanced_accuracy_score(y[test], model.predict(Z[test][:, key]))
        return known[key]

    return np.array([[gain(columns) for columns in found.values()] for found in lists])
