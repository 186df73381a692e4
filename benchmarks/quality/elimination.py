"""Careful elimination by logistic regression, as an expert would do it who has the time.

A fifth of the features that are left goes each round, those of the smallest squared weights; below
fifty they go one by one. Columns are standardised, classes weigh the same, and a round starts from
the weights of the round before it, which are close to its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.lists import Lists, Training, best_lists, standardised

#: Share of the features that goes in a round, and the number from which they go one by one.
SHARE, SINGLY = 0.2, 50


def elimination_lists(training: Training, counts: Sequence[int]) -> Lists:
    """For each `k` the features that are left last; several columns of a block go together."""
    d = training.X.shape[1]
    blocks = np.arange(d) if training.blocks is None else training.blocks
    features = np.unique(blocks, return_inverse=True)[1]
    kept_for = rounds_kept(standardised(training.X), training.y, features)
    return best_lists(kept_for[features].astype(float), training.blocks, counts)


def rounds_kept(Z: Any, y: np.ndarray, features: np.ndarray) -> np.ndarray:
    """For each feature its place in the elimination, 0 the first to go: (number of features,).

    `features` (d,) says which feature, from 0, each column of `Z` (n, d) belongs to.
    """
    model = LogisticRegression(class_weight="balanced", max_iter=1000, warm_start=True)
    columns, gone = np.arange(Z.shape[1]), 0
    place = np.empty(features.max() + 1, dtype=int)
    left = np.arange(len(place))
    while len(left) > 1:
        model.fit(Z[:, columns], y)
        weights = np.bincount(features[columns], (model.coef_**2).sum(axis=0), len(place))
        worst = left[np.argsort(weights[left], kind="stable")[: _number_to_drop(len(left))]]
        place[worst] = gone + np.arange(len(worst))
        gone += len(worst)
        left = np.setdiff1d(left, worst)
        stays = ~np.isin(features[columns], worst)
        columns, model.coef_ = columns[stays], model.coef_[:, stays]
    place[left] = gone
    return place


def _number_to_drop(n_left: int) -> int:
    return max(1, min(int(SHARE * n_left), n_left - SINGLY))
