"""From a table to its null columns: correlations, and what they make of rows."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.networks import KnockoffMap
from sklearn_deeplifft.ranking import knockoff_maps, shrunk
from sklearn_deeplifft.tables import (
    ColumnCorrelations,
    FeatureGroups,
    FitData,
    as_read,
    near_copies,
)

__all__ = ["NEAR_COPY", "families_of", "knockoff_map_of"]

NEAR_COPY = 0.9
"""Absolute correlation above which columns are compared with null columns as one family."""

MOST_COLUMNS = 2000
"""Beyond, correlations take too long, and null columns are permuted copies."""


def families_of(data: FitData, features: FeatureGroups) -> FeatureGroups:
    """Features that are near-copies of each other: of these, none says what the others do not.

    Correlations are those of all rows, as networks read them, by their weights in training.
    """
    rows = as_read(data.rows, data.moments)
    return near_copies(rows, data.training_weight, NEAR_COPY, features)


def knockoff_map_of(data: FitData, families: FeatureGroups) -> KnockoffMap | None:
    """Map from a row and its donor to null columns; None where the donor alone is one.

    Null columns are as far from the real ones as correlations between families allow. Correlations
    are those of all rows, by their weights in training.
    """
    d = data.rows.shape[1]
    if not 1 < d <= MOST_COLUMNS:
        return None
    kept, mixed = knockoff_maps(_correlation(data), families.of_column)
    std = data.std_as_read
    return KnockoffMap.of(kept, mixed, data.mean_as_read, np.where(std > 0, std, 1.0))


def _correlation(data: FitData) -> np.ndarray:
    """Shrunk correlations (d, d); a constant column has none."""
    weight = data.training_weight
    rows = as_read(data.rows, data.moments)
    correlation = ColumnCorrelations(rows, weight).of(np.arange(rows.shape[1]))
    np.fill_diagonal(correlation, 1.0)
    # As many rows of equal weight as would leave a mean as uncertain.
    return shrunk(correlation, weight.sum() ** 2 / (weight**2).sum())
