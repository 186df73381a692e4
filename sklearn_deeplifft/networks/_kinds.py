"""The one place where the kind of a network is decided."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import Any

import skorch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from sklearn_deeplifft.networks._adapter import NetworkAdapter
from sklearn_deeplifft.networks._perceptron_adapter import PerceptronAdapter
from sklearn_deeplifft.networks._torch_adapters import (
    DefaultAdapter,
    ModuleAdapter,
    SkorchAdapter,
)

__all__ = ["adapter_of", "is_network"]


def adapter_of(network: Any) -> NetworkAdapter:
    """Return the adapter of a network, or raise ``TypeError`` with the kinds there are."""
    adapter = _adapter_class(network)
    if adapter is None:
        raise TypeError(
            f"estimator={network!r} is not a network; pass None, a skorch net, a torch module "
            "class or instance, a function that builds one, or scikit-learn's MLPClassifier or "
            "MLPRegressor."
        )
    return adapter(network)


def is_network(estimator: Any) -> bool:
    """Tell whether ``estimator``, which may be anything, is a network to read."""
    adapter = _adapter_class(estimator)
    return adapter is not None and adapter(estimator).readable


def _adapter_class(network: Any) -> type[NetworkAdapter] | None:
    if network is None:
        return DefaultAdapter
    if isinstance(network, skorch.NeuralNet):
        return SkorchAdapter
    if isinstance(network, MLPClassifier | MLPRegressor):
        return PerceptronAdapter
    of_modules = isinstance(network, type) and issubclass(network, nn.Module)
    builds = of_modules or isinstance(network, FunctionType | partial)
    return ModuleAdapter if builds or isinstance(network, nn.Module) else None
