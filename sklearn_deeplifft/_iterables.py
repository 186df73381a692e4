"""What one can go through value by value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

__all__ = ["is_iterable", "read_once"]


def is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether a value holds others: text does not, nor does an array without an axis.

    Of the latter, a tensor or an array, ``Iterable`` says that they do, and ``iter`` raises.
    """
    if isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0:
        return False
    return isinstance(value, Iterable)


def read_once(values: Any) -> Any:
    """A list of what an iterator, such as a generator, yields; all else as it is."""
    return list(values) if isinstance(values, Iterator) else values
