"""Networks of one-hot sequences from HDF5 files of Keras 2, without TensorFlow.

==================  =========================================  ==================================
what                in Keras                                   here
==================  =========================================  ==================================
sequences           (n, L, K), channels last                   (n, K, L)
convolution         kernel (width, n_in, n_out)                weight (n_out, n_in, width)
dense               kernel (n_in, n_out)                       weight (n_out, n_in)
behind a Flatten    n_in by position, then channel             n_in by channel, then position
==================  =========================================  ==================================
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sklearn_deeplifft._printable import named, quoted
from sklearn_deeplifft.networks._keras_layers import network_of_config
from sklearn_deeplifft.networks._one_hot import OneHotNetwork
from sklearn_deeplifft.networks._sequence_nets import ACTIVATIONS, cnn_deep, cnn_shallow
from sklearn_deeplifft.sequences import extra_module

__all__ = ["from_keras"]

PUBLISHED_LENGTH = 200


class SavedLayer(NamedTuple):
    """Arrays of one layer by their short names: kernel, bias, gamma, ..."""

    name: str
    arrays: dict[str, NDArray[Any]]

    def __str__(self) -> str:
        shapes = " ".join(f"{part} {array.shape}" for part, array in self.arrays.items())
        return f"{self.name} {shapes}"


def from_keras(
    path: str | PathLike[str],
    *,
    config: str | PathLike[str] | None = None,
    length: int | None = None,
    activation: str | None = None,
) -> OneHotNetwork:
    """Read a trained network of sequences from a file of Keras 2.

    Parameters
    ----------
    path : path-like
        HDF5, as ``save_weights`` or ``save`` wrote it. Weights alone do not tell the layers: these
        come from ``config``, or from a JSON file beside that differs in its ending
        (``..._modelWeights.h5`` and ``..._modelJson.json``). Without either, `cnn_deep` and
        `cnn_shallow` of Majdandzic & Koo are recognised by the shapes of their weights.
    config : path-like, default=None
        JSON file that ``model.to_json()`` wrote.
    length : int, default=None
        Positions of a sequence; None takes those of the configuration, 200 of the published.
    activation : {"relu", "exponential"}, default=None
        First activation of a published network; None finds the word in the file's name.

    Returns
    -------
    OneHotNetwork
        In evaluation mode; it maps rows (n, L K) of one-hot columns, letters in the order of the
        training, to logits (n, n_outputs): a final sigmoid or softmax is left out.

    Raises
    ------
    ValueError
        If the file is no such file, or its weights are those of another network.
    ImportError
        If h5py is missing.

    Notes
    -----
    Keras flattens positions first and channels last, torch the other way round; the weights of the
    dense layer behind are permuted.
    """
    path = Path(path)
    saved, inside = _read(path)
    beside = Path(config) if config is not None else _beside(path)
    if beside is not None:
        inside = beside.read_text(encoding="utf-8")
    if inside is not None:
        network = network_of_config(inside, path if beside is None else beside, length)
        _load(network, saved, path)
        return network.eval()
    return _published(saved, path, length or PUBLISHED_LENGTH, activation).eval()


def _read(path: Path) -> tuple[list[SavedLayer], str | None]:
    """Layers that hold weights, in order, and the configuration where the file has one."""
    h5py = extra_module("h5py", "networks.from_keras")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {quoted(path)}.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{quoted(path)} is no HDF5 file ({error}).") from error
    with file:
        group = file.get("model_weights", file)
        if "layer_names" not in group.attrs:
            raise ValueError(
                f"{quoted(path)} holds no weights in the layout of Keras 2 (it has no "
                "'layer_names'); save them by tf.keras 2, or save_weights(..., save_format='h5')."
            )
        layers = [_layer(group[name], name) for name in map(_text, group.attrs["layer_names"])]
        config = file.attrs.get("model_config")
    return [layer for layer in layers if layer.arrays], None if config is None else _text(config)


def _layer(group: Any, name: str) -> SavedLayer:
    names = [_text(found) for found in group.attrs["weight_names"]]
    short = {full: full.rpartition("/")[2].partition(":")[0] for full in names}
    return SavedLayer(name, {short[full]: np.asarray(group[full]) for full in names})


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _beside(path: Path) -> Path | None:
    """The JSON file whose name differs from that of the weights in its ending."""
    for ending, other in (("Weights.h5", "Json.json"), ("_weights.h5", ".json"), (".h5", ".json")):
        if path.name.endswith(ending):
            beside = path.with_name(path.name.removesuffix(ending) + other)
            if beside.exists():
                return beside
    return None


def _published(
    saved: list[SavedLayer], path: Path, length: int, activation: str | None
) -> OneHotNetwork:
    kernels = [layer.arrays["kernel"] for layer in saved if "kernel" in layer.arrays]
    build = {4: cnn_shallow, 6: cnn_deep}.get(len(kernels))
    if build is None or kernels[0].ndim != 3:
        raise ValueError(
            f"{quoted(path)} holds {named(saved)}, which is neither of the published networks; "
            "pass config=, the JSON file of its layers."
        )
    network = build(
        length,
        kernels[-1].shape[-1],
        n_letters=kernels[0].shape[1],
        activation=_first_activation(path, activation),  # type: ignore[arg-type]
        first_kernel=kernels[0].shape[0],
    )
    _load(network, saved, path)
    return network


def _first_activation(path: Path, given: str | None) -> str:
    if given is not None:
        return given
    found = [name for name in ACTIVATIONS if name in path.name]
    if len(found) != 1:
        raise ValueError(
            f"weights do not tell the activation of the first layer, nor does the name of "
            f"{quoted(path.name)}; pass activation='relu' or 'exponential'."
        )
    return found[0]


@torch.no_grad()
def _load(network: OneHotNetwork, saved: list[SavedLayer], path: Path) -> None:
    """Write the weights of a file into a network, or refuse those of another one."""
    kinds = (nn.Conv1d, nn.Linear, nn.BatchNorm1d)
    own = [part for part in network.modules() if isinstance(part, kinds)]
    if len(own) != len(saved):
        raise ValueError(
            f"{quoted(path)} holds weights of another network: {len(saved)} layers "
            f"({named(saved)}), where {len(own)} are expected."
        )
    channels = network.n_letters
    for layer, found in zip(own, saved, strict=True):
        for name, value in _values(found, channels).items():
            target = getattr(layer, name, None)
            if target is None or target.shape != value.shape:
                wanted = {n: tuple(p.shape) for n, p in layer.named_parameters()}
                raise ValueError(
                    f"{quoted(path)} holds weights of another network: {found}, where the "
                    f"{type(layer).__name__} expected in its place has {wanted}."
                )
            target.copy_(value)
        # Dense layers behind the first read no positions, so that there is nothing to permute.
        if not isinstance(layer, nn.BatchNorm1d):
            channels = layer.out_channels if isinstance(layer, nn.Conv1d) else layer.out_features


NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Names in Keras and in torch."""


def _values(saved: SavedLayer, channels: int) -> dict[str, Tensor]:
    """Arrays of a layer by their names in torch, in its order of axes."""
    found = {}
    for name, array in saved.arrays.items():
        value = torch.from_numpy(np.array(array))
        if name == "kernel" and value.ndim == 2 and len(value) % channels == 0:
            by_position = value.view(-1, channels, value.shape[1])
            value = by_position.transpose(0, 1).reshape(value.shape)
        # A kernel's axes are those of torch in reverse; what has one axis stays as it is.
        found[NAMES.get(name, name)] = value.permute(*range(value.ndim)[::-1])
    return found
