"""A chain of affine maps and activations as layers of ReLUs, all affine maps between two merged.

============  =========================================================  =============
code          symbol                                                     shape
============  =========================================================  =============
``weight``    W, from the outputs of the layer below                     (m, m_below)
``bias``      b                                                          (m,)
``below``     slope of each unit where ``W h + b`` is below zero:        (m,)
              0 of a ReLU, the negative slope of a leaky one
``top``       V, from the last hidden layer to the outputs               (K, m)
============  =========================================================  =============
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._chain import Activation, Affine, Stage

__all__ = ["ReluLayer", "ReluNetwork", "relu_network"]


class ReluLayer(NamedTuple):
    weight: Tensor
    bias: Tensor
    below: Tensor

    def value(self, a: Tensor) -> Tensor:
        """Outputs (..., m) of pre-activations (..., m)."""
        return torch.where(a > 0, a, self.below * a)

    def slope(self, active: Tensor) -> Tensor:
        """Slopes (..., m) of units that are active, or are not."""
        return torch.where(active, self.below.new_ones(()), self.below)


class ReluNetwork(NamedTuple):
    layers: tuple[ReluLayer, ...]
    """Hidden layers; there may be none."""
    top: Tensor
    bias: Tensor
    """(K,)"""

    @property
    def n_inputs(self) -> int:
        """d."""
        first = self.layers[0].weight if self.layers else self.top
        return first.shape[1]

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (n, K) of rows (n, d)."""
        for layer in self.layers:
            x = layer.value(x @ layer.weight.T + layer.bias)
        return x @ self.top.T + self.bias

    def mapped(self, matrix: Tensor) -> ReluNetwork:
        """The network with a linear map (R, K) of its outputs."""
        return ReluNetwork(self.layers, matrix @ self.top, matrix @ self.bias)


def relu_network(stages: Sequence[Stage]) -> ReluNetwork:
    """Layers of ReLUs that compute what the stages of `chain_of` do.

    A unit that saturates at both ends is two: ``clamp(a, l, h) = l + relu(a - l) - relu(a - h)``.
    """
    dense = next(s.weight for s in stages if isinstance(s, Affine) and s.weight.ndim == 2)
    W = torch.eye(dense.shape[1], dtype=dense.dtype, device=dense.device)
    b = W.new_zeros(len(W))
    layers: list[ReluLayer] = []
    for stage in stages:
        if isinstance(stage, Affine):
            W, b = _through(stage, W), _through(stage, b) + stage.bias
            continue
        layer, W, b = _split(stage, W, b) if stage.saturates else _plain(stage, W, b)
        layers.append(layer)
    return ReluNetwork(tuple(layers), W, b)


def _through(stage: Affine, h: Tensor) -> Tensor:
    """The weight of an affine map times (m,) or (m, ...)."""
    if stage.weight.ndim == 2:
        return stage.weight @ h
    return stage.weight * h if h.ndim == 1 else stage.weight[:, None] * h


def _plain(stage: Activation, W: Tensor, b: Tensor) -> tuple[ReluLayer, Tensor, Tensor]:
    """The layer, and the map that starts behind it."""
    below = stage.slope(torch.full_like(b, -1.0)).expand_as(b)
    return ReluLayer(W, b, below), torch.eye(len(b), dtype=b.dtype).to(b), torch.zeros_like(b)


def _split(stage: Activation, W: Tensor, b: Tensor) -> tuple[ReluLayer, Tensor, Tensor]:
    low, high = (stage.value(torch.full_like(b, end)) for end in (-torch.inf, torch.inf))
    layer = ReluLayer(torch.cat([W, W]), torch.cat([b - low, b - high]), b.new_zeros(2 * len(b)))
    eye = torch.eye(len(b), dtype=b.dtype).to(b)
    return layer, torch.cat([eye, -eye], dim=1), low
