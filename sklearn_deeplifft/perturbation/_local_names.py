"""Torch functions that a network along a sequence is made of, by what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "ARITHMETIC",
    "CASTS",
    "DROPOUTS",
    "EXPS",
    "INSPECTIONS",
    "JOINS",
    "MAXIMA",
    "MEANS",
    "POINTWISE",
    "RELUS",
    "SIGMOIDS",
    "SIZED",
    "SUMS",
    "TANHS",
]

Function = Callable[..., Any]


def _functions(names: str, *owners: Any) -> frozenset[Function]:
    # Not each is in all of them, nor in every version of torch.
    found = (getattr(owner, name, None) for name in names.split() for owner in owners)
    return frozenset(function for function in found if function is not None)


INSPECTIONS = _functions(
    "size dim numel nelement stride is_floating_point is_complex is_contiguous __len__ "
    "is_inference element_size get_device",
    Tensor,
) | {
    getattr(Tensor, name).__get__
    for name in ("shape", "ndim", "dtype", "device", "layout", "requires_grad", "is_cuda")
}
"""Questions about a tensor whose answers depend on no value."""

CASTS = _functions("float double half bfloat16 to type cpu", Tensor)

SIZED = _functions("view reshape expand", torch, Tensor)

POINTWISE = _functions(
    "relu relu_ relu6 exp exp_ expm1 sigmoid sigmoid_ tanh tanh_ softplus gelu elu elu_ selu selu_ "
    "celu celu_ silu mish leaky_relu leaky_relu_ hardtanh hardtanh_ hardswish hardsigmoid "
    "hardshrink softshrink tanhshrink softsign logsigmoid threshold abs abs_ neg neg_ __neg__ "
    "square sqrt rsqrt reciprocal log log1p sin cos erf clamp clamp_ clip clamp_min clamp_max "
    "clamp_min_ clamp_max_ pow __pow__ prelu __abs__",
    torch,
    Tensor,
    F,
)
"""Functions of each value by itself, whose further arguments are numbers; prelu's is a weight."""

RELUS = _functions("relu relu_", torch, Tensor, F)
EXPS = _functions("exp exp_", torch, Tensor)
SIGMOIDS = _functions("sigmoid sigmoid_", torch, Tensor, F)
TANHS = _functions("tanh tanh_", torch, Tensor, F)
DROPOUTS = _functions(
    "dropout dropout1d dropout2d alpha_dropout feature_alpha_dropout feature_dropout", torch, F
)
MEANS = _functions("mean", torch, Tensor)
SUMS = _functions("sum", torch, Tensor)
MAXIMA = _functions("max amax", torch, Tensor)
JOINS = _functions("cat concat concatenate", torch)


def _arithmetic() -> dict[Function, tuple[Function, bool]]:
    """Each spelling of an operation: the function, and whether its arguments change places."""
    found: dict[Function, tuple[Function, bool]] = {}
    spellings: dict[Function, tuple[str, str]] = {
        torch.add: ("add", "add"),
        torch.sub: ("sub subtract", "sub"),
        torch.mul: ("mul multiply", "mul"),
        torch.div: ("div divide true_divide", "truediv"),
        torch.maximum: ("maximum", ""),
        torch.minimum: ("minimum", ""),
    }
    for function, (names, operator) in spellings.items():
        for name in names.split():
            for one in _functions(f"{name} {name}_", torch, Tensor):
                found[one] = function, False
        if operator:
            for one in _functions(f"__{operator}__ __i{operator}__", Tensor):
                found[one] = function, False
            for one in _functions(f"__r{operator}__", Tensor):
                found[one] = function, True
    return found


ARITHMETIC = _arithmetic()
