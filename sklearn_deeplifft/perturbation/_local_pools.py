"""Pools along a sequence, whole or within the windows that edits reach.

==================  ==============================================================
pool                its windows
==================  ==============================================================
``MaxPool``         the new values and, of cells larger than the window, the
                    maximum over the positions it leaves alone, worked out once
``AveragePool``     a product of the change in the window and the shares of its
                    positions in the averages
==================  ==============================================================
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.perturbation._local_layers import Site, Source
from sklearn_deeplifft.perturbation._local_windows import (
    Interval,
    Kernel,
    Window,
    filled,
    joined,
)

__all__ = ["AveragePool", "MaxPool"]

MOST_CELLS = 3
"""Cells of a pool that are read one by one; more of them in one call over a filled window."""


@dataclass(frozen=True, eq=False)
class MaxPool:
    """``F.max_pool1d``; of cells larger than a window the untouched positions are read once."""

    kernel: Kernel
    padding: int = 0
    ceil_mode: bool = False

    def whole(self, *inputs: Tensor) -> Tensor:
        return self._pooled(inputs[0], self.padding, self.ceil_mode)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        ((before, windows),) = sources
        length = site.before.shape[2]
        moved = [Window(w.start + self.padding, w.values) for w in windows]
        reached = [self.kernel.reached(w.start, w.stop, length) for w in moved]
        found = []
        for start, stop in joined(one for one in reached if one):
            read = self._cells if self._few_cells(start, stop) else self._patch
            found.append(Window(start, read(start, stop, moved, before, site)))
        return found

    def _few_cells(self, start: int, stop: int) -> bool:
        apart = self.kernel.stride >= self.kernel.size and self.kernel.dilation == 1
        return apart and stop - start <= MOST_CELLS

    def _patch(
        self, start: int, stop: int, moved: list[Window], before: Tensor, site: Site
    ) -> Tensor:
        """All positions that the cells read, filled in and pooled in one call."""
        low, high = self.kernel.read(start, stop)
        padded = self._padded(before, low, high)
        shifted = [Window(w.start - low, w.values) for w in moved]
        patch = filled(padded, 0, high - low, shifted, site.n_edits)
        return self._pooled(patch, 0, False)

    def _pooled(self, x: Tensor, padding: int, ceil_mode: bool) -> Tensor:
        size, stride, dilation = ((1, n) for n in self.kernel)
        image = x[:, :, None]
        return F.max_pool2d(image, size, stride, (0, padding), dilation, ceil_mode)[:, :, 0]

    def _cells(
        self, start: int, stop: int, moved: list[Window], before: Tensor, site: Site
    ) -> Tensor:
        """Cell by cell."""
        cells = [self._cell(cell, moved, site) for cell in range(start, stop)]
        return torch.stack(cells, 1).transpose(1, 2)

    def _cell(self, cell: int, moved: list[Window], site: Site) -> Tensor:
        """The maximum (E n, C) over untouched positions, which is held, and over new ones."""
        low, high = cell * self.kernel.stride, cell * self.kernel.stride + self.kernel.size
        inside = [w for w in moved if w.start < high and w.stop > low]
        parts = [(max(w.start, low), min(w.stop, high)) for w in inside]
        found = [
            w.values[:, :, a - w.start : b - w.start].amax(2)
            for w, (a, b) in zip(inside, parts, strict=True)
        ]
        largest = functools.reduce(torch.maximum, found)
        if not (gaps := _gaps(parts, low, high)):
            return largest
        key = (id(self), cell, tuple(gaps))
        rest = site.once(key, lambda: self._untouched(site.inputs[0], gaps))
        return torch.maximum(largest.unflatten(0, (site.n_edits, -1)), rest).flatten(0, 1)

    def _untouched(self, before: Tensor, gaps: Sequence[Interval]) -> Tensor:
        found = (self._padded(before, a, b).amax(2) for a, b in gaps)
        return functools.reduce(torch.maximum, found)

    def _padded(self, before: Tensor, low: int, high: int) -> Tensor:
        low, high = low - self.padding, high - self.padding
        inner = before[:, :, max(low, 0) : max(min(high, before.shape[2]), 0)]
        outside = (max(min(-low, high - low), 0), max(min(high - before.shape[2], high - low), 0))
        return F.pad(inner, outside, value=-torch.inf) if any(outside) else inner


@dataclass(frozen=True, eq=False)
class AveragePool:
    """``F.avg_pool1d``: linear, so that only the change in the window is averaged."""

    size: int
    stride: int
    padding: int = 0
    ceil_mode: bool = False
    count_padding: bool = True
    matrices: dict[Interval, tuple[int, Tensor]] = field(default_factory=dict)
    """Shares of inputs in outputs, of windows met before."""

    def whole(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        options = self.ceil_mode, self.count_padding
        return F.avg_pool1d(x, self.size, self.stride, self.padding, *options)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        ((before, windows),) = sources
        length = site.before.shape[2]
        kernel = Kernel(self.size, self.stride)
        moved = [Window(w.start + self.padding, w.values) for w in windows]
        reached = [kernel.reached(w.start, w.stop, length) for w in moved]
        spans = joined(one for one in reached if one)
        changes = [site.before.new_zeros(1)] * len(spans)
        for w, own in zip(windows, reached, strict=True):
            if own is None:
                continue
            old = before[:, :, w.start : w.stop]
            step = (w.values.unflatten(0, (site.n_edits, -1)) - old).transpose(2, 3)
            first, shares = self._shares(w.start, w.stop, before)
            at = next(i for i, (a, b) in enumerate(spans) if a <= first < b)
            start, stop = spans[at]
            change = F.pad(shares.T @ step, (0, 0, first - start, stop - first - shares.shape[1]))
            changes[at] = changes[at] + change
        return [
            Window(start, (old + change).flatten(0, 1).transpose(1, 2))
            for (start, stop), change in zip(spans, changes, strict=True)
            for old in [site.before[:, :, start:stop].transpose(1, 2)]
        ]

    def _shares(self, start: int, stop: int, before: Tensor) -> tuple[int, Tensor]:
        """First output that the inputs reach, and their shares (w, outputs) in it and the next."""
        if (start, stop) not in self.matrices:
            units = before.new_zeros(stop - start, before.shape[2])
            units[:, start:stop].fill_diagonal_(1)
            shares = self.whole(units[:, None])[:, 0]
            used = shares.any(0).nonzero()[:, 0]
            first, last = int(used[0]), int(used[-1])
            self.matrices[start, stop] = first, shares[:, first : last + 1].contiguous()
        return self.matrices[start, stop]


def _gaps(parts: Sequence[Interval], low: int, high: int) -> list[Interval]:
    """What is left of ``low`` to ``high`` between parts that are in order and apart."""
    edges = [low, *(edge for part in parts for edge in part), high]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(a, b) for a, b in pairs if a < b]
