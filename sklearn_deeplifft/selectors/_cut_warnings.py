"""Warnings of what a cut asks for. The same fit is kept for every cut, so no fit tells them."""

from __future__ import annotations

from typing import Any

from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.ranking import count_to_select
from sklearn_deeplifft.selectors._class_warnings import warn_nothing_speaks
from sklearn_deeplifft.selectors._significance import AUTO, explained
from sklearn_deeplifft.tables import FitData

__all__ = ["warn_of_cut"]


def warn_of_cut(selector: Any, data: FitData) -> None:
    """Warn of classes, numbers and levels that a fitted selector is asked for in vain."""
    if "_seen" in vars(selector):
        warn_nothing_speaks(
            *(selector._seen, selector.class_importances_, data.target),
            *(selector.target_class, selector.per_class),
        )
    if selector.n_features_to_select == AUTO:
        _explain_auto(selector, data)
    else:
        _warn_of_zeros(selector)


def _explain_auto(selector: Any, data: FitData) -> None:
    """Warn of a selection that is empty, or could hardly be anything else."""
    assert selector._tested is not None
    found = selector._q_of_cut(), selector.feature_importances_, data.names
    said = explained(*found, selector.alpha, selector._tested)
    if said is not None:
        tell(FeatureSelectionWarning(said))


def _warn_of_zeros(selector: Any) -> None:
    """Warn of a count that only features which say nothing can fill."""
    k = selector.n_features_to_select
    if k is None or selector.threshold is not None or selector.per_class:
        return
    if selector._second_importances() is not None:  # these order them, then, and not by chance
        return
    by_feature = selector._groups.merged(selector.feature_importances_)
    k, n = count_to_select(k, len(by_feature)), int((by_feature != 0).sum())
    if k > n:
        finding = (
            f"n_features_to_select={selector.n_features_to_select} keeps {k - n} features of "
            f"importance 0, as only {n} of {len(by_feature)} have any."
        )
        remedy = f"Ask for {max(n, 1)} or fewer, or set threshold as well."
        tell(FeatureSelectionWarning(finding, remedy))
