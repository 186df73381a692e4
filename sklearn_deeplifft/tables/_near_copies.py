"""Families of near-copies: columns that are all strongly correlated with each other."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from sklearn_deeplifft.tables._correlations import ColumnCorrelations, correlated_components
from sklearn_deeplifft.tables._feature_groups import FeatureGroups
from sklearn_deeplifft.tables._rows import Rows

__all__ = ["near_copies"]

LONGEST_CHAIN = 2000
"""Columns joined by a chain of near-copies beyond which each is left alone: the distances of all
pairs would take too much memory, and a chain so long is a smooth image or spectrum."""


def near_copies(
    rows: Rows, weight: np.ndarray, threshold: float, features: FeatureGroups
) -> FeatureGroups:
    """Put columns into one family where any two of them have ``|rho| > threshold``.

    Complete linkage, so that neighbours in an image do not chain all of it into one family. Columns
    that are one feature stay together, and bring their families with them.

    Parameters
    ----------
    rows : Rows of shape (n, d)
    weight : array of shape (n,)
        Of rows, in the correlations.
    threshold : float
        Between 0 and 1.
    features : FeatureGroups
        The columns that are one feature anyway.
    """
    label = correlated_components(rows, threshold, weight)
    sizes = np.bincount(label)
    table, unused = ColumnCorrelations(rows, weight), len(sizes)
    for chain in np.flatnonzero(sizes > 2):  # two that are joined are a family as they are
        columns = np.flatnonzero(label == chain)
        if len(columns) > LONGEST_CHAIN:
            own = np.arange(len(columns))
        else:
            own = _complete(table.of(columns)[:, columns], threshold)
        label[columns] = unused + own
        unused = label.max() + 1
    return _joined(label, features)


def _complete(correlation: np.ndarray, threshold: float) -> np.ndarray:
    """Labels of complete linkage, (b,)."""
    distance = 1 - np.abs(correlation)
    np.fill_diagonal(distance, 0.0)
    distance = np.clip((distance + distance.T) / 2, 0, None)
    tree = linkage(squareform(distance, checks=False), "complete")
    return np.asarray(fcluster(tree, 1 - threshold, "distance"))


def _joined(label: np.ndarray, features: FeatureGroups) -> FeatureGroups:
    """Families (d,) of the features that columns of one label link, from labels (d,) of columns."""
    # Features and labels are nodes, columns are edges; what hangs together is a family.
    n_features, n_nodes = len(features.first), len(features.first) + label.max() + 1
    ends = features.of_column, n_features + label
    graph = sp.coo_array((np.ones(len(label), dtype=bool), ends), shape=(n_nodes, n_nodes))
    _, family_of_node = connected_components(graph, directed=False)
    return FeatureGroups.numbered(family_of_node[features.of_column])
