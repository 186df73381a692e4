"""Effects of interventions to importances of features: two averages, written as matrices.

==============  =======================================================  ==========
code            symbol                                                   shape
==============  =======================================================  ==========
``average``     w / (interventions of the feature), 0 elsewhere          (G, m)
``signed``      the same with the sign of the intervention, per column   (d, m)
overall         mean size of a row's change, over rows, classes          (G,)
by class        ``effects' signed'``: above 0 speaks for the class       (R, d)
w               min(1, standard deviation of the column / its step)      (m,)
==============  =======================================================  ==========

One more of a motif that one row in a thousand has is a step of thirty standard deviations. Networks
were never asked about such rows, answer wildly, and would rank the rarest columns first; so a step
counts as one standard deviation at most. Effects themselves are what they are, whoever is moved.
Levels of a block count as often as they are met. A shift by ranks, or a swap, leads to values of
the data, and counts in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_deeplifft.interventions._values import Add, Intervention, SetTo
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
    weight = np.array([_weight(bound[int(i)], background) for i in own])
    levels = np.array([_is_level(bound[int(i)]) for i in own], dtype=bool)
    share = weight / count[feature[own]]
    met = share.copy()
    met[levels] = _met([bound[int(i)] for i in own[levels]], feature[own[levels]], background)
    met[levels] /= count[feature[own[levels]]]
    average = sp.csr_array((met, (feature[own], own)), shape=(G, m))
    rows, columns, values = [], [], []
    for i, level, part, whole in zip(own, levels, share, weight, strict=True):
        for column, sign in _signs(bound[int(i)], background):
            rows.append(column)
            columns.append(i)
            values.append(sign * (whole if level else part))
    signed = sp.csr_array((np.array(values, dtype=np.float64), (rows, columns)), shape=(d, m))
    return Averages(average, signed)


def _weight(bound: Intervention, background: np.ndarray) -> float:
    """One, or the standard deviation of what is written as a share of the mean step, if less.

    Of several columns the mean square of steps counts, each in standard deviations of its own; of
    a level the largest step, which is that of its own column.
    """
    if not all(isinstance(part, SetTo | Add) for part in bound.parts):
        return 1.0
    values = background[:, bound.positions]
    unit = np.abs(values).max(axis=0)
    unit = np.where(unit > 0, unit, 1.0)  # squares of large numbers overflow
    deviations = (values / unit).std(axis=0)
    varies = deviations > 0
    if not varies.any():
        return 1.0
    with np.errstate(over="ignore"):  # an infinite step, which counts nothing
        steps = np.abs(bound.apply(values) / unit - values / unit).mean(axis=0)
        ratios = steps[varies] / deviations[varies]
        step = ratios.max() if _is_level(bound) else np.sqrt((ratios**2).mean())
    return float(1 / max(step, 1.0))


def _met(levels: Sequence[Intervention], feature: np.ndarray, background: np.ndarray) -> np.ndarray:
    """How often levels are met in the background, 1 on average over those of a feature."""
    if not levels:
        return np.ones(0)
    rows = np.array([_n_at(one, background) for one in levels], dtype=np.float64)
    total, count = (np.bincount(feature, weights=w)[feature] for w in (rows, None))
    found: np.ndarray = np.where(total > 0, rows * count / np.maximum(total, 1), 1.0)
    return found


def _n_at(level: Intervention, background: np.ndarray) -> int:
    """Background rows at a level."""
    return int((background[:, level.positions] == level.target).all(axis=1).sum())


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
