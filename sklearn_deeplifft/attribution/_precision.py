"""One precision for all that a forward computes, whatever it asks for itself.

A network that says ``x.float()``, or keeps a tensor that is no buffer, cannot be run in double
precision as it is: "expected Float but found Double". Rounding on the way would also be a step of
its own, which no derivative sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

__all__ = ["OnePrecision"]

CASTS: frozenset[Callable[..., Any]] = frozenset(
    {
        Tensor.float,
        Tensor.double,
        Tensor.half,
        Tensor.bfloat16,
        Tensor.to,
        Tensor.type,
        Tensor.type_as,
    }
)


class OnePrecision(TorchFunctionMode):
    """Read every floating tensor in ``dtype``; casts between floating types change nothing."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in CASTS:
            return self._cast(func, args, kwargs)
        if _writes(func, kwargs):
            return func(*args, **kwargs)
        args, kwargs = tree_map(self._raised, (args, kwargs))
        return tree_map(self._raised, func(*args, **kwargs))

    def _cast(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        out = func(*args, **kwargs)
        if not (isinstance(out, Tensor) and out.is_floating_point()):
            return out
        source = args[0] if args[0].is_floating_point() else out
        cast = source.to(out.device, self.dtype)
        return cast.clone() if cast is args[0] and out is not args[0] else cast

    def _raised(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value.dtype != self.dtype and value.is_floating_point():
            return value.to(self.dtype)
        return value


def _writes(func: Callable[..., Any], kwargs: dict[str, Any]) -> bool:
    """Return whether ``func`` writes into a tensor, which must stay itself.

    torch casts the values that are written.
    """
    # Whatever torch hands to a mode; a callable without a name is none of its in-place methods.
    name = getattr(func, "__name__", "")
    inside = name.startswith("__i") and name not in ("__invert__", "__index__", "__int__")
    return (
        (name.endswith("_") and not name.endswith("__"))
        or name in ("__setitem__", "__set__", "__get__")
        or inside
        or kwargs.get("out") is not None
    )
