"""Torch modules: the default network, and what stands before a network's first layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_deeplifft.networks._copies import copied, copied_chain
from sklearn_deeplifft.networks._fill_columns import FillColumns, FillLetters
from sklearn_deeplifft.networks._gates import FeatureGate, GateSettings, GaussianNoise
from sklearn_deeplifft.networks._one_hot import OneHotNetwork
from sklearn_deeplifft.tables import Scaling

__all__ = [
    "FillColumns",
    "Front",
    "Preprocessed",
    "Standardize",
    "behind_fronts",
    "on_fewer_columns",
    "relu_mlp",
    "rescale_output",
    "sizes_to_pass",
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
    """``(g(x) - mean) / scale`` in the input's own precision, handed on in the network's.

    g is x, or where ``sign`` is not 0 the logarithmic scale of `sklearn_deeplifft.tables.Scaling`.
    """

    mean: Tensor
    scale: Tensor
    sign: Tensor
    knot: Tensor
    width: Tensor
    like: Tensor

    def __init__(
        self,
        mean: Tensor,
        scale: Tensor,
        dtype: torch.dtype = torch.float32,
        bend: tuple[Tensor, Tensor, Tensor] | None = None,
    ) -> None:
        super().__init__()
        # Buffers follow the module through .to() and .double(), unlike attributes. They are kept
        # out of its state, so that a network saved without its standardisation can load it.
        bend = bend or (torch.zeros_like(mean), torch.zeros_like(mean), torch.ones_like(mean))
        parts = zip(("mean", "scale", "sign", "knot", "width"), (mean, scale, *bend), strict=True)
        for name, part in parts:
            self.register_buffer(name, part.to(torch.float64), persistent=False)
        self.register_buffer("like", torch.zeros((), dtype=dtype), persistent=False)
        self.straight = not bool(self.sign.any())

    @classmethod
    def of(cls, moments: Scaling, dtype: torch.dtype = torch.float32) -> Standardize:
        """The same as a module."""
        mean, scale, sign, knot, width = (torch.as_tensor(part) for part in moments)
        return cls(mean, scale, dtype, (sign, knot, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.exact(x).to(self.like.dtype)

    def exact(self, x: Tensor) -> Tensor:
        """The same, not rounded to the network's precision."""
        x = x if x.is_floating_point() else x.to(torch.float64)
        g = x if self.straight else self._bent(x, slice(None))
        return (g - self.mean.to(x.dtype)) / self.scale.to(x.dtype)

    def steps(self, change: Tensor, old: Callable[[], Tensor], columns: Tensor) -> Tensor:
        """How far columns (m,) move in the network's inputs where raw values change, (r, m).

        ``old()`` gives the values that change, (r, m), where they are needed.
        """
        if not self.straight and bool(self.sign[columns].any()):
            before = old()
            after = before + change
            change = torch.where(
                self.sign[columns] == 0,
                change,
                self._bent(after, columns) - self._bent(before, columns),
            )
        return change / self.scale[columns]

    def raw(self, inputs: Tensor) -> Tensor:
        """The rows whose inputs these are: the inverse of `exact`."""
        g = inputs * self.scale.to(inputs.dtype) + self.mean.to(inputs.dtype)
        if self.straight:
            return g
        sign, knot, width = (part.to(g.dtype) for part in (self.sign, self.knot, self.width))
        t = sign * g / width
        return torch.where(sign == 0, g, knot + sign * width * torch.where(t > 0, t.expm1(), t))

    def _bent(self, x: Tensor, columns: Tensor | slice) -> Tensor:
        bend = (self.sign, self.knot, self.width)
        sign, knot, width = (part[columns].to(x.dtype) for part in bend)
        at = sign.nonzero()[:, 0]
        if 2 * len(at) > len(sign):
            return torch.where(sign == 0, x, _logarithms(x, sign, knot, width))
        # Few columns are, of a table of words. Logarithms of every cell would take longer than to
        # read a network on them.
        return x.index_copy(-1, at, _logarithms(x[..., at], sign[at], knot[at], width[at]))


