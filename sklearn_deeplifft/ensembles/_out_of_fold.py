"""One prediction for each row by the networks it was held out from, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from sklearn_deeplifft.ensembles._chance import LEVEL, chance_p_value
from sklearn_deeplifft.ensembles._predictions import (
    balanced_accuracy,
    centred_logits,
    network_logits,
    predicted_codes,
    r_squared,
)
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.tables import FitData, Target

__all__ = [
    "UNKNOWN",
    "OutOfFold",
    "held_out_outputs",
    "out_of_fold",
    "targets_of_outputs",
    "without_outputs",
]


class OutOfFold(NamedTuple):
    """The worth of out-of-fold predictions."""

    score: float
    """Balanced accuracy or R squared over all rows that were held out; NaN if none was."""
    interval: np.ndarray
    """(2,): 95 % interval over rows, or over groups of rows."""
    p_value: float
    """That of chance; NaN where held-out rows cannot tell."""

    @property
    def at_chance(self) -> bool | None:
        """Whether predictions are no better than chance; None where that cannot be told."""
        return None if np.isnan(self.p_value) else self.p_value > LEVEL


HALF = 1 / 2
"""A relation half as strong as a perfect one must be found, or held-out rows cannot tell."""

UNKNOWN = OutOfFold(np.nan, np.full(2, np.nan), np.nan)


def out_of_fold(
    networks: Sequence[TrainedNetwork],
    held: Sequence[np.ndarray],
    data: FitData,
    units: tuple[np.ndarray, np.ndarray] | None = None,
) -> OutOfFold:
    """Judge networks by the rows held out from each.

    Outputs are averaged over the epochs of a network where one was chosen by these rows, and over
    the networks that a row was held out from. ``units`` are mean and scale of a target that the
    networks were trained to give in standard deviations.
    """
    parts = [
        (rows, held_out_outputs(trained, rows, data, units))
        for trained, rows in zip(networks, held, strict=True)
        if len(rows)
    ]
    if not parts:
        return UNKNOWN
    # In the order of their values, as the bits of sums hang on it.
    rows = data.index[np.isin(data.index, np.concatenate([own for own, _ in parts]))]
    target = data.target
    codes, weight = target.codes[rows], data.sample_weight[rows]
    groups = None if data.groups is None else data.groups[rows]
    outputs = _pooled(parts, rows)
    # Errors of 1e155 have squares beyond all numbers; the score is minus infinity then.
    with np.errstate(over="ignore", invalid="ignore"):
        score, worth = _score(outputs, codes, weight, target)
    columns, values, questions = targets_of_outputs(target, codes)
    # A network knows the mean target of its own rows, which is low where those held out are high.
    centred = _pooled([(own, _within_fold(z)) for own, z in parts], rows)[:, columns]
    given = questions, weight, groups, _mutual(parts, rows, data)
    p_value = chance_p_value(centred, values, *given)
    if p_value > LEVEL and chance_p_value(values, values, *given, HALF) > LEVEL:
        p_value = np.nan
    lowest = -np.inf if target.kind == "regression" else 0.0
    return OutOfFold(score, _interval(score, lowest, worth, groups), p_value)


def without_outputs(trained: TrainedNetwork) -> TrainedNetwork:
    """The network without outputs that have been judged: they would travel with every pickle."""
    inner = trained.as_trained
    return trained._replace(held_out=None, as_trained=inner and inner._replace(held_out=None))


def held_out_outputs(
    trained: TrainedNetwork,
    rows: np.ndarray,
    data: FitData,
    units: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Outputs (m, R) of a network for the rows held out from it, see ``out_of_fold``."""
    if trained.held_out is None:
        return network_logits(trained, data.rows, rows, data.target)
    z = centred_logits(trained.held_out, data.target)
    return z if units is None else units[0] + units[1] * z


def _pooled(parts: Sequence[tuple[np.ndarray, np.ndarray]], rows: np.ndarray) -> np.ndarray:
    """Mean over the networks that a row was held out from: (n, R) for the n ``rows``."""
    total, times = np.zeros((len(rows), parts[0][1].shape[1])), np.zeros((len(rows), 1))
    order = np.argsort(rows)
    for own, z in parts:
        at = order[np.searchsorted(rows, own, sorter=order)]
        total[at] += z
        times[at] += 1
    return total / times


def _within_fold(z: np.ndarray) -> np.ndarray:
    return z - z.mean(axis=0) if len(z) > 1 else z


def targets_of_outputs(
    target: Target, codes: np.ndarray
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Columns of the outputs that say something of their own, their targets, their questions.

    Of two classes one is the other's mirror.
    """
    if target.kind in ("regression", "multilabel"):
        every = list(range(codes.shape[1]))
        return every, codes.astype(float), np.array(every)
    starts = np.cumsum([0, *target.n_classes])
    found = [
        (int(start) + c, codes[:, h] == c, h)
        for h, (start, k) in enumerate(zip(starts, target.n_classes, strict=False))
        for c in (range(k) if k > 2 else [1])
    ]
    columns, values, questions = zip(*found, strict=True)
    return list(columns), np.stack(values, axis=1).astype(float), np.array(questions)


def _mutual(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], rows: np.ndarray, data: FitData
) -> float:
    """Share of the rows a network has not held out that another one has."""
    own = sum(len(held) for held, _ in parts) / len(parts)
    return (len(rows) - own) / max(len(data.index) - own, 1)


def _score(
    outputs: np.ndarray, codes: np.ndarray, weight: np.ndarray, target: Target
) -> tuple[float, np.ndarray]:
    """Score, and how far each row moves it (n,): its influence."""
    if target.kind == "regression":
        score, worth = r_squared(outputs, codes, weight), np.zeros(len(codes))
        spread = (codes - np.average(codes, axis=0, weights=weight)) ** 2
        left = (codes - outputs) ** 2
        total = weight @ spread
        varies = total > 0
        shares = 1 - (weight @ left)[varies] / total[varies]
        parts = ((1 - shares) * spread[:, varies] - left[:, varies]) / total[varies]
        return score, weight * parts.mean(axis=1) if varies.any() else worth
    score = balanced_accuracy(outputs, codes, weight, target)
    right = predicted_codes(outputs, target) == codes
    influence = [_recall_influence(r, c, weight) for r, c in zip(right.T, codes.T, strict=True)]
    return score, np.mean(influence, axis=0)


def _recall_influence(right: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n,): of the mean over classes of the share of rows that is right."""
    place = np.unique(codes, return_inverse=True)[1].reshape(-1)
    total = np.bincount(place, weight)
    recall = np.bincount(place, weight * right) / total
    return np.asarray(weight * (right - recall[place]) / total[place] / len(total))


def _interval(
    score: float,
    lowest: float,
    influence: np.ndarray,
    groups: np.ndarray | None,
) -> np.ndarray:
    """95 % interval (2,) of a score from the influence of rows, or of their groups."""
    if not np.isfinite(influence).all():
        return np.full(2, np.nan)
    units = influence if groups is None else np.bincount(groups, influence)
    half = norm.ppf(0.975) * np.sqrt((units**2).sum())
    return np.asarray(np.clip([score - half, score + half], lowest, 1.0))
