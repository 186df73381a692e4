"""ReLU layers above pre-activations that single columns move, without the units that stay silent.

==============  ======================================================  ==============
code            symbol                                                  shape
==============  ======================================================  ==============
``Z``           pre-activations y of the first layer, h units           (n, h)
``directions``  what a step of 1 adds to them, for each of m moves      (m, h)
``steps``       how far each row is moved                               (n, m), (1, m)
``sign``        -1 for units that are on in most rows, else 1           (h,)
``from_...``    W y of the units with sign -1, from rows, from moves,   (n, a), (a, m)
                to the a units of the next layer
``live``        whether sign y is above 0 in any of the moves           (n, h)
``units``       which are, of a row; u at most                          (n, u)
==============  ======================================================  ==============

Since ``relu(y) = y + relu(-y)``, a unit that is mostly on is a linear one with a correction that is
mostly silent; what is linear is the sum of a term of the row and one of the move. A move of one
column changes pre-activations by little, so that most units that are silent in a row stay silent in
all of its moves. What the other units of a row send up is a product of its own over all moves at
once, (a, u) times (u, m). Rounding is monotone, so a unit that is silent at the far ends of its
moves is an exact 0 after every one of them: nothing is left out but zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.attribution import Affine

__all__ = ["LiveUnits", "live_units"]

CACHE_BYTES = 3_000_000
"""Bytes of the largest matrix that a block of rows needs: its live units, their weights, or the
activations of the layers above."""

MOST_LIVE = 0.75
"""Share of the units that may be live and rows' own products still be quicker."""

MULTIPLE = 8
"""Rows' live units are padded to a multiple of this: the products are quicker."""

SAMPLED = 100
"""Number of rows from which units' typical sizes are taken."""

FURTHEST = 8.0
"""Multiple of its typical size by which a unit may lie below 0 and still be read as a linear one
with a correction, whose rounding grows with both."""


def live_units(
    Z: Tensor, directions: Tensor, steps: Tensor, stages: Sequence[tuple[Affine, bool]]
) -> LiveUnits | None:
    """Layers ready for some moves of a background; None where plain sums are needed or quicker.

    They are needed where something is not finite: 0 times NaN is no 0, so that a silent unit sends
    something up. A diagonal map sends a silent unit's 0 to one unit only: nothing is to be spared.

    Parameters
    ----------
    Z : Tensor of shape (n, h)
    directions : Tensor of shape (m, h)
    steps : Tensor of shape (n, m) or (1, m)
        One row where all rows are moved alike.
    stages : sequence of (Affine, bool)
        The maps above the first ReLU, and whether a ReLU follows each.
    """
    first = stages[0][0]
    if first.weight.ndim != 2:
        return None
    # The furthest that any move takes each unit in any row: (h,) in the place of (n, m, h). Both
    # ends, as the sign of a direction decides which is the higher. A loose bound only costs units
    # that are multiplied for nothing.
    ends = [by[:, None] * directions for by in (steps.amin(0), steps.amax(0))]
    highest = torch.maximum(*(end.amax(0) for end in ends))
    lowest = torch.minimum(*(end.amin(0) for end in ends))
    if not _all_finite(Z, highest, lowest, first.weight):
        return None
    flipped = _mostly_on(Z, lowest)
    live = torch.where(flipped, Z + lowest < 0, Z + highest > 0)
    if live.double().mean() > MOST_LIVE:
        return None
    return LiveUnits(Z, directions, steps, stages, flipped, live)


