"""From a table to its null columns: correlations, and what they make of rows."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.networks import KnockoffMap
from sklearn_deeplifft.ranking import blocks_beyond_chance, knockoff_maps_of_blocks
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
    if not 1 < data.rows.shape[1] <= MOST_COLUMNS:
        return None
    weight = data.training_weight
    # As many rows of equal weight as would leave a mean as uncertain.
    n = weight.sum() ** 2 / (weight**2).sum()
    table = ColumnCorrelations(as_read(data.rows, data.moments), weight)
    correlation = _correlation(table)
    features = families.of_column
    blocks = blocks_beyond_chance(correlation, n, table.absolute_third_moments(), features)
    kept, mixed = knockoff_maps_of_blocks(correlation, n, features, blocks)
    std = data.std_as_read
    return KnockoffMap.of(kept, mixed, data.mean_as_read, np.where(std > 0, std, 1.0))


def _correlation(table: ColumnCorrelations) -> np.ndarray:
    """Correlations (d, d); a constant column has none."""
    correlation = table.of(np.arange(table.rows.shape[1]))
    np.fill_diagonal(correlation, 1.0)
    return correlation
