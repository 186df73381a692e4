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
    chains, every = correlated_components(rows, threshold, weight), np.arange(rows.shape[1])
    table, label = ColumnCorrelations(rows, weight), every.copy()
    for chain in np.flatnonzero(np.bincount(chains) > 1):
        columns = np.flatnonzero(chains == chain)
        if len(columns) > LONGEST_CHAIN:
            continue
        own = _complete(table.of(columns)[:, columns], threshold)
        label[columns] = columns[[np.flatnonzero(own == o)[0] for o in own]]
    return _joined(label, features)


def _complete(correlation: np.ndarray, threshold: float) -> np.ndarray:
    """Labels of complete linkage, (b,)."""
    distance = 1 - np.abs(correlation)
    np.fill_diagonal(distance, 0.0)
    distance = np.clip((distance + distance.T) / 2, 0, None)
    tree = linkage(squareform(distance, checks=False), "complete")
    return np.asarray(fcluster(tree, 1 - threshold, "distance"))


def _joined(label: np.ndarray, features: FeatureGroups) -> FeatureGroups:
    """Families of features that share a label of a column, (d,) each."""
    d, ends = len(label), (np.r_[label, features.of_column], np.tile(np.arange(len(label)), 2))
    # Labels, features and columns are nodes; what hangs together is a family.
    nodes = np.r_[ends[0][:d], d + ends[0][d:]], 2 * d + ends[1]
    graph = sp.coo_array((np.ones(2 * d, dtype=bool), nodes), shape=(3 * d, 3 * d))
    return FeatureGroups.numbered(connected_components(graph, directed=False)[1][2 * d :])
