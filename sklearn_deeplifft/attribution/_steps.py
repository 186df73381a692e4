"""Steps that no derivative sees: a column looked up in a table, rounded, compared.

Between two rows a continuous piecewise-linear network changes by the sum of its slopes on the way.
Where it does not, a jump lies between: halving the way again and again, towards the half whose
change its slopes account for least, leaves the jump as it is and makes all else vanish. A ReLU
that wakes up has no jump, however dead it was.

A jump beside which the derivative is the same on both sides is a step that was added: nothing of
it is in any coefficient. (Of a threshold that lets its input through, as Hardshrink, both sides
differ, and the decomposition of each side is complete.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution._culprits import Call, named, recorded_calls
from sklearn_deeplifft.attribution._linear_form import NetworkReader

__all__ = ["Steps", "extents", "looked_up", "steps"]

SEED = 0
WAYS = 4
INTERVALS = 48
CANDIDATES = 6
"""Intervals of each way that are halved."""
HALVINGS = 36
CELLS = 4_000_000
"""Numbers that are run at once (32 MB)."""
MOST_COLUMNS = 1000
"""Columns that are tried one by one, to be named."""

Function = Callable[[Tensor, Tensor], Tensor]


class Steps(NamedTuple):
    """Columns and submodules at which a network was seen to step."""

    columns: list[int]
    modules: list[str]

    def message(self, what: str = "column", names: Sequence[str] | None = None) -> str:
        """Say so; ``names`` of columns, where they have any, in the place of positions."""
        few = self.columns[:5]
        known = 0 if names is None else len(names)
        shown = ", ".join(
            repr(str(names[j])) if names is not None and j < known else str(j) for j in few
        )
        rest = len(self.columns) - 5
        more = f" and {rest} more" if rest > 0 else ""
        read = f"{what}{'' if len(self.columns) == 1 else 's'} {shown}{more}"
        where = f" (in {', '.join(self.modules)})" if self.modules else ""
        return (
            f"the network reads {read if self.columns else f'{what}s'} through a step of zero "
            f"slope{where}: its outputs jump where their derivative stays the same, so that "
            "coefficients say nothing of it. Lookups (nn.Embedding), rounding, comparisons, "
            "bucketize, sign and argmax do so. One-hot columns or a piecewise-linear function in "
            "their place can be decomposed; GIATransformer reads such a network as it is."
        )


def extents(x: Tensor) -> Tensor:
    """A typical change of each column, never zero."""
    extent = x.amax(0) - x.amin(0)
    extent = torch.where(extent > 0, extent, x.abs().amax(0))
    return torch.where(extent > 0, extent, 1.0)


def steps(reader: NetworkReader, X: Tensor) -> Steps | None:
    """Columns (of the input, or of the layer read) that are read through steps, if any."""
    h, _ = reader.above(X)
    f = _scalar(reader, X)
    columns = _jumping_columns(f, h)
    if not columns:
        return None
    return Steps(sorted(columns | _flat_columns(f, h)), _stepping_modules(reader, X))


def looked_up(reader: NetworkReader, X: Tensor) -> Steps:
    """Columns and tables of a network that was just asked for a value outside its table."""
    try:
        h, _ = reader.above(X)
        columns = sorted(_flat_columns(_scalar(reader, X), h))
        return Steps(columns, _stepping_modules(reader, X))
    except IndexError:  # the rows themselves lie outside
        return Steps([], _tables(reader.module))


def _scalar(reader: NetworkReader, X: Tensor) -> Function:
    """All outputs in one number, of values (m, ...) that stand for rows (m,) of ``X``."""
    generator = torch.Generator().manual_seed(SEED)
    weights = torch.rand(reader.logits(X[:1]).shape[1], generator=generator, dtype=X.dtype) + 0.5

    def f(h: Tensor, rows: Tensor) -> Tensor:
        return reader.run_from(h, X[rows]) @ weights

    return f


def _slopes(f: Function, h: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Values (m,) and gradients (m, d)."""
    with torch.enable_grad():
        leaf = h.detach().clone().requires_grad_()
        g = f(leaf, rows)
        if not g.requires_grad:
            return g, torch.zeros_like(h).flatten(1)
        (slope,) = torch.autograd.grad(g.sum(), leaf, materialize_grads=True)
    return g.detach(), slope.flatten(1)


