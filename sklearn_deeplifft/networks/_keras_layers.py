"""Layers of Keras 2, one after another, as layers of torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from sklearn_deeplifft._printable import quoted, shown
from sklearn_deeplifft.networks._exponential import Exponential
from sklearn_deeplifft.networks._one_hot import OneHotNetwork, RowNorm

__all__ = ["network_of_config"]

Config = Mapping[str, Any]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "exponential": Exponential,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(-1),
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}

NORMALIZERS = (nn.Sigmoid, nn.Softmax)
"""Left out at the end, where they make probabilities of logits."""


def network_of_config(text: str, path: Path, length: int | None) -> OneHotNetwork:
    """The network that a configuration in JSON describes, without its final normaliser.

    Parameters
    ----------
    text : str
        As ``model.to_json()`` writes it.
    path : Path
        Where it comes from, for messages.
    length : int or None
        Positions of a sequence; None takes those of the configuration.

    Raises
    ------
    ValueError
        If it is no configuration, branches, or has a layer or setting that is not known here.
    """
    layers = list(_layers(text, path))
    inputs = (config[key] for _, config in layers for key in SHAPES if config.get(key))
    shape = next(inputs, None)
    if shape is None or len(shape) != 3 or shape[2] is None:
        raise ValueError(
            f"{quoted(path)} does not describe a network of sequences (n, positions, letters); its "
            f"input is {shown(shape)}."
        )
    length = length or shape[1]
    if length is None:
        raise ValueError(f"{quoted(path)} does not say how long a sequence is; pass length=.")
    chain = _Chain(shape[2], length)
    for kind, config in layers:
        chain.add(kind, config)
    return OneHotNetwork(length, chain.without_normalizer(), n_letters=shape[2])


SHAPES = ("batch_input_shape", "batch_shape")
"""Names that versions of Keras have for the shape of the input."""


def _layers(text: str, path: Path) -> Iterator[tuple[str, Config]]:
    """Kind and settings of each layer."""
    try:
        config = json.loads(text)["config"]
        layers = config["layers"] if isinstance(config, dict) else config
        names = [layer["config"]["name"] for layer in layers]
        kinds = [layer["class_name"] for layer in layers]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{quoted(path)} is no configuration of a Keras model.") from error
    for i, layer in enumerate(layers):
        # Of a Sequential there are none; of a functional model [[name, node, tensor, ...]] each.
        read = [node[0] for nodes in layer.get("inbound_nodes") or [] for node in nodes]
        if read and read != names[max(i - 1, 0) : i]:
            raise ValueError(
                f"the layer {quoted(names[i])} of {quoted(path)} does not read the one layer "
                "before it; only layers one after another are known here."
            )
        yield kinds[i], layer["config"]


class _Chain:
    """Layers by name, and the shape of what the last of them returns."""

    def __init__(self, channels: int, length: int) -> None:
        self.layers: dict[str, nn.Module] = {}
        self.channels = channels
        self.length: int | None = length
        """None once positions are gone."""

    def without_normalizer(self) -> dict[str, nn.Module]:
        """The layers up to the logits."""
        layers = dict(self.layers)
        while layers and isinstance(layers[last := next(reversed(layers))], NORMALIZERS):
            del layers[last]
        return layers

    def add(self, kind: str, config: Config) -> None:
        """Add one layer of Keras, and the activation that belongs to it."""
        convert = CONVERTERS.get(kind)
        if convert is None:
            raise ValueError(
                f"the layer {quoted(config['name'])} is a {kind}, which is not known here; known "
                f"are {', '.join(CONVERTERS)}."
            )
        name = str(config["name"]).replace(".", "_")
        for part, layer in enumerate(convert(self, config)):
            self.layers[f"{name}_{part}" if part else name] = layer

    def positions(self, config: Config) -> int:
        """Length of what is handed to a layer that needs positions."""
        if self.length is None:
            raise ValueError(f"the layer {quoted(config['name'])} comes after the positions ended.")
        return self.length


def _input(chain: _Chain, config: Config) -> list[nn.Module]:
    return []


def _activation(chain: _Chain, config: Config) -> list[nn.Module]:
    name = config.get("activation", "relu")  # a layer of the kind ReLU has none
    if name not in ACTIVATIONS:
        raise ValueError(
            f"the layer {quoted(config['name'])} has activation={shown(name)}, which is none of "
            f"{list(ACTIVATIONS)}."
        )
    return [] if name == "linear" else [ACTIVATIONS[name]()]


def _conv(chain: _Chain, config: Config) -> list[nn.Module]:
    length = chain.positions(config)
    (width,), (stride,), (dilation,) = (
        config[name] for name in ("kernel_size", "strides", "dilation_rate")
    )
    padding = _known(config, "padding", ("valid", "same") if stride == 1 else ("valid",))
    _known(config, "data_format", ("channels_last",))
    _known(config, "groups", (1,))
    n_out = config["filters"]
    conv = nn.Conv1d(
        chain.channels, n_out, width, stride, padding, dilation, bias=config.get("use_bias", True)
    )
    chain.channels = n_out
    if padding == "valid":
        chain.length = (length - dilation * (width - 1) - 1) // stride + 1
    return [conv, *_activation(chain, config)]


def _dense(chain: _Chain, config: Config) -> list[nn.Module]:
    if chain.length is not None:
        raise ValueError(
            f"the layer {quoted(config['name'])} is a Dense of every position; only one behind a "
            "Flatten or a global pool is known here."
        )
    dense = nn.Linear(chain.channels, config["units"], bias=config.get("use_bias", True))
    chain.channels = config["units"]
    return [dense, *_activation(chain, config)]


def _norm(chain: _Chain, config: Config) -> list[nn.Module]:
    if chain.layers and isinstance(next(reversed(chain.layers.values())), nn.Flatten):
        raise ValueError(
            f"the layer {quoted(config['name'])} normalises what a Flatten has laid out by "
            "position, which is another order here; only one behind a Dense is known."
        )
    kind = nn.BatchNorm1d if chain.length is not None else RowNorm
    _known(config, "center", (True,))
    _known(config, "scale", (True,))
    return [kind(chain.channels, eps=config["epsilon"])]


def _pool(chain: _Chain, config: Config, kind: Callable[..., nn.Module]) -> list[nn.Module]:
    _known(config, "padding", ("valid",))
    (size,) = _listed(config["pool_size"])
    (stride,) = _listed(config.get("strides") or size)
    chain.length = (chain.positions(config) - size) // stride + 1
    return [kind(size, stride)]


def _global_pool(chain: _Chain, config: Config, kind: Callable[..., nn.Module]) -> list[nn.Module]:
    chain.positions(config)
    chain.length = None
    return [kind(1), nn.Flatten()]


def _flatten(chain: _Chain, config: Config) -> list[nn.Module]:
    chain.channels *= chain.positions(config)
    chain.length = None
    return [nn.Flatten()]


def _dropout(chain: _Chain, config: Config) -> list[nn.Module]:
    return [nn.Dropout(config["rate"])]


CONVERTERS: Mapping[str, Callable[[_Chain, Config], list[nn.Module]]] = {
    "InputLayer": _input,
    "Conv1D": _conv,
    "BatchNormalization": _norm,
    "Activation": _activation,
    "ReLU": _activation,
    "Dropout": _dropout,
    "MaxPooling1D": lambda chain, config: _pool(chain, config, nn.MaxPool1d),
    "AveragePooling1D": lambda chain, config: _pool(chain, config, nn.AvgPool1d),
    "GlobalMaxPooling1D": lambda chain, c: _global_pool(chain, c, nn.AdaptiveMaxPool1d),
    "GlobalAveragePooling1D": lambda chain, c: _global_pool(chain, c, nn.AdaptiveAvgPool1d),
    "Flatten": _flatten,
    "Dense": _dense,
}
"""Each returns the layers of torch and keeps count of channels and positions."""


def _known(config: Config, name: str, values: tuple[Any, ...]) -> Any:
    """A setting, if it is one of those known here; absent ones have the first of them."""
    value = config.get(name, values[0])
    if value not in values:
        raise ValueError(
            f"the layer {quoted(config['name'])} has {name}={shown(value)}; known here is "
            f"{' or '.join(map(repr, values))}."
        )
    return value


def _listed(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value]
