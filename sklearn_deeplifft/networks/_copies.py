"""Copies of networks that torch and scikit-learn cannot copy themselves."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import skorch
from sklearn.base import BaseEstimator, clone
from torch import Tensor, nn

__all__ = ["clone_around", "clone_holder", "clone_network", "copied", "copied_chain"]

Holder = TypeVar("Holder", bound=BaseEstimator)


def copied(module: nn.Module) -> nn.Module:
    """Return a deep copy that shares nothing with ``module``.

    ``torch.nn.utils.weight_norm`` and its like leave a computed weight in the layer, still tied to
    the graph, and ``copy.deepcopy`` refuses such a tensor. The layer computes it anew in every
    forward pass, so its value alone is copied.
    """
    memo: dict[int, object] = {}
    for part in module.modules():
        for value in vars(part).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(module, memo)


def copied_chain(core: nn.Sequential) -> nn.Sequential:
    """A deep copy of layers of ours, which hold nothing but numbers and tensors.

    ``copy.deepcopy`` takes twice as long, and each round of elimination copies every network.
    """
    twin = nn.Sequential(*(_copied_layer(layer) for layer in core))
    twin.training = core.training
    return twin


def _copied_layer(layer: nn.Module) -> nn.Module:
    twin = copy.copy(layer)
    own = vars(twin)
    own.update({name: held.copy() for name, held in own.items() if isinstance(held, dict)})
    for name, p in layer._parameters.items():
        if p is not None:
            twin._parameters[name] = nn.Parameter(p.detach().clone(), p.requires_grad)
    for name, buffer in layer._buffers.items():
        twin._buffers[name] = None if buffer is None else buffer.clone()
    return twin


def clone_network(network: Any) -> Any:
    """``sklearn.clone`` for a network of any kind, also of modules that torch does not copy."""
    if isinstance(network, nn.Module):
        return copied(network)
    if isinstance(network, skorch.NeuralNet):
        return clone_around(network, clone_network(network.module))
    return clone(network, safe=False)


def clone_around(net: skorch.NeuralNet, module: Any) -> skorch.NeuralNet:
    """An unfitted copy of a net around this module; its own stays where it is."""
    params = net.get_params(deep=False)
    settings = {
        name: clone(value, safe=False)
        for name, value in params.items()
        if name not in ("module", "_params_to_validate")
    }
    return type(net)(**settings, module=module)


def clone_holder(holder: Holder, name: str) -> Holder:
    """``sklearn.clone`` of an estimator whose parameter ``name`` may be a network.

    The network is cloned apart from the rest: sklearn copies deeply, and torch refuses to copy a
    module whose weight norm is of the older form.
    """
    plain = copy.copy(holder)
    setattr(plain, name, None)
    twin: Holder = BaseEstimator.__sklearn_clone__(plain)
    setattr(twin, name, clone_network(getattr(holder, name)))
    return twin
