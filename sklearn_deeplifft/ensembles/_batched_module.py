"""N networks of one architecture as one module: every layer a batched product.

====  ==========================================  ============
x     inputs of a layer                           (N, B, d)
W     weights, outputs first as in nn.Linear      (N, h, d)
b     biases                                      (N, 1, h)
g     gates of features                           (N, G)
m     dropout: 0 or ``1 / (1 - p)``               (N, B, h)
e     noise of deviation 1                        (N, B, h)
====  ==========================================  ============

Kernels take the last few numbers of a tensor, and a matrix that does not begin at a cache line,
by other instructions, which may round differently. Layers are therefore padded with outputs that
are and stay zero, until every network begins at a line: its bits then do not depend on how many
others there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from sklearn_deeplifft.attribution import each_times_transposed
from sklearn_deeplifft.ensembles._random_streams import BatchDraws, RandomStream
from sklearn_deeplifft.networks import FeatureGate, GaussianNoise

__all__ = ["ROWS", "BatchedNetworks"]

LINE = 16
"""Numbers in a cache line."""

ROWS = 32
"""Batches have a multiple of this many rows, what vector loops take at a time."""


def _where_positive_(values: Tensor, a: Tensor) -> Tensor:
    """Zero ``values`` where ``a <= 0``, in place; ``torch.where`` takes 25 times as long."""
    kept: Tensor = _zero_where_low(values, a, 0, grad_input=values)
    return kept


_zero_where_low = torch.ops.aten.threshold_backward.grad_input


def _first(values: Tensor, at: Tensor, n: int) -> Tensor:
    """The first ``n`` inputs of the networks ``at``, laid out as if there were no others."""
    return values.narrow(2, 0, n).index_select(0, at)


def _gradient(p: Tensor) -> Tensor:
    """A weight's gradient, which is zero where nobody writes to it."""
    if p.grad is None:
        p.grad = torch.zeros_like(p)
    return p.grad


def _weights(values: Tensor) -> nn.Parameter:
    """Weights whose gradients are written by ``backward``, not by torch."""
    return nn.Parameter(values, requires_grad=False)


class BatchedGate(nn.Module):
    """The gates of N networks."""

    feature_of_column: Tensor

    def __init__(self, gates: Sequence[FeatureGate]) -> None:
        super().__init__()
        weight = torch.stack([gate.weight.detach() for gate in gates])
        self.n_features = weight.shape[1]
        self.weight = _weights(pad(weight, (0, -self.n_features % LINE)))
        # One grouping for all: networks of a batch read the same columns.
        self.register_buffer("feature_of_column", gates[0].feature_of_column)
        every = torch.arange(self.n_features)
        self._one_each = torch.equal(gates[0].feature_of_column, every)

    def of_features(self) -> Tensor:
        """(N, G)."""
        return self.weight[:, : self.n_features]

    def of_columns(self) -> Tensor:
        """(N, d): the gate of each column."""
        return self.of_features() if self._one_each else self.weight[:, self.feature_of_column]

    def backward(self, g: Tensor) -> None:
        """Add the gradient (N, d) of each column's gate up to those of the gates."""
        self.weight.grad = torch.zeros_like(self.weight)
        self.weight.grad.index_add_(1, self.feature_of_column, g)


