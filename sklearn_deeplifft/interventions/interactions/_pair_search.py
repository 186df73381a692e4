"""From a background and levels to scored pairs of features, with the data that supports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from sklearn_deeplifft.interventions._models import Ensemble
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.interventions._values import Intervention, SetTo
from sklearn_deeplifft.interventions.interactions._level_tables import (
    feature_levels,
    level_rows,
    table_scores,
)
from sklearn_deeplifft.interventions.interactions._levels import PairLevels
from sklearn_deeplifft.interventions.interactions._pair_contexts import SIDED, Contexts, contexts_of
from sklearn_deeplifft.interventions.interactions._pair_plan import (
    Rectangle,
    every_pair,
    listed_pairs,
    pairs_of,
)
from sklearn_deeplifft.interventions.interactions._pair_scores import (
    MovedRows,
    Report,
    height_of,
    moved_rows,
    pair_scores,
)
from sklearn_deeplifft.interventions.interactions._pair_sums import PairScores, merged_scores
from sklearn_deeplifft.interventions.interactions._pair_support import (
    cell_counts,
    contexts_off_manifold,
    level_counts,
    moves_of_pairs,
    off_manifold,
)
from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["Found", "Question", "search"]


class Question(NamedTuple):
    """What is asked of all pairs, or of some."""

    levels: PairLevels
    context: str
    squared: bool
    """Root mean squares, or means."""
    pairs: np.ndarray | None = None
    """(p, 2): features; None for all pairs."""
    most: int | None = None
    """Number of pairs that are kept, the strongest; None for all."""
    support: bool = True


class Found(NamedTuple):
    """Scored pairs."""

    scores: PairScores
    pairs: np.ndarray
    """(p, 2): features."""
    n_rows: np.ndarray
    """(p,): units of the background behind each."""
    cells: np.ndarray
    off_manifold: np.ndarray


def search(
    ensemble: Ensemble,
    population: Population,
    base: np.ndarray,
    groups: FeatureGroups,
    question: Question,
    rng: np.random.RandomState,
    report: Report,
) -> Found:
    """Score pairs of features on rows (n, d) of the background."""
    ask = _tables if question.levels.name == "table" else _pairs
    return ask(ensemble, population, base, groups, question, rng, report)


def _pairs(
    ensemble: Ensemble,
    population: Population,
    base: np.ndarray,
    groups: FeatureGroups,
    question: Question,
    rng: np.random.RandomState,
    report: Report,
) -> Found:
    """Pairs of features, each with two levels."""
    levels, names = question.levels, population.names
    contexts = contexts_of(question.context, base, levels, groups, names, rng)
    used, columns = _used(question, groups), groups.columns
    features = [columns[g] for g in used]
    if contexts.weight is not None:
        contexts = contexts._replace(weight=contexts.weight[:, used])
    rows = moved_rows(contexts, features)
    if question.pairs is None:
        rectangles = list(every_pair(len(used), height_of(ensemble, rows)))
        scores, pairs = _best(
            _scored(ensemble, rows, rectangles, question.squared, report), question.most
        )
    else:
        own = np.searchsorted(used, question.pairs)
        order = np.argsort(own[:, 0], kind="stable")
        rectangles = list(listed_pairs(own[order]))
        scored = _scored(ensemble, rows, rectangles, question.squared, report)
        scores, _ = _best(scored, None)
        scores, pairs = _taken(scores, np.argsort(order)), own
    n_rows = np.full(len(pairs), len(base))
    if contexts.masked and contexts.weight is not None:
        i, j = pairs.T
        n_rows = (contexts.weight.T @ contexts.weight)[i, j].astype(np.int64)
    cells, off = _unknown(len(pairs))
    if question.support:
        cells = cell_counts(population, features, levels, pairs)
        if question.context in SIDED:
            off = np.full(len(pairs), contexts_off_manifold(population, contexts.base, rng))
        else:
            first = _strongest_first(scores, pairs)
            read = _rows_read(contexts, first, len(base))
            moves = zip(moves_of_pairs(features, levels, first), read, strict=True)
            off = _measured(population, base, moves, scores, rng)
    return Found(scores, used[pairs], n_rows, cells, off)


def _tables(
    ensemble: Ensemble,
    population: Population,
    base: np.ndarray,
    groups: FeatureGroups,
    question: Question,
    rng: np.random.RandomState,
    report: Report,
) -> Found:
    """Pairs of features with all of their levels."""
    used, columns = _used(question, groups), groups.columns
    features = [columns[g] for g in used]
    levels = feature_levels(population, features)
    rows, feature = level_rows(base, features, levels)
    pairs = np.stack(np.triu_indices(len(used), 1), 1)
    if question.pairs is not None:
        pairs = np.searchsorted(used, question.pairs)
    asked = np.zeros((len(used), len(used)), dtype=bool)
    asked[pairs.min(axis=1), pairs.max(axis=1)] = True
    wanted = torch.from_numpy(asked[np.ix_(feature, feature)])
    rectangles = list(every_pair(len(feature), height_of(ensemble, rows), wanted))
    found, moves = _best(_scored(ensemble, rows, rectangles, False, report), None)
    scores, strongest = table_scores(found, moves, feature, pairs)
    if question.most is not None:
        best = _order(scores)[: question.most]
        scores, pairs, strongest = _taken(scores, best), pairs[best], strongest[best]
    cells, off = _unknown(len(pairs))
    if question.support:
        cells = level_counts(population, features, levels, strongest)
        flat = [row for rows_of in levels for row in rows_of]
        order = _order(scores)
        every = np.full(len(base), True)
        written = (_levels_written(features, flat, feature, strongest[p]) for p in order.tolist())
        off = _measured(population, base, ((move, every) for move in written), scores, rng)
    return Found(scores, used[pairs], np.full(len(pairs), len(base)), cells, off)


def _levels_written(
    features: Sequence[np.ndarray],
    levels: Sequence[np.ndarray],
    feature: np.ndarray,
    moves: np.ndarray,
) -> Intervention:
    columns = np.concatenate([features[feature[a]] for a in moves])
    values = np.concatenate([levels[a] for a in moves])
    return SetTo(tuple(columns.tolist()), tuple(values.tolist()))


def _used(question: Question, groups: FeatureGroups) -> np.ndarray:
    """Features that are in any pair, ascending."""
    every = np.arange(len(groups.first))
    return every if question.pairs is None else np.unique(question.pairs)


def _scored(
    ensemble: Ensemble,
    rows: MovedRows,
    rectangles: Sequence[Rectangle],
    squared: bool,
    report: Report,
) -> Iterator[tuple[PairScores, np.ndarray]]:
    """Scores and pairs of moves, band by band."""
    for band, scores in pair_scores(ensemble, rows, rectangles, squared, report):
        yield scores, np.concatenate([pairs_of(one, rows.n_moves) for one in band])


def _best(
    scored: Iterable[tuple[PairScores, np.ndarray]], most: int | None
) -> tuple[PairScores, np.ndarray]:
    """All of them, or the strongest; of these only so many are held at a time."""
    scores, pairs = [], []
    for own, moves in scored:
        scores.append(own)
        pairs.append(moves)
        if most is not None:
            merged, joined = merged_scores(scores), np.concatenate(pairs)
            best = _order(merged)[:most]
            scores, pairs = [_taken(merged, best)], [joined[best]]
    return merged_scores(scores), np.concatenate(pairs)


def _order(scores: PairScores) -> np.ndarray:
    """Pairs by their largest score, whatever its sign; those without rows last."""
    size = np.nan_to_num(np.abs(scores.score).max(axis=1), nan=-1.0)
    return np.argsort(-size, kind="stable")


def _taken(scores: PairScores, which: np.ndarray) -> PairScores:
    h_squared = None if scores.h_squared is None else scores.h_squared[which]
    return PairScores(scores.score[which], scores.errors[which], scores.own[:, which], h_squared)


def _strongest_first(scores: PairScores, pairs: np.ndarray) -> np.ndarray:
    found: np.ndarray = pairs[_order(scores)]
    return found


def _rows_read(contexts: Contexts, pairs: np.ndarray, n: int) -> Iterator[np.ndarray]:
    """Rows (n,) bool of the background that each pair reads."""
    for i, j in pairs:
        if contexts.masked and contexts.weight is not None:
            yield contexts.weight[:, i] * contexts.weight[:, j] > 0
        else:
            yield np.full(n, True)


def _measured(
    population: Population,
    base: np.ndarray,
    moves: Iterable[tuple[Intervention, np.ndarray]],
    scores: PairScores,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Distances of the strongest pairs, in the place of each; ``moves`` are in their order."""
    order = _order(scores)
    found = np.empty(len(order))
    found[order] = off_manifold(population, base, moves, len(order), rng)
    return found


def _unknown(p: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((p, 4), -1), np.full(p, np.nan)