class LiveUnits:
    """Layers above the pre-activations of one background, ready for some moves: `live_units`.

    Parameters
    ----------
    Z, directions, steps, stages : as for `live_units`
    flipped : Tensor of shape (h,) bool
        The units whose sign is -1.
    live : Tensor of shape (n, h) bool
    """

    def __init__(
        self,
        Z: Tensor,
        directions: Tensor,
        steps: Tensor,
        stages: Sequence[tuple[Affine, bool]],
        flipped: Tensor,
        live: Tensor,
    ) -> None:
        (first, self.relu), *self.above = stages
        self.idle = _idle(Z, directions, steps)
        sign = 1 - 2 * flipped.to(Z.dtype)
        # The widest rows first: a block of rows is as wide as its first one.
        self.n_live, self.order = live.sum(1).sort(descending=True)
        self.units = _packed(live[self.order], self.n_live)
        # Where all rows are moved alike the step goes into the direction, once; else each block of
        # rows scales its own copy.
        if len(steps) == 1:
            directions = directions * steps.T
        self.steps = steps[self.order, None] if len(steps) > 1 else None
        # The linear part of units whose sign is -1: y itself, as a term of the row and one of the
        # move.
        weight = first.weight * flipped
        self.from_rows = (Z @ weight.T + first.bias)[self.order, :, None]
        self.from_moves = weight @ directions.T
        # With its signs, in the rows' new order, and with one more unit that is silent in all rows:
        # it fills up what is packed.
        self.Z = F.pad(Z * sign, (0, 1))[self.order]
        self.by_unit = F.pad((directions * sign).T, (0, 0, 0, 1)).contiguous()
        # Without the signs: relu(-y) is added with the weight that y has.
        self.weight = F.pad(first.transposed, (0, 0, 0, 1))

    def write_changes(
        self, out: Tensor, before: Tensor, scaled: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        """Write outputs after each move less those before.

        Parameters
        ----------
        out : Tensor of shape (n, m, R) float64
        before : Tensor of shape (n, R) float64
        scaled : callable or None
            What the last map gives (r, K) to outputs (r, R), where they are not the same.
        """
        start, space = 0, Scratch()
        while start < len(self.Z):
            u = _rounded_up(int(self.n_live[start]))
            rows = slice(start, start + self._rows_at_once(u))
            after = self._upwards(rows, u, space)
            if scaled is not None:
                after = scaled(after.flatten(0, 1)).unflatten(0, after.shape[:2])
            at = self.order[rows]
            # Subtracted in double precision: an effect is a small difference of large outputs.
            change = space("change", after.shape, out)
            out[at] = torch.sub(after, before[at, None], out=change)
            start = rows.stop
        if self.idle is not None:
            out[self.idle] *= 0  # whatever it rounds to; NaN stays

    def _rows_at_once(self, u: int) -> int:
        """Rows of u live units whose matrices stay in cache."""
        a, m = self.from_moves.shape
        widest = max(a, *(len(stage.bias) for stage, _ in self.above), 0)
        largest = max(u * m, u * a, widest * m) * self.Z.element_size()
        return max(CACHE_BYTES // largest, 1)  # a row too large for the cache runs alone

    def _upwards(self, rows: slice, u: int, space: Scratch) -> Tensor:
        """Outputs of the last map, (r, m, K), for rows with at most u live units."""
        units = self.units[rows, :u]
        active = space.taken("active", self.by_unit, units)
        weight = space.taken("weight", self.weight, units)
        # The product of live units is added to the linear part in place: one pass fewer over
        # (r, a, m).
        linear = space("linear", (len(units), *self.from_moves.shape), self.Z)
        if self.steps is None:
            torch.add(self.from_rows[rows], self.from_moves, out=linear)
        else:
            torch.addcmul(self.from_rows[rows], self.from_moves, self.steps[rows], out=linear)
            active.mul_(self.steps[rows])
        active.add_(self.Z[rows].gather(1, units)[..., None]).relu_()
        # From here on units are rows and moves columns, so that each map is a plain product with
        # its weight on the left; only the few outputs are transposed.
        h, relu = linear.baddbmm_(weight.transpose(1, 2), active), self.relu
        for stage, next_relu in self.above:
            h = h.relu_() if relu else h
            relu, W = next_relu, stage.weight
            h = h * W[:, None] if W.ndim == 1 else W @ h
            h += stage.bias[:, None]
        return (h.relu_() if relu else h).transpose(1, 2)


class Scratch:
    """Memory by name that is written over, not asked for again: what was touched is quicker."""

    def __init__(self) -> None:
        self._held: dict[str, Tensor] = {}

    def __call__(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor:
        """An uninitialised tensor of the dtype of ``like``."""
        size = 1
        for length in shape:
            size *= length
        # A block of fewer live units holds more rows, so sizes go up and down: the largest is kept.
        if name not in self._held or len(self._held[name]) < size:
            self._held[name] = like.new_empty(size)
        return self._held[name][:size].view(*shape)

    def taken(self, name: str, table: Tensor, units: Tensor) -> Tensor:
        """Rows of a table (h, w) for units (r, u), (r, u, w)."""
        width = table.shape[1]
        out = self(name, (units.numel(), width), table)
        return torch.index_select(table, 0, units.flatten(), out=out).view(*units.shape, width)


def _rounded_up(n: int) -> int:
    """Round up to the next multiple of ``MULTIPLE``."""
    return -(-n // MULTIPLE) * MULTIPLE


def _packed(live: Tensor, n_live: Tensor) -> Tensor:
    """The live units of each row, first, (n, u), and then the one that is always silent.

    ``n_live`` (n,) counts them, and falls.
    """
    n, h = live.shape
    units = torch.full((n, _rounded_up(int(n_live[0]))), h)
    # Live units are listed row by row: the position in the list less that of the row's first one
    # is the place within the row.
    rows, at = live.nonzero(as_tuple=True)
    first = n_live.cumsum(0) - n_live
    units[rows, torch.arange(len(rows)) - first[rows]] = at
    return units


def _mostly_on(Z: Tensor, lowest: Tensor) -> Tensor:
    """(h,) bool: on in most rows, and never so far below 0 that digits were lost with it.

    ``lowest`` (h,) is the most that a move takes off.
    """
    typical = Z[:: -(-len(Z) // SAMPLED)].abs().median(0).values
    on = (Z > 0).double().mean(0) > 0.5
    # The lowest of all rows, not of the sampled ones: a single row far below 0 would lose digits,
    # as its output is then a difference of two large numbers.
    return on & (-(Z.amin(0) + lowest) <= FURTHEST * typical)


def _idle(Z: Tensor, directions: Tensor, steps: Tensor) -> Tensor | None:
    """(n, m) bool: where all units that a move touches are off before and after; None: nowhere.

    Outputs before come by other sums than those after, so that a difference of nothing would not
    be an exact 0.
    """
    on, touched = Z > 0, directions != 0
    idle = (steps == 0).expand(len(Z), len(directions)).clone()
    # Where every move touches every unit, and every row has one that is on, nothing but a step of 0
    # is idle.
    if not touched.all() or not on.any(1).all():
        off_before = on.to(Z.dtype) @ touched.to(Z.dtype).T == 0
        steps = steps.expand(len(Z), len(directions))
        # After the move a pair of row and move is h numbers wide: so many at a time stay in cache.
        for few in off_before.nonzero().split(max(CACHE_BYTES // Z[:1].nbytes, 1)):
            rows, edits = few.T
            after = Z[rows] + steps[rows, edits, None] * directions[edits]
            idle[rows, edits] |= ~((after > 0) & touched[edits]).any(1)
    return idle if idle.any() else None


def _all_finite(*parts: Tensor) -> bool:
    return all(bool(part.isfinite().all()) for part in parts)