class BatchedLayer(nn.Module):
    """Affine maps of N networks with what follows them: ReLU, noise, dropout.

    ``n_inputs`` counts the outputs of the layer below with their padding.
    """

    def __init__(self, layers: Sequence[nn.Linear], n_inputs: int) -> None:
        super().__init__()
        weight = torch.stack([layer.weight.detach() for layer in layers])
        bias = torch.stack([layer.bias.detach()[None] for layer in layers])
        _, h, d = weight.shape
        self.width = h
        """Outputs without padding."""
        # One alone would be taken for a vector.
        wide = 2 if h == 1 else h
        # So many outputs that a network's whole matrix, n_inputs times as long, fills its lines.
        wide += -wide % (LINE // math.gcd(LINE, n_inputs))
        self.weight = _weights(pad(weight, (0, n_inputs - d, 0, wide - h)))
        self.bias = _weights(pad(bias, (0, wide + -wide % LINE - h)))
        self.relu = False
        self.alike: list[tuple[Tensor, int]] | None = None
        """Networks that read equally many of the inputs, and how many; None where all read all."""
        self.noise: tuple[float, slice] | None = None
        """Standard deviation, and which of a row's normal numbers are this layer's."""
        self.dropout: slice | None = None
        # In a list, as to set an attribute of a torch module takes longer than a narrow product.
        self._passed: list[tuple[Tensor, Tensor, Tensor | None, Tensor | None]] = []
        """Inputs, weights, outputs of a ReLU alone and slopes of the last pass while training."""

    def outputs(self, x: Tensor, gate: BatchedGate | None, draws: BatchDraws) -> Tensor:
        """``m (relu(x W' + b) + std e)``, or ``x W' + b`` alone, (N, B, h)."""
        # Gates times weights, not gates times inputs: their gradient then comes from that of
        # the weights, without a product of its own.
        weight, bias = self._weights()
        W = weight if gate is None else weight * gate.of_columns()[:, None, :]
        # The bias is padded to a whole line, which may be wider than the outputs.
        a = self._product(x, W, bias.narrow(2, 0, W.shape[1]))
        e = m = slope = None
        std = 0.0
        if self.training and self.noise is not None:
            std, where = self.noise
            e = self._padded(draws.normal(where), x).to(x.device)
        if self.training and self.dropout is not None:
            m = self._padded(draws.kept(self.dropout), x).to(x.device)
        if self.relu and m is None and e is None:
            a.relu_()
        elif self.relu:
            # Dropout's mask where the unit is on: one tensor serves the outputs and the gradient.
            # Written over the mask, which is drawn for this pass alone, unless noise needs it yet.
            at_hand = torch.ones_like(a) if m is None else m if e is None else m.clone()
            slope = _where_positive_(at_hand, a)
            a.mul_(slope)
            if e is not None:
                a.add_(e, alpha=std) if m is None else a.addcmul_(e, m, value=std)
        if self.training:
            self._passed[:] = [(x, W, a if self.relu and slope is None else None, slope)]
        return a

    def backward(self, g: Tensor, gate: BatchedGate | None, *, below: bool) -> Tensor | None:
        """Write the gradients of the last pass, from that of its outputs (N, B, h), to the weights.

        ``g`` is written over. Returns that of its inputs if there are layers ``below``. Gradients
        of weights are taken as ``g' x``, the faster order where outputs are few.
        """
        x, W, a, slope = self._passed.pop()
        if slope is not None:
            g.mul_(slope)
        elif a is not None:
            _where_positive_(g, a)
        weight, bias = self._weights()
        of_weight, of_bias = _gradient(weight), _gradient(bias)
        torch.sum(g, 1, keepdim=True, out=of_bias.narrow(2, 0, W.shape[1]))
        self._write_gradient(g, x, of_weight)
        if gate is not None:
            gate.backward((of_weight * weight).sum(1))
            of_weight.mul_(gate.of_columns()[:, None, :])
        return torch.bmm(g, W) if below else None

    def _product(self, x: Tensor, W: Tensor, bias: Tensor) -> Tensor:
        """``x W' + b``, over the inputs that each network reads."""
        if self.alike is None:
            return each_times_transposed(x, W, bias)
        a = x.new_empty(*x.shape[:2], W.shape[1])
        for at, n in self.alike:
            each_times_transposed(_first(x, at, n), _first(W, at, n), bias[at], out=a, at=at)
        return a

    def _write_gradient(self, g: Tensor, x: Tensor, out: Tensor) -> None:
        if self.alike is None:
            each_times_transposed(g.mT, x.mT, out=out)
            return
        for at, n in self.alike:  # what a network does not read keeps a gradient of zero
            read = out.narrow(2, 0, n)
            each_times_transposed(g[at].mT, _first(x, at, n).mT, out=read, at=at)

    def _weights(self) -> tuple[Tensor, Tensor]:
        own = self._parameters  # at once: a module looks for attributes in three places
        weight, bias = own["weight"], own["bias"]
        assert weight is not None
        assert bias is not None
        return weight, bias

    def _padded(self, values: Tensor, x: Tensor) -> Tensor:
        """Numbers for the rows and outputs that there are, with zeros for the others."""
        rows = x.shape[1] - values.shape[1]
        outputs = self._weights()[0].shape[1] - values.shape[2]
        # Not F.pad, which asks more questions than a narrow layer takes time.
        return torch.constant_pad_nd(values, (0, outputs, 0, rows)) if rows or outputs else values


class BatchedNetworks(nn.Module):
    """Networks of one architecture, trained side by side.

    Parameters
    ----------
    cores : sequence of N nn.Sequential
        Chains of the layers that ``relu_mlp`` uses.
    streams : sequence of N Stream
    """

    def __init__(self, cores: Sequence[nn.Sequential], streams: Sequence[RandomStream]) -> None:
        super().__init__()
        self.gate: BatchedGate | None = None
        layers: list[BatchedLayer] = []
        widths, p = [0, 0], 0.0
        for parts in zip(*cores, strict=True):
            one = parts[0]
            if isinstance(one, FeatureGate):
                self.gate = BatchedGate(parts)
                continue
            if isinstance(one, nn.Linear):
                n_inputs = layers[-1].weight.shape[1] if layers else one.in_features
                layers.append(BatchedLayer(parts, n_inputs))
                continue
            last, h = layers[-1], layers[-1].width
            if isinstance(one, nn.ReLU):
                last.relu = True
            elif isinstance(one, GaussianNoise):
                last.noise = (one.std, slice(widths[0], widths[0] + h))
                widths[0] += h
            elif isinstance(one, nn.Dropout):
                last.dropout, p = slice(widths[1], widths[1] + h), one.p
                widths[1] += h
            else:
                raise TypeError(f"{type(one).__name__} has no batched form.")
        self.layers = nn.ModuleList(layers)
        self.affine = layers
        """The layers, first to last."""
        dropping = [layer for layer in layers if layer.dropout is not None]
        among = None
        if len(dropping) == 1:  # drawn with the padding that it takes, not padded at every step
            among = dropping[0].weight.shape[1]
            dropping[0].dropout = slice(0, among)
        self.draws = BatchDraws(streams, widths[0], widths[1], p, among)

    @property
    def first(self) -> Tensor:
        """Weights of the first layer, (N, h, d)."""
        weight, h = self.affine[0].weight, self.affine[0].width
        return weight if weight.shape[1] == h else weight[:, :h]

    def train(self, mode: bool = True) -> Self:
        """Layers alone ask which it is; torch would go through all modules twice an epoch."""
        self.training = mode
        for layer in self.affine:
            layer.training = mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, B, K) on inputs (N, B, d)."""
        gate = self.gate
        for layer in self.affine:
            x, gate = layer.outputs(x, gate, self.draws), None  # gates are before the first only
        return x.narrow(2, 0, self.affine[-1].width)

    def backward(self, g: Tensor) -> None:
        """Write the gradients of the last pass, from that of its outputs (N, B, K), to the weights.

        By hand, as torch's bookkeeping takes longer than the products of a small batch.
        """
        last = self.affine[-1]
        beyond = last.weight.shape[1] - last.width
        flow: Tensor | None = torch.constant_pad_nd(g, (0, beyond)) if beyond else g
        for layer in reversed(self.affine):
            assert flow is not None
            first = layer is self.affine[0]
            flow = layer.backward(flow, self.gate if first else None, below=not first)

    @torch.no_grad()
    def put(self, core: nn.Sequential, i: int) -> None:
        """Write network ``i`` into a plain one."""
        linears = (layer for layer in core if isinstance(layer, nn.Linear))
        for layer, to in zip(self.affine, linears, strict=True):
            h, d = to.weight.shape
            to.weight.copy_(layer.weight[i, :h, :d])
            to.bias.copy_(layer.bias[i, 0, :h])
        gates = (layer for layer in core if isinstance(layer, FeatureGate))
        for gate in gates:
            assert self.gate is not None
            gate.weight.copy_(self.gate.of_features()[i])
