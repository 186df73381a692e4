"""The ranking of a fitted selector as a table, one row per feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.selectors._directions import directions, in_words
from sklearn_deeplifft.tables import (
    FeatureGroups,
    Rows,
    correlated_pairs,
    names_of,
    require_threshold,
)

__all__ = ["class_names", "displayed_names", "feature_names", "ranking_frame", "signed_scores"]

MOST_IN_NAME = 3
"""Columns that are named in the name of a group without a label."""


def ranking_frame(selector: Any, rows: Rows | None, threshold: float) -> pd.DataFrame:
    """The table that ``to_frame`` returns; ``rows`` are those that correlations are taken from."""
    require_threshold(threshold)
    groups: FeatureGroups = selector._groups
    selected = groups.merged(selector._get_support_mask())  # first: it checks the cut
    names, ranking = feature_names(selector), groups.merged(selector.ranking_)
    order = np.argsort(ranking, kind="stable")
    columns: dict[str, Any] = {"rank": ranking, "feature": names}
    if not groups.single:
        own = _column_names(selector)
        columns["group"] = _objects([tuple(own[c].tolist()) for c in groups.columns])
    columns["importance"] = groups.merged(selector.feature_importances_)
    if len(selector.importances_per_network_) > 1:
        columns |= _over_networks(selector)
    if "q_values_" in vars(selector):
        columns["p_value"] = groups.merged(selector.p_values_)
        columns["q_value"] = groups.merged(selector.q_values_)
    columns |= _by_class(selector)
    columns["direction"] = _directions(selector, order)
    if rows is not None:
        columns["correlated_partners"] = _partners(rows, groups, names, threshold)
    columns["selected"] = selected
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def feature_names(selector: Any) -> np.ndarray:
    """Name of each feature (G,); positions where ``fit`` saw no names, or ranked neurons."""
    groups: FeatureGroups = selector._groups
    names, labels = _column_names(selector), selector._group_labels
    if groups.single and not any(labels):
        return names
    if len(labels) != len(groups.first):  # groups of the networks' own
        labels = [None] * len(groups.first)
    return _objects(
        [
            names[columns[0]]
            if label is None and len(columns) == 1
            else label or _joined(names[columns])
            for label, columns in zip(labels, groups.columns, strict=True)
        ]
    )


def displayed_names(selector: Any) -> list[str]:
    """Names of the features, the best first, as a reader takes them: ``x3`` is column 3."""
    order = np.argsort(selector._groups.merged(selector.ranking_), kind="stable")
    position = "x" if selector._selects_inputs() else "neuron "
    names = feature_names(selector)[order].tolist()
    return [f"{position}{name}" if isinstance(name, int) else str(name) for name in names]


def class_names(selector: Any) -> list[str]:
    """Names of the rows of the class scores: a class, or the pair of an output and its class."""
    names = selector._row_names
    return ["_".join(map(str, n)) if isinstance(n, tuple) else str(n) for n in names]


def signed_scores(selector: Any) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and directions (G, K) of what each feature says, the best first.

    Of classes sizes of the class scores, of quantities those of the slopes. Effects of
    interventions are their own slopes.
    """
    groups: FeatureGroups = selector._groups
    scores = np.atleast_2d(selector.class_importances_)
    slopes = np.atleast_2d(vars(selector).get("class_slopes_", scores))
    sizes = scores if "classes_" in vars(selector) else slopes
    order = np.argsort(groups.merged(selector.ranking_), kind="stable")
    return groups.largest(np.abs(sizes))[:, order].T, directions(slopes, selector.ranking_)


def _column_names(selector: Any) -> np.ndarray:
    names = names_of(selector) if selector._selects_inputs() else None
    return np.arange(len(selector.ranking_)) if names is None else names


def _joined(names: np.ndarray) -> str:
    rest = len(names) - MOST_IN_NAME
    first = " + ".join(map(str, names[:MOST_IN_NAME]))
    return f"{first} + {rest:,} more" if rest > 0 else first


def _over_networks(selector: Any) -> dict[str, np.ndarray]:
    merged = selector._groups.merged
    low, high = merged(selector.importances_interval_)
    return {
        "importance_low": low,
        "importance_high": high,
        "importance_std": merged(selector.importances_std_),
        "mean_rank": merged(selector.mean_ranks_),
        "selection_frequency": merged(selector.selection_frequency_),
    }


def _by_class(selector: Any) -> dict[str, np.ndarray]:
    """Scores and slopes for each class."""
    groups: FeatureGroups = selector._groups
    labels, scores = class_names(selector), groups.largest(selector.class_importances_)
    found = {f"class_score[{label}]": row for label, row in zip(labels, scores, strict=True)}
    if "class_slopes_" in vars(selector):  # effects of interventions are their own slopes
        several = np.bincount(groups.of_column) > 1
        slopes = np.where(several, np.nan, groups.merged(selector.class_slopes_))
        found |= {f"class_slope[{label}]": row for label, row in zip(labels, slopes, strict=True)}
    return found


def _directions(selector: Any, order: np.ndarray) -> np.ndarray:
    sizes, signs = signed_scores(selector)
    classes = "classes_" in vars(selector)
    found = np.empty(len(order), dtype=object)
    found[order] = in_words(sizes, signs, class_names(selector), classes=classes)
    return found


def _partners(rows: Rows, groups: FeatureGroups, names: np.ndarray, threshold: float) -> np.ndarray:
    """Features of which a column is correlated with one of the feature's, the closest first."""
    closest: list[dict[int, float]] = [{} for _ in names]
    for pairs in correlated_pairs(rows, threshold):
        for a, b, rho in zip(
            groups.of_column[pairs.i], groups.of_column[pairs.j], pairs.rho, strict=True
        ):
            if a != b:
                size = max(abs(rho), closest[a].get(b, 0.0))
                closest[a][b] = closest[b][a] = size
    # plain names, as NumPy's own write themselves out with their type
    plain = names.tolist()
    return _objects(
        [tuple(plain[b] for b in sorted(own, key=lambda b: -own[b])) for own in closest]
    )


def _objects(values: Sequence[Any]) -> np.ndarray:
    """One-dimensional, also of tuples of one length."""
    found = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        found[i] = value
    return found
