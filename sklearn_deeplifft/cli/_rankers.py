"""The other ways of choosing features, each given its best setting.

A chooser takes a number of features and returns their positions, best first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from inspect import signature

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import f_classif, f_regression
from sklearn.linear_model import LogisticRegression, lasso_path
from sklearn.preprocessing import StandardScaler
from sklearn.svm import l1_min_c

from sklearn_deeplifft.cli._learners import forest, linear

__all__ = ["Chooser", "anova_ranker", "by_score", "forest_ranker", "l1_ranker", "rankers_for"]

Chooser = Callable[[int], np.ndarray]
Ranker = Callable[[str, np.ndarray, np.ndarray, int], Chooser]
"""(task, X, y, seed) -> chooser."""

N_PENALTIES = 8


def rankers_for(task: str) -> dict[str, Ranker]:
    """The methods of comparison, by the name that tables and figures give them."""
    return {
        "L1 logistic" if task == "classification" else "lasso": l1_ranker,
        "random forest": forest_ranker,
        "ANOVA F-test" if task == "classification" else "F-test": anova_ranker,
    }


def by_score(scores: np.ndarray) -> Chooser:
    """Take the highest scores; among equals the first column.

    >>> by_score(np.array([0.1, 0.7, 0.2]))(2).tolist()
    [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    return lambda k: order[:k]


def anova_ranker(task: str, X: np.ndarray, y: np.ndarray, seed: int) -> Chooser:
    """Each feature alone: the F statistic of its means by class, or of its correlation."""
    test = f_classif if task == "classification" else f_regression
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of constant columns, which come last here
        statistic = test(X, y)[0]
    # A correlation that rounds to a little above one makes the statistic negative.
    return by_score(np.nan_to_num(np.abs(statistic), nan=-1.0))


def forest_ranker(task: str, X: np.ndarray, y: np.ndarray, seed: int) -> Chooser:
    """Mean decrease in impurity."""
    return by_score(forest(task, 300, seed).fit(X, y).feature_importances_)


def l1_ranker(task: str, X: np.ndarray, y: np.ndarray, seed: int) -> Chooser:
    """Largest absolute coefficients under an L1 penalty.

    The penalty is the one, of those that leave at least k coefficients, whose k largest fit the
    training rows best. Candidates have the same number of features, so the fit is a fair judge.
    """
    Z = StandardScaler().fit_transform(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = _logistic_path(Z, y, seed) if task == "classification" else _lasso_path(Z, y)

    def choose(k: int) -> np.ndarray:
        candidates = [size for size in path if (size > 0).sum() >= k] or path[-1:]
        chosen = [by_score(size)(k) for size in candidates]
        return max(chosen, key=lambda columns: _fit_score(task, Z[:, columns], y))

    return choose


def _fit_score(task: str, Z: np.ndarray, y: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(linear(task).fit(Z, y).score(Z, y))


def _logistic_path(Z: np.ndarray, y: np.ndarray, seed: int) -> list[np.ndarray]:
    """Size of each feature's coefficients, summed over classes, from strong penalties to weak."""
    try:
        weakest = l1_min_c(Z, y, loss="log")
    except ValueError:  # no column follows a class, and under every penalty all weights are 0
        return [np.zeros(Z.shape[1])]
    model = LogisticRegression(
        solver="saga", max_iter=300, tol=1e-3, warm_start=True, random_state=seed, **_pure_l1()
    )
    return [
        np.abs(model.set_params(C=C).fit(Z, y).coef_).sum(axis=0)
        for C in weakest * np.geomspace(1.5, 300, N_PENALTIES)
    ]


def _pure_l1() -> dict[str, object]:
    """scikit-learn 1.8 renamed the L1 penalty and warns of its old name."""
    if LogisticRegression().get_params()["penalty"] == "deprecated":
        return {"l1_ratio": 1.0}
    return {"penalty": "l1"}


def _lasso_path(Z: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    _, coefficients, _ = lasso_path(Z, y - y.mean(), eps=1e-3, **_number_of_penalties(30))
    return list(np.abs(coefficients).T)


def _number_of_penalties(n: int) -> dict[str, int]:
    """scikit-learn 1.9 renamed the argument and warns of its old name."""
    renamed = signature(lasso_path).parameters["alphas"].default is not None
    return {"alphas": n} if renamed else {"n_alphas": n}
