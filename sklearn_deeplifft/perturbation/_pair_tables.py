"""Second differences of a network over all pairs of some moves, a rectangle of pairs at a time.

===========  ===========================================================  ==================
code         symbol                                                       shape
===========  ===========================================================  ==================
``high``     rows with one feature at its second level, m of these moves  (n, m) of values
``low``      the same for the first level; None where rows hold it        (n, m) of values
result       f(hi,hj) - f(hi,lj) - f(li,hj) + f(li,lj)                    (n, I, J, R)
``z``        pre-activations of one row                                   (h,)
``D``        what each move adds to them, and 0 for no move               (m + 1, h)
===========  ===========================================================  ==================

Of one row, units of the first layer that no pair of moves switches are linear or silent in the
whole table: what the linear ones send up is a term of i and one of j, and only the others are
multiplied pair by pair. Moves that leave a row as it is are left out of its table.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.attribution import Affine, neutral_torch
from sklearn_deeplifft.perturbation._responses import Edit, LowRank, Response

__all__ = ["Moves", "PairTables", "Which", "pair_tables", "pairs_in_cache"]

CACHE_BYTES = 1 << 20
"""Bytes of the widest activations of the pairs that are run together."""

LEAST_PAIRS = 512
"""Fewest pairs of a product that is worth its call."""

EVEN_UNITS, EVEN_FIRST, EVEN_SECOND = 16, 8, 32
"""Sizes of products are multiples of these: oneDNN makes a kernel for every new size."""

MOST_MOVED = 0.9
"""Share of a row's moves beyond which it is not worth while to leave the others out."""

Which = slice | Tensor
"""Positions of moves: a range without step, or any of them."""


@dataclass(frozen=True)
class Moves:
    """Moves of the rows of a background, each of which writes columns of its own."""

    columns: Tensor
    """(t,): columns that are written, those of a move together."""
    of: Tensor
    """(t,): the move that each belongs to, ascending from 0."""
    values: Tensor
    """(n, t) float64: what rows hold there afterwards."""

    @property
    def n_moves(self) -> int:
        """m."""
        return int(self.of[-1]) + 1

    def rows(self, at: slice) -> Moves:
        """The same moves of some of the rows."""
        return replace(self, values=self.values[at])

    def moved(self, X: Tensor) -> Tensor:
        """(n, m) bool: which rows a move changes."""
        return _any_of(self.values != X[:, self.columns], self)


class PairTables(Protocol):
    """Some rows, ready to answer for pairs of moves."""

    def differences(self, first: Which, second: Which) -> Tensor:
        """Second differences (n, I, J, R); 0 to the last bit where a move changes nothing."""


def _any_of(entries: Tensor, moves: Moves) -> Tensor:
    """(n, m) bool: whether any entry (n, t) of a move is true."""
    if moves.n_moves == len(moves.of):
        return entries
    counts = torch.zeros(len(entries), moves.n_moves, dtype=torch.int32)
    return counts.index_add_(1, moves.of, entries.int()) > 0


@neutral_torch(autograd=False)
def pair_tables(response: Response, X: Tensor, high: Moves, low: Moves | None = None) -> PairTables:
    """Rows (n, d) float64 ready to answer for pairs of moves."""
    if isinstance(response, LowRank):
        return LowRankTables(response, X, high, low)
    return WholeTables(response, X, high, low)


