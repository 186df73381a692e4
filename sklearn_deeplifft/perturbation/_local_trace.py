"""The graph of a sequence network, read off one pass of a few rows.

A function mode sees every torch function that ``forward`` calls, whatever the modules are. What
only moves entries about is done to their positions as well, so that a convolution knows which
columns it reads. A network that does along the sequence what no layer here does has no graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

from sklearn_deeplifft.attribution import (
    MOVES,
    NORMALIZERS,
    evaluating,
    frozen_state,
    neutral_torch,
)
from sklearn_deeplifft.perturbation._local_graph import Cut, Graph, Node
from sklearn_deeplifft.perturbation._local_input import Columns
from sklearn_deeplifft.perturbation._local_layers import Crop
from sklearn_deeplifft.perturbation._local_names import CASTS, INSPECTIONS, SIZED

__all__ = ["Arranged", "Trace", "Untraceable", "graph_of"]

ROWS = 13
"""Rows of the pass: a number that is hardly the size of anything else."""

Function = Callable[..., Any]


class Untraceable(Exception):
    """The network does what no layer here does."""


@dataclass(frozen=True, eq=False)
class Arranged:
    """Values of a sequence, or of the columns (node -1), in some arrangement."""

    node: int
    index: Tensor
    """Which value of the node each entry is, counted through all rows."""

    @property
    def is_vector(self) -> bool:
        return self.index.ndim < 3


@dataclass(frozen=True)
class Later:
    """A value that the head computes."""

    call: int
    item: int | None = None


class _Forbidden:
    """What must not be read: positions of a maximum."""


@dataclass(frozen=True, eq=False)
class _Slot:
    """In the place of a tensor among the arguments of a call."""

    value: Arranged | Later


@dataclass(frozen=True)
class _Vector:
    """In the place of a vector that the head is given."""

    number: int


class _Call(NamedTuple):
    function: Function
    args: Any
    kwargs: dict[str, Any]


class Trace(TorchFunctionMode):
    """Follows the rows of one pass through a network."""

    def __init__(self, X: Tensor, layers: dict[Function, Function]) -> None:
        super().__init__()
        self.layers = layers
        self.nodes: list[Node] = []
        self.shapes: list[torch.Size] = []
        self.calls: list[_Call] = []
        self.d = X.shape[1]
        self._known: dict[int, Any] = {}
        self._kept: list[Tensor] = []  # so that no other tensor gets the same id
        self._columns: dict[bytes, int] = {}
        self._remember(X, Arranged(-1, torch.arange(X.numel()).view(X.shape)))

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
        known = [self._known[id(t)] for t in tensors if id(t) in self._known]
        if any(isinstance(value, _Forbidden) for value in known):
            raise Untraceable("positions of a maximum are read")
        if known and func in CASTS:  # one precision for all, whatever forward asks for
            return args[0]
        out = func(*args, **kwargs)
        if known and func not in INSPECTIONS:
            self._remember(out, self._followed(func, args, kwargs, out))
        return out

    def _followed(self, func: Function, args: Any, kwargs: Any, out: Any) -> Any:
        if not all(isinstance(t, Tensor) for t in tree_flatten(out)[0]):
            raise Untraceable(f"{func} makes a number of values")
        args, kwargs = tree_map(self._slotted, (args, kwargs))
        given = [s.value for s in _slots((args, kwargs))]
        if any(isinstance(value, Later) for value in given):
            return self._call(func, args, kwargs)
        if func in MOVES:
            return self._moved(func, args, kwargs, given)
        if all(value.is_vector for value in given if isinstance(value, Arranged)):
            return self._call(func, args, kwargs)
        layer = self.layers.get(func)
        if layer is None:
            raise Untraceable(f"{func} is no layer along a sequence")
        return layer(self, out, *tree_map(_unslotted, args), **tree_map(_unslotted, kwargs))

    def _moved(self, func: Function, args: Any, kwargs: Any, given: Sequence[Any]) -> Any:
        if len(given) != 1 or not isinstance(args[0], _Slot):
            raise Untraceable(f"{func} moves entries of several tensors")
        (one,) = given
        out = func(one.index.clone(), *args[1:], **kwargs)
        return tree_map(lambda index: Arranged(one.node, index), out)

    def _call(self, func: Function, args: Any, kwargs: Any) -> Later:
        for slot in _slots((args, kwargs)):
            if isinstance(slot.value, Arranged) and not slot.value.is_vector:
                raise Untraceable("the head reads a sequence")
        self.calls.append(_Call(func, args, kwargs))
        return Later(len(self.calls) - 1)

    def _remember(self, out: Any, value: Any) -> None:
        if isinstance(out, Tensor):
            self._known[id(out)] = value
            self._kept.append(out)
            return
        for i, part in enumerate(out):
            if isinstance(value, Later):
                self._remember(part, Later(value.call, i))
            elif isinstance(value, tuple | list):
                self._remember(part, value[i])
            else:
                self._remember(part, _Forbidden() if i else value)

    def _slotted(self, value: Any) -> Any:
        known = isinstance(value, Tensor) and id(value) in self._known
        return _Slot(self._known[id(value)]) if known else value

    def add(self, layer: Any, sources: Sequence[int], out: Tensor) -> Arranged:
        """Add a node whose outputs for the rows of the pass are ``out`` (n, C, L)."""
        if out.ndim != 3:
            raise Untraceable("a layer along a sequence gives no sequence")
        self.nodes.append(Node(layer, tuple(sources)))
        self.shapes.append(out.shape[1:])
        return Arranged(len(self.nodes) - 1, torch.arange(out.numel()).view(out.shape))

    def sequence(self, value: Any) -> int:
        """The node of a sequence (n, C, L): one that there is, a part of one, or of columns."""
        if not isinstance(value, Arranged) or value.index.ndim != 3:
            raise Untraceable("a layer along a sequence reads something else")
        index = _of_one_row(value.index, self._size(value.node))
        if value.node < 0:
            return self._read_columns(index)
        C, L = self.shapes[value.node]
        first = int(index[0, 0])
        every = torch.arange(C * L).view(C, L)
        if torch.equal(index, every):
            return value.node
        stop = first + index.shape[1]
        if first < L and torch.equal(index, every[:, first:stop]):
            out = torch.empty(ROWS, *index.shape)
            return self.add(Crop(first, stop), [value.node], out).node
        raise Untraceable("positions or channels of a hidden sequence are moved about")

    def _size(self, node: int) -> int:
        return self.d if node < 0 else self.shapes[node].numel()

    def _read_columns(self, index: Tensor) -> int:
        key = index.numpy().tobytes() + bytes(str(tuple(index.shape)), "ascii")
        if key not in self._columns:
            flat = index.flatten().tolist()
            if len(set(flat)) < len(flat):
                raise Untraceable("a column is read at two places")
            place = {column: divmod(i, index.shape[1]) for i, column in enumerate(flat)}
            ordered = index.T.flatten()
            in_order = torch.equal(ordered, torch.arange(self.d))
            layer = Columns(index, place, None if in_order else ordered)
            self._columns[key] = self.add(layer, [], torch.empty(ROWS, *index.shape)).node
        return self._columns[key]

    def graph(self, out: Any) -> Graph:
        """The graph whose output is ``out``."""
        if id(out) not in self._known:
            raise Untraceable("the output does not depend on the columns")
        last = _Slot(self._known[id(out)])
        if isinstance(last.value, _Forbidden):
            raise Untraceable("the output is a position")
        slots = [*_slots([(c.args, c.kwargs) for c in self.calls]), last]
        vectors = [s.value for s in slots if isinstance(s.value, Arranged)]
        if not all(v.is_vector and v.node >= 0 for v in vectors):
            raise Untraceable("the head reads columns")
        cuts: list[Cut] = []
        keys: dict[int, int] = {}
        for v in vectors:
            if id(v) in keys:
                continue
            keys[id(v)] = len(cuts)
            index = _of_one_row(v.index, self._size(v.node))
            whole = torch.equal(index, torch.arange(self._size(v.node)))
            cuts.append(Cut(v.node, None if whole else index))
        calls = list(self.calls)
        for i, call in enumerate(calls):
            dense = _dense(call)
            if dense is None or sum(v is dense.value for v in vectors) > 1:
                continue
            at = keys[id(dense.value)]
            cuts[at] = cuts[at]._replace(weight=dense.weight, bias=dense.bias)
            calls[i] = _Call(_unchanged, (_Slot(dense.value),), {})
        return Graph(tuple(self.nodes), tuple(cuts), _Head(calls, last, keys))


@dataclass(frozen=True, eq=False)
class _Dense:
    value: Arranged
    weight: Tensor
    bias: Tensor | None


def _dense(call: _Call) -> _Dense | None:
    """``F.linear`` of a vector that a sequence became."""
    if call.function is not F.linear or not isinstance(call.args[0], _Slot):
        return None
    value, (weight, bias) = call.args[0].value, (*call.args[1:], None)[:2]
    if not isinstance(value, Arranged) or not isinstance(weight, Tensor) or call.kwargs:
        return None
    return _Dense(value, weight, bias)


def _unchanged(value: Tensor) -> Tensor:
    return value


class _Head:
    """What lies above the vectors, call after call."""

    def __init__(self, calls: Sequence[_Call], last: _Slot, keys: dict[int, int]) -> None:
        self.calls = [
            _Call(call.function, *tree_map(self._numbered(keys), (call.args, call.kwargs)))
            for call in calls
        ]
        self.last = self._numbered(keys)(last)
        self.normalizes = any(call.function in NORMALIZERS for call in calls)

    @staticmethod
    def _numbered(keys: dict[int, int]) -> Function:
        """Slots of vectors hold their numbers, and the rest stays as it is."""

        def numbered(value: Any) -> Any:
            at_vector = isinstance(value, _Slot) and isinstance(value.value, Arranged)
            return _Vector(keys[id(value.value)]) if at_vector else value

        return numbered

    def __call__(self, vectors: Sequence[Tensor]) -> Any:
        found: list[Any] = []

        def given(value: Any) -> Any:
            if isinstance(value, _Vector):
                return vectors[value.number]
            if isinstance(value, _Slot) and isinstance(value.value, Later):
                out, item = found[value.value.call], value.value.item
                return out if item is None else out[item]
            # Trees are walked through only where there is one: that takes longer than a call.
            return tree_map(given, value) if isinstance(value, tuple | list | dict) else value

        n = len(vectors[0])
        for function, args, kwargs in self.calls:
            args = [given(value) for value in args]
            if function in SIZED:  # a size that was the number of rows of the pass
                args = tree_map(lambda v: n if type(v) is int and v == ROWS else v, args)
            found.append(function(*args, **{name: given(v) for name, v in kwargs.items()}))
        return given(self.last)


def graph_of(
    module: nn.Module, X: Tensor, dtype: torch.dtype, layers: dict[Function, Function]
) -> Graph | None:
    """The graph of ``module``, or None where it has none; ``X`` (n, d) are rows to try.

    The module is left as it is; its tensors are copied.
    """
    rows = X[torch.arange(ROWS) % len(X)].to(dtype)
    trace = Trace(rows, layers)
    state = frozen_state(module, dtype)
    try:
        with neutral_torch(), torch.no_grad(), evaluating(module), trace:
            out = torch.func.functional_call(module, state, (rows,))
        return trace.graph(out)
    # Whatever a network of the user says to rows in another precision, or to a mode that watches
    # it: it is then run as it is, and says so there.
    except (Untraceable, RuntimeError, TypeError, ValueError, NotImplementedError, IndexError):
        return None


def _of_one_row(index: Tensor, size: int) -> Tensor:
    """Positions within one row; the others must read the same of their own."""
    steps = torch.arange(len(index)).view(-1, *(1 for _ in index.shape[1:])) * size
    if len(index) != ROWS or not torch.equal(index, index[:1] + steps):
        raise Untraceable("rows are moved about")
    return index[0]


def _slots(tree: Any) -> list[_Slot]:
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, _Slot)]


def _unslotted(value: Any) -> Any:
    return value.value if isinstance(value, _Slot) else value
