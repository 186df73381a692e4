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

    Constants are the same for all rows, and so is their rounding, which a mean over rows does not
    take away. They are float64, and rounded only where a ReLU compares rows with them; a mean over
    rows is then about as exact as the output of one row.

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
        self._exact = [_Affine(*(part.double() for part in stage)) for stage, _ in stages]
        self._sizes = self._sizes_of(Z[:at_once])

    def constants(self, shifts: Tensor) -> list[Tensor]:
        """c of each layer, the outputs last, (m, units) float64."""
        found = [self._rounded(shifts)]
        for exact, (_, relu) in zip(self._exact, self.stages, strict=True):
            c = exact.apply(found[-1])
            found.append(self._rounded(c) if relu else c)
        return found

    def allows(self, constants: Sequence[Tensor]) -> Tensor:
        """(m,) bool: whether to carry these constants.

        None may be so large that sums would lose digits with it. A shift of nothing is left to the
        plain sums, so that its effect is an exact zero.
        """
        fits = constants[0].ne(0).any(1)
        for c, size in zip(constants, self._sizes, strict=True):
            if size is not None:  # nothing is below NaN
                fits &= c.abs().amax(1) < LARGEST * size
        return fits

    def outputs(self, constants: Sequence[Tensor]) -> Tensor:
        """What the last map gives (m, n, R) float64 after each shift."""
        n, m, R = len(self.Z), *constants[-1].shape
        at_a_time = max(self.at_once // max(n, 1), 1)
        rounded = (c.neg().to(self.Z.dtype)[:, None] for c in constants[:-1])
        floors = zip(*(floor.split(at_a_time) for floor in rounded), strict=True)
        parts = self.Z.split(self.at_once)
        found = torch.cat([self._run(part, *few) for few in floors for part in parts])
        return found.view(m, n, R) + constants[-1][:, None]

    def _rounded(self, c: Tensor) -> Tensor:
        return c.to(self.Z.dtype).double()

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
