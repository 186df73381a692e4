"""Layers that act along a sequence, whole or within the windows that edits reach.

``whole`` maps all positions of some rows; ``local`` maps the windows of ``E`` edits of them. Both
are the same function: what ``local`` leaves out, ``whole`` has given for the background.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    "ChannelAffine",
    "Combination",
    "Convolution",
    "Crop",
    "Fixed",
    "Layer",
    "Pad",
    "Pointwise",
    "Site",
    "Source",
]


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
    """(C', C / groups, k)"""
    bias: Tensor | None
    kernel: Kernel
    left: int
    right: int
    groups: int

    @cached_property
    def plane(self) -> Tensor:
        """The weight of the same convolution of images one pixel high, channels last."""
        return self.weight[:, :, None].contiguous(memory_format=torch.channels_last)

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
                patch = filled(before, low - self.left, high - self.left, windows, site.n_edits)
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
        steps = (1, self.kernel.stride), (0, padding), (1, self.kernel.dilation)
        return F.conv2d(x[:, :, None], self.plane, self.bias, *steps, self.groups)[:, :, 0]


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


def _runs(mask: Tensor) -> list[Interval]:
    """Positions in a row where the mask holds."""
    edges = torch.diff(mask.int(), prepend=torch.zeros(1), append=torch.zeros(1))
    starts, stops = (edges > 0).nonzero()[:, 0], (edges < 0).nonzero()[:, 0]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))
