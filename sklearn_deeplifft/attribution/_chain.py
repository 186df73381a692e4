"""The linear form of a plain chain of affine maps and piecewise-linear activations.

The same numbers as ``NetworkReader``, for all outputs in one pass of matrix products:

==============  ===================================================  ====================
code            meaning                                              shape
==============  ===================================================  ====================
``slope``       s = phi'(a): one number per example and unit         (n, m)
``offset``      t = phi(a) - s a, nonzero only where phi saturates   (n, m) or None
``G``           dz_k/d(unit), carried down from the logits           (n, K, m)
==============  ===================================================  ====================

The sum of the coefficients over rows needs none of them: of one hidden layer it is
``V diag(sum_s w_s s) W``, and of two ``V (M * sum_s w_s s2 s1') W``, where ``V``, ``M`` and ``W``
are the affine maps above, between and below, and ``*`` is taken entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from sklearn_deeplifft.attribution._linear_form import LinearForm, OutputMap, RowFilter
from sklearn_deeplifft.attribution._module_state import neutral_torch
from sklearn_deeplifft.attribution._products import round_rows, times_transposed

__all__ = ["Activation", "Affine", "ChainReader", "chain_of", "is_link"]


class Affine(NamedTuple):
    weight: Tensor
    """(m_out, m_in), or (m,) for a diagonal map."""
    bias: Tensor
    transposed: Tensor
    """The weight, transposed and contiguous, ready for ``pull_back``."""

    def apply(self, h: Tensor, *, relu: bool = False) -> Tensor:
        if self.weight.ndim == 1:
            out = h * self.weight + self.bias
            return out.relu_() if relu else out
        return times_transposed(h, self.weight, self.bias, relu=relu)

    def pull_back(self, G: Tensor) -> Tensor:
        """Carry (n, K, m_out) down to (n, K, m_in)."""
        if self.weight.ndim == 1:
            return G * self.weight
        n, K, m = G.shape
        return times_transposed(G.reshape(n * K, m), self.transposed).view(
            n, K, self.weight.shape[1]
        )

    def matrix(self) -> Tensor:
        return torch.diag(self.weight) if self.weight.ndim == 1 else self.weight


class Activation(NamedTuple):
    slope: Callable[[Tensor], Tensor]
    value: Callable[[Tensor], Tensor]
    saturates: bool


Stage = Affine | Activation


def chain_of(
    module: nn.Module, dtype: torch.dtype, *, drop_normalizer: bool = True
) -> list[Stage] | None:
    """Return the stages of a plain ``nn.Sequential``, or None where anything else is inside.

    Only modules of exactly the listed types, without hooks, qualify: what a subclass or a hook
    does is not known here, and the general reader takes over. A final normaliser is left out, or
    with ``drop_normalizer=False`` no part of a chain.
    """
    leaves = _leaves(module)
    if leaves is None:
        return None
    normalizers = (nn.Softmax, nn.LogSoftmax, nn.Sigmoid, nn.LogSigmoid)
    if drop_normalizer and leaves and type(leaves[-1]) in normalizers:
        leaves = leaves[:-1]
    stages: list[Stage] = []
    for leaf in leaves:
        if _passes_through(leaf):
            continue
        stage = _stage(leaf, dtype)
        if stage is None:
            return None
        stages.append(stage)
    dense = [s for s in stages if isinstance(s, Affine) and s.weight.ndim == 2]
    return stages if dense and isinstance(stages[-1], Affine) else None


class ChainReader:
    """Reads the linear form of a chain; the interface of ``NetworkReader.form``."""

    def __init__(self, stages: list[Stage], dtype: torch.dtype) -> None:
        self.stages = stages
        self.dtype = dtype
        last = stages[-1]
        assert isinstance(last, Affine)  # chain_of returns nothing else
        self._top = last.matrix()
        self._bends = [i for i, stage in enumerate(stages) if isinstance(stage, Activation)]
        self._between = self._map_between() if len(self._bends) == 2 else None

    @property
    def n_inputs(self) -> int:
        """d."""
        affine = (stage.weight for stage in self.stages if isinstance(stage, Affine))
        return next(weight for weight in affine if weight.ndim == 2).shape[1]

    @property
    def n_outputs(self) -> int:
        """K."""
        return len(self._top)

    def open_inputs(self) -> Tensor | None:
        """Inputs (m,) of any weight, ascending; None where the chain begins with no plain layer."""
        first = self.stages[0]
        if not isinstance(first, Affine) or first.weight.ndim == 1:
            return None
        return (first.weight != 0).any(0).nonzero()[:, 0]

    def on(self, inputs: Tensor) -> ChainReader:
        """The chain that reads these inputs alone; the others must have no weight."""
        first = self.stages[0]
        assert isinstance(first, Affine)
        weight = first.weight.index_select(1, inputs)
        fewer = Affine(weight, first.bias, first.transposed.index_select(0, inputs))
        return ChainReader([fewer, *self.stages[1:]], self.dtype)

    @neutral_torch(autograd=False)
    def form(
        self,
        X: Tensor,
        reference: Tensor | None = None,
        select: RowFilter | None = None,
        outputs: OutputMap | None = None,
        weight: Tensor | None = None,
    ) -> LinearForm:
        """Return the linear form at ``X``; the arguments are those of ``NetworkReader.form``."""
        X = X.to(self.dtype).flatten(1)
        reference = None if reference is None else reference.to(self.dtype).flatten()
        z, slopes, offsets = self._forward(X)
        summed, lowest = None, None
        if weight is not None:
            summed, lowest = self._summed(weight.to(self.dtype), slopes)
        rows = None if select is None else select(z)
        # Another number of rows in nearly every block: the rows that a network is right about.
        taken = None if rows is None else _with_repeats(rows, self.dtype)
        if taken is not None:
            X, z = X[taken], z[taken]
            slopes = [slope[taken] for slope in slopes]
            offsets = [None if offset is None else offset[taken] for offset in offsets]
        b = self._constant_path(X, reference, slopes, offsets)
        if lowest is None:
            G, low = self._top.expand(len(X), -1, -1), len(self.stages) - 1
        else:
            G, low = lowest if taken is None else lowest[taken], self._bends[0]
        if outputs is not None:
            z, b, G = outputs(z, taken), outputs(b, taken), outputs(G, taken)
        x = X if reference is None else X - reference
        remaining = slopes if lowest is None else []
        c = self._backward(G, remaining, range(low), owned=not _in_one_memory(G, self._top))
        n = len(X) if rows is None else len(rows)
        return LinearForm(z[:n], c[:n], b[:n], x[:n], rows, summed)

    @neutral_torch(autograd=False)
    def logits(self, X: Tensor) -> Tensor:
        """Return z (n, K)."""
        return self._forward(X.to(self.dtype).flatten(1))[0]

    def _forward(self, h: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor | None]]:
        slopes: list[Tensor] = []
        offsets: list[Tensor | None] = []
        for stage in self.stages:
            if isinstance(stage, Affine):
                h = stage.apply(h)
                continue
            slope, value = stage.slope(h), stage.value(h)
            slopes.append(slope)
            offsets.append(value - slope * h if stage.saturates else None)
            h = value
        return h, slopes, offsets

    def _summed(self, weight: Tensor, slopes: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Sum (K, d) of the weighted coefficients of all rows.

        And, of three activations and more, the ``G`` of each row below the lowest of them: no sum
        can go around it, and to carry it down twice would be most of the work once more.
        """
        bends, last, lowest = self._bends, len(self.stages) - 1, None
        top = self._top[None]
        if len(bends) == 0:
            G = top * weight.sum()
        elif len(bends) == 1:
            G = self._backward(top, [], range(bends[0] + 1, last)) * (weight @ slopes[0])
        elif self._between is not None:
            both = (slopes[1] * weight[:, None]).T @ slopes[0]
            G = self._backward(top, [], range(bends[1] + 1, last)) @ (self._between * both)
        else:
            every = self._top.expand(len(weight), -1, -1)
            lowest = self._backward(every, slopes, range(bends[0], last))
            G = torch.tensordot(weight, lowest, 1)[None]
        low = bends[0] if bends else last
        return self._backward(G, [], range(low))[0], lowest

    def _map_between(self) -> Tensor:
        """(m2, m1): the affine map between the two activations."""
        first, second = self._bends
        above = next(s.weight for s in self.stages[second:] if isinstance(s, Affine))
        eye = torch.eye(above.shape[-1], dtype=self.dtype, device=above.device)
        return self._backward(eye[None], [], range(first + 1, second))[0]

    def _backward(
        self, G: Tensor, slopes: list[Tensor], part: range, *, owned: bool = False
    ) -> Tensor:
        """Carry ``G`` (n, K, m) down through a part of the stages; ``slopes`` end with its lowest.

        The lowest slopes are the first of the list, as they were met on the way up. ``G`` is
        written over if it is ``owned``.
        """
        remaining = list(slopes)
        for stage in reversed(self.stages[part.start : part.stop]):
            if isinstance(stage, Affine):
                G = stage.pull_back(G)
            else:
                s = remaining.pop()[:, None, :]
                G = G.mul_(s) if owned else G * s
            owned = True
        return G if owned else G.clone()  # callers may write over it, never over a weight

    def _constant_path(
        self,
        X: Tensor,
        reference: Tensor | None,
        slopes: list[Tensor],
        offsets: list[Tensor | None],
    ) -> Tensor:
        """z - J (x - r), pushed forwards: the reference sent through with the slopes of x.

        This path shares nothing with ``_backward`` but the slopes, so ``z - b - c.(x - r)`` is
        a real check of both.
        """
        remaining, shifts = list(slopes), list(offsets)
        u = (X.new_zeros(X.shape[1]) if reference is None else reference.to(X.dtype))[None]
        for stage in self.stages:
            if isinstance(stage, Affine):
                u = stage.apply(u)
                continue
            shift = shifts.pop(0)
            u = remaining.pop(0) * u
            u = u if shift is None else u + shift
        return u.expand(len(X), -1)


