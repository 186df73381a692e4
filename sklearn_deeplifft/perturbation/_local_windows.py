"""Windows of a sequence: the positions that an edit can reach, and their new values.

==============  ==========================================================  ===============
code            meaning                                                     shape
==============  ==========================================================  ===============
``before``      values of the background rows, unedited                     (n, C, L)
``values``      new values at ``start`` to ``stop``, edit after edit        (E n, C, w)
``reached``     outputs ``o`` that read any of the inputs ``[a, b)``        interval
``read``        inputs that the outputs ``[a, b)`` read                     interval
==============  ==========================================================  ===============

All of them lie in memory position by position, the channels of each side by side: convolutions
and pools of short windows are half as quick again so. An output ``o`` of a kernel reads the inputs
``o s, o s + d, ..., o s + d (k - 1)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from torch import Tensor

__all__ = ["Interval", "Kernel", "Window", "by_position", "filled", "joined"]

Interval = tuple[int, int]
"""Positions from the first to before the second."""


class Window(NamedTuple):
    """Values of E edits of n rows where they may differ from the background."""

    start: int
    values: Tensor
    """(E n, C, w)"""

    @property
    def stop(self) -> int:
        return self.start + self.values.shape[2]


class Kernel(NamedTuple):
    """Shape of a convolution or of a pool along the sequence, of inputs padded already."""

    size: int
    stride: int = 1
    dilation: int = 1

    @property
    def span(self) -> int:
        """Number of positions from the first to the last that one output reads."""
        return self.dilation * (self.size - 1) + 1

    def reached(self, start: int, stop: int, n_outputs: int) -> Interval | None:
        """Outputs that read any of the inputs; None where a stride leaps over them."""
        first = max(-(-(start - self.span + 1) // self.stride), 0)
        last = min((stop - 1) // self.stride, n_outputs - 1)
        return (first, last + 1) if first <= last else None

    def read(self, start: int, stop: int) -> Interval:
        """Inputs that the outputs read."""
        return start * self.stride, (stop - 1) * self.stride + self.span


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals in order, those that overlap or touch made one."""
    found: list[Interval] = []
    for start, stop in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], stop)
        else:
            found.append((start, stop))
    return found


def filled(
    before: Tensor, start: int, stop: int, windows: Sequence[Window], n_edits: int
) -> Tensor:
    """Values (E n, C, stop - start) after the edits: the background's where no window is.

    ``windows`` are in order and apart. Where one of them holds all, it is a view.
    """
    inside = [w for w in windows if w.start < stop and w.stop > start]
    if len(inside) == 1 and inside[0].start <= start and inside[0].stop >= stop:
        return inside[0].values[:, :, start - inside[0].start : stop - inside[0].start]
    n, C, _ = before.shape
    out = before.new_empty(n_edits, n, stop - start, C).transpose(2, 3)
    at = start
    for window in inside:
        own, end = max(window.start, start), min(window.stop, stop)
        out[..., at - start : own - start] = before[:, :, at:own]
        piece = window.values[:, :, own - window.start : end - window.start]
        out[..., own - start : end - start] = piece.unflatten(0, (n_edits, n))
        at = end
    out[..., at - start :] = before[:, :, at:stop]
    return out.flatten(0, 1)


def by_position(values: Tensor) -> Tensor:
    """The same (n, C, L), the channels of a position side by side in memory."""
    return values.transpose(1, 2).contiguous().transpose(1, 2)
