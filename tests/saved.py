"""Changes to saved files that a checksum cannot tell, and where two objects differ."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import skorch
import torch

from sklearn_deeplifft.saving._container import DIGITS, read_blocks, write_blocks

__all__ = ["difference", "resigned", "rewritten"]


def resigned(content: bytes) -> bytes:
    """The content with the checksum that fits it."""
    plain = content[: DIGITS.start] + b"0" * 64 + content[DIGITS.stop :]
    digest = hashlib.sha256(plain).hexdigest().encode()
    return content[: DIGITS.start] + digest + content[DIGITS.stop :]


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the JSON of a file, and sign it."""
    text, blocks = read_blocks(path)
    content = json.loads(text)
    change(content)
    write_blocks(path, json.dumps(content), blocks)


def difference(one: Any, other: Any, place: str = "it", seen: set[int] | None = None) -> str | None:
    """First place where two objects differ in type or in any bit; None if nowhere."""
    seen = set() if seen is None else seen
    if type(one) is not type(other):
        return f"{place}: {type(one)} and {type(other)}"
    if id(one) in seen:
        return None
    parts = _parts(one), _parts(other)
    if parts[0] is None:
        return None if repr(one) == repr(other) else f"{place}: {one!r} and {other!r}"
    seen.add(id(one))
    first, second = parts
    if list(map(repr, first)) != list(map(repr, second)):
        return f"{place}: {list(first)} and {list(second)}"
    found = (difference(v, second[k], f"{place}.{k}", seen) for k, v in first.items())
    return next((said for said in found if said is not None), None)


def _parts(value: Any) -> dict[Any, Any] | None:
    """What an object consists of, by name; None where its text says all of it."""
    known = next((parts for kind, parts in PARTS if isinstance(value, kind)), None)
    if known is not None:
        return known(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value.__getstate__() or {} if hasattr(value, "__dict__") else None


def _of_array(value: np.ndarray) -> dict[Any, Any]:
    if value.dtype == object:
        return dict(enumerate(value.ravel().tolist()))
    return {"dtype": str(value.dtype), "shape": value.shape, "bits": value.tobytes()}


def _of_tensor(value: torch.Tensor) -> dict[Any, Any]:
    bits = value.detach().reshape(-1).view(torch.uint8).numpy().tobytes()
    return {"dtype": str(value.dtype), "grad": value.requires_grad, "bits": bits}


def _of_dict(value: dict[Any, Any]) -> dict[Any, Any]:
    return value if all(isinstance(k, str) for k in value) else dict(enumerate(value.items()))


PARTS: list[tuple[Any, Callable[[Any], dict[Any, Any] | None]]] = [
    (type | FunctionType | BuiltinFunctionType, lambda value: None),
    (np.ndarray, _of_array),
    (torch.Tensor, _of_tensor),
    (dict, _of_dict),
    (list | tuple, lambda value: dict(enumerate(value))),
    (set | frozenset, lambda value: dict(enumerate(sorted(value, key=repr)))),
    (pd.DataFrame, lambda v: {"values": v.to_numpy(), "axes": [list(axis) for axis in v.axes]}),
    (sp.spmatrix, lambda v: {n: getattr(v, n) for n in ("data", "indices", "indptr", "shape")}),
    (np.random.RandomState, lambda value: {"state": value.get_state()}),
    (functools.partial, lambda value: {"is": (value.func, value.args, value.keywords)}),
    (skorch.NeuralNet, vars),  # its own state is a pickle
]
