"""Scores of many pairs: rows in chunks, pairs in bands of rectangles, networks side by side.

Sums of a band and tables of a chunk are all that is in memory, whatever the number of pairs; a
rectangle of pairs of a chunk of rows stays in cache until it is summed up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.interventions._models import Ensemble
from sklearn_deeplifft.interventions.interactions._pair_contexts import Contexts
from sklearn_deeplifft.interventions.interactions._pair_plan import Rectangle, bands
from sklearn_deeplifft.interventions.interactions._pair_sums import (
    PairScores,
    Sums,
    UnitSums,
    merged_scores,
)
from sklearn_deeplifft.perturbation import (
    Edit,
    LowRank,
    Moves,
    PairTables,
    pair_tables,
    pairs_in_cache,
)
from sklearn_deeplifft.tables import require_finite_answers

__all__ = ["MovedRows", "height_of", "moved_rows", "pair_scores", "require_finite_background"]

BAND_BYTES = 1 << 26
"""Bytes of the sums that are held at a time."""

TABLE_BYTES = 1 << 26
"""Bytes of the tables of a chunk of rows."""

RECTANGLE_BYTES = 1 << 25
"""Bytes of the second differences of a rectangle, of all networks and rows of a chunk."""

FEW, MANY = 16, 1024
"""Most rows of a chunk: where each has a table of its own, and where all are one batch."""

Report = Callable[[float], object]
"""Is told what share of the work is done, 0 to 1."""


class MovedRows(NamedTuple):
    """Rows, and what the moves of the pairs' features write into them."""

    contexts: Contexts
    columns: np.ndarray
    """(t,): columns that are written, feature by feature."""
    of: np.ndarray
    """(t,): the move that each belongs to."""
    values: np.ndarray | None = None
    """(t,): what is written into all rows; None is what the contexts say."""

    @property
    def n_moves(self) -> int:
        """m."""
        return int(self.of[-1]) + 1

    def high(self, at: slice) -> Moves:
        """Moves of some rows to the second level."""
        if self.values is None:
            return self._moves(self.contexts.high[at][:, self.columns])
        n = len(self.contexts.base[at])
        return self._moves(np.broadcast_to(self.values, (n, len(self.columns))))

    def low(self, at: slice) -> Moves | None:
        """Moves of some rows to the first level; None where they hold it."""
        low = self.contexts.low
        return None if low is None else self._moves(low[at][:, self.columns])

    def _moves(self, values: np.ndarray) -> Moves:
        columns, of = torch.from_numpy(self.columns), torch.from_numpy(self.of)
        return Moves(columns, of, torch.tensor(values, dtype=torch.float64))

    def density(self) -> float:
        """Share of the columns that are moved at all, in the first rows."""
        few = slice(0, MANY)
        moved = self.high(few).values.numpy() != self.contexts.base[few][:, self.columns]
        return float(moved.mean())


def moved_rows(contexts: Contexts, features: Sequence[np.ndarray]) -> MovedRows:
    """Rows of contexts with one move for each of some features' columns."""
    of = np.repeat(np.arange(len(features)), [len(own) for own in features])
    return MovedRows(contexts, np.concatenate(list(features)), of)


def height_of(ensemble: Ensemble, rows: MovedRows) -> int:
    """Moves that are the first of a rectangle's pairs."""
    pairs = min(pairs_in_cache(response) for response in ensemble.responses)
    if pairs == 1:
        return 1
    # Of a row only pairs of two moves that change it are run.
    share = max(rows.density(), 1 / rows.n_moves)
    one = 4 * FEW * rows.n_moves * len(ensemble.outputs) * len(ensemble.responses)
    height = min(pairs / (share**2 * rows.n_moves), RECTANGLE_BYTES / one)
    return int(np.clip(height, 1, rows.n_moves))


@neutral_torch()
def require_finite_background(ensemble: Ensemble, base: np.ndarray) -> None:
    """Raise unless all networks answer to the background with numbers."""
    rows = torch.tensor(base, dtype=torch.float64)
    for response in ensemble.responses:
        found = response.outputs(rows).double().numpy()
        require_finite_answers(found, base, None, "predictions of the background")


