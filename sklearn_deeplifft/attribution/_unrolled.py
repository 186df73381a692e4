"""A user's module as the plain sequence of layers that it is, where it is one.

``forward`` is traced, not run: every layer it calls, and every function that is a layer by another
name, has to take what the one before it returns and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

__all__ = ["unrolled"]

Replace = Callable[[Any], nn.Module]
"""A module of some type to one that chains know."""


def unrolled(module: nn.Module, known: Mapping[type[nn.Module], Replace]) -> nn.Sequential | None:
    """Return the layers in the order in which they run; None where forward is no plain sequence.

    ``known`` says which layers of torch stand for modules of other types. The module is not
    touched: what is traced is a copy of it.
    """
    module = copy.deepcopy(module).eval()
    inner = [part for part in module.modules() if any(True for _ in part.children())]
    if any(part._forward_hooks or part._forward_pre_hooks for part in inner):
        return None
    try:
        layers = _in_line(_Tracer(known).trace(module), module)
    except Exception:  # whatever forward does with what is no tensor
        return None
    replaced = [known[type(one)](one) if type(one) in known else one for one in layers]
    return nn.Sequential(*replaced)


class _Tracer(fx.Tracer):
    """Looks into every module but torch's own layers and those that are known."""

    def __init__(self, known: Mapping[type[nn.Module], Replace]) -> None:
        super().__init__()
        self.known = known

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in self.known or super().is_leaf_module(m, module_qualified_name)


class _NotInLine(Exception):
    """Something else than a sequence of layers."""


def _in_line(graph: fx.Graph, module: nn.Module) -> list[nn.Module]:
    first, *nodes = graph.nodes
    layers: list[nn.Module] = []
    before = first
    for node in nodes:
        if node.all_input_nodes != [before] or (node.args and node.args[0] is not before):
            raise _NotInLine
        if node.op == "call_module":
            layers.append(module.get_submodule(str(node.target)))
        elif node.op in ("call_function", "call_method"):
            layers.append(LAYERS[node.target](*node.args[1:], **node.kwargs))
        before = node
    return layers


def _relu(inplace: bool = False) -> nn.Module:
    return nn.ReLU()


def _leaky_relu(negative_slope: float = 0.01, inplace: bool = False) -> nn.Module:
    return nn.LeakyReLU(negative_slope)


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> nn.Module:
    return nn.Hardtanh(min_val, max_val)


def _dropout(p: float = 0.5, training: bool = True, inplace: bool = False) -> nn.Module:
    if training:  # always: nobody passed self.training
        raise _NotInLine
    return nn.Identity()


def _same(*args: Any, **kwargs: Any) -> nn.Module:
    return nn.Identity()


LAYERS: dict[Any, Callable[..., nn.Module]] = {
    F.relu: _relu,
    torch.relu: _relu,
    "relu": _relu,
    F.leaky_relu: _leaky_relu,
    F.relu6: lambda inplace=False: nn.ReLU6(),
    F.hardtanh: _hardtanh,
    F.dropout: _dropout,
    torch.flatten: nn.Flatten,
    "flatten": nn.Flatten,
    # Of one output (n, 1); whoever takes the sequence for the module compares the two.
    torch.squeeze: _same,
    "squeeze": _same,
    "float": _same,
    "double": _same,
    # Normalisers, which chains leave out where they come last.
    torch.softmax: nn.Softmax,
    F.softmax: nn.Softmax,
    "softmax": nn.Softmax,
    torch.log_softmax: nn.LogSoftmax,
    F.log_softmax: nn.LogSoftmax,
    "log_softmax": nn.LogSoftmax,
    torch.sigmoid: nn.Sigmoid,
    "sigmoid": nn.Sigmoid,
}
"""Functions and methods that are layers by another name."""
