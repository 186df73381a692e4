"""Submodules run by themselves, to name the one that a network is refused for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from sklearn_deeplifft.attribution._linear_form import NetworkReader
from sklearn_deeplifft.attribution._module_state import (
    evaluating,
    frozen_state,
)
from sklearn_deeplifft.attribution._precision import OnePrecision

__all__ = ["Call", "innermost", "named", "recorded_calls"]

Function = Callable[[Tensor], Tensor]


class Call(NamedTuple):
    """A submodule, and the arguments it was called with."""

    name: str
    module: nn.Module
    inputs: Any
    """Positional and keyword arguments."""

    def alone(self) -> tuple[Function, Tensor]:
        """The submodule as a function of one vector, all its floating inputs, and that vector."""
        leaves, spec = tree_flatten(self.inputs)
        at = [i for i, leaf in enumerate(leaves) if _is_floating(leaf)]
        sizes = [leaves[i].numel() for i in at]
        state = frozen_state(self.module, torch.float64)

        def function(x: Tensor) -> Tensor:
            given = list(leaves)
            for i, part in zip(at, x.split(sizes), strict=True):
                given[i] = part.view(leaves[i].shape).clone()
            args, kwargs = tree_unflatten(given, spec)
            with evaluating(self.module), OnePrecision(torch.float64):
                out = torch.func.functional_call(self.module, state, args, kwargs)
            found = [leaf.flatten() for leaf in tree_flatten(out)[0] if _is_floating(leaf)]
            return torch.cat(found) if found else x.new_zeros(0)

        return function, torch.cat([leaves[i].flatten() for i in at]).double()


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def recorded_calls(reader: NetworkReader, X: Tensor) -> list[Call]:
    """Record the last call of each submodule in a pass over ``X``.

    Left out: what lies below the layer read (its input needs no gradient), and a final normaliser
    that is not decomposed.
    """
    with _listening(reader) as (calls, outputs), torch.enable_grad():
        x, f = reader.above(X)
        calls.clear()
        f(x.requires_grad_())
        dropped = {id(tensor) for tensor in reader.dropped or ()}
        return [call for name, call in calls.items() if id(outputs[name]) not in dropped]


@contextmanager
def _listening(reader: NetworkReader) -> Iterator[tuple[dict[str, Call], dict[str, Any]]]:
    calls: dict[str, Call] = {}
    outputs: dict[str, Any] = {}

    def recorder(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            outputs[name] = output
            leaves, spec = tree_flatten((args, kwargs))
            if any(_is_floating(leaf) and leaf.requires_grad for leaf in leaves):
                kept = [x.detach().clone() if isinstance(x, Tensor) else x for x in leaves]
                calls[name] = Call(name, module, tree_unflatten(kept, spec))

        return hook

    with ExitStack() as stack:
        for name, child in reader.module.named_modules():
            if name:
                handle = child.register_forward_hook(recorder(name), with_kwargs=True)
                stack.callback(handle.remove)
        reader.dropped = []
        stack.callback(setattr, reader, "dropped", None)
        yield calls, outputs


def innermost(calls: list[Call], guilty: Callable[[Call], bool]) -> Iterator[Call]:
    """Calls that are guilty by themselves and hold no other that is."""
    found: list[str] = []
    for call in sorted(calls, key=lambda call: -call.name.count(".")):
        if not any(inner.startswith(f"{call.name}.") for inner in found) and guilty(call):
            found.append(call.name)
            yield call


def named(name: str, module: nn.Module) -> str:
    """A submodule for a message: its name and its class."""
    return f"{name!r} ({type(module).__name__})"
