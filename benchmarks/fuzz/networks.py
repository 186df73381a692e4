"""Networks that a user may bring, sound ones and others."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import skorch
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import Tensor, nn

__all__ = ["NETWORKS", "prefit_networks"]


class Sized(nn.Module):
    """Sizes are asked for."""

    def __init__(self, n_features: int, n_outputs: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(n_features, 4), nn.ReLU(), nn.Linear(4, n_outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Answers(Sized):
    """A sound network, whose answer is then spoilt."""

    def __init__(self, n_features: int, n_outputs: int, spoil: Callable[[Tensor], Any]) -> None:
        super().__init__(n_features, n_outputs)
        self.spoil = spoil

    def forward(self, x: Tensor) -> Any:
        return self.spoil(self.inner(x))


SPOILT: dict[str, Callable[[Tensor], Any]] = {
    "ints": lambda z: z.int(),
    "long ints": lambda z: z.argmax(1, keepdim=True),
    "booleans": lambda z: z > 0,
    "complex": lambda z: z.to(torch.complex64),
    "too few rows": lambda z: z[:1],
    "no rows": lambda z: z[:0],
    "no columns": lambda z: z[:, :0],
    "NaN": lambda z: z * torch.nan,
    "infinity": lambda z: z / 0,
    "a tuple": lambda z: (z, z),
    "nothing": lambda z: None,
    "a number": lambda z: z.sum(),
    "a flat tensor": lambda z: z.reshape(-1),
    "three axes": lambda z: z[None],
    "numpy": lambda z: z.detach().numpy(),
    "detached": lambda z: z.detach(),
    "half": lambda z: z.half(),
}


def _seeded(make: Callable[[], Any]) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def _frozen(d: int, k: int) -> nn.Module:
    return Sized(d, k).requires_grad_(False)


def _skorch(kind: Any, d: int, k: int, **settings: Any) -> Any:
    return kind(Sized, module__n_features=d, module__n_outputs=k, max_epochs=1, **settings)


def _filled(d: int, k: int, value: float) -> nn.Module:
    module = Sized(d, k)
    with torch.no_grad():
        module.inner[0].weight[0, 0] = value
    return module


def _mlp_of_failed_fit(d: int, k: int) -> Any:
    mlp = MLPClassifier((3,), max_iter=1)
    with contextlib.suppress(ValueError):
        mlp.fit(np.full((4, d), np.nan), [0, 1, 0, 1])
    return mlp


NETWORKS: dict[str, Callable[[int, int], Any]] = {
    "module class": lambda d, k: Sized,
    "module": lambda d, k: Sized(d, k),
    "one logit": lambda d, k: Sized(d, 1),
    "module of other sizes": lambda d, k: Sized(d + 1, k + 1),
    "double module": lambda d, k: Sized(d, k).double(),
    "half module": lambda d, k: Sized(d, k).half(),
    "meta module": lambda d, k: Sized(d, k).to("meta"),
    "frozen module": _frozen,
    "nn.Linear": lambda d, k: nn.Linear,
    "nn.Module": lambda d, k: nn.Module,
    "nn.ReLU()": lambda d, k: nn.ReLU(),
    "a linear module": lambda d, k: nn.Linear(d, k),
    "softmax last": lambda d, k: nn.Sequential(Sized(d, k), nn.Softmax(1)),
    "tanh": lambda d, k: nn.Sequential(nn.Linear(d, 3), nn.Tanh(), nn.Linear(3, k)),
    "batch norm": lambda d, k: nn.Sequential(nn.BatchNorm1d(d), nn.Linear(d, k)),
    "dropout": lambda d, k: nn.Sequential(nn.Dropout(0.5), nn.Linear(d, k)),
    "embedding": lambda d, k: nn.Sequential(nn.Embedding(3, 2), nn.Flatten()),
    "lazy": lambda d, k: nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(k)),
    "NaN weight": lambda d, k: _filled(d, k, np.nan),
    "infinite weight": lambda d, k: _filled(d, k, np.inf),
    "huge weight": lambda d, k: _filled(d, k, 1e38),
    "skorch classifier": lambda d, k: _skorch(skorch.NeuralNetClassifier, d, max(k, 2)),
    "skorch binary": lambda d, k: _skorch(skorch.NeuralNetBinaryClassifier, d, 1),
    "skorch regressor": lambda d, k: _skorch(skorch.NeuralNetRegressor, d, k),
    "skorch net": lambda d, k: _skorch(skorch.NeuralNet, d, k, criterion=nn.CrossEntropyLoss),
    "skorch of nothing": lambda d, k: skorch.NeuralNetClassifier(None),
    "MLPClassifier": lambda d, k: MLPClassifier((3,), max_iter=2),
    "MLPRegressor": lambda d, k: MLPRegressor(hidden_layer_sizes=(3,), max_iter=2),
    "tanh MLPClassifier": lambda d, k: MLPClassifier((3,), activation="tanh", max_iter=2),
    "MLP of a failed fit": _mlp_of_failed_fit,
    "a word": lambda d, k: "network",
    "a number": lambda d, k: 3,
    "a list": lambda d, k: [nn.Linear(d, k)],
    "a function": lambda d, k: lambda x: x,
    **{f"returns {name}": lambda d, k, f=f: Answers(d, k, f) for name, f in SPOILT.items()},
}
"""Makers by numbers of columns and of outputs."""


def prefit_networks(X: np.ndarray, y: Any) -> dict[str, Callable[[int, int], Any]]:
    """Makers of networks that are fitted already, on (n, d) values and a target."""

    def fitted(net: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return net.fit(X.astype(np.float32), np.arange(len(X)) % 2)

    return {
        **NETWORKS,
        "fitted MLPClassifier": lambda d, k: fitted(MLPClassifier((3,), max_iter=2)),
        "fitted MLPRegressor": lambda d, k: fitted(
            MLPRegressor(hidden_layer_sizes=(3,), max_iter=2)
        ),
        "fitted skorch classifier": lambda d, k: fitted(
            _skorch(skorch.NeuralNetClassifier, d, 2, verbose=0, train_split=None)
        ),
        "fitted ensemble": lambda d, k: None,
    }
