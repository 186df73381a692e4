"""Networks that begin with hidden units for pairs of columns.

Four units of a pair, of inputs ``z_i + z_j``, ``-z_i - z_j``, ``z_i - z_j`` and ``z_j - z_i``, hold
``|z_i + z_j| - |z_i - z_j|``, which is ``2 sign(z_i z_j) min(|z_i|, |z_j|)``: what a network of
ReLUs has for a product. Training goes on from there, and may change or drop it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_deeplifft.networks import copied_chain

__all__ = ["UNITS", "in_turn", "with_pair_units"]

UNITS = 4
"""Hidden units of a pair."""

SIGNS = ((1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0))
"""With which the columns of a pair enter them."""

SIZE = 3.0
"""Norm of such a unit's weights; those of other units begin with .6. On the path of a penalty a
column closes by the norm of its weights, and one that is known to matter should not be the first.
"""

STRENGTH = 2.0
"""Times the effects that each pair has by itself, which are too small: others hide a part of it."""


@torch.no_grad()
def with_pair_units(core: nn.Sequential, pairs: Tensor, effects: Tensor) -> nn.Sequential:
    """A copy of an untrained core of one hidden layer whose first units are those of pairs.

    Parameters
    ----------
    core : nn.Sequential
        Its last layer takes what the hidden layer gives.
    pairs : int Tensor of shape (m, 2)
        Columns; as many pairs are taken, in their order, as half of the units have room for.
    effects : Tensor of shape (m, R)
        Of a unit of ``2 sign(z_i z_j) min(|z_i|, |z_j|)`` on each output.
    """
    core = copied_chain(core)
    hidden, last = (layer for layer in core if isinstance(layer, nn.Linear))
    room = hidden.out_features // 2 // UNITS
    each = SIZE / 2**0.5
    for number, ((i, j), effect) in enumerate(zip(pairs[:room].tolist(), effects, strict=False)):
        for unit, (a, b) in enumerate(SIGNS, start=number * UNITS):
            hidden.weight[unit] = 0
            hidden.weight[unit, i], hidden.weight[unit, j] = a * each, b * each
            hidden.bias[unit] = 0
            last.weight[:, unit] = a * b * STRENGTH / each * effect
    return core


def in_turn(pairs: Sequence[int], n: int, number: int) -> list[int]:
    """``n`` of the pairs for the network of this number: each goes on where another has ended."""
    return [pairs[(number * n + k) % len(pairs)] for k in range(min(n, len(pairs)))]
