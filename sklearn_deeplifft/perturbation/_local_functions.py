"""What each torch function becomes in the graph of a sequence network.

A function here is called with a `Trace`, what the torch function gave for the rows of the pass,
and its arguments, among them ``Arranged`` where a sequence was read. It adds nodes and returns
where its result is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_deeplifft.perturbation._local_layers import (
    ChannelAffine,
    Combination,
    Convolution,
    Fixed,
    Pad,
    Pointwise,
)
from sklearn_deeplifft.perturbation._local_names import (
    ARITHMETIC,
    DROPOUTS,
    EXPS,
    JOINS,
    MAXIMA,
    MEANS,
    POINTWISE,
    RELUS,
    SIGMOIDS,
    SUMS,
    TANHS,
)
from sklearn_deeplifft.perturbation._local_pools import AveragePool, MaxPool
from sklearn_deeplifft.perturbation._local_trace import Arranged, Trace, Untraceable
from sklearn_deeplifft.perturbation._local_windows import Kernel

__all__ = ["LAYERS"]

Function = Callable[..., Any]
Size = int | tuple[int, ...]


def _convolution(
    trace: Trace,
    out: Tensor,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Any = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Arranged:
    if isinstance(weight, Arranged) or isinstance(bias, Arranged):
        raise Untraceable("weights that depend on the row")
    kernel = Kernel(weight.shape[2], _one(stride), _one(dilation))
    left, right = _padding(padding, kernel)
    layer = Convolution(weight, bias, kernel, left, right, groups)
    return trace.add(layer, [trace.sequence(x)], out)


def _padding(padding: Any, kernel: Kernel) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if padding == "same":  # torch pads the odd position on the right
        total = kernel.span - 1
        return total // 2, total - total // 2
    return _one(padding), _one(padding)


def _batch_norm(
    trace: Trace,
    out: Tensor,
    x: Any,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Arranged:
    if training or mean is None or var is None:
        raise Untraceable("statistics of the batch")
    # In double precision: it may be folded into a weight, which is rounded once.
    scale = 1 / (var.double() + eps).sqrt()
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    shift = shift if bias is None else shift + bias.double()
    layer = ChannelAffine(scale.to(out.dtype), shift.to(out.dtype))
    return trace.add(layer, [trace.sequence(x)], out)


def _max_pool(
    trace: Trace,
    out: Tensor,
    x: Any,
    size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Arranged:
    kernel = Kernel(_one(size), _one(stride or size), _one(dilation))
    layer = MaxPool(kernel, _one(padding), ceil_mode)
    return trace.add(layer, [trace.sequence(x)], _first(out))


def _average_pool(
    trace: Trace,
    out: Tensor,
    x: Any,
    size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Arranged:
    layer = AveragePool(
        _one(size), _one(stride or size), _one(padding), ceil_mode, count_include_pad
    )
    return trace.add(layer, [trace.sequence(x)], out)


def _adaptive_max(
    trace: Trace, out: Any, x: Any, size: Size, return_indices: bool = False
) -> Arranged:
    cell = _cell(x, _one(size))
    return trace.add(MaxPool(Kernel(cell, cell)), [trace.sequence(x)], _first(out))


def _adaptive_average(trace: Trace, out: Tensor, x: Any, size: Size) -> Arranged:
    cell = _cell(x, _one(size))
    return trace.add(AveragePool(cell, cell), [trace.sequence(x)], out)


def _cell(x: Arranged, n_cells: int) -> int:
    cell, rest = divmod(x.index.shape[2], n_cells)
    if rest:
        raise Untraceable("cells of different sizes")
    return cell


def _mean(
    trace: Trace, out: Tensor, x: Any, dim: Any = None, keepdim: bool = False, **other: Any
) -> Arranged:
    length = x.index.shape[2]
    _require_length(dim)
    return _over_length(trace, AveragePool(length, length), x, keepdim)


def _sum(
    trace: Trace, out: Tensor, x: Any, dim: Any = None, keepdim: bool = False, **other: Any
) -> Arranged:
    mean = _mean(trace, out, x, dim, keepdim=True)
    length = x.index.shape[2]
    shape = torch.empty(mean.index.shape)
    found = trace.add(Pointwise(partial(torch.mul, other=length)), [mean.node], shape)
    return found if keepdim else Arranged(found.node, found.index[:, :, 0])


def _maximum(
    trace: Trace, out: Any, x: Any, dim: Any = None, keepdim: bool = False, **other: Any
) -> Arranged:
    length = x.index.shape[2]
    _require_length(dim)
    return _over_length(trace, MaxPool(Kernel(length, length)), x, keepdim)


def _over_length(trace: Trace, layer: Any, x: Arranged, keepdim: bool) -> Arranged:
    node = trace.sequence(x)
    found = trace.add(layer, [node], torch.empty(*x.index.shape[:2], 1))
    return found if keepdim else Arranged(found.node, found.index[:, :, 0])


def _require_length(dim: Any) -> None:
    if dim not in (2, -1, (2,), (-1,), [2], [-1]):
        raise Untraceable("a mean or maximum over something else than the positions")


def _pad(
    trace: Trace, out: Tensor, x: Any, pad: Any, mode: str = "constant", value: Any = None
) -> Arranged:
    if len(pad) != 2 or min(pad) < 0:
        raise Untraceable("padding of channels, or a negative one")
    return trace.add(Pad(pad[0], pad[1], mode, value or 0.0), [trace.sequence(x)], out)


def _unchanged(trace: Trace, out: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    named = kwargs.get("training", kwargs.get("train"))
    if named or (named is None and (len(args) < 2 or args[1])):
        raise Untraceable("dropout in evaluation mode")
    return x


def _pointwise(
    function: Function, trace: Trace, out: Tensor, x: Any, *args: Any, **kwargs: Any
) -> Arranged:
    if any(isinstance(a, Arranged) for a in (*args, *kwargs.values())):
        raise Untraceable("a function of two sequences")
    tensors = [a for a in (*args, *kwargs.values()) if isinstance(a, Tensor)]
    if any(t.numel() > 1 and function not in PRELUS for t in tensors):
        raise Untraceable("a number of each position")
    if "inplace" in kwargs:
        kwargs["inplace"] = False
    layer = Pointwise(partial(_on_a_copy, function, args, kwargs))
    for names, pure, in_place in OFTEN:
        if function in names:
            layer = Pointwise(pure, in_place)
    return trace.add(layer, [trace.sequence(x)], out)


OFTEN = (
    (RELUS, torch.relu, torch.relu_),
    (EXPS, torch.exp, torch.exp_),
    (SIGMOIDS, torch.sigmoid, torch.sigmoid_),
    (TANHS, torch.tanh, torch.tanh_),
)
"""Functions that may write over what is read by nothing else."""

PRELUS = {torch.prelu, F.prelu, Tensor.prelu}


def _on_a_copy(function: Function, args: Any, kwargs: Any, x: Tensor) -> Any:
    return function(x.clone(), *args, **kwargs)  # it may write over what it is given


def _arithmetic(
    function: Function,
    turned: bool,
    trace: Trace,
    out: Tensor,
    one: Any,
    other: Any,
    **kwargs: Any,
) -> Arranged:
    if kwargs:
        raise Untraceable("arithmetic with options")
    if turned:
        one, other = other, one
    if isinstance(one, Arranged) and isinstance(other, Arranged):
        _require_length_of(out, one, other)
        nodes = [trace.sequence(one), trace.sequence(other)]
        return trace.add(Combination(function), nodes, out)
    x, fixed = (one, other) if isinstance(one, Arranged) else (other, one)
    node = trace.sequence(x)
    _require_length_of(out, x)
    first = x is one
    if isinstance(fixed, Tensor) and fixed.ndim and fixed.shape[-1] > 1:
        values = fixed.reshape((1,) * (3 - fixed.ndim) + fixed.shape)
        if values.shape[0] > 1:
            raise Untraceable("numbers of each row")
        where = trace.add(Fixed(values), [node], values.expand(len(out), -1, -1)).node
        return trace.add(Combination(function), [node, where] if first else [where, node], out)
    kept = fixed if not isinstance(fixed, Tensor) else fixed.to(out.dtype)
    pure = partial(_with_fixed, function, kept, first)
    return trace.add(Pointwise(pure), [node], out)


def _with_fixed(function: Function, fixed: Any, first: bool, x: Tensor) -> Any:
    return function(x, fixed) if first else function(fixed, x)


def _require_length_of(out: Tensor, *several: Arranged) -> None:
    if any(x.index.shape[2:] != out.shape[2:] for x in several):
        raise Untraceable("sequences of different lengths")


def _join(trace: Trace, out: Tensor, tensors: Any, dim: int = 0, **other: Any) -> Arranged:
    if dim not in (1, -2) or not all(isinstance(t, Arranged) for t in tensors):
        raise Untraceable("joined along something else than channels")
    nodes = [trace.sequence(t) for t in tensors]
    return trace.add(Combination(_side_by_side), nodes, out)


def _side_by_side(*parts: Tensor) -> Tensor:
    return torch.cat(parts, 1)


def _one(size: Any) -> int:
    """The number of a size along the only axis."""
    return int(size[0]) if isinstance(size, tuple | list) else int(size)


def _first(out: Any) -> Tensor:
    """The values of a pool that was asked for positions too."""
    found: Tensor = out[0] if isinstance(out, tuple) else out
    return found


LAYERS: dict[Function, Function] = {
    F.conv1d: _convolution,
    F.batch_norm: _batch_norm,
    F.max_pool1d: _max_pool,
    F.avg_pool1d: _average_pool,
    F.adaptive_max_pool1d: _adaptive_max,
    F.adaptive_avg_pool1d: _adaptive_average,
    F.pad: _pad,
    **dict.fromkeys(MEANS, _mean),
    **dict.fromkeys(SUMS, _sum),
    **dict.fromkeys(MAXIMA, _maximum),
    **dict.fromkeys(DROPOUTS, _unchanged),
    **dict.fromkeys(JOINS, _join),
    **{function: partial(_pointwise, function) for function in POINTWISE},
    **{f: partial(_arithmetic, *found) for f, found in ARITHMETIC.items()},
}
