"""Outputs of a sequence network after edits, from the windows that the edits can reach.

=============  =========================================================  ===========
code           meaning                                                    shape
=============  =========================================================  ===========
block          background rows whose activations are held                 n of <= 128
group          edits of the same positions, which share their windows     E
pass           some edits of some rows, run together: they stay in cache  E r <= 768
``f``          outputs on the scale asked for                             (E r, R)
=============  =========================================================  ===========

A word of 6 letters changes 6, 16, 22 of 200 positions of a network of kernels 11 and 7, and 6 of
50 behind a pool of 4: a fifth of the products. What is computed is the same function, and is
compared with whole passes on a few rows before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution import FinalNormalizer, logits_of, neutral_torch
from sklearn_deeplifft.perturbation._local_functions import LAYERS
from sklearn_deeplifft.perturbation._local_graph import Cut, Graph, answered, simplified, vector
from sklearn_deeplifft.perturbation._local_input import Columns, FirstConvolution, Written
from sklearn_deeplifft.perturbation._local_layers import Site, Source
from sklearn_deeplifft.perturbation._local_trace import graph_of
from sklearn_deeplifft.perturbation._local_windows import Window, by_position, filled
from sklearn_deeplifft.perturbation._output_scale import Scale
from sklearn_deeplifft.perturbation._responses import Edit, FullForward
from sklearn_deeplifft.perturbation._steps import Steps

__all__ = ["Local", "local_of"]

BLOCK_ROWS = 128
"""Background rows whose activations are held: of more of them they fall out of cache."""

WHOLE_ROWS = 32
"""Rows of a whole pass; 1,000 at once take twice as long."""

PASS_ROWS = 768
"""Rows times edits that run together."""

PASS_EDITS = 12
"""Most edits that run together."""

NARROW = 2
"""Edits of so few positions share their windows with those next to them."""

SHARED = 4
"""Positions whose narrow edits are run together."""

FEW_TRIED = 6
"""Rows on which a graph is compared with whole passes."""


class _Group(NamedTuple):
    """Edits that reach about the same positions."""

    which: list[int]


class _Block(NamedTuple):
    """Some background rows and all that the network makes of them."""

    start: int
    raw: Tensor
    """(n, d) float64: the rows as they are."""
    X: Tensor
    """(n, d): the network's inputs."""
    before: list[Tensor]
    """(n, C, L) of each node."""
    answers: list[Tensor]
    """What the head is given for each cut."""