def pair_scores(
    ensemble: Ensemble,
    rows: MovedRows,
    rectangles: Sequence[Rectangle],
    squared: bool,
    report: Report,
) -> Iterator[tuple[list[Rectangle], PairScores]]:
    """Scores of the pairs of a few rectangles at a time."""
    R, N = len(ensemble.outputs), len(ensemble.responses)
    cells = rows.contexts.averaged_first and squared
    held = len(rows.contexts.base) // rows.contexts.per_unit if cells else 1
    total, began = sum(one.cells for one in rectangles), 0
    for band in bands(rectangles, BAND_BYTES // (8 * R * (N + 2) * held)):
        size = sum(one.cells for one in band)

        def told(share: float, began: int = began, size: int = size) -> None:
            report((began + share * size) / total)

        if cells:
            parts = _cell_scores(ensemble, rows, band, told)
        else:
            parts = _summed_scores(ensemble, rows, band, squared, told)
        yield band, merged_scores(parts)
        began += size


@neutral_torch()
def _summed_scores(
    ensemble: Ensemble, rows: MovedRows, band: list[Rectangle], squared: bool, report: Report
) -> list[PairScores]:
    R, N = len(ensemble.outputs), len(ensemble.responses)
    sums = [Sums(one, N, R, squared) for one in band]
    for chunk, share in _chunks(ensemble, rows):
        tables, weight = _tables(ensemble, rows, chunk), _weight(rows, chunk)
        for one, own in zip(band, sums, strict=True):
            own.add(_differences(tables, weight, one), rows.contexts.per_unit)
        report(share)
    counts = _counts(rows)
    return [
        own.scores(counts[one.first][:, one.second]) for one, own in zip(band, sums, strict=True)
    ]


@neutral_torch()
def _cell_scores(
    ensemble: Ensemble, rows: MovedRows, band: list[Rectangle], report: Report
) -> list[PairScores]:
    sums, n, C = [UnitSums(one) for one in band], len(rows.contexts.base), rows.contexts.per_unit
    for start in range(0, n, C):
        chunk = slice(start, start + C)
        tables, alone = _tables(ensemble, rows, chunk), _alone(ensemble, rows, chunk)
        for one, own in zip(band, sums, strict=True):
            own.add(_differences(tables, None, one), alone)
        report((start + C) / n)
    return [own.scores() for own in sums]


def _chunks(ensemble: Ensemble, rows: MovedRows) -> Iterator[tuple[slice, float]]:
    """Rows that are in memory together, whole units of them, and the share done with them."""
    n, C = len(rows.contexts.base), rows.contexts.per_unit
    most = MANY
    widths = [len(r.first.weight) for r in ensemble.responses if isinstance(r, LowRank)]
    if widths:
        # Of each move a row's table holds what it adds to the units of two layers.
        most = int(np.clip(TABLE_BYTES // (8 * rows.n_moves * sum(widths)), 1, FEW))
    step = max(most // C, 1) * C
    for start in range(0, n, step):
        yield slice(start, min(start + step, n)), min(start + step, n) / n


def _tables(ensemble: Ensemble, rows: MovedRows, chunk: slice) -> list[PairTables]:
    X = torch.tensor(rows.contexts.base[chunk], dtype=torch.float64)
    high, low = rows.high(chunk), rows.low(chunk)
    return [pair_tables(response, X, high, low) for response in ensemble.responses]


def _weight(rows: MovedRows, chunk: slice) -> Tensor | None:
    weight = rows.contexts.weight
    return None if weight is None else torch.from_numpy(weight[chunk])


def _differences(
    tables: Sequence[PairTables], weight: Tensor | None, one: Rectangle
) -> list[Tensor]:
    found = [table.differences(one.first, one.second) for table in tables]
    if weight is not None:
        for e in found:
            own = weight.to(e.dtype)
            e.mul_(own[:, one.first, None, None]).mul_(own[:, None, one.second, None])
    return found


def _counts(rows: MovedRows) -> Tensor:
    """(m, m): units behind each pair."""
    n, m = len(rows.contexts.base) // rows.contexts.per_unit, rows.n_moves
    if not rows.contexts.masked or rows.contexts.weight is None:
        return torch.full((1, 1), float(n), dtype=torch.float64).expand(m, m)
    weight = torch.from_numpy(rows.contexts.weight)
    return weight.T @ weight


def _alone(ensemble: Ensemble, rows: MovedRows, chunk: slice) -> Tensor:
    """Effects (m, R) of each move alone: means over rows and networks."""
    X, high = torch.tensor(rows.contexts.base[chunk], dtype=torch.float64), rows.high(chunk)
    edits = []
    for i in range(rows.n_moves):
        own = high.of == i
        edits.append(Edit(high.columns[own], high.values[:, own]))
    total = torch.zeros(rows.n_moves, len(ensemble.outputs), dtype=torch.float64)
    for response in ensemble.responses:
        before = response.outputs(X).double().mean(0)
        after = response.after(X, edits).double().unflatten(0, (len(edits), len(X)))
        total += after.mean(1) - before
    return total / len(ensemble.responses)


class Told:
    """Tells how far a call is, at most once a second."""

    def __init__(self, verbose: int | Report, what: str) -> None:
        self.verbose, self.what = verbose, what
        self.began = self.last = time.monotonic()

    def __call__(self, share: float) -> None:
        if callable(self.verbose):
            self.verbose(share)
            return
        now = time.monotonic()
        if self.verbose and (now - self.last >= 1 or share >= 1):
            self.last, spent = now, now - self.began
            left = f", about {spent / share - spent:.0f} s left" if 0 < share < 1 else ""
            print(f"[{self.what}] {share:.0%}, {spent:.0f} s{left}", flush=True)
