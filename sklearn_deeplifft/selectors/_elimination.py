"""Recursive elimination: rounds of training on ever fewer features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.ensembles import BaseNetworkEnsemble, Rounds, has_gates, with_nulls_held
from sklearn_deeplifft.networks import TrainedNetwork, adapter_of
from sklearn_deeplifft.ranking import n_dropped, rank
from sklearn_deeplifft.selectors._scores import Scorer, Scores
from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["Elimination", "eliminate", "require_possible"]

RENEWED = 6
"""One of so many networks starts anew in a round, and may read a column that others closed."""


class Elimination(NamedTuple):
    """Outcome of recursive elimination."""

    ranking: np.ndarray
    """(d,)."""
    shares: np.ndarray
    """(n_networks, d): each round's shares of a network, averaged over rounds."""
    n_rounds: int
    """Rounds; the last one, of a single feature, trains nothing."""
    linear_replaced: bool
    """Whether networks without a hidden layer have made room for others after the first round."""


def eliminate(
    rounds: Rounds,
    networks: Sequence[TrainedNetwork],
    scores: Sequence[Scores],
    scorer: Scorer,
    rows: Sequence[np.ndarray],
    step: float | str,
    groups: FeatureGroups,
    path_weight: float = 0.0,
    smoothing: float = 0.0,
    *,
    signed: bool = False,
) -> Elimination:
    """Drop the lowest features, train again on the rest, score again, until one would be left.

    Networks go on from their weights; of ours one of each ``RENEWED`` starts anew. Linear networks
    that certainly know much less than the others make room for such after the first round. Rounds
    after the first are half as long where the settings say how long, and networks with tied gates
    on a path read halves of the features where rows are many. Features rank by their shares of the
    scores and, to the power of ``path_weight``, of the gates' path, averaged over rounds (a feature
    that is gone has none), so that the ranking is that of the importances. A network that reads a
    part of the features has that part of a round to share out, and of a feature its rounds are
    those that read it. Which features go is decided by an exponentially weighted mean of the
    rounds' shares, in which a round counts ``smoothing`` times what the next one does, and one of
    halves counts half. Features go with all of their columns. Null columns have been compared by
    then, and are left out. ``rows`` are those that each network is scored on in rounds after the
    first. ``signed`` scores are averaged as they are, in the place of shares: a round in which all
    of them are next to nothing, or below zero, would count like any other.
    """
    share = _as_they_are if signed else _share
    networks = with_nulls_held(rounds.data, networks)
    replaced = rounds.linear_that_know_less(networks)
    rounds = rounds.without_null_columns().shortened().with_settings_of_others(replaced)
    # One of the user's may be as wide as the table, and can only be cut once it is trained.
    renewable = len(networks) // RENEWED * RENEWED if rounds.ours else 0
    columns, features = rounds.every_column, np.arange(len(groups.first))
    left = groups.among(columns)
    survived = np.zeros(len(features))
    shares, readings = np.zeros((2, len(networks), len(features)))
    closed: list[np.ndarray | None] = [None] * len(networks)
    number, before = 0, None
    while True:
        read = np.array([np.ones(len(features)) if c is None else ~c for c in closed])
        current = np.array(
            [
                _with_path(share(left.merged(s.overall)), t, path_weight)
                for s, t in zip(scores, networks, strict=True)
            ]
        )
        current *= read.mean(axis=1, keepdims=True)
        mean = current.mean(axis=0)
        number += 1
        survived[features] = number
        shares[:, features] += current
        readings[:, features] += read
        smooth = mean if before is None else smoothing * before + (1 - smoothing) * mean
        kept = _kept(smooth, step)
        if len(kept) == 1:
            # Alone it would have all of each network's scores: that needs no training. Summed over
            # rounds, as one round's order of survivors hangs on a few networks' noise.
            if len(features) > 1:
                number += 1
                survived[features[kept]] = number
                alone = current if signed else np.sign(current)
                shares[:, features[kept]] += alone[:, kept]
                readings[:, features[kept]] += read[:, kept]
            shares *= survived / readings  # the first round was read by all
            ranking = groups.spread(rank(shares.mean(axis=0), survived))
            return Elimination(ranking, groups.spread(shares / number), number, bool(replaced))
        before = share(smooth[kept])
        stay, width = np.flatnonzero(np.isin(left.of_column, kept)), len(columns)
        anew = {*range(-number % RENEWED, renewable, RENEWED)}
        if number == 1:
            anew.update(replaced)
        starts = [
            None if i in anew else rounds.warm_start(trained, stay, width)
            for i, trained in enumerate(networks)
        ]
        columns, features = columns[stay], features[kept]
        left = groups.among(columns)
        closed = rounds.closed_halves(len(features), number + 1)
        unread = [None if own is None else own[left.of_column] for own in closed]
        networks = rounds.train(columns, starts, number + 1, unread)
        scores = [scorer(t, index, columns) for t, index in zip(networks, rows, strict=True)]


def require_possible(ensemble: BaseNetworkEnsemble) -> None:
    """Refuse what could only be cut wrongly: gates before a network as wide as the table."""
    if not adapter_of(ensemble.network).built_here and has_gates(ensemble):
        raise ValueError(
            "elimination trains on ever fewer columns, and gates='free' before a network of your "
            "own cannot follow; use step=None, or gates=None in the ensemble."
        )


def _share(scores: np.ndarray) -> np.ndarray:
    """Scores as shares of their absolute sum, so that every network and round counts alike."""
    total = np.abs(scores).sum()
    return scores / total if total > 0 else scores


def _as_they_are(scores: np.ndarray) -> np.ndarray:
    return scores


def _with_path(shares: np.ndarray, trained: TrainedNetwork, weight: float) -> np.ndarray:
    """Shares (G,) of one network's scores times its shares of the path, each to its power.

    The scores are those of one epoch; the path, from that epoch on, hangs less on which it was.
    """
    if not weight or trained.gates is None:
        return shares
    path = trained.gates.path[: len(shares)].double().numpy()  # null features' come behind
    return _share(np.where(shares > 0, shares ** (1 - weight) * path**weight, 0.0))


def _kept(scores: np.ndarray, step: float | str) -> np.ndarray:
    """Positions that stay, ascending; at least one goes, at least one stays."""
    stay = max(len(scores) - n_dropped(len(scores), step), 1)
    return np.sort(np.argsort(-scores, kind="stable")[:stay])
