"""Torch modules: the default network, and what stands before a network's first layer."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_deeplifft.networks._gates import FeatureGate, GateSettings, GaussianNoise

__all__ = [
    "FillColumns",
    "Preprocessed",
    "Standardize",
    "on_fewer_columns",
    "relu_mlp",
    "rescale_output",
]


def relu_mlp(
    n_features: int,
    n_outputs: int,
    hidden_layer_sizes: Sequence[int] = (200, 100),
    dropout: float = 0.0,
    noise: float = 0.0,
    gates: GateSettings | None = None,
) -> nn.Sequential:
    """Fully connected ReLU network that returns logits; 200-100 in the DeepLIFFT paper.

    Gates that are parameters of their own come first; tied ones are the norms of the first
    layer's columns, and no layer.
    """
    layers: list[nn.Module] = []
    if gates is not None and not gates.tied:
        layers.append(FeatureGate(gates.columns(), gates.initial))
    width = n_features
    for i, size in enumerate(hidden_layer_sizes):
        layers += [nn.Linear(width, size), nn.ReLU()]
        if noise and i < len(hidden_layer_sizes) - 1:
            layers.append(GaussianNoise(noise))
        if dropout:
            layers.append(nn.Dropout(dropout))
        width = size
    return nn.Sequential(*layers, nn.Linear(width, n_outputs))


class Standardize(nn.Module):
    """``(x - mean) / scale`` in the input's own precision, handed on in the network's."""

    mean: Tensor
    scale: Tensor
    like: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.register_buffer("mean", mean.to(torch.float64))
        self.register_buffer("scale", scale.to(torch.float64))
        # Follows the module through .to() and .double(), unlike an attribute.
        self.register_buffer("like", torch.zeros((), dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        x = x if x.is_floating_point() else x.to(torch.float64)
        return ((x - self.mean.to(x.dtype)) / self.scale.to(x.dtype)).to(self.like.dtype)


class FillColumns(nn.Module):
    """Put some columns back among all ``width``, zeros (their mean) elsewhere."""

    def __init__(self, columns: np.ndarray, width: int) -> None:
        super().__init__()
        self.register_buffer("columns", torch.as_tensor(columns))
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        full = x.new_zeros(len(x), self.width)
        return full.index_copy(1, self.columns, x)  # type: ignore[arg-type]


class Preprocessed(nn.Module):
    """A network with the standardisation of its inputs in front, so that it takes raw rows.

    ``core`` is a module, or a class or function that builds one from ``kwargs``; ``n_features``
    and ``n_outputs`` are passed to it where its signature asks for them. ``column_output`` makes
    an output (n,) a column; ``front`` puts gates before the core.
    """

    def __init__(
        self,
        core: nn.Module | Callable[..., nn.Module],
        *,
        moments: tuple[np.ndarray, np.ndarray] | None,
        n_features: int,
        n_outputs: int,
        column_output: bool = False,
        front: GateSettings | None = None,
        **kwargs,
    ) -> None:
        super().__init__()
        self.column_output = column_output
        self.core = (
            copy.deepcopy(core)
            if isinstance(core, nn.Module)
            else core(**_sizes(core, n_features, n_outputs, kwargs), **kwargs)
        )
        dtype = next((p.dtype for p in self.core.parameters()), torch.float32)
        if front is not None:
            gate = FeatureGate(front.columns(), front.initial).to(dtype)
            self.core = nn.Sequential(gate, self.core)
        mean, scale = moments or (np.zeros(n_features), np.ones(n_features))
        self.standardize = Standardize(torch.as_tensor(mean), torch.as_tensor(scale), dtype)

    def forward(self, x: Tensor) -> Tensor:
        z = self.core(self.standardize(x))
        # Against (n, 1) targets an output (n,) would broadcast to (n, n).
        return z[:, None] if self.column_output and z.ndim == 1 else z


def _sizes(build: Callable, n_features: int, n_outputs: int, given: dict) -> dict[str, int]:
    wanted = inspect.signature(build).parameters
    sizes = {"n_features": n_features, "n_outputs": n_outputs}
    return {name: size for name, size in sizes.items() if name in wanted and name not in given}


def on_fewer_columns(
    core: nn.Module, kept: np.ndarray, *, sliceable: bool, n_features: int
) -> nn.Module:
    """A copy of ``core`` that reads only the columns ``kept`` and behaves as before on them.

    Our own network loses the other columns of its gates and its first weight; any other module is
    fed their mean.
    """
    core = copy.deepcopy(core)
    if sliceable:
        at = 1 if isinstance(core[0], FeatureGate) else 0  # type: ignore[index]
        if at:
            core[0] = core[0].on(kept)  # type: ignore[index,operator]
        first = core[at]  # type: ignore[index]
        first.weight = nn.Parameter(first.weight.detach()[:, kept].clone())
        first.in_features = len(kept)
        return core
    if isinstance(core, nn.Sequential) and len(core) and isinstance(core[0], FillColumns):
        columns = core[0].columns[torch.as_tensor(kept)]  # type: ignore[index]
        return nn.Sequential(FillColumns(columns.numpy(), core[0].width), *list(core)[1:])
    return nn.Sequential(FillColumns(kept, n_features), core)


def rescale_output(core: nn.Module, mean: np.ndarray, scale: np.ndarray) -> None:
    """Fold ``mean + scale * z`` into the last layer, in place: back to the target's units."""
    last = core[-1]  # type: ignore[index]
    with torch.no_grad():
        s = torch.as_tensor(scale, dtype=last.weight.dtype)
        last.weight.mul_(s[:, None])
        last.bias.mul_(s).add_(torch.as_tensor(mean, dtype=last.weight.dtype))
