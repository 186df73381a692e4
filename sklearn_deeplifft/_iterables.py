"""What one can go through value by value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

__all__ = ["is_iterable"]


def is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether a value holds others: text does not, nor does an array without an axis.

    Of the latter, a tensor or an array, ``Iterable`` says that they do, and ``iter`` raises.
    """
    if isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0:
        return False
    return isinstance(value, Iterable)
