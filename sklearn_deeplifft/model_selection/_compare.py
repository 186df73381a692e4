"""Several selectors on the same folds: what their features are worth, and how alike they stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import indexable
from sklearn.utils.validation import _num_features, validate_data

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft.model_selection._curve import (
    FeatureCountCurve,
    Table,
    cells_of_folds,
    checked_counts,
    name_of,
    splits_of,
)
from sklearn_deeplifft.model_selection._recut import require_count_parameter
from sklearn_deeplifft.model_selection._report import selection_of
from sklearn_deeplifft.ranking import nogueira_stability
from sklearn_deeplifft.tables import decide_task

__all__ = ["ALL", "SelectorComparison", "compare_selectors"]

ALL = "all features"
"""Name of the rows in which nothing is selected."""


class Everything(SelectorMixin, BaseEstimator):
    """Select every column."""

    def fit(self, X: Any, y: Any = None) -> Everything:
        """Count the columns."""
        validate_data(self, X, accept_sparse=True, dtype=None, ensure_all_finite=False)
        return self

    def _get_support_mask(self) -> np.ndarray:
        return np.ones(self.n_features_in_, dtype=bool)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        return tags


@dataclass(frozen=True)
class SelectorComparison:
    """Selectors per fold and number of features; the result of `compare_selectors`."""

    frame: pd.DataFrame
    """One row per selector, number of features and fold: ``selector``, ``n_features``, ``fold``,
    ``score`` on the fold's held-out rows, ``fit_seconds`` (0 where one fit served several numbers)
    and ``features``, a tuple of names. The selector ``"all features"`` selects nothing."""
    n_columns: int
    """Columns that are selected from."""
    own_numbers: bool = False
    """Whether selectors kept as many as they do by themselves."""
    score_name: str = "score"

    def summary(self) -> pd.DataFrame:
        """Means over folds, one row per selector and number of features.

        Returns
        -------
        DataFrame
            ``selector``, ``n_features`` (a mean, where a selector chooses it), ``mean`` score,
            ``standard_error`` (over folds, as in `FeatureCountCurve.summary`), ``stability`` of the
            selections (Nogueira's index: 1 if all folds select the same, about 0 as by chance; NaN
            of a single fold, and where all features are kept), ``always``, the features that every
            fold selects, a tuple, and ``fit_seconds``, the sum over folds.
        """
        keys = ["selector"] if self.own_numbers else ["selector", "n_features"]
        cells = self.frame.groupby(keys, sort=False)
        return pd.DataFrame([self._means(own) for _, own in cells])

    def curve(self) -> FeatureCountCurve:
        """The same without ``"all features"``, as `plotting.FeatureCountDisplay` draws it."""
        columns = ["selector", "n_features", "fold", "score", "fit_seconds"]
        own = self.frame[self.frame["selector"] != ALL]
        return FeatureCountCurve(own[columns].reset_index(drop=True), self.score_name)

    def _means(self, own: pd.DataFrame) -> dict[str, Any]:
        scores, numbers = own["score"], own["n_features"]
        kept = [set(names) for names in own["features"]]
        return {
            "selector": own["selector"].iloc[0],
            "n_features": numbers.mean() if self.own_numbers else numbers.iloc[0],
            "mean": scores.mean(),
            "standard_error": scores.sem(),
            "stability": self._stability(kept),
            "always": tuple(n for n in own["features"].iloc[0] if all(n in k for k in kept)),
            "fit_seconds": own["fit_seconds"].sum(),
        }

    def _stability(self, kept: list[set[str]]) -> float:
        if len(kept) < 2:
            return float("nan")
        masks = np.zeros((len(kept), self.n_columns), dtype=bool)
        names = sorted(set().union(*kept))
        masks[:, : len(names)] = [[name in own for name in names] for own in kept]
        return nogueira_stability(masks)


def compare_selectors(
    X: Any,
    y: Any,
    selectors: Mapping[str, Any],
    *,
    n_features: int | Sequence[int] | None = 10,
    judge: Any = None,
    cv: Any = 5,
    scoring: Any = None,
    groups: Any = None,
    sample_weight: Any = None,
    n_jobs: int | None = None,
) -> SelectorComparison:
    """Compare selectors: the score of one model on what each keeps, in the same folds.

    Each selector is fitted in every fold on its training rows alone, and so is the model that
    judges it. What a selector does inside, a search over numbers of features for one, stays within
    these rows. To report the best of several, though, put the choice into an outer fold.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    selectors : dict of str to estimator
        Selectors of this package or of others, pipelines that end with one, or, with
        ``n_features=None``, searches over either.
    n_features : int, sequence of int or None, default=10
        Number of features that each is cut to; several give a curve. None leaves each with the
        number that it keeps by itself.
    judge : estimator, default=None
        Fitted to the selected columns. None: logistic regression on standardised columns, or ridge
        regression where ``y`` is a quantity.
    cv : int, splitter or iterable of splits, default=5
        Stratified for a classifier.
    scoring : str, callable or None, default=None
        One metric; None is ``judge.score``.
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
    SelectorComparison
        ``frame`` and ``summary()``; ``plotting.SelectorComparisonDisplay.from_comparison`` draws
        it. The judge on all features is there for comparison.

    Raises
    ------
    ValueError
        A number is not between 1 and n_features; there is no selector, or one is called
        ``"all features"``.
    TypeError
        ``selectors`` is no mapping, or a selector has no number of features to set.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.feature_selection import SelectKBest
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> from sklearn_deeplifft.model_selection import compare_selectors
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> one = DeepLIFFTSelector.default_estimator(n_networks=1)
    >>> selectors = {
    ...     "ours": DeepLIFFTSelector(one, step=None, random_state=0),
    ...     "F-test": SelectKBest(),
    ... }
    >>> found = compare_selectors(X, y, selectors, n_features=2, cv=3)
    >>> found.summary()[["selector", "n_features"]].values.tolist()
    [['ours', 2], ['F-test', 2], ['all features', 4]]
    >>> found.summary()["always"][1]
    ('petal length (cm)', 'petal width (cm)')
    """
    table = Table(*indexable(X, y, groups, sample_weight))
    d = _num_features(table.X)
    named = _checked(selectors, own_numbers=n_features is None)
    asked = _several(n_features)
    counts = [] if asked is None else checked_counts(asked, d, "n_features")
    judge = _default_judge(table.X, y) if judge is None else judge
    splits = splits_of(cv, table, judge)
    options = {"splits": splits, "scoring": scoring, "n_jobs": n_jobs, "keep": _features}
    found = [
        *cells_of_folds(named, judge, table, counts, **options),
        *cells_of_folds({ALL: Everything()}, judge, table, [], **options),
    ]
    rows = [
        (name, cell.n_features, fold, cell.score, cell.fit_seconds, cell.kept)
        for name, fold, cells in found
        for cell in cells
    ]
    columns = ["selector", "n_features", "fold", "score", "fit_seconds", "features"]
    frame = pd.DataFrame(rows, columns=columns)
    return SelectorComparison(frame, d, not counts, name_of(scoring))


def _several(n_features: Any) -> list[int] | None:
    if n_features is None:
        return None
    return list(n_features) if is_iterable(n_features) else [n_features]


def _checked(selectors: Mapping[str, Any], *, own_numbers: bool) -> dict[str, Any]:
    if not isinstance(selectors, Mapping):
        raise TypeError(
            f"selectors is a {type(selectors).__name__}; pass a dict of names and selectors."
        )
    named = {str(name): one for name, one in selectors.items()}
    if not named:
        raise ValueError("selectors is empty; give one or more, each with a name.")
    if ALL in named:
        raise ValueError(f"{ALL!r} is the name of the judge on every column; call it otherwise.")
    for one in named.values():
        if not own_numbers:
            require_count_parameter(one)
    return named


def _default_judge(X: Any, y: Any) -> Any:
    quantity = decide_task(y, "pass judge=...") == "regression"
    last = Ridge() if quantity else LogisticRegression(max_iter=1000)
    return make_pipeline(StandardScaler(with_mean=not issparse(X)), last)


def _features(selector: Any) -> tuple[str, ...]:
    """Names of the features that a fitted selector keeps."""
    return tuple(name for name, chosen in selection_of(selector).items() if chosen)
