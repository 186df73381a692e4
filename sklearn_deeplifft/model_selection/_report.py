"""Agreement of the folds of a cross-validation on the features that they select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._iterables import is_iterable

__all__ = ["feature_selection_report", "selection_of"]


def feature_selection_report(fitted: Any) -> pd.DataFrame:
    """Table of which features were selected in which fold, and how often.

    Parameters
    ----------
    fitted : dict, sequence of estimators, or estimator
        What ``cross_validate(..., return_estimator=True)`` returns, or fitted selectors, pipelines
        with selectors in them, or searches over either, of which the refitted best counts. A
        search keeps no model of its own folds: a single one is a table of one fold, and
        ``cross_validate(search, X, y, return_estimator=True)`` gives the outer ones.

    Returns
    -------
    DataFrame of shape (n_features, n_folds + 1)
        Boolean columns ``fold_0``, ``fold_1``, ... and ``frequency``, the share of folds that
        select the feature, 0 to 1. Features by falling frequency, then in the order in which they
        came. Their names are those that enter the first selector of a pipeline; of several
        selectors in a row, a feature has to pass all. Without names a column is ``x0``, ``x1``.

    Raises
    ------
    ValueError
        There are no estimators, no selector in one, or features are made anew between selectors.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.feature_selection import SelectKBest
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_deeplifft.model_selection import feature_selection_report
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> pipeline = make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=1000))
    >>> found = cross_validate(pipeline, X, y, cv=3, return_estimator=True)
    >>> feature_selection_report(found)["frequency"].head(2)
    petal length (cm)    1.0
    petal width (cm)     1.0
    Name: frequency, dtype: float64
    """
    selections = [selection_of(one) for one in _estimators(fitted)]
    names = list(dict.fromkeys(name for selection in selections for name in selection))
    folds = {
        f"fold_{i}": [selection.get(name, False) for name in names]
        for i, selection in enumerate(selections)
    }
    table = pd.DataFrame(folds, index=pd.Index(names, dtype=object))
    table["frequency"] = table.mean(axis=1).astype(float)
    return table.sort_values("frequency", ascending=False, kind="stable")


def _estimators(fitted: Any) -> list[Any]:
    if isinstance(fitted, Mapping):
        if "estimator" not in fitted:
            raise ValueError(
                "the result of cross_validate holds no estimators; pass it return_estimator=True."
            )
        fitted = fitted["estimator"]
    # A pipeline has a length and positions, too.
    several = is_iterable(fitted) and not hasattr(fitted, "fit")
    found = list(fitted) if several else [fitted]
    if not found:
        raise ValueError("there is nothing to report: no estimator was given.")
    return found


def selection_of(fitted: Any) -> dict[str, bool]:
    """Map each feature that could be selected to whether it is, in the order of the columns."""
    check_is_fitted(fitted)
    # Searches and selectors, of scikit-learn or not, are told by what a fit leaves and by their
    # methods: that is the library's own idiom, as there is no common base class.
    fitted = getattr(fitted, "best_estimator_", fitted)
    names = _names_before(fitted)
    entered: np.ndarray | None = None
    for step in _steps(fitted):
        if hasattr(step, "get_support"):
            entered = names if entered is None else entered
            names = names[_mask(step, len(names))]
        elif hasattr(step, "get_feature_names_out"):
            names = np.asarray(step.get_feature_names_out(names), dtype=object)
    if entered is None:
        raise ValueError(
            f"{type(fitted).__name__} selects no features: no step of it has get_support."
        )
    chosen = set(names.tolist())
    if not chosen <= set(entered.tolist()):
        strange = sorted(chosen - set(entered.tolist()))[:3]
        raise ValueError(
            f"features are made anew after the first selector ({strange}); report on a pipeline "
            "that ends with its last selector."
        )
    return {name: name in chosen for name in entered.tolist()}


def _steps(fitted: Any) -> list[Any]:
    """Transformers in their order, up to the last selector: what follows selects nothing."""
    if not isinstance(fitted, Pipeline):
        return [fitted]
    steps = [step for _, step in fitted.steps if step is not None and step != "passthrough"]
    last = max((i for i, step in enumerate(steps) if hasattr(step, "get_support")), default=-1)
    return steps[: last + 1]


def _names_before(fitted: Any) -> np.ndarray:
    names = getattr(fitted, "feature_names_in_", None)
    if names is None:
        names = [f"x{i}" for i in range(fitted.n_features_in_)]
    return np.asarray(names, dtype=object)


def _mask(selector: Any, n: int) -> np.ndarray:
    mask: np.ndarray = selector.get_support()
    if len(mask) != n:
        raise ValueError(
            f"{type(selector).__name__} selects among {len(mask)} outputs of a layer, not among "
            f"the {n} features; unit j of one network is not unit j of another, so folds cannot be "
            "compared."
        )
    return mask
