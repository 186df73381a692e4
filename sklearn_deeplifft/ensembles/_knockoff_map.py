"""From a table to its null columns: correlations, and what they make of two rows."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.networks import KnockoffMap
from sklearn_deeplifft.ranking import knockoff_maps, shrunk
from sklearn_deeplifft.tables import ColumnCorrelations, FeatureGroups, FitData

__all__ = ["knockoff_map_of"]

MOST_COLUMNS = 2000
"""Beyond, correlations take too long, and null columns are permuted copies."""


def knockoff_map_of(data: FitData, groups: FeatureGroups) -> KnockoffMap | None:
    """Map from a row and its donor to null columns; None where the donor alone is one.

    Correlations are those of all rows, by their weights in training.
    """
    d = data.rows.shape[1]
    if not 1 < d <= MOST_COLUMNS:
        return None
    kept, mixed = knockoff_maps(_correlation(data), groups.of_column)
    return KnockoffMap.of(kept, mixed, data.mean, np.where(data.std > 0, data.std, 1.0))


def _correlation(data: FitData) -> np.ndarray:
    """Shrunk correlations (d, d); a constant column has none."""
    weight = data.training_weight
    correlation = ColumnCorrelations(data.rows, weight).of(np.arange(data.rows.shape[1]))
    np.fill_diagonal(correlation, 1.0)
    # As many rows of equal weight as would leave a mean as uncertain.
    return shrunk(correlation, weight.sum() ** 2 / (weight**2).sum())
