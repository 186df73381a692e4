"""Objects as JSON and blocks of numbers: what they hold, and the names of their classes.

A value of JSON that is no list stands for itself. A list is ``[tag, ...]``: ``["ref", i]`` is
object ``i``, of which there is one however often it is referred to, as there was when it was saved.
"""

from __future__ import annotations

import functools
import math
import os
import types
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.saving._arrays import block_of_array, is_plain
from sklearn_deeplifft.saving._container import Block
from sklearn_deeplifft.saving._registry import known_name
from sklearn_deeplifft.saving._torch_parts import encode_torch

__all__ = ["OF_A_SEARCH", "Encoder"]

LIBRARIES = {
    *("builtins", "collections", "functools", "joblib", "numpy", "pandas", "polars", "scipy"),
    *("sklearn", "sklearn_deeplifft", "skorch", "torch", "types", "weakref"),
}
"""A class of these that is not listed is refused; any other is the user's, who brings it again."""


OF_A_SEARCH = (
    *("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks", "_skl_callbacks_to_teardown"),
)
"""What scikit-learn keeps on an estimator while another fits it."""


class Encoder:
    """Objects encoded so far.

    Attributes
    ----------
    nodes : list
        JSON of each object.
    blocks : dict of str to Block
    own : dict of str to class or function
        Those of the user, by name; a reader needs them.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.blocks: dict[str, Block] = {}
        self.own: dict[str, Any] = {}
        self._seen: dict[int, tuple[int, Any]] = {}
        self._place: list[str] = []

    def encode(self, value: Any, name: str = "") -> Any:
        """JSON of a value.

        Raises
        ------
        TypeError
            It holds something that has no place in a file; its place in the object is named.
        """
        if isinstance(value, joblib.Memory):  # by its folder; to make one would make the folder
            value = None if value.location is None else str(value.location)
        with self._at(name):
            if value is None or type(value) in (bool, int, str):
                return value
            if (inline := self._inline(value)) is not None:
                return inline
            if id(value) in self._seen:
                return ["ref", self._seen[id(value)][0]]
            at = len(self.nodes)
            self.nodes.append(None)
            self._seen[id(value)] = at, value  # kept alive, so that no other gets its id
            self.nodes[at] = self._node(value)
            return ["ref", at]

    def name_of(self, value: Any, holder: Any = None) -> str:
        """Name of a class or function, which becomes the user's own where it is not known.

        ``holder`` is the object that is of this class, for messages.
        """
        said = value if holder is None else holder
        known = known_name(value)
        if known is not None:
            return known
        module, name = str(value.__module__), value.__qualname__
        if module.partition(".")[0] in LIBRARIES:
            raise self.refusal(said, f"{module}.{name} is not among the classes that files hold")
        if "<lambda>" in name:
            raise self.refusal(value, "a function without a name cannot be found again")
        name = name.rpartition(".")[2]
        if self.own.setdefault(name, value) is not value:
            raise self.refusal(value, f"there are two different {name}")
        return f"own:{name}"

    def array(self, array: np.ndarray) -> list[Any]:
        """JSON of an array, whose numbers become a block."""
        if not is_plain(array):
            raise self.refusal(array, f"an array of {type(array).__name__} and {array.dtype}")
        return ["array", *self.keep(*block_of_array(array))]

    def keep(self, block: Block, beside: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Name of a block that is kept, and what a reader has to know beside it."""
        name = str(len(self.blocks))
        self.blocks[name] = block
        return name, beside

    def fields(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """JSON of values by name."""
        return {name: self.encode(value, f".{name}") for name, value in named.items()}

    def refusal(self, value: Any, why: str) -> TypeError:
        """Say where a value is, and why it cannot be saved."""
        place = "".join(self._place).lstrip(".") or "this"
        return TypeError(
            f"cannot save {place}={shown(value)}: {why}. A file holds numbers, text and objects "
            "of known classes, and no code."
        )

    @contextmanager
    def _at(self, name: str) -> Iterator[None]:
        self._place.append(name)
        yield
        self._place.pop()

    def _inline(self, value: Any) -> Any:
        """What is small, cannot change, and needs no identity."""
        if type(value) is float:
            return value if math.isfinite(value) else ["float", repr(value)]
        if type(value) is complex:
            return ["complex", self.encode(value.real), self.encode(value.imag)]
        if isinstance(value, bytes):
            return ["bytes", value.hex()]
        if type(value) is np.str_:
            return ["str_", str(value)]
        if isinstance(value, PurePath):
            return ["path", os.fspath(value)]
        if isinstance(value, np.dtype):
            return ["dtype", value.str]
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return ["name", self.name_of(value)]
        return None

    def _node(self, value: Any) -> list[Any]:
        plain = CONTAINERS.get(type(value))
        if plain is not None:
            return plain(self, value)
        for kind, encode in KINDS:
            if isinstance(value, kind):
                return encode(self, value)
        found = encode_torch(self, value)
        return self._object(value) if found is None else found

    def _object(self, value: Any) -> list[Any]:
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return ["named", self.name_of(type(value)), self.fields(value._asdict())]
        name = self.name_of(type(value), value)
        if is_dataclass(value):
            # Not what it has cached beside its fields.
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            return ["new", name, self.fields(own)]
        state = value.__getstate__() or {}
        if not isinstance(state, dict) or isinstance(value, list | tuple | dict | set):
            raise self.refusal(value, f"a {name} keeps what it holds out of sight")
        return ["new", name, self.fields(_settled(value, state))]


def _settled(value: Any, state: dict[str, Any]) -> dict[str, Any]:
    """State of an estimator without a function that was handed its progress."""
    if not isinstance(value, BaseEstimator):
        return state
    state = {
        name: 0 if name == "verbose" and callable(part) else part
        for name, part in state.items()
        if name not in OF_A_SEARCH
    }
    if "_trained_with" in state:
        trained_with = state["_trained_with"]
        silent = {"verbose": 0} if callable(trained_with.get("verbose")) else {}
        state["_trained_with"] = {**trained_with, **silent}
    return state


def _items(encoder: Encoder, value: Any) -> list[Any]:
    return [encoder.encode(item, f"[{i}]") for i, item in enumerate(value)]


def _pairs(encoder: Encoder, value: Any) -> list[Any]:
    return [
        [encoder.encode(key), encoder.encode(item, f"[{shown(key)}]")]
        for key, item in value.items()
    ]


def _array(encoder: Encoder, value: np.ndarray) -> list[Any]:
    if type(value) is np.ndarray and value.dtype == object:
        return ["objects", list(value.shape), _items(encoder, value.ravel())]
    return encoder.array(value)


def _generic(encoder: Encoder, value: np.generic) -> list[Any]:
    if value.dtype.kind in "biuf" and value.itemsize <= 8:
        return ["number", value.dtype.str, encoder.encode(value.item())]
    return ["scalar", *encoder.array(np.asarray(value))[1:]]


def _index(encoder: Encoder, value: pd.Index) -> list[Any]:
    if isinstance(value, pd.RangeIndex):
        return ["range", value.start, value.stop, value.step, encoder.encode(value.name)]
    if type(value) is not pd.Index:
        raise encoder.refusal(value, f"a {type(value).__name__}")
    dtype, name = str(value.dtype), encoder.encode(value.name)
    return ["index", encoder.encode(value.to_numpy()), dtype, name]


def _series(encoder: Encoder, value: pd.Series) -> list[Any]:
    dtype, parts = str(value.dtype), (value.to_numpy(), value.index, value.name)
    return ["series", dtype, *(encoder.encode(part) for part in parts)]


def _frame(encoder: Encoder, value: pd.DataFrame) -> list[Any]:
    same = len(set(map(str, value.dtypes))) == 1 and is_plain(value.to_numpy())
    columns = [value.to_numpy()] if same else [value.iloc[:, j] for j in range(value.shape[1])]
    parts = [encoder.encode(part) for part in (value.columns, value.index, *columns)]
    return ["frame", same, *parts]


def _sparse(encoder: Encoder, value: Any) -> list[Any]:
    if not isinstance(value, sp.csr_matrix | sp.csr_array | sp.csc_matrix | sp.csc_array):
        raise encoder.refusal(value, f"a {type(value).__name__}; use CSR or CSC")
    parts = (value.data, value.indices, value.indptr)
    arrays = [encoder.encode(part) for part in parts]
    return ["sparse", type(value).__name__, list(value.shape), *arrays]


def _random_state(encoder: Encoder, value: np.random.RandomState) -> list[Any]:
    return ["random_state", encoder.encode(value.get_state(legacy=True))]


def _partial(encoder: Encoder, value: functools.partial[Any]) -> list[Any]:
    parts = (value.func, value.args, dict(value.keywords))
    return ["partial", *(encoder.encode(part) for part in parts)]


def _requests(encoder: Encoder, value: MetadataRequest) -> list[Any]:
    """What methods ask for; the owner, a whole estimator, serves messages by its name alone."""
    methods = {name: part for name, part in vars(value).items() if name != "owner"}
    owner = value.owner if isinstance(value.owner, str) else type(value.owner).__name__
    return ["requests", owner, {name: part.requests for name, part in methods.items()}]


Encode = Callable[[Encoder, Any], list[Any]]

CONTAINERS: dict[type, Encode] = {
    list: lambda encoder, value: ["list", _items(encoder, value)],
    tuple: lambda encoder, value: ["tuple", _items(encoder, value)],
    set: lambda encoder, value: ["set", _items(encoder, sorted(value, key=repr))],
    frozenset: lambda encoder, value: ["frozenset", _items(encoder, sorted(value, key=repr))],
    dict: lambda encoder, value: ["dict", _pairs(encoder, value)],
    OrderedDict: lambda encoder, value: ["ordered", _pairs(encoder, value)],
    defaultdict: lambda encoder, value: ["defaultdict", _pairs(encoder, value)],
    functools.partial: _partial,
}

KINDS: list[tuple[Any, Encode]] = [
    (np.ndarray, _array),
    (np.generic, _generic),
    (pd.Index, _index),
    (pd.Series, _series),
    (pd.DataFrame, _frame),
    (sp.spmatrix | sp.sparray, _sparse),
    (np.random.RandomState, _random_state),
    (MetadataRequest, _requests),
]
