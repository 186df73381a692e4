"""Objects from JSON and blocks of numbers; see ``_encode`` for what the JSON is.

Nothing of a file is run: an object is made without its constructor and given its attributes, and
its class is one that ``_registry`` lists or the caller hands over.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils.metadata_routing import MetadataRequest

from sklearn_deeplifft.saving._arrays import array_from
from sklearn_deeplifft.saving._container import Block
from sklearn_deeplifft.saving._registry import needs_torch, resolve
from sklearn_deeplifft.saving._torch_parts import TORCH_TAGS, decode_torch

__all__ = ["Decoder"]


class Decoder:
    """Objects of one file; each is made once, when something refers to it.

    Parameters
    ----------
    nodes : list
        JSON of each object.
    blocks : mapping of str to Block
    own : mapping of str to class or function
        Those of the user, by name.
    """

    def __init__(
        self, nodes: list[Any], blocks: Mapping[str, Block], own: Mapping[str, Any]
    ) -> None:
        self.nodes = nodes
        self.blocks = blocks
        self.own = own
        self.known: dict[int, Any] = {}
        self._under_way: set[int] = set()

    def decode(self, value: Any) -> Any:
        """The value of JSON.

        Raises
        ------
        Exception
            Of nearly any kind, where the JSON is not what ``Encoder`` makes.
        """
        if not isinstance(value, list):
            return value
        tag, *parts = value
        return self._object(*parts) if tag == "ref" else INLINE[tag](self, *parts)

    def fields(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name."""
        return {name: self.decode(value) for name, value in named.items()}

    def made(self, at: int, name: str, base: type) -> Any:
        """An object of a class by name, without attributes; what it holds may refer to it."""
        found: Any = object.__new__(self.of_class(name, base))
        self.known[at] = found
        return found

    def of_class(self, name: str, base: type) -> type:
        """A class by name, which has to be one of this kind."""
        found = resolve(name, self.own)
        if not (isinstance(found, type) and issubclass(found, base)):
            raise TypeError(f"{name} is no {base.__name__}")
        return found

    def needs_torch(self, value: Any) -> bool:
        """Whether torch is imported to make a value."""
        seen: set[int] = set()
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if not isinstance(part, list):
                continue
            if part[0] != "ref":
                if part[0] == "name" and _is_heavy(part[1]):
                    return True
            elif part[1] not in seen:
                seen.add(part[1])
                node = self.nodes[part[1]]
                if node[0] in TORCH_TAGS or (node[0] in ("named", "new") and _is_heavy(node[1])):
                    return True
                waiting += _values_in(*node)
        return False

    def _object(self, at: int) -> Any:
        if at in self.known:
            return self.known[at]
        if at in self._under_way or at < 0:
            raise ValueError(f"object {at} is part of itself")
        self._under_way.add(at)
        tag, *parts = self.nodes[at]
        if tag in TORCH_TAGS:
            found = decode_torch(self, at, tag, parts)
        else:
            found = NODES[tag](self, at, *parts)
        self.known[at] = found
        return found


def _is_heavy(name: str) -> bool:
    return name.startswith("own:") or needs_torch(name)


def _values_in(tag: str, *parts: Any) -> list[Any]:
    """Values that an object without torch refers to."""
    if tag in ("dict", "ordered", "defaultdict"):
        return [value for pair in parts[0] for value in pair]
    if tag in ("list", "tuple", "set", "frozenset"):
        return list(parts[0])
    if tag == "objects":
        return list(parts[1])
    if tag in ("named", "new"):
        return list(parts[1].values())
    return [part for part in parts if isinstance(part, list) and part[:1] == ["ref"]]


def _number(decoder: Decoder, at: int, dtype: str, value: Any) -> Any:
    found = np.dtype(dtype)
    if found.kind not in "biuf":
        raise TypeError(f"{dtype} is no number")
    return found.type(decoder.decode(value))


