"""Data behind pairs: rows in the four cells of each, and how far rows are taken from the data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sklearn_deeplifft.interventions._background import sampled
from sklearn_deeplifft.interventions._halves import Halves, spread_rows
from sklearn_deeplifft.interventions._population import Population, dense_rows
from sklearn_deeplifft.interventions._support import DataNearby, tolerance
from sklearn_deeplifft.interventions._text_columns import without_text
from sklearn_deeplifft.interventions._values import Intervention, SetTo, Swap
from sklearn_deeplifft.interventions.interactions._levels import PairLevels
from sklearn_deeplifft.tables import Names

__all__ = [
    "cell_counts",
    "contexts_off_manifold",
    "level_counts",
    "moves_of_pairs",
    "off_manifold",
]

MOST_NEIGHBOURS = 1000
"""Most rows of the data to which distances are taken."""

MOST_MEASURED = 200
"""Pairs, the first of those given, whose distances are measured."""

MOST_CONTEXTS = 100
"""Mixtures whose distances are measured."""


def cell_counts(
    population: Population, features: Sequence[np.ndarray], levels: PairLevels, pairs: np.ndarray
) -> np.ndarray:
    """Data rows at the first level of both features, the second of one, of the other, of both.

    Levels that differ from row to row are the two halves of the data, `Halves` of a feature, or
    rows that hold nothing and something.

    Parameters
    ----------
    population : Population
    features : sequence of F int arrays
        Columns of each feature.
    levels : PairLevels
    pairs : int array of shape (p, 2)

    Returns
    -------
    int array of shape (p, 4)
    """
    # Of the strongest pairs among many features only a few are counted.
    used, pairs = np.unique(pairs, return_inverse=True)
    sides = _Sides(population, [features[g] for g in used], levels)
    i, j = pairs.reshape(-1, 2).T
    F = len(used)
    both, mixed, neither = (np.zeros((F, F)) for _ in range(3))
    for _, block in population.rows.blocks():
        low, high = sides(block)
        both += high.T @ high
        mixed += high.T @ low
        neither += low.T @ low
    found = neither[i, j], mixed[i, j], mixed[j, i], both[i, j]
    return np.stack(found, axis=1).round().astype(np.int64)


class _Sides:
    """Which of a feature's two levels rows are at."""

    def __init__(
        self, population: Population, features: Sequence[np.ndarray], levels: PairLevels
    ) -> None:
        self.columns = np.concatenate(list(features))
        sizes = np.array([len(own) for own in features])
        self.starts = np.cumsum(sizes) - sizes
        self.levels = levels
        few = spread_rows(population.rows.shape[0])
        values = population.rows.take(few, self.columns).astype(np.float64)
        if levels.name == "swap":
            self.halves = Halves(values, self.starts)
        elif levels.name != "present":
            self.near = tolerance(values)

    def __call__(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows (r, F) at the first level and at the second, 0 or 1 in float32."""
        values = block[:, self.columns].astype(np.float64)
        high = self._high(values)
        low = ~high
        if self.levels.name == "low, high":
            assert self.levels.low is not None
            low = self._at(values, self.levels.low) & ~high
        return low.astype(np.float32), high.astype(np.float32)

    def _high(self, values: np.ndarray) -> np.ndarray:
        if self.levels.name == "swap":
            return self.halves(values)
        if self.levels.name == "present":
            found: np.ndarray = np.logical_or.reduceat(values != 0, self.starts, axis=1)
            return found
        assert self.levels.high is not None
        found = np.zeros((len(values), len(self.starts)), dtype=bool)
        for cell in np.atleast_2d(self.levels.high):
            found |= self._at(values, cell)
        return found

    def _at(self, values: np.ndarray, level: np.ndarray) -> np.ndarray:
        near = np.abs(values - level[self.columns]) <= self.near
        found: np.ndarray = np.logical_and.reduceat(near, self.starts, axis=1)
        return found


def level_counts(
    population: Population,
    features: Sequence[np.ndarray],
    levels: Sequence[np.ndarray],
    pairs: np.ndarray,
) -> np.ndarray:
    """The same (p, 4) for pairs of levels, whose first levels are all others of the feature.

    ``levels`` (L, columns) are those of each feature; ``pairs`` (p, 2) are positions among all.
    """
    at = []
    for columns, own in zip(features, levels, strict=True):
        values = population.rows.columns(columns)
        near = tolerance(values)
        at += [(np.abs(values - level) <= near).all(axis=1) for level in own]
    held = np.array(at, dtype=np.float32)
    both, (i, j) = held @ held.T, pairs.T
    alone, n = held.sum(axis=1), held.shape[1]
    one, other, joint = alone[i], alone[j], both[i, j]
    found = n - one - other + joint, one - joint, other - joint, joint
    return np.stack(found, axis=1).round().astype(np.int64)


def off_manifold(
    population: Population,
    base: np.ndarray,
    moves: Iterable[tuple[Intervention, np.ndarray]],
    p: int,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Share (p,) of rows beyond 99 % of the data once both features are moved; NaN: not measured.

    ``moves`` move both features of each pair, of those rows (n,) bool of the background ``base``
    (n, d) that the pair reads.
    """
    nearby, found = _nearby(population, rng), np.full(p, np.nan)
    base = without_text(base, population.levels)
    all_rows = nearby.of(base)
    for i, (move, read) in enumerate(itertools.islice(moves, MOST_MEASURED)):
        if population.levels.keys().isdisjoint(move.columns) and read.any():
            around = all_rows if read.all() else nearby.of(base[read])
            found[i] = around.off_manifold(move.learned(around.raw[:, move.positions]))
    return found


def contexts_off_manifold(
    population: Population, contexts: np.ndarray, rng: np.random.RandomState
) -> float:
    """Share of contexts (n, d) that are further from the data than 99 % of the data is."""
    # They come in twos, a row and its opposite: an even step would take one side alone.
    rows = contexts[:: -(-len(contexts) // MOST_CONTEXTS) | 1]
    return _nearby(population, rng).far(without_text(rows, population.levels))


def _nearby(population: Population, rng: np.random.RandomState) -> DataNearby:
    index = sampled(np.arange(population.rows.shape[0]), MOST_NEIGHBOURS, rng)
    return DataNearby(without_text(dense_rows(population.rows, index), population.levels))


def moves_of_pairs(
    features: Sequence[np.ndarray], levels: PairLevels, pairs: np.ndarray
) -> Iterator[Intervention]:
    """Interventions that take both features of each pair to their second levels."""
    for i, j in pairs:
        columns = np.concatenate([features[i], features[j]])
        at = tuple(columns.tolist())
        if levels.high is None:
            yield Swap(at, 0)
        elif levels.high.ndim == 2:
            yield CellSwap(at, 0, levels.high[:, columns])
        else:
            yield SetTo(at, tuple(levels.high[columns].tolist()))


class CellSwap(Swap):
    """A swap whose donors are cells."""

    def learned(self, data: np.ndarray, names: Names = None) -> CellSwap:
        return self