def _in_one_memory(a: Tensor, b: Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def _with_repeats(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Rows, and the last of them repeated until their number is round."""
    more = round_rows(len(rows), dtype) - len(rows)
    return torch.cat([rows, rows[-1:].expand(more)]) if more else rows


def _leaves(module: nn.Module) -> list[nn.Module] | None:
    """Flatten nested plain Sequentials; None where a hook or a parametrisation is attached."""
    if (
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or is_parametrized(module)
    ):
        return None
    if type(module) is not nn.Sequential:
        return [module]
    parts = [_leaves(child) for child in module]
    if any(part is None for part in parts):
        return None
    return [leaf for part in parts for leaf in part or ()]


def is_link(layer: nn.Module) -> bool:
    """Tell whether a layer may be part of a chain."""
    return type(layer) in _STAGES or _passes_through(layer)


def _passes_through(leaf: nn.Module) -> bool:
    """Modules that do nothing to an (n, m) tensor in evaluation mode."""
    if type(leaf) is nn.Flatten:
        return leaf.start_dim == 1 and leaf.end_dim == -1
    return type(leaf) in (nn.Identity, nn.Dropout, nn.AlphaDropout)


def _stage(leaf: nn.Module, dtype: torch.dtype) -> Stage | None:
    build = _STAGES.get(type(leaf))
    return None if build is None else build(leaf, dtype)


def _linear(leaf: nn.Linear, dtype: torch.dtype) -> Stage:
    weight = leaf.weight.detach().to(dtype, copy=True)
    bias = weight.new_zeros(len(weight)) if leaf.bias is None else leaf.bias.detach().to(dtype)
    return Affine(weight, bias.clone(), weight.T.contiguous())


def _batch_norm(leaf: nn.BatchNorm1d, dtype: torch.dtype) -> Stage | None:
    if leaf.running_mean is None or leaf.running_var is None:
        return None
    mean, var = leaf.running_mean.detach().to(dtype), leaf.running_var.detach().to(dtype)
    scale = 1 / torch.sqrt(var + leaf.eps)
    if leaf.affine:
        scale = scale * leaf.weight.detach().to(dtype)
    shift = -mean * scale
    if leaf.affine:
        shift = shift + leaf.bias.detach().to(dtype)
    return Affine(scale, shift, scale)


def _relu(leaf: nn.ReLU, dtype: torch.dtype) -> Stage:
    return Activation(lambda a: (a > 0).to(a.dtype), torch.relu, False)


def _leaky_relu(leaf: nn.LeakyReLU, dtype: torch.dtype) -> Stage:
    return _leaky(torch.tensor(leaf.negative_slope, dtype=dtype))


def _prelu(leaf: nn.PReLU, dtype: torch.dtype) -> Stage:
    return _leaky(leaf.weight.detach().to(dtype, copy=True))


def _leaky(negative: Tensor) -> Stage:
    def slope(a: Tensor) -> Tensor:
        return torch.where(a > 0, torch.ones((), dtype=a.dtype), negative)

    return Activation(slope, lambda a: slope(a) * a, False)


def _hardtanh(leaf: nn.Hardtanh, dtype: torch.dtype) -> Stage:
    low, high = leaf.min_val, leaf.max_val
    return Activation(
        lambda a: ((a > low) & (a < high)).to(a.dtype), lambda a: a.clamp(low, high), True
    )


_STAGES: dict[type[nn.Module], Callable[..., Stage | None]] = {
    nn.Linear: _linear,
    nn.BatchNorm1d: _batch_norm,
    nn.ReLU: _relu,
    nn.LeakyReLU: _leaky_relu,
    nn.PReLU: _prelu,
    nn.ReLU6: _hardtanh,
    nn.Hardtanh: _hardtanh,
}
