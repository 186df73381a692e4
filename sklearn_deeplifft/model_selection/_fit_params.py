"""Groups and weights of rows, to every ``fit`` that takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import RFE, RFECV, SelectFromModel
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

__all__ = ["parameters_of_fit", "score_of_search"]


def parameters_of_fit(estimator: Any, rows: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``rows`` has, under the names by which ``fit`` hands it to all who take it.

    ``rows`` are ``groups`` and ``sample_weight``; None is not handed over.
    """
    return {
        key: value
        for name, value in rows.items()
        if value is not None
        for key in _keys(estimator, name)
    }


def _keys(estimator: Any, name: str) -> Iterator[str]:
    if isinstance(estimator, Pipeline):
        for step, one in estimator.steps:
            yield from (f"{step}__{key}" for key in _keys(one, name))
        return
    # A step may be "passthrough" or None.
    if hasattr(estimator, "fit") and has_fit_parameter(estimator, name):
        yield name
        return
    if isinstance(estimator, BaseSearchCV | RFECV) and name == "groups":
        yield name  # which its splitter gets, and no estimator
    # Their signatures do not tell: they hand on whatever their estimator takes. RFECV does not.
    if isinstance(estimator, RFECV):
        return
    if isinstance(estimator, RFE | SelectFromModel | BaseSearchCV):
        yield from _keys(estimator.estimator, name)
    elif isinstance(estimator, TransformedTargetRegressor):
        yield from _keys(estimator.regressor, name)


def score_of_search(search: Any, X: Any, y: Any, **weights: Any) -> Any:
    """``search.score``, which itself takes no weights."""
    metric = search.scorer_
    if isinstance(metric, Mapping):
        metric = metric[search.refit]
    found = metric(search.best_estimator_, X, y, **weights)
    return found[search.refit] if isinstance(found, Mapping) else found
