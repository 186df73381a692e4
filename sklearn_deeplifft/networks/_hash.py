"""A key of everything that a fit depends on, the same in every process."""

from __future__ import annotations

import pickle
import platform
from collections.abc import Iterable, Mapping
from types import CodeType, FunctionType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
import skorch
import torch
from joblib.hashing import Hasher, NumpyHasher

__all__ = ["hash_of", "key_of_parameters"]

LIBRARIES = {
    *("builtins", "joblib", "numpy", "pandas", "scipy"),
    *("sklearn", "sklearn_deeplifft", "skorch", "torch"),
}
"""Code of these is told by their versions; that of all others by its bytecode."""

VERSIONS = (
    platform.python_version(),
    *(m.__version__ for m in (joblib, np, pd, scipy, sklearn, skorch, torch)),
)


def key_of_parameters(params: Mapping[str, Any]) -> str:
    """Hex digest (32 digits) of parameters, by name.

    Raises
    ------
    TypeError
        A parameter that cannot be pickled has no key; it is named.
    """
    keys = {}
    for name, value in params.items():
        try:
            keys[name] = hash_of(value)
        except Exception as error:  # what reduces itself can raise anything
            raise TypeError(
                f"memory needs a key of every parameter, and {name}={value!r} has none "
                f"({type(error).__name__}: {error}). Pass what can be pickled, or memory=None."
            ) from error
    return hash_of((VERSIONS, keys))


def hash_of(value: Any) -> str:
    """joblib's hash, made stable for tensors, sets and skorch nets, and aware of code.

    joblib hashes what pickle writes. A tensor's pickle holds its address, so it would differ in
    every process; a function's holds its name alone, so a network whose ``forward`` has been
    rewritten would be taken for the old one.

    >>> hash_of(torch.ones(3)) == hash_of(torch.ones(3)), hash_of(torch.ones(3)) == hash_of([1.0])
    (True, False)
    """
    return str(_Hasher(coerce_mmap=True).hash(value))


class _Hasher(NumpyHasher):
    def reducer_override(self, obj: Any) -> Any:
        """Return what stands for an object in the hash; NotImplemented leaves it to joblib."""
        if isinstance(obj, torch.Tensor):
            return _tensor, _plain(obj)
        if isinstance(obj, skorch.NeuralNet):
            # Its own reduction writes fitted parts to a file image, which is not reproducible.
            return _net, (type(obj),), vars(obj)
        if isinstance(obj, set | frozenset):
            return _set, (type(obj), sorted(map(hash_of, obj)))
        if isinstance(obj, FunctionType | type) and not _of_a_library(obj):
            _require_global(obj)
            if isinstance(obj, type):
                return _class, (_name(obj), obj.__bases__, _methods(obj))
            details = _bytecode(obj.__code__), obj.__defaults__, obj.__kwdefaults__
            return _function, (_name(obj), *details)
        return NotImplemented

    def _batch_setitems(self, items: Iterable[tuple[Any, Any]], *args: Any) -> None:
        """In an order of the keys alone; joblib's own hides a value that cannot be pickled."""
        ordered = sorted(items, key=lambda item: hash_of(item[0]))
        super(Hasher, self)._batch_setitems(iter(ordered), *args)


# Names that mark the kinds in the stream; nothing calls them.
def _tensor() -> None: ...
def _set() -> None: ...
def _net() -> None: ...
def _class() -> None: ...
def _function() -> None: ...


def _plain(tensor: torch.Tensor) -> tuple[Any, ...]:
    values = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad, values


def _of_a_library(obj: Any) -> bool:
    return str(obj.__module__).partition(".")[0] in LIBRARIES


def _name(obj: Any) -> tuple[str, str]:
    return str(obj.__module__), obj.__qualname__


def _methods(cls: type) -> list[tuple[Any, ...]]:
    """Names with bytecode, or value, of what a class defines itself."""
    found: list[tuple[Any, ...]] = []
    for name, value in sorted(vars(cls).items()):
        # Class and static methods hold the function in __func__, properties in fget.
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(function, FunctionType):
            found.append((name, _bytecode(function.__code__)))
        elif not name.startswith("__") and isinstance(value, bool | int | float | str):
            found.append((name, value))
    return found


def _require_global(obj: Any) -> None:
    """Refuse what is made by a function: what it closes over is in no name and no bytecode."""
    if "<" in obj.__qualname__:  # <lambda>, <locals>
        raise pickle.PicklingError(f"{obj.__qualname__} is not defined at the top of a module")


def _bytecode(code: CodeType) -> tuple[Any, ...]:
    """Instructions and constants of code, without its place in the file."""
    constants: list[Any] = []
    for value in code.co_consts:
        if isinstance(value, CodeType):
            constants.append(_bytecode(value))
        elif isinstance(value, frozenset):  # in an order of the process
            constants.append(tuple(sorted(map(repr, value))))
        else:
            constants.append(repr(value))
    return code.co_code, code.co_names, tuple(constants)