class _Way(NamedTuple):
    """Straight ways from row to row, beyond both ends."""

    start: Tensor
    """(n, ...)"""
    direction: Tensor

    def at(self, rows: Tensor, t: Tensor) -> Tensor:
        t = t.view(-1, *(1 for _ in self.start.shape[1:]))
        return self.start[rows] + t * self.direction[rows]


def _ways(h: Tensor) -> _Way:
    """Each row to the next; columns that are the same in all rows move by a unit, up or down."""
    n = len(h)
    sign = (1.0 - 2.0 * (torch.arange(n, dtype=h.dtype) % 2)).view(n, *(1 for _ in h.shape[1:]))
    same = h.amax(0) == h.amin(0)
    return _Way(h, torch.where(same, sign * extents(h), h.roll(1, 0) - h))


def _jumping_columns(f: Function, h: Tensor) -> set[int]:
    n = min(len(h), WAYS, max(CELLS // (INTERVALS * h[0].numel()), 1))
    way = _ways(h)
    start, direction = way.start[:n], way.direction[:n]
    way = _Way(start, direction)
    try:
        found = _jumps(f, way, -0.5, 1.5)
    except IndexError:
        raise
    except Exception:  # the network refuses what lies outside of its rows: look between them
        found = _jumps(f, way, 0.0, 1.0)
    return _pivots(f, way, *found) if len(found[0]) else set()


def _jumps(f: Function, way: _Way, first: float, last: float) -> tuple[Tensor, Tensor, Tensor]:
    """Rows (j,) and ends (j,) before and after a jump on their ways."""
    n, m = len(way.start), INTERVALS
    # Off the lattice that whole numbers lie on, so that no point is a jump.
    t = first + (last - first) * (torch.arange(m + 1, dtype=torch.float64) + 0.0371) / (m + 0.0917)
    rows = torch.arange(n).repeat_interleave(m + 1)
    g, s = _along(f, way, rows, t.repeat(n))
    g, s = g.view(n, -1), s.view(n, -1)
    gap = _unaccounted(g[:, :-1], g[:, 1:], s[:, :-1], s[:, 1:], t.diff())
    least = _noise(g)
    worst, where = gap.nan_to_num(0, 0, 0).topk(min(CANDIDATES, m), dim=1)
    row, k = (worst > least[:, None]).nonzero(as_tuple=True)
    at = where[row, k]
    ends = torch.stack([t[at], t[at + 1]], 1)
    values = torch.stack([g[row, at], g[row, at + 1]], 1)
    slopes = torch.stack([s[row, at], s[row, at + 1]], 1)
    for _ in range(HALVINGS):
        if not len(row):
            break
        ends, values, slopes, gap = _halved(f, way, row, ends, values, slopes)
        left = gap > least[row]  # a kink's gap halves with its interval, and soon is none
        row, ends, values, slopes = row[left], ends[left], values[left], slopes[left]
    return row, ends[:, 0], ends[:, 1]


def _noise(g: Tensor) -> Tensor:
    """Largest change (n,) that is no jump, on ways with these values (n, m)."""
    size = torch.where(g.isfinite(), g, 0)
    extent, largest = size.amax(1) - size.amin(1), size.abs().amax(1)
    return torch.maximum(1e-5 * extent, 1e-11 * largest).clamp_min(1e-300)


def _along(f: Function, way: _Way, rows: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Values (m,) and slopes along the way (m,)."""
    g, slope = _slopes(f, way.at(rows, t), rows)
    return g, (slope * way.direction[rows].flatten(1)).sum(1)


def _unaccounted(g0: Tensor, g1: Tensor, s0: Tensor, s1: Tensor, step: Tensor) -> Tensor:
    """Size of the change that the slopes at both ends do not account for."""
    return (g1 - g0 - (s0 + s1) / 2 * step).abs()


def _halved(
    f: Function, way: _Way, row: Tensor, ends: Tensor, values: Tensor, slopes: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The half of each interval whose change is accounted for least."""
    middle = ends.mean(1)
    g, s = _along(f, way, row, middle)
    gaps = []
    for side in (0, 1):
        step = (ends[:, 1] - ends[:, 0]) / 2
        pair = [(values[:, 0], g, slopes[:, 0], s), (g, values[:, 1], s, slopes[:, 1])][side]
        gaps.append(_unaccounted(*pair, step).nan_to_num(0, 0, 0))
    right = gaps[1] > gaps[0]

    def kept(pairs: Tensor, new: Tensor) -> Tensor:
        low, high = torch.where(right, new, pairs[:, 0]), torch.where(right, pairs[:, 1], new)
        return torch.stack([low, high], 1)

    gap = torch.where(right, gaps[1], gaps[0])
    return kept(ends, middle), kept(values, g), kept(slopes, s), gap


def _pivots(f: Function, way: _Way, rows: Tensor, before: Tensor, after: Tensor) -> set[int]:
    """Columns that take the network over a jump, with the same derivative on both sides.

    The first columns are taken from behind the jump, the rest from before it; the one at which
    the jump shows is found by halving.
    """
    one, other = way.at(rows, before), way.at(rows, after)
    (g0, s0), (g1, s1) = _slopes(f, one, rows), _slopes(f, other, rows)
    d = one[0].numel()
    low, high = torch.zeros_like(rows), torch.full_like(rows, d)
    while bool((high - low > 1).any()):
        middle = (low + high) // 2
        first = (torch.arange(d) < middle[:, None]).view(one.shape)
        with torch.no_grad():
            g = f(torch.where(first, other, one), rows)
        crossed = (g - g0).abs() > (g1 - g0).abs() / 2
        low, high = torch.where(crossed, low, middle), torch.where(crossed, middle, high)
    place = (high - 1)[:, None]
    one_side, other_side = s0.gather(1, place)[:, 0], s1.gather(1, place)[:, 0]
    largest = torch.maximum(s0.abs().amax(1), s1.abs().amax(1))
    same = (one_side - other_side).abs() <= 1e-9 * largest
    return set(place[same, 0].tolist())


def _flat_columns(f: Function, h: Tensor) -> set[int]:
    """Columns that change the outputs from one row's value to the next one's, without slope."""
    flat, n = h.flatten(1), min(len(h), 4)
    t = torch.linspace(0, 1, 11, dtype=h.dtype)
    rows = torch.arange(n).repeat_interleave(len(t))
    other = h.roll(1, 0).flatten(1)
    found = set[int]()
    for j in (flat != flat[:1]).any(0).nonzero()[:MOST_COLUMNS, 0].tolist():
        moved = flat[rows].clone()
        moved[:, j] += t.repeat(n) * (other[:n, j] - flat[:n, j])[rows]
        g, s = _slopes(f, moved.view(len(rows), *h.shape[1:]), rows)
        g, still = g.view(n, -1), (s[:, j].view(n, -1) == 0).all(1)
        jumped = (g[:, -1] - g[:, 0]).abs() > 1e-9 * g.abs().amax(1)
        if bool((still & jumped).any()):
            found.add(j)
    return found


def _stepping_modules(reader: NetworkReader, X: Tensor) -> list[str]:
    """Submodules whose outputs change from row to row though their derivative is zero."""
    calls = recorded_calls(reader, X)
    steps = [named(call.name, call.module) for call in calls if _is_step(call)]
    return [*_tables(reader.module), *steps]


def _tables(module: nn.Module) -> list[str]:
    return [
        named(name, child)
        for name, child in module.named_modules()
        if isinstance(child, nn.Embedding | nn.EmbeddingBag)
    ]


def _is_step(call: Call) -> bool:
    if any(True for _ in call.module.children()):
        return False
    f, x = call.alone()
    with torch.enable_grad():
        x = x.requires_grad_()
        out = f(x)
        if not out.numel() or not bool((out != out[0]).any()):
            return False
        if not out.requires_grad:
            return True
        (slope,) = torch.autograd.grad(out.sum(), x, materialize_grads=True)
    return not bool(slope.any())
