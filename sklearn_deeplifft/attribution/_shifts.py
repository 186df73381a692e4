"""ReLU layers above pre-activations that one vector for all rows was added to.

=============  =======================================================  ==========
code           symbol                                                   shape
=============  =======================================================  ==========
``Z``          pre-activations of the first layer                       (n, h)
``shifts``     what each of m moves adds to every row of them           (m, h)
``constants``  ``c``: what a layer's units are short of, in every row   (m, units)
=============  =======================================================  ==========

Since ``relu(y + c) = max(y, -c) + c``, adding up and rectifying are one pass over the rows, and c
goes on as ``W c + b`` to the next layer: biases and shifts are carried past the rows, and added to
the outputs alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._chain import _Affine

__all__ = ["ShiftedLayers"]

LARGEST = 4.0
"""So many times the activations of its layer a constant may be: digits are lost with it."""


class ShiftedLayers:
    """The layers above, ready for the pre-activations of one background.

    Parameters
    ----------
    Z : Tensor of shape (n, h)
    stages : sequence of (_Affine, bool)
        The maps above the first ReLU, and whether a ReLU follows each.
    at_once : int
        Rows that run together.
    """

    def __init__(self, Z: Tensor, stages: Sequence[tuple[_Affine, bool]], at_once: int) -> None:
        self.Z = Z
        self.stages = stages
        self.at_once = at_once
        self._sizes = self._sizes_of(Z[:at_once])

    def constants(self, shifts: Tensor) -> list[Tensor]:
        """c of each layer, the outputs last, (m, units)."""
        found = [shifts]
        for stage, _ in self.stages:
            found.append(stage.apply(found[-1]))
        return found

    def allows(self, constants: Sequence[Tensor]) -> Tensor:
        """(m,) bool: whether no constant is so large that sums would lose digits with it."""
        fits = torch.ones(len(constants[0]), dtype=torch.bool)
        for c, size in zip(constants, self._sizes, strict=True):
            if size is not None:  # nothing is below NaN
                fits &= c.abs().amax(1) < LARGEST * size
        return fits

    def outputs(self, constants: Sequence[Tensor]) -> Tensor:
        """What the last map gives (m, n, R) after each shift."""
        n, m, R = len(self.Z), *constants[-1].shape
        at_a_time = max(self.at_once // max(n, 1), 1)
        floors = zip(*(c.neg()[:, None].split(at_a_time) for c in constants[:-1]), strict=True)
        parts = self.Z.split(self.at_once)
        found = torch.cat([self._run(part, *few) for few in floors for part in parts])
        return found.view(m, n, R).add_(constants[-1][:, None])

    def _run(self, Z: Tensor, lowest: Tensor, *above: Tensor) -> Tensor:
        """Outputs (s r, R), short of their constants, of r rows after s shifts."""
        h = torch.maximum(Z, lowest).flatten(0, 1)
        for (stage, relu), floor in itertools.zip_longest(self.stages, above):
            h = stage.linear(h)
            if relu:
                rows = h.view(len(floor), len(Z), h.shape[1])
                torch.maximum(rows, floor, out=rows)
        return h

    def _sizes_of(self, Z: Tensor) -> list[Tensor | None]:
        """Largest activation after each ReLU, as they are without a shift; None without a ReLU."""
        h = Z.relu()
        sizes: list[Tensor | None] = [_largest(h)]
        for stage, relu in self.stages:
            h = stage.apply(h, relu=relu)
            sizes.append(_largest(h) if relu else None)
        return sizes


def _largest(h: Tensor) -> Tensor:
    return h.max() if h.numel() else h.new_zeros(())