class Local:
    """A sequence network, ready to answer for edits of a background.

    Parameters
    ----------
    graph : Graph
    dtype : torch.dtype
    prepare : callable
        Raw rows (n, d) to the network's inputs, column by column.
    steps : callable
        What changes (r, m) of raw columns are in the network's inputs: `Steps`.
    scale : Scale
    """

    def __init__(
        self,
        graph: Graph,
        dtype: torch.dtype,
        prepare: Callable[[Tensor], Tensor],
        steps: Steps,
        scale: Scale,
    ) -> None:
        self.graph = graph
        self.dtype = dtype
        self.prepare = prepare
        self.steps = steps
        self.scale = scale
        layers = [node.layer for node in graph.nodes]
        self._columns = [one for layer in layers if (one := _columns_of(layer)) is not None]
        self._read = {column for one in self._columns for column in one.place}

    @neutral_torch(autograd=False)
    @torch.no_grad()
    def outputs(self, X: Tensor) -> Tensor:
        pieces = X.split(WHOLE_ROWS) if len(X) else (X,)
        return torch.cat([self._head(self._whole(piece)[1], len(piece)) for piece in pieces])

    @neutral_torch(autograd=False)
    @torch.no_grad()
    def after(self, X: Tensor, edits: Sequence[Edit]) -> Tensor:
        before = self.outputs(X)
        found = [before.clone() for _ in edits]
        for which, rows, f in self._passes(X, edits):
            for i, one in zip(which, f, strict=True):
                found[i][rows] = one
        moved = (edit.rows for edit in edits)
        return torch.cat([f if at is None else f[at] for f, at in zip(found, moved, strict=True)])

    @neutral_torch(autograd=False)
    @torch.no_grad()
    def write_changes(self, out: Tensor, X: Tensor, edits: Sequence[Edit], before: Tensor) -> None:
        for i, edit in enumerate(edits):
            if not self.reads(edit):
                out[slice(None) if edit.rows is None else edit.rows, i] = 0
        moves = [None if edit.rows is None else _mask(edit.rows, len(X)) for edit in edits]
        for which, rows, f in self._passes(X, edits):
            change = f - before[rows]
            for i, one in zip(which, change, strict=True):
                mask = moves[i]
                if mask is None:
                    out[rows, i] = one
                else:  # rows that the edit leaves as they are keep what was written for them
                    out[rows, i] = torch.where(mask[rows, None], one, out[rows, i])

    def reads(self, edit: Edit) -> bool:
        return not self._read.isdisjoint(edit.columns.tolist())

    def _passes(
        self, X: Tensor, edits: Sequence[Edit]
    ) -> Iterator[tuple[list[int], slice, Tensor]]:
        """Which edits, which rows, and outputs (E, r, R) after them."""
        groups = self._groups(edits)
        constants = {i: self._constant(X, edits[i]) for group in groups for i in group.which}
        for start in range(0, len(X) if groups else 0, BLOCK_ROWS):
            block = self._block(X, start)
            for group in groups:
                written = [self._written(block, edits[i], constants[i]) for i in group.which]
                for few, rows, f in self._group_passes(block, written):
                    at = slice(start + rows.start, start + rows.stop)
                    yield group.which[few], at, f

    def _group_passes(
        self, block: _Block, written: Sequence[Written]
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        held: dict[object, Tensor] = {}
        n, step = len(block.X), min(len(written), PASS_EDITS)
        for first in range(0, len(written), step):
            few = slice(first, min(first + step, len(written)))
            size = max(PASS_ROWS // (few.stop - few.start), 1)
            for start in range(0, n, size):
                rows = slice(start, min(start + size, n))
                f = self._answer(block, written[few], rows, held)
                yield few, rows, f.unflatten(0, (few.stop - few.start, -1))

    def _answer(
        self, block: _Block, edits: Sequence[Written], rows: slice, held: dict[object, Tensor]
    ) -> Tensor:
        """Outputs (E r, R)."""
        windows: list[list[Window]] = []
        for i, (layer, sources) in enumerate(self.graph.nodes):
            inputs = [block.before[s] for s in sources]
            site = Site(len(edits), rows, block.before[i], inputs, held)
            if isinstance(layer, Columns | FirstConvolution):
                windows.append(layer.local(block.X, edits, site))
            else:
                read = [Source(block.before[s][rows], windows[s]) for s in sources]
                windows.append(layer.local(read, site))
        vectors = [
            _vector_after(cut, block.before[cut.node][rows], answer[rows], windows[cut.node], edits)
            for cut, answer in zip(self.graph.cuts, block.answers, strict=True)
        ]
        return self._head(vectors, len(edits) * (rows.stop - rows.start))

    def _head(self, vectors: Sequence[Tensor], n: int) -> Tensor:
        if not (self.scale.of_logits and self.graph.head.normalizes):
            return self.scale(logits_of(self.graph.head(vectors), n))
        final = FinalNormalizer()
        with final:
            z = self.graph.head(vectors)
            z = final.undo(z)
        return self.scale(logits_of(z, n))

    def _whole(self, X: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Outputs of every node and cut for raw rows."""
        x = self.prepare(X).to(self.dtype).contiguous()
        found: list[Tensor] = []
        for layer, sources in self.graph.nodes:
            out = layer.whole(*(found[s] for s in sources) if sources else (x,))
            found.append(by_position(out))
        return found, [answered(found[cut.node], cut) for cut in self.graph.cuts]

    def _block(self, X: Tensor, start: int) -> _Block:
        raw = X[start : start + BLOCK_ROWS]
        parts = [self._whole(piece) for piece in raw.split(WHOLE_ROWS)]
        before = [
            torch.cat([piece.transpose(1, 2) for piece in pieces]).transpose(1, 2)
            for pieces in zip(*(p[0] for p in parts), strict=True)
        ]
        answers = [torch.cat(pieces) for pieces in zip(*(p[1] for p in parts), strict=True)]
        x = self.prepare(raw).to(self.dtype).contiguous()
        return _Block(start, raw, x, before, answers)

    def _groups(self, edits: Sequence[Edit]) -> list[_Group]:
        """Edits that are read, by the positions that they write."""
        found: dict[object, list[tuple[tuple[int, ...], int]]] = {}
        for i, edit in enumerate(edits):
            columns = tuple(edit.columns.tolist())
            if self._read.isdisjoint(columns):
                continue
            spans = [tuple(one.spans(columns)) for one in self._columns]
            narrow = all(len(s) == 1 and s[0][1] - s[0][0] <= NARROW for s in spans)
            # One after the other: of two directions of reading, the first decides.
            key = spans[0][0][0] // SHARED if narrow else tuple(spans)
            found.setdefault(key, []).append((columns, i))
        return [_Group([i for _, i in sorted(members)]) for members in found.values()]

    def _constant(self, X: Tensor, edit: Edit) -> Tensor | None:
        """What all rows get, in the network's inputs (m,); None where rows get different values."""
        values = edit.values
        if not len(values) or (values.stride(0) and not bool((values == values[0]).all())):
            return None
        row = X[0].clone()
        row[edit.columns] = values[0]
        return self.prepare(row[None])[0, edit.columns].to(self.dtype)

    def _written(self, block: _Block, edit: Edit, constant: Tensor | None) -> Written:
        columns = tuple(edit.columns.tolist())
        if constant is not None:
            return Written(columns, constant, None)
        stop = block.start + len(block.raw)
        old = block.raw[:, edit.columns]
        if edit.rows is None:
            change = edit.values[block.start : stop] - old
        else:
            change = torch.zeros_like(old)
            edges = torch.tensor([block.start, stop], device=edit.rows.device)
            first, last = torch.searchsorted(edit.rows, edges).tolist()
            at = edit.rows[first:last] - block.start
            change[at] = edit.values[first:last] - old[at]
        steps = self.steps(change, lambda: old, edit.columns)
        return Written(columns, None, steps.to(self.dtype))


def _vector_after(
    cut: Cut, before: Tensor, answer: Tensor, windows: list[Window], edits: Sequence[Written]
) -> Tensor:
    """What the head is given after edits (E r, m)."""
    n_edits = len(edits)
    length = before.shape[2]
    width = sum(w.values.shape[2] for w in windows)
    if cut.weight is None or cut.order is not None or 2 * width > length:
        values = filled(before, 0, length, windows, n_edits)
        x = vector(values, cut)
        return x if cut.weight is None else nn.functional.linear(x, cut.weight, cut.bias)
    weight = cut.weight.unflatten(1, (before.shape[1], length))
    out = answer.expand(n_edits, -1, -1).flatten(0, 1).clone()
    for w in windows:
        change = w.values.unflatten(0, (n_edits, -1)) - before[:, :, w.start : w.stop]
        out.addmm_(change.flatten(0, 1).flatten(1), weight[:, :, w.start : w.stop].flatten(1).T)
    return out


@neutral_torch(autograd=False)
@torch.no_grad()
def local_of(
    core: nn.Module,
    few: Tensor,
    dtype: torch.dtype,
    prepare: Callable[[Tensor], Tensor],
    steps: Steps,
    scale: Scale,
    whole: FullForward,
) -> Local | None:
    """The network as a graph of layers along a sequence; None where it is none.

    Parameters
    ----------
    core : torch.nn.Module
    few : Tensor of shape (m, d) float64
        Rows to try it on.
    dtype, prepare, steps, scale : as for `Local`
    whole : FullForward
        The same network, run whole: what is computed is compared with it.
    """
    if not len(few):
        return None
    graph = graph_of(core, prepare(few), dtype, LAYERS)
    if graph is None or not graph.nodes:
        return None
    found = Local(simplified(graph), dtype, prepare, steps, scale)
    return found if _agrees(found, whole, few[:FEW_TRIED]) else None


def _agrees(local: Local, whole: FullForward, few: Tensor) -> bool:
    """Compare both, before and after edits of a few places."""
    tolerance = 1e-8 if local.dtype is torch.float64 else 1e-3
    edits = []
    for read in local._columns:
        length = read.index.shape[1]
        for start in sorted({0, length // 3, max(length - 3, 0)}):
            columns = read.index[:, start : start + 3].flatten()
            values = few.flip(0).roll(1, 1)[:, columns]
            edits += [Edit(columns, values), Edit(columns, values[:1].expand(len(few), -1))]
    pairs = (
        (local.outputs(few), whole.outputs(few)),
        (local.after(few, edits), whole.after(few, edits)),
    )
    return all(_close(found, expected, tolerance) for found, expected in pairs)


def _close(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    size = float(expected.abs().max())
    return found.shape == expected.shape and float((found - expected).abs().max()) <= (
        tolerance * size
    )


def _columns_of(layer: object) -> Columns | None:
    if isinstance(layer, FirstConvolution):
        return layer.columns
    return layer if isinstance(layer, Columns) else None


def _mask(rows: Tensor, n: int) -> Tensor:
    mask = torch.zeros(n, dtype=torch.bool)
    mask[rows] = True
    return mask
