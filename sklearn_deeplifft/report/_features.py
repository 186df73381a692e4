"""Features of a fitted selector in the order of their ranks, and how far its networks agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.ranking import nogueira_stability, ranks, selection_frequency, top_masks
from sklearn_deeplifft.selectors._directions import directions
from sklearn_deeplifft.tables import Rows, correlated_pairs

__all__ = ["NEAR_COPY", "Features", "StabilityPoint", "features_of"]

COUNTS = (3, 5, 10, 20, 50)
"""Lengths of the lists that networks are compared by."""
MOST_LOOKED_AT = 20
"""Features, the first of the ranking, whose near-copies are looked for."""
NEAR_COPY = 0.9
SCORE, SLOPE = "class_score[", "class_slope["


@dataclass(frozen=True)
class StabilityPoint:
    """Agreement of the networks on lists of one length."""

    count: int
    stability: float
    """Nogueira's index; NaN where it cannot be told from chance."""
    frequency: np.ndarray
    """(G,): share of the networks that have each feature in their own list, the best first."""


@dataclass(frozen=True)
class Features:
    """The ranking, feature by feature; the best is first everywhere."""

    frame: pd.DataFrame
    """What ``to_frame`` of the selector returns."""
    names: list[str]
    """Names of the features; of a column without a name, its position behind an x."""
    columns: list[np.ndarray]
    """Columns of each feature."""
    labels: list[str]
    """K classes, labels or targets."""
    scores: np.ndarray
    """(G, K): class scores."""
    slopes: np.ndarray
    """(G, K): their slopes; NaN of a group of several columns, which has none."""
    signs: np.ndarray
    """(G, K): 1 where more of the feature speaks for the class, -1 against it, 0 neither way."""
    partners: list[tuple[str, ...]]
    """Columns that nearly copy one of the feature's, of the first features only."""
    by_network: np.ndarray
    """(N, G): rank of each feature in each network, 1 the best."""
    stability: list[StabilityPoint]


def features_of(selector: Any, rows: Rows, names: Sequence[str]) -> Features:
    """Read a fitted selector; ``rows`` are those of its fit, ``names`` (d,) of their columns."""
    frame = selector.to_frame()
    own = selector.feature_groups_
    order = np.argsort([selector.ranking_[columns[0]] for columns in own], kind="stable")
    columns = [np.asarray(own[i]) for i in order]
    scored = [name for name in frame if str(name).startswith(SCORE)]
    slopes = [name for name in frame if str(name).startswith(SLOPE)]
    by_network = selector.importances_per_network_[:, [own[i][0] for i in order]]
    by_class = selector.class_slopes_ if slopes else selector.class_importances_
    return Features(
        frame=frame,
        names=_names(frame["feature"], columns, names),
        columns=columns,
        labels=[name[len(SCORE) : -1] for name in scored],
        scores=frame[scored].to_numpy(dtype=np.float64),
        slopes=frame[slopes or scored].to_numpy(dtype=np.float64),
        signs=directions(np.atleast_2d(by_class), selector.ranking_),
        partners=_partners(rows, columns[:MOST_LOOKED_AT], names),
        by_network=ranks(by_network),
        stability=_stability(by_network),
    )


def _names(found: pd.Series, columns: Sequence[np.ndarray], names: Sequence[str]) -> list[str]:
    """Names as ``to_frame`` has them, which are positions where ``fit`` saw none."""
    return [
        names[own[0]] if isinstance(name, Integral) else str(name)
        for name, own in zip(found, columns, strict=True)
    ]


def _partners(
    rows: Rows, columns: Sequence[np.ndarray], names: Sequence[str]
) -> list[tuple[str, ...]]:
    """Columns beyond the feature's own that are its near-copies, the closest first."""
    feature = {int(j): i for i, own in enumerate(columns) for j in own}
    found: list[dict[int, float]] = [{} for _ in columns]
    for pairs in correlated_pairs(rows, NEAR_COPY, np.concatenate(columns)):
        for i, j, rho in zip(*pairs, strict=True):
            if feature.get(int(j)) != feature[int(i)]:
                own = found[feature[int(i)]]
                own[int(j)] = max(own.get(int(j), 0.0), abs(float(rho)))
    return [tuple(names[j] for j in sorted(own, key=lambda j: -own[j])) for own in found]


def _stability(by_network: np.ndarray) -> list[StabilityPoint]:
    """Agreement of importances (N, G)."""
    if len(by_network) < 2:
        return []
    points = []
    for count in (k for k in COUNTS if k < by_network.shape[1]):
        masks = top_masks(by_network, count)
        points.append(StabilityPoint(count, nogueira_stability(masks), selection_frequency(masks)))
    return points
