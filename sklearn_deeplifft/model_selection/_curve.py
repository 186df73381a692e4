"""Score against the number of features, selection inside every fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_features

from sklearn_deeplifft.model_selection._fit_params import parameters_of_fit, score_of_search
from sklearn_deeplifft.model_selection._recut import (
    as_it_is,
    cuts,
    last_step,
    require_count_parameter,
)

__all__ = [
    "FeatureCountCurve",
    "Table",
    "cells_of_folds",
    "checked_counts",
    "feature_count_curve",
    "name_of",
    "splits_of",
]

Split = tuple[np.ndarray, np.ndarray]
"""Positions of the rows that train and of those that test."""


@dataclass(frozen=True)
class FeatureCountCurve:
    """Scores of selectors per fold and number of features; the result of `feature_count_curve`."""

    frame: pd.DataFrame
    """One row per selector, fold and count: ``selector``, ``n_features``, ``fold``,
    ``score`` and ``fit_seconds``. A fit of a selector that serves all counts of a fold is timed in
    the row of the first, and the others hold 0; so sums are what was spent."""
    score_name: str = "score"

    def summary(self) -> pd.DataFrame:
        """Mean over folds, one row per selector and count.

        Returns
        -------
        DataFrame
            ``selector``, ``n_features``, ``mean``, ``standard_error`` (standard deviation over
            folds, divisor n - 1, over the root of their number, as in `one_standard_error`; NaN of
            a single fold) and ``fit_seconds``, the sum over folds.
        """
        cells = self.frame.groupby(["selector", "n_features"], sort=False)
        scores = cells["score"]
        found = pd.DataFrame(
            {
                "mean": scores.mean(),
                "standard_error": scores.sem(),
                "fit_seconds": cells["fit_seconds"].sum(),
            }
        )
        return found.reset_index()


class Table(NamedTuple):
    """Rows, and what belongs to each."""

    X: Any
    y: Any
    groups: Any = None
    weight: Any = None

    @property
    def params(self) -> dict[str, Any]:
        """What belongs to each, as ``fit`` calls it."""
        return {"groups": self.groups, "sample_weight": self.weight}

    def rows(self, index: np.ndarray) -> Table:
        """Some of them."""
        return Table(*(part if part is None else _safe_indexing(part, index) for part in self))


def feature_count_curve(
    selector: Any,
    estimator: Any,
    X: Any,
    y: Any,
    *,
    feature_counts: Sequence[int],
    cv: Any = 5,
    scoring: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    n_jobs: int | None = None,
) -> FeatureCountCurve:
    """Cross-validate an estimator on what selectors keep, at every number of features.

    Selection is part of each fold: neither selector nor estimator sees the rows that are scored.
    The best of the curve is still the best of several, and optimistic: to report a score, put the
    choice of the number into an outer fold.

    Parameters
    ----------
    selector : estimator, or dict of str to estimator
        One or several selectors, or pipelines that end with one; all meet the same folds. Those
        of this package, ``SelectKBest``, ``SelectFromModel`` and ``RFE(step=1)`` are fitted once
        per fold and cut to every count; all others are fitted for every count. Their thresholds are
        switched off.
    estimator : estimator
        Fitted to the selected columns; a pipeline, if they have to be scaled.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    feature_counts : sequence of int
        Between 1 and n_features.
    cv : int, splitter or iterable of splits, default=5
        Stratified for a classifier.
    scoring : str, callable or None, default=None
        One metric; None is ``estimator.score``.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together: passed to ``cv``, to every ``fit`` that takes them, and to the
        folds of a search.
    sample_weight : array-like of shape (n_samples,), default=None
        Passed to the score and to every ``fit`` that takes it, of steps of a pipeline and of what
        ``RFE``, ``SelectFromModel`` or a search are wrapped around as well.
    n_jobs : int or None, default=None
        Pairs of selector and fold that are worked on at the same time.

    Returns
    -------
    FeatureCountCurve
        ``frame`` and ``summary()``; ``plotting.FeatureCountDisplay.from_curve`` draws it.

    Raises
    ------
    ValueError
        A count is not between 1 and n_features, or there is none.
    TypeError
        A selector has no number of features to set.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.feature_selection import SelectKBest
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> from sklearn_deeplifft.model_selection import feature_count_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> one = DeepLIFFTSelector.default_estimator(n_networks=1)
    >>> selectors = {
    ...     "ours": DeepLIFFTSelector(one, step=None, random_state=0),
    ...     "F-test": SelectKBest(),
    ... }
    >>> model = LogisticRegression(max_iter=1000)
    >>> curve = feature_count_curve(selectors, model, X, y, feature_counts=[1, 2], cv=3)
    >>> list(curve.frame.columns), len(curve.frame)
    (['selector', 'n_features', 'fold', 'score', 'fit_seconds'], 12)
    """
    table = Table(*indexable(X, y, groups, sample_weight))
    counts = checked_counts(feature_counts, _num_features(table.X))
    named = _named(selector)
    for one in named.values():
        require_count_parameter(one)
    splits = splits_of(cv, table, estimator)
    rows = [
        (name, k, fold, score, seconds)
        for name, fold, cells in cells_of_folds(
            named, estimator, table, counts, splits=splits, scoring=scoring, n_jobs=n_jobs
        )
        for k, score, seconds, _ in cells
    ]
    columns = ["selector", "n_features", "fold", "score", "fit_seconds"]
    return FeatureCountCurve(pd.DataFrame(rows, columns=columns), name_of(scoring))


class Cell(NamedTuple):
    """A selector cut to a count in a fold, and what its features are worth there."""

    n_features: int
    score: float
    fit_seconds: float
    """Of the selector; 0 where a fit for another count served."""
    kept: Any
    """What ``keep`` made of the fitted selector."""


def splits_of(cv: Any, table: Table, estimator: Any) -> list[Split]:
    """Rows that train and rows that test, made once: another time a splitter may deal others."""
    folds = check_cv(cv, table.y, classifier=is_classifier(estimator))
    return list(folds.split(table.X, table.y, table.groups))


def cells_of_folds(
    named: Mapping[str, Any],
    estimator: Any,
    table: Table,
    counts: Sequence[int],
    *,
    splits: Sequence[Split],
    scoring: Any,
    n_jobs: int | None,
    keep: Callable[[Any], Any] | None = None,
) -> Iterator[tuple[str, int, list[Cell]]]:
    """Name of a selector, fold and its cells; each selector meets the same folds.

    Without ``counts`` selectors keep as many features as they do.
    """
    by_itself = scoring is None and isinstance(estimator, BaseSearchCV)
    scorer = score_of_search if by_itself else check_scoring(estimator, scoring)
    pieces = Parallel(n_jobs=n_jobs)(
        delayed(_cells_of_fold)(one, estimator, table, train, test, counts, scorer, keep)
        for one in named.values()
        for train, test in splits
    )
    pairs = ((name, fold) for name in named for fold in range(len(splits)))
    for (name, fold), piece in zip(pairs, pieces, strict=True):
        yield name, fold, piece


def _cells_of_fold(
    selector: Any,
    estimator: Any,
    table: Table,
    train: np.ndarray,
    test: np.ndarray,
    counts: Sequence[int],
    scorer: Any,
    keep: Callable[[Any], Any] | None,
) -> list[Cell]:
    training, held_out = table.rows(train), table.rows(test)
    seconds = 0.0

    def fit(unfitted: Any) -> Any:
        nonlocal seconds
        began = time.perf_counter()
        unfitted.fit(training.X, training.y, **parameters_of_fit(unfitted, training.params))
        seconds = time.perf_counter() - began
        return unfitted

    found = []
    for k, cut, fresh in cuts(selector, counts, fit) if counts else as_it_is(selector, fit):
        model, columns = clone(estimator), cut.transform(training.X)
        model.fit(columns, training.y, **parameters_of_fit(model, training.params))
        weights = {} if held_out.weight is None else {"sample_weight": held_out.weight}
        score = scorer(model, cut.transform(held_out.X), held_out.y, **weights)
        kept = None if keep is None else keep(cut)
        found.append(Cell(k, float(score), seconds if fresh else 0.0, kept))
    return found


def checked_counts(
    counts: Sequence[int], n_features: int, name: str = "feature_counts"
) -> list[int]:
    """Ascending, each once; ``name`` is that of the parameter."""
    counts = list(counts)
    wrong = [k for k in counts if not isinstance(k, Integral) or not 1 <= k <= n_features]
    if wrong or not counts:
        raise ValueError(
            f"{name}={counts} must be integers between 1 and the number of features, "
            f"{n_features}; {f'{wrong} are not' if wrong else 'there is none'}."
        )
    return sorted({int(k) for k in counts})


def _named(selector: Any) -> dict[str, Any]:
    if isinstance(selector, Mapping):
        return {str(name): one for name, one in selector.items()}
    return {type(last_step(selector)).__name__: selector}


def name_of(scoring: Any) -> str:
    if scoring is None:
        return "score"
    if isinstance(scoring, str):
        return scoring.replace("_", " ")
    # A user's callable, or one of make_scorer, which has no name.
    return str(getattr(scoring, "__name__", "score"))
