"""Many cuts of one fitted selector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest
from sklearn.pipeline import Pipeline

from sklearn_deeplifft.selectors._base import BaseNetworkSelector

__all__ = ["as_it_is", "cuts", "last_step", "require_count_parameter"]

COUNTS = ("n_features_to_select", "max_features", "k")
"""Names that selectors give to the number of features, in scikit-learn and here."""


def last_step(selector: Any) -> Any:
    """The selector itself, or the one that ends a pipeline (after an imputer, say)."""
    return selector.steps[-1][1] if isinstance(selector, Pipeline) else selector


def require_count_parameter(selector: Any) -> str:
    """The parameter of a selector that is its number of features.

    Raises
    ------
    TypeError
        It has none, and so no curve.
    """
    last = last_step(selector)
    # Selectors of other libraries share methods, not a base class.
    params = last.get_params(deep=False) if hasattr(last, "get_params") else ()
    found = next((name for name in COUNTS if name in params), None)
    if found is None or not hasattr(last, "get_support"):
        raise TypeError(
            f"{type(last).__name__} cannot be asked for a number of features: it is no selector "
            f"with one of the parameters {', '.join(COUNTS)}."
        )
    return found


def cuts(
    selector: Any, counts: Sequence[int], fit: Callable[[Any], Any]
) -> Iterator[tuple[int, Any, bool]]:
    """Fit a selector as seldom as its kind allows, and cut it to each count in turn.

    Parameters
    ----------
    selector : estimator
        Left as it is; clones are fitted.
    fit : callable
        Fits what it is given, and returns it.

    Yields
    ------
    A count, the selector cut to it (until the next is asked for), and whether it was fitted for
    this one.
    """
    once = _rankable(last_step(selector))
    fitted = None
    for k in counts:
        fresh = fitted is None or not once
        if fresh:
            fitted = fit(_asked(clone(selector), _widest(selector, counts) if once else k))
        if once:
            _recut(last_step(fitted), k)
        yield k, fitted, fresh


def as_it_is(selector: Any, fit: Callable[[Any], Any]) -> Iterator[tuple[int, Any, bool]]:
    """The same of a selector that keeps as many features as it does by itself."""
    fitted = fit(clone(selector))
    best = getattr(fitted, "best_estimator_", fitted)  # of a search, as scikit-learn names it
    last = last_step(best)
    if not hasattr(last, "get_support"):
        raise TypeError(f"{type(last).__name__} selects no features: it has no get_support.")
    yield int(np.sum(last.get_support())), fitted, True


def _rankable(last: Any) -> bool:
    """Return whether one fit holds the selections of all counts.

    With larger steps than 1 the path of ``RFE`` depends on where it ends.
    """
    if isinstance(last, RFE):
        return type(last) is RFE and last.step == 1
    return isinstance(last, BaseNetworkSelector | SelectKBest | SelectFromModel)


def _widest(selector: Any, counts: Sequence[int]) -> int:
    """The count to fit with: one that is too large is refused before the others are used."""
    return 1 if isinstance(last_step(selector), RFE) else max(counts)


def _asked(selector: Any, k: int) -> Any:
    """Ask an unfitted selector for ``k`` features, and for nothing that would leave fewer."""
    last = last_step(selector)
    params: dict[str, Any] = {require_count_parameter(selector): k}
    if isinstance(last, BaseNetworkSelector):
        params["threshold"] = None
    elif isinstance(last, SelectFromModel):
        params["threshold"] = -np.inf
    last.set_params(**params)
    return selector


def _recut(last: Any, k: int) -> None:
    """Change the selection of a fitted selector."""
    if isinstance(last, RFE):
        last.support_ = last.ranking_ <= k
        return
    _asked(last, k)
    if isinstance(last, SelectFromModel):
        last.max_features_ = k  # resolved in its fit
