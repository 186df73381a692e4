"""Layers that act along a sequence, whole or within the windows that edits reach.

``whole`` maps all positions of some rows; ``local`` maps the windows of ``E`` edits of them. Both
are the same function: what ``local`` leaves out, ``whole`` has given for the background.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.perturbation._local_windows import (
    Interval,
    Kernel,
    Window,
    filled,
    joined,
)

__all__ = [
    "AveragePool",
    "ChannelAffine",
    "Combination",
    "Convolution",
    "Crop",
    "Fixed",
    "Layer",
    "MaxPool",
    "Pad",
    "Pointwise",
    "Site",
    "Source",
]

MOST_CELLS = 3
"""Cells of a pool that are read one by one; more of them in one call over a filled window."""


class Source(NamedTuple):
    """What a layer reads: values of the background rows, and windows of new ones."""

    before: Tensor
    """(n, C, L)"""
    windows: list[Window]

    def filled(self, start: int, stop: int, n_edits: int) -> Tensor:
        return filled(self.before, start, stop, self.windows, n_edits)


class Site(NamedTuple):
    """Where a layer is at work: some rows of a block, and what is known of all of them."""

    n_edits: int
    rows: slice
    """Which rows of the block these are."""
    outputs: Tensor
    """What the layer gave for the background rows of the block."""
    inputs: Sequence[Tensor]
    """What it was given for them."""
    held: dict[object, Tensor]
    """What was worked out for all rows of the block and edits of the same positions."""

    @property
    def before(self) -> Tensor:
        """(n, C, L): its outputs for the background rows."""
        return self.outputs[self.rows]

    def once(self, key: object, make: Callable[[], Tensor]) -> Tensor:
        """What ``make`` gives for all rows of the block, worked out once; for these rows."""
        if key not in self.held:
            self.held[key] = make()
        return self.held[key][self.rows]


class Layer(Protocol):
    """A map of sequences (n, C, L), one or several."""

    def whole(self, *inputs: Tensor) -> Tensor:
        """All positions."""

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        """The windows that those of the sources reach, in order and apart."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """``F.conv1d``, padded by zeros: ``left`` and ``right`` may differ."""

    weight: Tensor
    bias: Tensor | None
    kernel: Kernel
    left: int
    right: int
    groups: int

    def whole(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.left == self.right:
            return self._apply(x, self.left)
        return self._apply(F.pad(x, (self.left, self.right)), 0)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        ((before, windows),) = sources
        if not windows:
            return []
        length = site.before.shape[2]
        moved = [Window(w.start + self.left, w.values) for w in windows]
        reached = [self.kernel.reached(w.start, w.stop, length) for w in moved]
        found = []
        for start, stop in joined(one for one in reached if one):
            low, high = self.kernel.read(start, stop)
            if low < self.left or high > self.left + before.shape[2]:
                padded = self.padded(before, low, high)
                shifted = [Window(w.start - low, w.values) for w in moved]
                patch = filled(padded, 0, high - low, shifted, site.n_edits)
            else:
                patch = filled(
                    before, low - self.left, high - self.left, windows, site.n_edits
                )
            found.append(Window(start, self._apply(patch, 0)))
        return found

    def padded(self, before: Tensor, low: int, high: int) -> Tensor:
        """Inputs at the padded positions ``low`` to ``high``."""
        low, high = low - self.left, high - self.left
        inner = before[:, :, max(low, 0) : min(high, before.shape[2])]
        return F.pad(inner, (max(-low, 0), max(high - before.shape[2], 0)))

    def scaled(self, scale: Tensor, shift: Tensor) -> Convolution:
        """The convolution and a diagonal affine map behind it."""
        bias = shift if self.bias is None else self.bias * scale + shift
        weight = self.weight * scale[:, None, None]
        return Convolution(weight, bias, self.kernel, self.left, self.right, self.groups)

    def _apply(self, x: Tensor, padding: int) -> Tensor:
        stride, dilation = self.kernel.stride, self.kernel.dilation
        return F.conv1d(x, self.weight, self.bias, stride, padding, dilation, self.groups)


@dataclass(frozen=True, eq=False)
class Pad:
    """``F.pad`` of any mode: positions outside take the value of a position inside, or a number."""

    left: int
    right: int
    mode: str
    value: float = 0.0

    def whole(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.mode == "constant":
            return F.pad(x, (self.left, self.right), value=self.value)
        return F.pad(x, (self.left, self.right), mode=self.mode)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        ((before, windows),) = sources
        if self.mode == "constant":
            return [Window(w.start + self.left, w.values) for w in windows]
        positions = torch.arange(before.shape[2], dtype=torch.float64)[None, None]
        origin = self.whole(positions)[0, 0].long()
        touched = torch.zeros(len(origin), dtype=torch.bool)
        for w in windows:
            touched |= (origin >= w.start) & (origin < w.stop)
        found = []
        for start, stop in _runs(touched):
            own = origin[start:stop]
            low, high = int(own.min()), int(own.max()) + 1
            values = filled(before, low, high, windows, site.n_edits)
            found.append(Window(start, values[:, :, own - low]))
        return found


@dataclass(frozen=True, eq=False)
class MaxPool:
    """``F.max_pool1d``; of cells larger than a window the untouched positions are read once."""

    kernel: Kernel
    padding: int = 0
    ceil_mode: bool = False

    def whole(self, *inputs: Tensor) -> Tensor:
        size, stride, dilation = self.kernel
        (x,) = inputs
        return F.max_pool1d(x, size, stride, self.padding, dilation, self.ceil_mode)

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
        return F.max_pool1d(patch, self.kernel.size, self.kernel.stride, 0, self.kernel.dilation)

    def _cells(
        self, start: int, stop: int, moved: list[Window], before: Tensor, site: Site
    ) -> Tensor:
        """Cell by cell."""
        return torch.stack([self._cell(cell, moved, site) for cell in range(start, stop)], 2)

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
            step = w.values.unflatten(0, (site.n_edits, -1)) - old
            first, shares = self._shares(w.start, w.stop, before)
            at = next(i for i, (a, b) in enumerate(spans) if a <= first < b)
            start, stop = spans[at]
            change = F.pad(step @ shares, (first - start, stop - first - shares.shape[1]))
            changes[at] = changes[at] + change
        return [
            Window(start, (site.before[:, :, start:stop] + change).flatten(0, 1))
            for (start, stop), change in zip(spans, changes, strict=True)
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


@dataclass(frozen=True, eq=False)
class Pointwise:
    """A function of each value by itself, which may differ between channels."""

    function: Callable[[Tensor], Tensor]
    in_place: Callable[[Tensor], Tensor] | None = None
    """The same, written over what it is given: where nothing else reads that."""

    def whole(self, *inputs: Tensor) -> Tensor:
        return self.function(inputs[0])

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        function = self.in_place or self.function
        return [Window(w.start, function(w.values)) for w in sources[0].windows]


@dataclass(frozen=True, eq=False)
class ChannelAffine:
    """Batch normalisation in evaluation mode: ``scale x + shift``, (C,) each."""

    scale: Tensor
    shift: Tensor

    def whole(self, *inputs: Tensor) -> Tensor:
        return torch.addcmul(self.shift[:, None], inputs[0], self.scale[:, None])

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        return [Window(w.start, self.whole(w.values)) for w in sources[0].windows]


@dataclass(frozen=True, eq=False)
class Combination:
    """Position by position, of several sequences: sums, products, channels side by side."""

    function: Callable[..., Tensor]

    def whole(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        spans = joined((w.start, w.stop) for source in sources for w in source.windows)
        return [
            Window(a, self.function(*(one.filled(a, b, site.n_edits) for one in sources)))
            for a, b in spans
        ]


@dataclass(frozen=True, eq=False)
class Crop:
    """Some positions in a row."""

    start: int
    stop: int

    def whole(self, *inputs: Tensor) -> Tensor:
        return inputs[0][:, :, self.start : self.stop]

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        found = []
        for w in sources[0].windows:
            low, high = max(w.start, self.start), min(w.stop, self.stop)
            if low < high:
                values = w.values[:, :, low - w.start : high - w.start]
                found.append(Window(low - self.start, values))
        return found


@dataclass(frozen=True, eq=False)
class Fixed:
    """Numbers of each channel and position, the same in every row."""

    values: Tensor
    """(1, C, L)"""

    def whole(self, *inputs: Tensor) -> Tensor:
        return self.values.expand(len(inputs[0]), -1, -1)

    def local(self, sources: Sequence[Source], site: Site) -> list[Window]:
        return []


def _gaps(parts: Sequence[Interval], low: int, high: int) -> list[Interval]:
    """What is left of ``low`` to ``high`` between parts that are in order and apart."""
    edges = [low, *(edge for part in parts for edge in part), high]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(a, b) for a, b in pairs if a < b]


def _runs(mask: Tensor) -> list[Interval]:
    """Positions in a row where the mask holds."""
    edges = torch.diff(mask.int(), prepend=torch.zeros(1), append=torch.zeros(1))
    starts, stops = (edges > 0).nonzero()[:, 0], (edges < 0).nonzero()[:, 0]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
