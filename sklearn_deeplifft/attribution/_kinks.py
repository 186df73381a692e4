"""Kinks that a network of ReLUs has on the straight path from a reference to a row.

==============  =========================================================  =============
code            symbol                                                     shape
==============  =========================================================  =============
``D``           x - r                                                      (d,)
``places``      t: 0, where units cross zero, ascending, 1                 (T + 1,)
``active``      which units of a layer are above zero on each stretch      (T, m)
``direction``   a_u: input gradient of the pre-activation that crosses     (M, d)
``rate``        q_u = a_u . D: how fast it does                            (M,)
``downstream``  s_u: derivative of the outputs with respect to the unit,   (M, K)
                times the change of its slope
``slopes``      c: integral over the path of -ln(t) dz_k/dx_i              (K, d)
==============  =========================================================  =============

Along the path the pre-activations of the first layer are linear, so that each crosses zero once at
most; between two crossings those of the next layer are linear, and so on up: no step size is
involved. A crossing that several units share is split into steps, one unit at a time: those that
switch off do so first, the upper layers before the lower, and then those that switch on, the lower
layers before the upper. So a unit is seen with the layers below as they are on the side where it
is above zero, where its rate is not zero, and with the units above only where these are on at both
sides. The steps add up to the change of the gradient whatever their order; this order is the same
from either end of the path. A unit that is zero along a stretch counts as off there, as in torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._relu_layers import ReluNetwork

__all__ = ["Kinks", "kinks_on_path"]

ROUNDING = 32
"""Units of rounding, in terms of the sum of sizes, below which a pre-activation is zero."""


class Kinks(NamedTuple):
    place: Tensor
    """(M,): t of each, above 0 and below 1."""
    direction: Tensor
    rate: Tensor
    downstream: Tensor
    slopes: Tensor


def kinks_on_path(network: ReluNetwork, r: Tensor, x: Tensor, columns: Tensor) -> Kinks:
    """Kinks between ``r`` and ``x`` (d,); directions and slopes are of some columns only.

    ``columns`` must hold all in which the two differ.
    """
    places, active = _stretches(network, r, x)
    D, inputs = (x - r)[columns], _inputs(network, columns)
    slopes = [layer.slope(on) for layer, on in zip(network.layers, active, strict=True)]
    found = [
        (places[1:-1][at], direction @ inputs, downstream)
        for at, direction, downstream in _crossings(network, active, slopes)
    ]
    place, direction, downstream = (torch.cat(parts) for parts in zip(*found, strict=True))
    return Kinks(
        place,
        direction,
        direction @ D,
        downstream,
        _mean_slopes(network, slopes, torch.diff(_primitive(places))) @ inputs,
    )


def _inputs(network: ReluNetwork, columns: Tensor) -> Tensor:
    return network.layers[0].weight[:, columns]


def _primitive(t: Tensor) -> Tensor:
    """Integral of -ln from 0 to t."""
    grown: Tensor = t - torch.special.xlogy(t, t)
    return grown


def _stretches(network: ReluNetwork, r: Tensor, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Places (T + 1,), and the units of each layer that are active on the T stretches between."""
    t = r.new_tensor([0.0, 1.0])
    h, size = torch.stack([r, x]), torch.maximum(r.abs(), x.abs())
    active: list[Tensor] = []
    for layer in network.layers:
        size = layer.weight.abs() @ size + layer.bias.abs()
        a = h @ layer.weight.T + layer.bias
        # A unit that a crossing below brings to zero would else be off it by rounding, to any side.
        least = ROUNDING * torch.finfo(a.dtype).eps * size
        a = torch.where(a.abs() <= least, 0.0, a)
        t, a, parent = _with_crossings(t, a, least)
        active = [on[parent] for on in active]
        active.append((a[:-1] > 0) | (a[1:] > 0))
        h = layer.value(a)
        size = size * layer.below.abs().clamp_min(1)
    return t, active


def _with_crossings(t: Tensor, a: Tensor, least: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Places where some unit crosses zero added, values (T + 1, m) there, and whose part each is.

    ``least`` (m,) is how far from zero the value of a unit has to be not to be zero.
    """
    stretch, unit = (a[:-1] * a[1:].sign() < 0).nonzero(as_tuple=True)
    before, after = a[stretch, unit], a[stretch + 1, unit]
    share = before / (before - after)
    order = share.argsort(stable=True)
    order = order[stretch[order].argsort(stable=True)]
    stretch, unit, share = stretch[order], unit[order], share[order]
    between = torch.lerp(a[stretch], a[stretch + 1], share[:, None])
    between = torch.where(between.abs() <= least, 0.0, between)
    between[torch.arange(len(unit)), unit] = 0
    at = t[stretch] + share * (t[stretch + 1] - t[stretch])
    where = torch.cat([torch.arange(len(t)) * 1.0, stretch + 0.5])
    order = where.argsort(stable=True)
    parent = torch.cat([torch.arange(len(t)), stretch])[order][:-1]
    return torch.cat([t, at])[order], torch.cat([a, between])[order], parent


def _handed_down(network: ReluNetwork, slopes: Sequence[Tensor]) -> list[Tensor]:
    """Derivatives (T, K, m) of the network's outputs with respect to those of each layer."""
    found = [network.top[None]]
    for layer, slope in zip(network.layers[:0:-1], slopes[:0:-1], strict=True):
        found.append((found[-1] * slope[:, None]) @ layer.weight)
    return found[::-1]


def _mean_slopes(network: ReluNetwork, slopes: Sequence[Tensor], weight: Tensor) -> Tensor:
    """Weighted sum (K, m) over stretches of derivatives with respect to the first layer's sums."""
    lowest = _handed_down(network, slopes)[0] * slopes[0][:, None]
    summed: Tensor = torch.tensordot(weight, lowest, 1)
    return summed


def _crossings(
    network: ReluNetwork, active: Sequence[Tensor], slopes: Sequence[Tensor]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Crossings in each layer: which inner place (M,), direction (M, m_1) and downstream (M, K).

    Directions are with respect to the sums of the first layer.
    """
    pairs = list(zip(network.layers, active, strict=True))
    above = _handed_down(network, [layer.slope(on[1:] & on[:-1]) for layer, on in pairs])
    for i, (layer, on) in enumerate(pairs):
        at, unit = (on[1:] != on[:-1]).nonzero(as_tuple=True)
        side = at + (~on[at, unit]).long()  # the stretch on which the unit is above zero
        direction = torch.eye(len(layer.bias), dtype=layer.bias.dtype)[unit]
        for upper, slope in zip(
            network.layers[i:0:-1], slopes[i - 1 :: -1] if i else [], strict=True
        ):
            direction = (direction @ upper.weight) * slope[side]
        handed = above[i].expand(len(on) - 1, -1, -1)[at, :, unit]
        yield at, direction, handed * (1 - layer.below[unit])[:, None]
