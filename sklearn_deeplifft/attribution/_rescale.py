"""A function mode: slopes between two inputs in the place of derivatives, DeepLIFT's rescale rule.

==========  ==========================================================  =============
code        meaning                                                     shape
==========  ==========================================================  =============
``a``       what an activation is given: the first half of its rows     (2 m, ...)
            from sequences, the second from their references
``u, v``    the two halves, detached                                    (m, ...)
``slope``   (f(u) - f(v)) / (u - v)                                     (m, ...)
==========  ==========================================================  =============

A forward pass of both halves computes what the network computes; the backward pass of the first
half multiplies by slopes (Shrikumar et al. 2017), and sums exactly to the difference of the
outputs as long as every curved function is one of those below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from sklearn_deeplifft.attribution._intercept import CURVED

__all__ = ["Rescale", "slope_between"]

Function = Callable[..., Any]


def _named(names: str, *owners: Any) -> frozenset[Function]:
    found = (getattr(owner, name, None) for name in names.split() for owner in owners)
    return frozenset(function for function in found if function is not None)


ELEMENTWISE: frozenset[Function] = CURVED | _named(
    "relu relu6 leaky_relu prelu hardtanh threshold hardsigmoid hardshrink softshrink elu_ celu_ "
    "exp exp_ expm1 log log1p sqrt square abs pow clamp clamp_min clamp_max clip relu_ sigmoid_ "
    "tanh_ leaky_relu_ hardtanh_ abs_ square_ sqrt_ __pow__ __abs__ "
    "tanh sigmoid gelu silu mish elu selu celu softplus softsign logsigmoid hardswish tanhshrink",
    torch,
    Tensor,
    F,
)
"""Functions of each entry by itself."""

POOLS: dict[Function, Function] = {
    F.max_pool1d: F.max_pool1d_with_indices,
    torch.max_pool1d: F.max_pool1d_with_indices,
    F.max_pool2d: F.max_pool2d_with_indices,
    torch.max_pool2d: F.max_pool2d_with_indices,
    F.adaptive_max_pool1d: F.adaptive_max_pool1d_with_indices,
    F.adaptive_max_pool2d: F.adaptive_max_pool2d_with_indices,
}
LARGEST_IN_AXES = _named("amax", torch, Tensor)
LARGEST = _named("max maximum", torch, Tensor)

NEAR = {torch.float32: 1e-6, torch.float64: 1e-12}
"""Relative distance of two inputs below which a quotient is rounding: the derivative is taken."""


class Rescale(TorchFunctionMode):
    """Give curved functions and maxima the slopes between rows and their references.

    Parameters
    ----------
    m : int
        Sequences; as many references follow them along the first axis.
    """

    def __init__(self, m: int) -> None:
        super().__init__()
        self.m = m

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        a = args[0] if args else kwargs.get("input")
        # Parameters have no gradient here, and functions of them stay as they are.
        if not (isinstance(a, Tensor) and a.requires_grad and a.ndim and len(a) == 2 * self.m):
            return func(*args, **kwargs)
        if func in ELEMENTWISE:
            return self._elementwise(func, a, args, kwargs)
        if func in POOLS and not kwargs.get("return_indices"):
            rest = _without_input(args, kwargs)
            _, index = POOLS[func](a.detach(), *args[1:], **rest)
            return self._largest(a.flatten(2), index.flatten(2)).view(index.shape)
        if func in LARGEST_IN_AXES:
            return self._in_axes(a, *args[1:], **_without_input(args, kwargs))
        if func in LARGEST and (len(args) > 1 or len(kwargs) > 0):
            return self._max(func, a, args, kwargs)
        return func(*args, **kwargs)

    def _elementwise(self, func: Function, a: Tensor, args: Any, kwargs: Any) -> Tensor:
        name = func.__name__
        writes = name.endswith("_") and not name.endswith("__")
        rest = _without_input(args, kwargs)
        if "inplace" in rest:
            rest["inplace"] = False
        u, v = a.detach()[: self.m], a.detach()[self.m :]

        # A copy each time: the function may write into what it is given.
        def f(at: Tensor) -> Tensor:
            value: Tensor = func(at.clone(), *args[1:], **rest)
            return value

        slope = slope_between(f, u, v)
        live = a[: self.m]
        out = torch.cat([f(u) + slope * (live - u), f(v)])
        return a.copy_(out) if writes else out

    def _largest(self, a: Tensor, index: Tensor) -> Tensor:
        """Largest entries (2 m, C, M) of ``a`` (2 m, C, N), which stand at ``index``.

        Their difference goes to the place of the sequence's largest where it is the larger one,
        else to that of the reference's: its slope is between 0 and 1 there.
        """
        m = self.m
        live, u, v = a[:m], a[:m].detach(), a[m:].detach()
        i, j = index[:m], index[m:]
        top, below = u.gather(2, i), v.gather(2, j)
        at_i, at_j = top - v.gather(2, i), u.gather(2, j) - below
        # Equal entries are no difference: the slope there is that of the sequence's own largest.
        to_i = torch.where(top > below, (top - below) / torch.where(top > below, at_i, 1), 0)
        to_i = torch.where((top == below) & (at_i == 0), 1, to_i)
        to_j = torch.where(top < below, (top - below) / torch.where(top < below, at_j, 1), 0)
        moved = to_i * (live.gather(2, i) - top) + to_j * (live.gather(2, j) - u.gather(2, j))
        return torch.cat([top + moved, below])

    def _in_axes(self, a: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
        axes = (dim,) if isinstance(dim, int) else tuple(dim)
        axes = tuple(axis % a.ndim for axis in axes) or tuple(range(a.ndim))
        if 0 in axes:
            raise ValueError("the network takes the largest value over rows, so that rows mix.")
        for axis in axes:
            a = self._in_axis(a, axis)
        return a if keepdim else a.squeeze(axes)

    def _in_axis(self, a: Tensor, axis: int) -> Tensor:
        """Largest along one axis, which stays with one entry."""
        moved = a.movedim(axis, -1)
        flat = moved.reshape(len(a), -1, moved.shape[-1])
        found = self._largest(flat, flat.detach().argmax(dim=2, keepdim=True))
        return found.reshape(*moved.shape[:-1], 1).movedim(-1, axis)

    def _max(self, func: Function, a: Tensor, args: Any, kwargs: Any) -> Any:
        rest = _without_input(args, kwargs)
        other = args[1] if len(args) > 1 else rest.get("other")
        if isinstance(other, Tensor):
            both = torch.stack(torch.broadcast_tensors(a, other.expand_as(a)), dim=1)
            return self._in_axis(both, 1).squeeze(1)
        found = func(a.detach(), *args[1:], **rest)
        dim = args[1] if len(args) > 1 else rest["dim"]
        values = self._in_axis(a, dim % a.ndim).view(found.values.shape)
        return type(found)((values, found.indices))


def slope_between(f: Callable[[Tensor], Tensor], u: Tensor, v: Tensor) -> Tensor:
    """``(f(u) - f(v)) / (u - v)``; the derivative half way where the quotient is rounding."""
    d = u - v
    near = d.abs() <= NEAR.get(d.dtype, 1e-3) * torch.maximum(u.abs(), v.abs()).clamp_min(1)
    with torch.enable_grad():
        middle = ((u + v) / 2).requires_grad_()
        (derivative,) = torch.autograd.grad(f(middle).sum(), middle)
    quotient = (f(u) - f(v)) / torch.where(near, 1, d)
    return torch.where(near, derivative, quotient).detach()


def _without_input(args: Any, kwargs: Any) -> dict[str, Any]:
    rest = dict(kwargs)
    if not args:
        rest.pop("input", None)
    return rest