def _float(decoder: Decoder, text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ValueError(f"{text} is no number")
    return float(text)


def _complex(decoder: Decoder, real: Any, imag: Any) -> complex:
    return complex(decoder.decode(real), decoder.decode(imag))


def _list(decoder: Decoder, at: int, items: list[Any]) -> list[Any]:
    found: list[Any] = []
    decoder.known[at] = found
    found += [decoder.decode(item) for item in items]
    return found


def _tuple(decoder: Decoder, at: int, items: list[Any]) -> tuple[Any, ...]:
    return tuple(decoder.decode(item) for item in items)


def _set(decoder: Decoder, at: int, items: list[Any]) -> set[Any]:
    return {decoder.decode(item) for item in items}


def _frozenset(decoder: Decoder, at: int, items: list[Any]) -> frozenset[Any]:
    return frozenset(decoder.decode(item) for item in items)


def _filled(make: Callable[[], dict[Any, Any]]) -> Callable[..., dict[Any, Any]]:
    def read(decoder: Decoder, at: int, pairs: list[Any]) -> dict[Any, Any]:
        found = decoder.known[at] = make()
        for key, value in pairs:
            found[decoder.decode(key)] = decoder.decode(value)
        return found

    return read


def _array(decoder: Decoder, at: int, name: str, beside: dict[str, Any]) -> np.ndarray:
    return array_from(decoder.blocks[name], beside)


def _scalar(decoder: Decoder, at: int, name: str, beside: dict[str, Any]) -> Any:
    return array_from(decoder.blocks[name], beside)[()]


def _objects(decoder: Decoder, at: int, shape: list[int], items: list[Any]) -> np.ndarray:
    if math.prod(shape) != len(items):
        raise ValueError(f"{len(items)} objects are no array of shape {shape}")
    found = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        found[i] = decoder.decode(item)
    return found.reshape(shape)


def _range(decoder: Decoder, at: int, start: int, stop: int, step: int, name: Any) -> pd.Index:
    return pd.RangeIndex(start, stop, step, name=decoder.decode(name))


def _index(decoder: Decoder, at: int, values: Any, dtype: str, name: Any) -> pd.Index:
    found = pd.Index(decoder.decode(values), name=decoder.decode(name))
    return found if str(found.dtype) == dtype else found.astype(dtype)


def _series(decoder: Decoder, at: int, dtype: str, values: Any, index: Any, name: Any) -> pd.Series:
    parts = [decoder.decode(part) for part in (values, index, name)]
    found = pd.Series(parts[0], index=parts[1], name=parts[2])
    return found if str(found.dtype) == dtype else found.astype(dtype)


def _frame(
    decoder: Decoder, at: int, same: bool, columns: Any, index: Any, *values: Any
) -> pd.DataFrame:
    columns, index = decoder.decode(columns), decoder.decode(index)
    parts = [decoder.decode(part) for part in values]
    if same:
        return pd.DataFrame(parts[0], columns=columns, index=index)
    found = pd.DataFrame(dict(enumerate(parts)), index=index)
    found.columns = columns
    return found


def _sparse(decoder: Decoder, at: int, kind: str, shape: list[int], *parts: Any) -> Any:
    if kind not in ("csr_matrix", "csr_array", "csc_matrix", "csc_array"):
        raise ValueError(f"{kind} is no kind of sparse table")
    arrays = tuple(decoder.decode(part) for part in parts)
    found = getattr(sp, kind)(arrays, shape=tuple(shape))
    found.check_format(full_check=True)  # compiled code trusts the positions
    return found


def _random_state(decoder: Decoder, at: int, state: Any) -> np.random.RandomState:
    found = np.random.RandomState(0)
    found.set_state(decoder.decode(state))
    return found


def _requests(
    decoder: Decoder, at: int, owner: str, methods: dict[str, dict[str, Any]]
) -> MetadataRequest:
    found = MetadataRequest(owner=owner)
    for method, requests in methods.items():
        for param, alias in requests.items():
            vars(found)[method].add_request(param=param, alias=alias)
    return found


def _partial(decoder: Decoder, at: int, function: Any, args: Any, keywords: Any) -> Any:
    parts = [decoder.decode(part) for part in (function, args, keywords)]
    return functools.partial(parts[0], *parts[1], **parts[2])


def _named(decoder: Decoder, at: int, name: str, fields: dict[str, Any]) -> Any:
    return decoder.of_class(name, tuple)(**decoder.fields(fields))


def _new(decoder: Decoder, at: int, name: str, state: dict[str, Any]) -> Any:
    found = decoder.made(at, name, object)
    attributes = decoder.fields(state)
    if hasattr(found, "__setstate__"):  # scikit-learn's warns of another version
        found.__setstate__(attributes)
    else:
        vars(found).update(attributes)
    return found


INLINE: dict[str, Callable[..., Any]] = {
    "bytes": lambda decoder, digits: bytes.fromhex(digits),
    "complex": _complex,
    "dtype": lambda decoder, name: np.dtype(name),
    "float": _float,
    "name": lambda decoder, name: resolve(name, decoder.own),
    "path": lambda decoder, path: Path(path),
    "str_": lambda decoder, text: np.str_(text),
}

NODES: dict[str, Callable[..., Any]] = {
    "array": _array,
    "defaultdict": _filled(lambda: defaultdict(dict)),
    "dict": _filled(dict),
    "frame": _frame,
    "frozenset": _frozenset,
    "index": _index,
    "list": _list,
    "named": _named,
    "new": _new,
    "number": _number,
    "objects": _objects,
    "ordered": _filled(OrderedDict),
    "partial": _partial,
    "random_state": _random_state,
    "range": _range,
    "requests": _requests,
    "scalar": _scalar,
    "series": _series,
    "set": _set,
    "sparse": _sparse,
    "tuple": _tuple,
}
