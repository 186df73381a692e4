"""N networks of one architecture as one module: every layer a batched product.

====  ==========================================  ============
x     inputs of a layer                           (N, B, d)
W     weights, outputs first as in nn.Linear      (N, h, d)
b     biases                                      (N, 1, h)
g     gates of features                           (N, G)
m     dropout: 0 or ``1 / (1 - p)``               (N, B, h)
e     noise                                       (N, B, h)
====  ==========================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_deeplifft.networks._gates import FeatureGate, GaussianNoise
from sklearn_deeplifft.networks._streams import Draws, Stream

__all__ = ["Stacked", "StackedGate", "can_stack"]

_PLAIN = (nn.Linear, nn.ReLU, nn.Dropout, FeatureGate, GaussianNoise)


def can_stack(core: nn.Module) -> bool:
    """Whether ``core`` is a chain of layers that have a batched form."""
    return isinstance(core, nn.Sequential) and all(type(layer) in _PLAIN for layer in core)


def _where_positive(values: Tensor, a: Tensor) -> Tensor:
    """``values`` where ``a > 0``, zero elsewhere; ``torch.where`` takes 25 times as long."""
    return torch.ops.aten.threshold_backward(values, a, 0)


class _Layer(torch.autograd.Function):
    """``m (relu(x W' + b) + e)``, or ``x W' + b`` alone, with a gradient in few passes.

    Gradients of weights are taken as ``g' x``, the faster order where outputs are few.
    """

    @staticmethod
    def forward(ctx: Any, x, W, b, e, m, relu: bool):
        a = torch.baddbmm(b, x, W.mT)
        slope = None
        if relu and m is None and e is None:
            a.relu_()
        elif relu:
            slope = _where_positive(torch.ones_like(a) if m is None else m, a)
            a.mul_(slope)
            if e is not None:
                a.add_(e) if m is None else a.addcmul_(e, m)
        ctx.relu = relu
        ctx.save_for_backward(x, W, a if relu and slope is None else None, slope)
        return a

    @staticmethod
    def backward(ctx: Any, g):  # type: ignore[override]
        x, W, a, slope = ctx.saved_tensors
        if slope is not None:
            g = g * slope
        elif ctx.relu:
            g = _where_positive(g, a)
        dx = torch.bmm(g, W) if ctx.needs_input_grad[0] else None
        return dx, torch.bmm(g.mT, x), g.sum(1, keepdim=True), None, None, None


class StackedGate(nn.Module):
    """The gates of N networks."""

    feature_of_column: Tensor

    def __init__(self, gates: Sequence[FeatureGate]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([gate.weight.detach() for gate in gates]))
        self.register_buffer("feature_of_column", gates[0].feature_of_column)
        every = torch.arange(self.weight.shape[1])
        self._one_each = torch.equal(gates[0].feature_of_column, every)

    def of_columns(self) -> Tensor:
        """(N, d): the gate of each column."""
        return self.weight if self._one_each else self.weight[:, self.feature_of_column]


class StackedLayer(nn.Module):
    """Affine maps of N networks with what follows them: ReLU, noise, dropout."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach()[None] for layer in layers]))
        self.relu = False
        self.noise: tuple[float, slice] | None = None
        """Standard deviation, and which of a row's normal numbers are this layer's."""
        self.dropout: slice | None = None

    def forward(self, x: Tensor, gate: StackedGate | None, draws: Draws) -> Tensor:
        # Gates times weights, not gates times inputs: their gradient then comes from that of
        # the weights, without a product of its own.
        W = self.weight if gate is None else self.weight * gate.of_columns()[:, None, :]
        e = m = None
        if self.training and self.noise is not None:
            e = (self.noise[0] * draws.normal(self.noise[1])).to(x.device)
        if self.training and self.dropout is not None:
            m = draws.kept(self.dropout).to(x.device)
        return _Layer.apply(x, W, self.bias, e, m, self.relu)


class Stacked(nn.Module):
    """Networks of one architecture, trained side by side.

    Parameters
    ----------
    cores : sequence of N nn.Sequential
    streams : sequence of N Stream
    """

    def __init__(self, cores: Sequence[nn.Sequential], streams: Sequence[Stream]) -> None:
        super().__init__()
        self.gate: StackedGate | None = None
        self.layers = nn.ModuleList()
        widths, p = [0, 0], 0.0
        for parts in zip(*cores, strict=True):
            first, last = parts[0], self.layers[-1] if len(self.layers) else None
            if isinstance(first, FeatureGate):
                self.gate = StackedGate(parts)  # type: ignore[arg-type]
            elif isinstance(first, nn.Linear):
                self.layers.append(StackedLayer(parts))  # type: ignore[arg-type]
            elif isinstance(first, nn.ReLU):
                last.relu = True
            elif isinstance(first, GaussianNoise):
                h = last.bias.shape[-1]
                last.noise = (first.std, slice(widths[0], widths[0] + h))
                widths[0] += h
            else:
                h, p = last.bias.shape[-1], first.p
                last.dropout = slice(widths[1], widths[1] + h)
                widths[1] += h
        self.draws = Draws(streams, widths[0], widths[1], p)

    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = layer(x, self.gate if i == 0 else None, self.draws)
        return x

    @torch.no_grad()
    def put(self, core: nn.Sequential, i: int) -> None:
        """Write network ``i`` into a plain one."""
        linears = (layer for layer in core if isinstance(layer, nn.Linear))
        for layer, to in zip(self.layers, linears, strict=True):
            to.weight.copy_(layer.weight[i])
            to.bias.copy_(layer.bias[i, 0])
        if self.gate is not None:
            core[0].weight.copy_(self.gate.weight[i])  # type: ignore[union-attr,operator]
