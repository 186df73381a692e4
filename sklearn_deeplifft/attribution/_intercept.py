"""A function mode: replace activations by their secants.

A mode sees every torch function that ``forward`` calls, whether a submodule, ``torch.relu`` or a
tensor method called it, so nothing depends on how the network's author wrote an activation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["Secants", "secant"]

CURVED: frozenset[Callable[..., Any]] = frozenset(
    {
        torch.tanh,
        Tensor.tanh,
        F.tanh,
        torch.sigmoid,
        Tensor.sigmoid,
        F.sigmoid,
        torch.special.expit,
        F.gelu,
        F.silu,
        F.mish,
        F.elu,
        F.selu,
        torch.selu,
        F.celu,
        torch.celu,
        F.softplus,
        F.softsign,
        F.logsigmoid,
        F.hardswish,
        F.tanhshrink,
        torch.exp,
        Tensor.exp,
    }
)
"""Elementwise activations with curvature, which the secant rule replaces."""


class Secants(TorchFunctionMode):
    """Replace each elementwise activation f by ``f(0) + a (f(a) - f(0)) / a``."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in CURVED:
            rest = {**kwargs, "inplace": False} if "inplace" in kwargs else dict(kwargs)
            a = args[0] if args else rest.pop("input")
            return secant(lambda a: func(a, *args[1:], **rest), a)
        return func(*args, **kwargs)


def secant(f: Callable[[Tensor], Tensor], a: Tensor) -> Tensor:
    """The chord of ``f`` from 0 to ``a``; its slope is a constant for autograd, ``f'(0)`` at 0."""
    with torch.enable_grad():
        zero = torch.zeros((), dtype=a.dtype, device=a.device, requires_grad=True)
        at_zero = f(zero)
        (derivative,) = torch.autograd.grad(at_zero, zero)
    fixed = a.detach()
    rise = f(fixed) - at_zero.detach()
    slope = torch.where(fixed == 0, derivative, rise / torch.where(fixed == 0, 1, fixed))
    return at_zero.detach() + a * slope
