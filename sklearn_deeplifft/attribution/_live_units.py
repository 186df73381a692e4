"""ReLU layers above pre-activations that single columns move, without the units that stay silent.

==============  ======================================================  ==============
code            symbol                                                  shape
==============  ======================================================  ==============
``Z``           pre-activations y of the first layer                    (n, h)
``directions``  what a step of 1 adds to them, for each of m moves      (m, h)
``steps``       how far each row is moved                               (n, m), (1, m)
``sign``        -1 for units that are on in most rows, else 1           (h,)
``of_...``      W y of the units with sign -1, by rows and by moves     (n, a), (a, m)
``ceiling``     sign y at its highest over the moves                    (n, h)
``units``       those of a row whose ceiling is above 0                 (n, u)
==============  ======================================================  ==============

Since ``relu(y) = y + relu(-y)``, a unit that is mostly on is a linear one with a correction that is
mostly silent; what is linear is the sum of a term of the row and one of the move. A move of one
column changes pre-activations by little, so that most units that are silent in a row stay silent in
all of its moves. What the other units of a row send up is a product of its own over all moves at
once, (a, u) times (u, m). Nothing is approximated: rounding is monotone, so a unit whose rounded
ceiling is not above 0 is an exact 0 after every move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.attribution._chain import _Affine

__all__ = ["LiveUnits"]

CACHE_BYTES = 3_000_000
"""Of the activations that are held at a time."""

MULTIPLE = 8
"""Units come in so many: the products are quicker."""


class LiveUnits:
    """Layers above the pre-activations of one background, ready for some moves.

    Parameters
    ----------
    Z : Tensor of shape (n, h)
    directions : Tensor of shape (m, h)
    steps : Tensor of shape (n, m) or (1, m)
        One row where all rows are moved alike.
    stages : sequence of (_Affine, bool)
        The maps above the first ReLU, and whether a ReLU follows each; the first one is dense.
    """

    def __init__(
        self,
        Z: Tensor,
        directions: Tensor,
        steps: Tensor,
        stages: Sequence[tuple[_Affine, bool]],
    ) -> None:
        (first, self.relu), *self.above = stages
        ends = _ends(directions, steps)
        sign = 1 - 2 * _mostly_on(Z, ends.amin((0, 1))).to(Z.dtype)
        live = Z * sign + (ends * sign).amax((0, 1)) > 0
        self.n_live, self.order = live.sum(1).sort()
        self.units = _packed(live[self.order], self.n_live)
        if len(steps) == 1:
            directions = directions * steps.T
        self.steps = steps[self.order, None] if len(steps) > 1 else None
        weight = first.weight * (sign < 0)
        self.of_rows = (Z @ weight.T + first.bias)[self.order, :, None]
        self.of_moves = weight @ directions.T
        # One more unit that is silent in all rows: it fills up what is packed.
        self.Z = F.pad(Z * sign, (0, 1))[self.order]
        self.by_unit = F.pad((directions * sign).T, (0, 0, 0, 1)).contiguous()
        self.weight = F.pad(first.transposed, (0, 0, 0, 1))

    @staticmethod
    def takes(
        Z: Tensor, directions: Tensor, steps: Tensor, stages: Sequence[tuple[_Affine, bool]]
    ) -> bool:
        """Whether a silent unit sends nothing up, as it does not where 0 is multiplied by NaN.

        A step of nothing is left to plain sums, so that its effect is an exact 0.
        """
        weight, ends = stages[0][0].weight, _ends(directions, steps)
        finite = all(bool(part.isfinite().all()) for part in (Z, ends, weight))
        return finite and weight.ndim == 2 and bool(ends.any(2).any(0).all())

    @property
    def share(self) -> float:
        """Of the units, how many are multiplied."""
        return float(self.n_live.sum()) / max(self.n_live.numel() * (len(self.by_unit) - 1), 1)

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
        m, a, R = self.by_unit.shape[1], self.weight.shape[1], before.shape[1]
        u = self.units.shape[1]
        at_once = int(CACHE_BYTES // max(self.by_unit.nbytes * self.share, 1)) or 1
        at_once = min(at_once, len(self.Z))
        # Written over, not asked for again: memory that was touched is quicker.
        active, weight, upper = (self.Z.new_empty(at_once * s) for s in (u * m, u * a, a * m))
        change = out.new_empty(at_once, m, R)
        for start in range(0, len(self.Z), at_once):
            rows = slice(start, start + at_once)
            after = self._of_rows(rows, active, weight, upper)
            if scaled is not None:
                after = scaled(after.flatten(0, 1)).unflatten(0, after.shape[:2])
            at = self.order[rows]
            out[at] = torch.sub(after, before[at, None], out=change[: len(at)])

    def _of_rows(self, rows: slice, active: Tensor, weight: Tensor, h: Tensor) -> Tensor:
        """What the last map gives, (r, m, K), of rows in their order; the rest is written over."""
        most = -(-int(self.n_live[rows][-1]) // MULTIPLE) * MULTIPLE
        units = self.units[rows, :most]
        active = _taken(self.by_unit, units, active)
        weight = _taken(self.weight, units, weight)
        h = h[: len(units) * self.of_moves.numel()].view(len(units), *self.of_moves.shape)
        if self.steps is None:
            torch.add(self.of_rows[rows], self.of_moves, out=h)
        else:
            torch.addcmul(self.of_rows[rows], self.of_moves, self.steps[rows], out=h)
            active.mul_(self.steps[rows])
        active.add_(self.Z[rows].gather(1, units)[..., None]).relu_()
        h.baddbmm_(weight.transpose(1, 2), active)
        relu = self.relu
        for stage, next_relu in self.above:
            h = h.relu_() if relu else h
            relu, W = next_relu, stage.weight
            h = h * W[:, None] if W.ndim == 1 else W @ h
            h += stage.bias[:, None]
        return (h.relu_() if relu else h).transpose(1, 2)


def _packed(live: Tensor, n_live: Tensor) -> Tensor:
    """The live units of each row, first, (n, u), and then the one that is always silent."""
    n, h = live.shape
    widest = -(-int(n_live.max()) // MULTIPLE) * MULTIPLE
    units = torch.full((n, widest), h)
    rows, at = live.nonzero(as_tuple=True)
    first = n_live.cumsum(0) - n_live
    units[rows, torch.arange(len(rows)) - first[rows]] = at
    return units


def _mostly_on(Z: Tensor, lowest: Tensor) -> Tensor:
    """(h,) bool: on in most rows, and never so far below 0 that digits were lost with it.

    ``lowest`` (h,) is the most that a move takes off.
    """
    return ((Z > 0).double().mean(0) > 0.5) & (-(Z.amin(0) + lowest) <= Z.amax(0))


def _ends(directions: Tensor, steps: Tensor) -> Tensor:
    """(2, m, h): what is added where a move goes lowest, and where it goes highest."""
    return torch.stack([steps.amin(0), steps.amax(0)])[..., None] * directions


def _taken(table: Tensor, units: Tensor, out: Tensor) -> Tensor:
    """Rows of a table (h, w) for units (r, u), (r, u, w), written into ``out``."""
    at, width = units.flatten(), table.shape[1]
    found = torch.index_select(table, 0, at, out=out[: len(at) * width].view(-1, width))
    return found.view(*units.shape, width)