def pairs_in_cache(response: Response) -> int:
    """Number of pairs to ask for at once: activations of a row's pairs then stay in cache."""
    if not isinstance(response, LowRank):
        return 1  # every pair is a pass of its own, and half of a rectangle may be no pairs
    widths = [len(stage.bias) for stage, _ in response.above if isinstance(stage, Affine)]
    # Of the first layer about half of the units are left, or fewer.
    widest = max(len(response.first.bias) // 2, 1, *widths)
    return max(CACHE_BYTES // (4 * widest), LEAST_PAIRS)


class WholeTables:
    """Tables of anything that answers after edits: every pair is an edit of its own."""

    def __init__(self, response: Response, X: Tensor, high: Moves, low: Moves | None) -> None:
        self.response, self.X, self.high, self.low = response, X, high, low
        self.moved = _changes(X, high, low)
        self.before = response.outputs(X).double()
        starts = torch.searchsorted(high.of, torch.arange(high.n_moves + 1)).tolist()
        self.entries = [torch.arange(a, b) for a, b in itertools.pairwise(starts)]
        self.written = [set(high.columns[own].tolist()) for own in self.entries]
        self._single: dict[int, Tensor] = {}

    @neutral_torch(autograd=False)
    def differences(self, first: Which, second: Which) -> Tensor:
        one, other = (_listed(which, self.high.n_moves) for which in (first, second))
        out = self.before.new_zeros(len(self.X), len(one), len(other), self.before.shape[1])
        for a, i in enumerate(one):
            for b, j in enumerate(other):
                rows = (self.moved[:, i] & self.moved[:, j]).nonzero()[:, 0]
                if len(rows) and not self.written[i] & self.written[j]:
                    out[rows, a, b] = self._difference(i, j, rows)
        return out

    def _difference(self, i: int, j: int, rows: Tensor) -> Tensor:
        both = self._after(((self.high, i), (self.high, j)), rows)
        if self.low is None:
            single = self._alone(i)[rows] + self._alone(j)[rows]
            return both - single + self.before[rows]
        one = self._after(((self.high, i), (self.low, j)), rows)
        other = self._after(((self.low, i), (self.high, j)), rows)
        return both - one - other + self._after(((self.low, i), (self.low, j)), rows)

    def _alone(self, i: int) -> Tensor:
        if i not in self._single:
            rows = self.moved[:, i].nonzero()[:, 0]
            after = self._after(((self.high, i),), rows) if len(rows) else self.before[:0]
            self._single[i] = self.before.index_copy(0, rows, after)
        return self._single[i]

    def _after(self, written: tuple[tuple[Moves, int], ...], rows: Tensor) -> Tensor:
        columns = torch.cat([moves.columns[self.entries[i]] for moves, i in written])
        parts = [moves.values[rows[:, None], self.entries[i]] for moves, i in written]
        edit = Edit(columns, torch.cat(parts, 1), None if len(rows) == len(self.X) else rows)
        return self.response.after(self.X, [edit]).double()


class LowRankTables:
    """Tables of a network that begins with an affine map, one row after another."""

    def __init__(self, response: LowRank, X: Tensor, high: Moves, low: Moves | None) -> None:
        self.response, self.n_moves = response, high.n_moves
        self.moved = _changes(X, high, low)
        read = (response.first.weight != 0).any(0)[high.columns]
        self.moved &= _any_of(read[None], high)
        Z = response.pre_activations(X)
        sides = [high] if low is None else [high, low]
        changes = [self._steps(X, side) for side in sides]
        self.rows = [self._row(r, Z[r], [c[r] for c in changes], high) for r in range(len(X))]

    def _steps(self, X: Tensor, moves: Moves) -> Tensor:
        """(n, t) change of each column in the units of the first map, rounded once."""
        old = X[:, moves.columns]
        steps = self.response.steps(moves.values - old, lambda: old, moves.columns)
        return steps.to(self.response.dtype)

    def _row(
        self, r: int, z: Tensor, steps: list[Tensor], moves: Moves
    ) -> tuple[_Row, Tensor | None]:
        """The table of a row, and the place of each move in it, -1 for those left out."""
        moved, place = self.moved[r], None
        kept: Which = slice(None)
        if moved.float().mean() <= MOST_MOVED:
            place = torch.where(moved, moved.cumsum(0) - 1, -1)
            kept = moved[moves.of]
        directions = self.response.first.transposed[moves.columns[kept]]
        sides = [step[kept, None] * directions for step in steps]
        if moves.n_moves < len(moves.of):
            of = moves.of if place is None else place[moves.of[kept]]
            m = moves.n_moves if place is None else int(moved.sum())
            sides = [D.new_zeros(m, D.shape[1]).index_add_(0, of, D) for D in sides]
        return _Row(self.response, z, sides), place

    @neutral_torch(autograd=False)
    def differences(self, first: Which, second: Which) -> Tensor:
        found = [self._differences(r, first, second) for r in range(len(self.rows))]
        return found[0][None] if len(found) == 1 else torch.stack(found)

    def _differences(self, r: int, first: Which, second: Which) -> Tensor:
        row, place = self.rows[r]
        if place is None:
            found, idle = row.differences(first, second), ~self.moved[r]
            if idle.any():  # kept in the table, though nothing may come of them but NaN
                found[idle[first]] *= 0
                found[:, idle[second]] *= 0
            return found
        one, other = place[first], place[second]
        found = row.differences(_span(one[one >= 0]), _span(other[other >= 0]))
        out = found.new_zeros(len(one), len(other), found.shape[2])
        out[(one >= 0).nonzero(), (other >= 0).nonzero()[:, 0]] = found
        return out


class _Row:
    """The table of one row: outputs after any two moves, ``z + D_i + D_j`` and what is above."""

    def __init__(self, response: LowRank, z: Tensor, sides: list[Tensor]) -> None:
        self.response, m = response, len(sides[0])
        # Up to an even number: moves that change nothing.
        self.n_moves = -(-m // EVEN_SECOND) * EVEN_SECOND if m >= EVEN_SECOND else m
        sides = [F.pad(D, (0, 0, 0, self.n_moves - m)) for D in sides]
        D = torch.cat([*sides, z.new_zeros(1, len(z))])
        self.n_sides, self.none = len(sides), slice(len(D) - 1, len(D))
        self.layers = response.relu_layers()
        self.split = self.layers is not None and self.layers[0][0].weight.ndim == 2
        if self.split and bool(z.isfinite().all()) and bool(D.isfinite().all()):
            self._settle(z, D)
        else:  # 0 times what is not finite is no 0: every unit is run
            self.split, self.own, self.other = False, z + D, D
        if self.n_sides == 1:
            alone = self._outputs(slice(0, len(D)), self.none)[:, 0]
            self.less = alone - alone[-1] / 2

    def _settle(self, z: Tensor, D: Tensor) -> None:
        """Sum up what units send up that no two moves switch; the others are kept."""
        # Rounding is monotone, so that no sum z + D_i + D_j lies beyond these two.
        low, high = D.amin(0), D.amax(0)
        on = z + low + low >= 0
        open_units = ~on & (z + high + high > 0)
        few = (~open_units).nonzero()[: -max(int(open_units.sum()), 1) % EVEN_UNITS, 0]
        on[few], open_units[few] = False, True
        assert self.layers is not None
        stage = self.layers[0][0]
        self.linear = D[:, on] @ stage.weight[:, on].T
        self.other = D[:, open_units].contiguous()
        self.own = self.other + z[open_units]
        weight = stage.weight[:, open_units].contiguous()
        self.stage = Affine(weight, stage.weight[:, on] @ z[on] + stage.bias, weight.T)

    def differences(self, first: Which, second: Which) -> Tensor:
        """(I, J, R) of two ranges, or any positions, of the moves."""
        wide_first, own = _even(first, EVEN_FIRST, self.n_moves)
        wide_second, other = _even(second, EVEN_SECOND, self.n_moves)
        return self._differences(wide_first, wide_second)[own, other]

    def _differences(self, first: Which, second: Which) -> Tensor:
        found = self._outputs(first, second)
        if self.n_sides == 1:
            found -= self.less[first, None]
            found -= self.less[second]
            return found
        one, other = _shifted(first, self.n_moves), _shifted(second, self.n_moves)
        found -= self._outputs(first, other)
        found -= self._outputs(one, second)
        found += self._outputs(one, other)
        return found

    def _outputs(self, first: Which, second: Which) -> Tensor:
        """f (I, J, R)."""
        h = torch.add(self.own[first, None], self.other[second])
        shape = h.shape[:2]
        if not self.split:
            found: Tensor = self.response.run(h.flatten(0, 1)).unflatten(0, shape)
            return found
        assert self.layers is not None
        h = self.stage.apply(h.relu_().flatten(0, 1)).unflatten(0, shape)
        h.add_(self.linear[second]).add_(self.linear[first, None])
        h = (h.relu_() if self.layers[0][1] else h).flatten(0, 1)
        for stage, relu in self.layers[1:]:
            h = stage.apply(h, relu=relu)
        found = self.response.scaled(h).unflatten(0, shape)
        return found


def _changes(X: Tensor, high: Moves, low: Moves | None) -> Tensor:
    """(n, m) bool: where the two levels of a feature differ."""
    return high.moved(X) if low is None else _any_of(high.values != low.values, high)


def _span(places: Tensor) -> Which:
    """Ascending places as a range, where they are one."""
    if len(places) and int(places[-1]) - int(places[0]) == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _even(which: Which, even: int, n: int) -> tuple[Which, slice]:
    """A range that begins and ends at multiples, and where the one asked for lies in it."""
    if not isinstance(which, slice) or which.stop <= which.start:
        return which, slice(None)
    start = which.start // even * even
    stop = min(-(-which.stop // even) * even, n)
    return slice(start, stop), slice(which.start - start, which.stop - start)


def _shifted(which: Which, by: int) -> Which:
    return slice(which.start + by, which.stop + by) if isinstance(which, slice) else which + by


def _listed(which: Which, n: int) -> list[int]:
    return list(range(n))[which] if isinstance(which, slice) else which.tolist()
