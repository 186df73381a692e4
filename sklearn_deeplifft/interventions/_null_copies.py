"""The interventions once more, on null columns beside the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft._groups import FeatureGroups
from sklearn_deeplifft.interventions._importances import Averages
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.ranking import network_shares, null_p_values, q_values

__all__ = ["NullScores", "Significance", "against_nulls", "beside_nulls", "on_nulls"]


class NullScores(NamedTuple):
    """What one network says of the features that have interventions, and of their null copies."""

    real: np.ndarray
    """(G,): mean size of a row's change."""
    null: np.ndarray
    class_real: np.ndarray
    """(R, G): mean size of the effects."""
    class_null: np.ndarray

    @classmethod
    def of(cls, averages: Averages, effects: np.ndarray, sizes: np.ndarray) -> NullScores:
        """From the interventions, and after them the same on null copies."""
        m, touched = len(effects) // 2, averages.touched
        return cls(
            averages.overall(sizes[:m])[touched],
            averages.overall(sizes[m:])[touched],
            averages.sizes(effects[:m])[:, touched],
            averages.sizes(effects[m:])[:, touched],
        )


class Significance(NamedTuple):
    """Of every column; 1 where there is no intervention."""

    p_values: np.ndarray
    q_values: np.ndarray
    class_p_values: np.ndarray
    class_q_values: np.ndarray


def against_nulls(
    scores: Sequence[NullScores], touched: np.ndarray, groups: FeatureGroups
) -> Significance | None:
    """Compare the networks' mean with null features of single networks; None without any."""
    if not scores:
        return None
    real, null, class_real, class_null = (np.array(values) for values in zip(*scores, strict=True))
    overall = _p_and_q(real, null, touched, groups)
    return Significance(*overall, *_p_and_q(class_real, class_null, touched, groups))


def _p_and_q(
    real: np.ndarray, null: np.ndarray, touched: np.ndarray, groups: FeatureGroups
) -> tuple[np.ndarray, np.ndarray]:
    real, null = network_shares(real, null)
    p = null_p_values(real.mean(axis=0), null)
    found = []
    for values in (p, q_values(p)):
        full = np.ones((*values.shape[:-1], len(touched)))
        full[..., touched] = values
        found.append(groups.spread(full))
    return found[0], found[1]


def beside_nulls(background: np.ndarray, random_state: int) -> np.ndarray:
    """Rows of the real columns beside those of null ones, permuted rows of the same: (n, 2 d)."""
    order = np.random.RandomState(random_state).permutation(len(background))
    return np.hstack([background, background[order]])


def on_nulls(bound: Sequence[Intervention], d: int) -> list[Intervention]:
    """The same interventions on the null copies of their columns."""
    return [one.at({column: int(column) + d for column in one.columns}) for one in bound]
