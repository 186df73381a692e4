"""From a table to its null columns: correlations, and what they make of rows."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.networks import KnockoffMap
from sklearn_deeplifft.ranking import knockoff_maps, shrunk
from sklearn_deeplifft.tables import ColumnCorrelations, FeatureGroups, FitData, near_copies

__all__ = ["NEAR_COPY", "families_of", "knockoff_map_of"]

NEAR_COPY = 0.9
"""Absolute correlation above which columns are compared with null columns as one family."""

MOST_COLUMNS = 2000
"""Beyond, correlations take too long, and null columns are permuted copies."""


def families_of(data: FitData, features: FeatureGroups) -> FeatureGroups:
    """Features that are near-copies of each other: of these, none says what the others do not.

    Correlations are those of all rows, by their weights in training.
    """
    return near_copies(data.rows, data.training_weight, NEAR_COPY, features)


def knockoff_map_of(data: FitData, families: FeatureGroups) -> KnockoffMap | None:
    """Map from a row and its donor to null columns; None where the donor alone is one.

    Null columns are as far from the real ones as correlations between families allow. Correlations
    are those of all rows, by their weights in training.
    """
    d = data.rows.shape[1]
    if not 1 < d <= MOST_COLUMNS:
        return None
    kept, mixed = knockoff_maps(_correlation(data), families.of_column)
    return KnockoffMap.of(kept, mixed, data.mean, np.where(data.std > 0, data.std, 1.0))


def _correlation(data: FitData) -> np.ndarray:
    """Shrunk correlations (d, d); a constant column has none."""
    weight = data.training_weight
    correlation = ColumnCorrelations(data.rows, weight).of(np.arange(data.rows.shape[1]))
    np.fill_diagonal(correlation, 1.0)
    # As many rows of equal weight as would leave a mean as uncertain.
    return shrunk(correlation, weight.sum() ** 2 / (weight**2).sum())
