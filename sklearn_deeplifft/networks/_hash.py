"""A key of everything that a fit depends on, the same in every process."""

from __future__ import annotations

import pickle
import platform
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
import skorch
import torch
from joblib.hashing import Hasher, NumpyHasher
from torch import nn

__all__ = ["hash_of", "key_of_parameters"]

LIBRARIES = {
    *("builtins", "joblib", "numpy", "pandas", "scipy"),
    *("sklearn", "sklearn_deeplifft", "skorch", "torch"),
}
"""Code of these, and of Python's own, is told by versions; that of all others by its bytecode."""

IN_ORDER = (nn.Module, OrderedDict, type, FunctionType)
"""What holds dicts whose order can matter: a network runs its submodules in that of theirs."""

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
    return str(_Hasher().hash(value))


class _Hasher(NumpyHasher):
    def __init__(self) -> None:
        super().__init__(coerce_mmap=True)
        self._begun: set[type] = set()
        self._keeping_order = False

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
            if isinstance(obj, FunctionType):
                return _function, (_name(obj), *_code(obj))
            if obj in self._begun:  # its own members refer to it
                return _class, (_name(obj),)
            self._begun.add(obj)
            return _class, (_name(obj), obj.__bases__, _members(obj))
        return NotImplemented

    def save_reduce(self, *args: Any, obj: Any = None, **options: Any) -> None:
        """Keep the order of dicts in what may depend on it."""
        before = self._keeping_order
        self._keeping_order = before or isinstance(obj, IN_ORDER)
        try:
            super().save_reduce(*args, obj=obj, **options)
        finally:
            self._keeping_order = before

    def _batch_setitems(self, items: Iterable[tuple[Any, Any]], *args: Any) -> None:
        """In an order of the keys alone; joblib's own hides a value that cannot be pickled."""
        if not self._keeping_order:
            items = sorted(items, key=lambda item: hash_of(item[0]))
        super(Hasher, self)._batch_setitems(iter(items), *args)


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
    package = str(obj.__module__).partition(".")[0]
    return package in LIBRARIES or package in sys.stdlib_module_names


def _name(obj: Any) -> tuple[str, str]:
    return str(obj.__module__), obj.__qualname__


def _members(cls: type) -> list[tuple[str, Any]]:
    """Names with code, or value, of what a class defines itself."""
    found = []
    for name, value in sorted(vars(cls).items()):
        code = _member(value)
        # Python keeps its own under such names: the docstring, the module, a cache of ABC.
        pythons = name.startswith("__") or name == "_abc_impl"
        slot = isinstance(value, MemberDescriptorType | GetSetDescriptorType)
        if code is not value or not (pythons or slot):
            found.append((name, code))
    return found


def _member(value: Any) -> Any:
    """Code of what is a function or wraps one; any other value as it is."""
    if isinstance(value, FunctionType):
        return _code(value)
    if isinstance(value, property):
        return "property", *map(_member, (value.fget, value.fset, value.fdel))
    if isinstance(value, classmethod | staticmethod):
        return type(value).__name__, _member(value.__func__)
    if isinstance(value, cached_property):
        return "cached_property", _member(value.func)
    return value


def _code(function: FunctionType) -> tuple[Any, ...]:
    """What a function does, with its defaults, and what it has been wrapped around."""
    defaults = tuple(map(_member, function.__defaults__ or ()))
    by_name = {name: _member(value) for name, value in (function.__kwdefaults__ or {}).items()}
    wrapped = _member(vars(function).get("__wrapped__"))  # set by functools.wraps
    return _bytecode(function.__code__), defaults, by_name, wrapped


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