def _logarithms(x: Tensor, sign: Tensor, knot: Tensor, width: Tensor) -> Tensor:
    t = sign * (x - knot) / width
    return sign * width * torch.where(t > 0, t.log1p(), t)


class Front(nn.Sequential):
    """Something of ours before a network, which is the last of the two."""


class Preprocessed(nn.Module):
    """A network with the standardisation of its inputs in front, so that it takes raw rows.

    ``core`` is a module, or a class or function that builds one from ``kwargs``; ``n_features``
    and ``n_outputs`` are passed to it where its signature asks for them. ``column_output`` makes
    an output (n,) a column; ``front`` puts gates before the core.

    To the outside it has the names and attributes of the user's module: skorch's
    ``optimizer__param_groups``, ``Freezer``, ``Initializer`` and checkpoints go by the names of
    parameters, and callbacks by attributes. Names with a prefix would match none of the user's
    patterns, and nothing would say so. Hooks on the user's own module would need no wrapper, but a
    network is read without its standardisation, and gates registered as a child of an
    ``nn.Sequential`` would run as its last layer. Torch's own wrappers of submodules
    (``ActivationWrapper``) rename in the same way.
    """

    core: nn.Module
    standardize: Standardize

    def __init__(
        self,
        core: nn.Module | Callable[..., nn.Module],
        *,
        moments: Scaling | None,
        n_features: int,
        n_outputs: int,
        column_output: bool = False,
        front: GateSettings | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        network = (
            copied(core)
            if isinstance(core, nn.Module)
            else core(**sizes_to_pass(core, n_features, n_outputs, kwargs), **kwargs)
        )
        dtype = next((p.dtype for p in network.parameters()), torch.float32)
        if front is not None and not _has_gates(network):
            gate = FeatureGate(front.columns(), front.initial).to(dtype)
            network = Front(gate, network)
        self.column_output = column_output
        self.standardize = Standardize.of(moments or Scaling.none(n_features), dtype)
        self.core = network  # last: from here on attributes that are set are the user's

    def forward(self, x: Tensor) -> Tensor:
        z: Tensor = self.core(self.standardize(x))
        # Against (n, 1) targets an output (n,) would broadcast to (n, n).
        return z[:, None] if self.column_output and z.ndim == 1 else z

    @property
    def users_module(self) -> nn.Module:
        """The network without anything before it."""
        return behind_fronts(self.core)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters under the names that they have in the user's module."""
        shown, start = self._shown_names(), f"{prefix}." if prefix else ""
        for name, p in super().named_parameters("", recurse, remove_duplicate):
            yield start + _renamed(name, shown), p

    def state_dict(  # type: ignore[override]  # torch's overloads, in one
        self, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """The state under the names of the user's module, which can load it."""
        state: dict[str, Any] = super().state_dict(*args, **kwargs)
        prefix = kwargs.get("prefix", "")
        shown = {prefix + inner: prefix + outer for inner, outer in self._shown_names().items()}
        for name in [name for name in state if name.startswith(prefix)]:
            state[_renamed(name, shown)] = state.pop(name)
        return state

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # Torch hands the children what begins with their names after this returns.
        inner = {prefix + outer: prefix + inner for inner, outer in self._shown_names().items()}
        # The empty name, of the user's module itself, begins every other: it comes last.
        inner = dict(sorted(inner.items(), key=lambda pair: -len(pair[0])))
        for name in [name for name in state_dict if name.startswith(prefix)]:
            state_dict[_renamed(name, inner)] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _shown_names(self) -> dict[str, str]:
        """Prefixes of names inside, and outside."""
        user = self.users_module
        taken = {name.partition(".")[0] for name, _ in user.named_parameters()}
        taken |= {name for name, _ in user.named_children()}
        shown, at, module = {}, "core.", self.core
        while isinstance(module, Front):
            own = "gate" if isinstance(module[0], FeatureGate) else "columns"
            while own in taken:
                own += "_"
            taken.add(own)
            shown[f"{at}0."] = f"{own}."
            at, module = f"{at}1.", module[-1]
        return {**shown, at: ""}

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            # Not while it is unpickled, and no protocol of Python's, such as __deepcopy__.
            if name.startswith("__") or "core" not in self.__dict__.get("_modules", ()):
                raise
        return getattr(self.users_module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        ours = name.startswith("_") or name in own or name in own.get("_modules", ())
        if ours or "core" not in own.get("_modules", ()):
            super().__setattr__(name, value)
        else:  # as a callback that anneals something does: net.module_.temperature = 0.5
            setattr(self.users_module, name, value)


def behind_fronts(network: nn.Module) -> nn.Module:
    """A network without what of ours stands before it."""
    while isinstance(network, Front):
        network = network[-1]
    return network


def letters_of(network: nn.Module) -> int | None:
    """Letters K of the positions that a network of sequences reads; None for any other."""
    core = behind_fronts(network.core if isinstance(network, Preprocessed) else network)
    return core.n_letters if isinstance(core, OneHotNetwork) else None


def _has_gates(network: nn.Module) -> bool:
    """Tell whether a network to go on from brings the gates that it was trained with."""
    return isinstance(network, Front) and isinstance(network[0], FeatureGate)


def _renamed(name: str, prefixes: Mapping[str, str]) -> str:
    for old, new in prefixes.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def sizes_to_pass(
    build: Callable[..., Any], n_features: int, n_outputs: int, given: Mapping[str, Any]
) -> dict[str, int]:
    """The sizes that a constructor asks for and that nobody has given it."""
    bound: set[str] = set(given)
    wanted = set(inspect.signature(build).parameters)
    while isinstance(build, partial):
        bound |= build.keywords.keys()
        build = build.func
    sizes = {"n_features": n_features, "n_outputs": n_outputs}
    return {name: size for name, size in sizes.items() if name in wanted - bound}


def on_fewer_columns(
    core: nn.Module, kept: np.ndarray, *, sliceable: bool, n_features: int
) -> nn.Module:
    """A copy of ``core`` that reads only the columns ``kept`` and behaves as before on them.

    Our own network loses the other columns of its gates and its first weight; one of sequences is
    fed letters that stand for none, and any other module the mean.
    """
    if sliceable:
        assert isinstance(core, nn.Sequential)  # networks of ours are
        core = copied_chain(core)
        if isinstance(core[0], FeatureGate):
            core[0] = core[0].on(kept)
        first = next(layer for layer in core if isinstance(layer, nn.Linear))
        first.weight = nn.Parameter(first.weight.detach()[:, kept].clone())
        first.in_features = len(kept)
        return core
    core = copied(core)
    if isinstance(core, Front) and isinstance(core[0], FeatureGate):
        behind = on_fewer_columns(core[1], kept, sliceable=False, n_features=n_features)
        return Front(core[0].on(kept), behind)
    if isinstance(core, Front) and isinstance(core[0], FillColumns):
        return Front(core[0].on(kept), core[1])
    if isinstance(core, OneHotNetwork):
        return Front(FillLetters(kept, n_features, core.n_letters), core)
    return Front(FillColumns(kept, n_features), core)


def rescale_output(core: nn.Module, mean: np.ndarray, scale: np.ndarray) -> None:
    """Fold ``mean + scale * z`` into the last layer, in place: back to the target's units."""
    last = core[-1]  # type: ignore[index]
    with torch.no_grad():
        s = torch.as_tensor(scale, dtype=last.weight.dtype)
        last.weight.mul_(s[:, None])
        last.bias.mul_(s).add_(torch.as_tensor(mean, dtype=last.weight.dtype))
