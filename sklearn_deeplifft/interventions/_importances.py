"""Effects of interventions to importances of features: two averages, written as matrices.

==============  =======================================================  ==========
code            symbol                                                   shape
==============  =======================================================  ==========
``average``     1 / (interventions of the feature), 0 elsewhere          (G, m)
``signed``      the same with the sign of the intervention, per column   (d, m)
overall         mean size of a row's change, over rows, classes          (G,)
by class        ``effects' signed'``: above 0 speaks for the class       (R, d)
==============  =======================================================  ==========
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_deeplifft.interventions._values import Intervention, SetTo
from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["Averages", "averages_of", "feature_of"]


class Averages(NamedTuple):
    """Averages that turn effects (m, R) into importances."""

    average: sp.csr_array
    signed: sp.csr_array

    def overall(self, magnitudes: np.ndarray) -> np.ndarray:
        """(G,): mean size of the changes (m, R) of a feature's interventions."""
        means: np.ndarray = self.average @ magnitudes.mean(axis=1)
        return means

    def by_class(self, effects: np.ndarray) -> np.ndarray:
        """(R, d): signed mean effect of having more of a column, or its level."""
        means: np.ndarray = self.signed @ effects
        return means.T

    def sizes(self, effects: np.ndarray) -> np.ndarray:
        """(R, G): mean size of the effects of a feature's interventions, whatever their sign."""
        means: np.ndarray = self.average @ np.abs(effects)
        return means.T

    @property
    def touched(self) -> np.ndarray:
        """(G,) bool: features that have an intervention."""
        stored: np.ndarray = np.diff(self.average.indptr)
        return stored > 0


def feature_of(bound: Intervention, groups: FeatureGroups) -> int:
    """The only feature that an intervention writes; -1 where it writes several."""
    found = np.unique(groups.of_column[bound.positions])
    return int(found[0]) if len(found) == 1 else -1


def averages_of(
    bound: Sequence[Intervention], background: np.ndarray, groups: FeatureGroups
) -> Averages:
    """Averages over each feature's own interventions; those on several features count for none."""
    feature = np.array([feature_of(one, groups) for one in bound])
    own = np.flatnonzero(feature >= 0)
    G, m, d = len(groups.first), len(bound), len(groups.of_column)
    count = np.bincount(feature[own], minlength=G)
    share = 1 / count[feature[own]]
    average = sp.csr_array((share, (feature[own], own)), shape=(G, m))
    rows, columns, values = [], [], []
    for i, weight in zip(own, share, strict=True):
        for column, sign in _signs(bound[int(i)], background):
            rows.append(column)
            columns.append(i)
            values.append(sign if _is_level(bound[int(i)]) else sign * weight)
    signed = sp.csr_array((np.array(values, dtype=np.float64), (rows, columns)), shape=(d, m))
    return Averages(average, signed)


def _signs(bound: Intervention, background: np.ndarray) -> list[tuple[int, float]]:
    """Columns that the intervention raises (above 0) or lowers (below 0)."""
    at = bound.positions
    if bound.sign or bound.target is None:
        return [(int(column), float(bound.sign)) for column in at if bound.sign]
    values = background[:, at]
    if _is_level(bound):
        # A level of a block: it says what its own column does, and nothing of the others.
        top = values.max(axis=0)
        assert bound.target is not None
        raised = (bound.target >= top) & (values.min(axis=0) < top)
        return [(int(column), 1.0) for column in at[raised]]
    side = np.sign(bound.target - values.mean(axis=0))
    return [(int(c), float(s)) for c, s in zip(at, side, strict=True) if s]


def _is_level(bound: Intervention) -> bool:
    return isinstance(bound, SetTo) and len(bound.columns) > 1 and bound.sign == 0
