"""Convolutional networks of one-hot sequences, as published, and one that learns interactions.

Each is a function that an ensemble takes as its ``network``: it gives them ``n_features`` and
``n_outputs``. Called with ``L``, they return a network (an `OneHotNetwork`) that maps rows
(n, L K), position by position, to logits (n, n_outputs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from sklearn_deeplifft.attribution import GaugedConv1d
from sklearn_deeplifft.networks._exponential import Exponential
from sklearn_deeplifft.networks._one_hot import OneHotNetwork, RowNorm, require_length

__all__ = ["ResidualBlock", "cnn_deep", "cnn_shallow", "motif_pool", "residual_bind"]

EPS = 1e-3
"""What Keras adds to variances, and so the published networks."""

Activation = Literal["relu", "exponential"]

RECOMMENDED = {"learning_rate": 1e-2}
"""Of `motif_pool`: at the default of an ensemble, .004, one exclusive or in two is not learned."""

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "exponential": Exponential}


def cnn_shallow(
    L: int | None = None,
    n_outputs: int = 1,
    *,
    n_features: int | None = None,
    n_letters: int = 4,
    activation: Activation = "relu",
    first_kernel: int = 19,
    initial_scale: float | None = None,
    gauged: bool = False,
) -> OneHotNetwork:
    """CNN-shallow of Koo and Ploenzke 2021: two convolutions between wide pools.

    A pool of 50 behind the first convolution leaves it to its filters to see whole motifs.

    Parameters
    ----------
    L : int, default=None
        Positions, 100 or more; None takes ``n_features / n_letters``.
    n_outputs : int, default=1
        Logits.
    n_features : int, default=None
        Columns, ``L n_letters``; an ensemble gives them.
    n_letters : int, default=4
        Letters of the alphabet.
    activation : {"relu", "exponential"}, default="relu"
        Activation of the first layer; all others are ReLU. Exponential networks need
        ``activation_rule="secant"`` to be decomposed.
    first_kernel : int, default=19
        Width of the first filters.
    initial_scale : float, default=None
        Standard deviation of all weights at first; None is He's. A small one (.005) gives
        gradients nearer to the simplex, and was the more accurate in short trainings.
    gauged : bool, default=False
        Train the first layer without the mean of its weights over letters: every gradient then
        lies in the simplex, as if it had been corrected.

    Returns
    -------
    OneHotNetwork

    Raises
    ------
    ValueError
        If a setting is none of these, or the sequences are too short or no whole positions.

    References
    ----------
    Koo, P. K. and Ploenzke, M., "Improving representations of genomic sequence motifs in
    convolutional networks with exponential activations", Nature Machine Intelligence 3, 2021.
    Majdandzic, A., Rajesh, C. and Koo, P. K., Genome Biology 24:109, 2023.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft import networks
    >>> networks.cnn_shallow(200, 3)(torch.zeros(5, 800)).shape
    torch.Size([5, 3])
    """
    length = require_length("cnn_shallow", L, n_features, n_letters, least=100)
    first = _first_convolution(n_letters, 24, first_kernel, gauged)
    layers = {
        **_convolution(1, first, _activation(activation), 0.1, pool=50),
        **_convolution(2, _same(24, 48, 3), nn.ReLU(), 0.2, pool=2),
        **_dense(3, 48 * (length // 50 // 2), 96, n_outputs),
    }
    return OneHotNetwork(length, layers, n_letters=n_letters, initial_scale=initial_scale)


def cnn_deep(
    L: int | None = None,
    n_outputs: int = 1,
    *,
    n_features: int | None = None,
    n_letters: int = 4,
    activation: Activation = "relu",
    first_kernel: int = 11,
    initial_scale: float | None = None,
    gauged: bool = False,
) -> OneHotNetwork:
    """CNN-deep of Koo and Ploenzke 2021: four convolutions, so that filters share motifs.

    Parameters
    ----------
    L : int, default=None
        Positions, 48 or more; None takes ``n_features / n_letters``.
    n_outputs : int, default=1
        Logits.
    n_features : int, default=None
        Columns, ``L n_letters``; an ensemble gives them.
    n_letters : int, default=4
        Letters of the alphabet.
    activation : {"relu", "exponential"}, default="relu"
        Activation of the first layer; all others are ReLU. Exponential networks need
        ``activation_rule="secant"`` to be decomposed.
    first_kernel : int, default=11
        Width of the first filters, 11 as in the published weights; the text says 19.
    initial_scale : float, default=None
        Standard deviation of all weights at first; None is He's.
    gauged : bool, default=False
        Train the first layer without the mean of its weights over letters: every gradient then
        lies in the simplex, as if it had been corrected.

    Returns
    -------
    OneHotNetwork

    Raises
    ------
    ValueError
        If a setting is none of these, or the sequences are too short or no whole positions.

    References
    ----------
    As of `cnn_shallow`.
    """
    length = require_length("cnn_deep", L, n_features, n_letters, least=48)
    first = _first_convolution(n_letters, 24, first_kernel, gauged)
    layers = {
        **_convolution(1, first, _activation(activation), 0.1),
        **_convolution(2, _same(24, 32, 7), nn.ReLU(), 0.2, pool=4),
        **_convolution(3, _same(32, 48, 7), nn.ReLU(), 0.3, pool=4),
        **_convolution(4, _same(48, 64, 3), nn.ReLU(), 0.4, pool=3),
        **_dense(5, 64 * (length // 4 // 4 // 3), 96, n_outputs),
    }
    return OneHotNetwork(length, layers, n_letters=n_letters, initial_scale=initial_scale)


def residual_bind(
    L: int | None = None,
    n_outputs: int = 1,
    *,
    n_features: int | None = None,
    n_letters: int = 4,
    initial_scale: float | None = None,
) -> OneHotNetwork:
    """ResidualBind (Koo et al. 2021): a convolution, a dilated residual block, an average pool.

    Made for short RNAs: 41 positions in RNAcompete.

    Parameters
    ----------
    L : int, default=None
        Positions, 10 or more; None takes ``n_features / n_letters``.
    n_outputs : int, default=1
        Logits, or quantities.
    n_features : int, default=None
        Columns, ``L n_letters``; an ensemble gives them.
    n_letters : int, default=4
        Letters of the alphabet.
    initial_scale : float, default=None
        Standard deviation of all weights at first; None is He's.

    Returns
    -------
    OneHotNetwork

    References
    ----------
    Koo, P. K., Majdandzic, A., Ploenzke, M., Anand, P. and Paul, S. B., "Global importance
    analysis: an interpretability method to quantify importance of genomic features in deep neural
    networks", PLOS Computational Biology 17(5), 2021.
    """
    length = require_length("residual_bind", L, n_features, n_letters, least=10)
    layers: dict[str, nn.Module] = {
        "conv1": _same(n_letters, 96, 11, bias=False),
        "norm1": nn.BatchNorm1d(96, eps=EPS),
        "activation1": nn.ReLU(),
        "dropout1": nn.Dropout(0.1),
        "residual": ResidualBlock(96),
        "pool": nn.AvgPool1d(10),
        "dropout2": nn.Dropout(0.2),
        **_dense(3, 96 * (length // 10), 256, n_outputs, bias=False),
    }
    return OneHotNetwork(length, layers, n_letters=n_letters, initial_scale=initial_scale)


def motif_pool(
    L: int | None = None,
    n_outputs: int = 1,
    *,
    n_features: int | None = None,
    n_letters: int = 4,
    n_filters: int = 24,
    width: int = 13,
    n_hidden: int = 48,
    initial_scale: float | None = None,
) -> OneHotNetwork:
    """One convolution, its maximum over all positions, one hidden layer: motifs and their rules.

    The pool leaves out where a motif lies, so that rules between motifs (and, or, exclusive or) are
    learned from a few thousand sequences; a network that keeps the place learns none of them there.
    An ensemble trains it with a ``learning_rate`` of .01 unless it is given another one.

    Parameters
    ----------
    L : int, default=None
        Positions; None takes ``n_features / n_letters``.
    n_outputs : int, default=1
        Logits.
    n_features : int, default=None
        Columns, ``L n_letters``; an ensemble gives them.
    n_letters : int, default=4
        Letters of the alphabet.
    n_filters : int, default=24
        Filters of the convolution, and so motifs that it can tell apart.
    width : int, default=13
        Positions of a filter.
    n_hidden : int, default=48
        Hidden units behind the pool.
    initial_scale : float, default=None
        Standard deviation of all weights at first; None is He's.

    Returns
    -------
    OneHotNetwork

    Examples
    --------
    An ensemble knows the sizes from the data; ``functools.partial`` gives the rest.

    >>> from functools import partial
    >>> from sklearn_deeplifft import NetworkEnsembleClassifier, networks
    >>> ensemble = NetworkEnsembleClassifier(partial(networks.motif_pool, n_filters=48))
    """
    length = require_length("motif_pool", L, n_features, n_letters, least=1)
    layers: dict[str, nn.Module] = {
        "conv1": _same(n_letters, n_filters, width),
        "activation1": nn.ReLU(),
        "pool": nn.AdaptiveMaxPool1d(1),
        "flatten": nn.Flatten(),
        # A maximum over many positions is far from 0 and varies little: as they come, products of
        # two of them, which rules between motifs are, are not learned at all.
        "norm": RowNorm(n_filters, eps=EPS),
        "dense": nn.Linear(n_filters, n_hidden),
        "activation2": nn.ReLU(),
        "output": nn.Linear(n_hidden, n_outputs),
    }
    return OneHotNetwork(
        length,
        layers,
        n_letters=n_letters,
        initial_scale=initial_scale,
        recommended=RECOMMENDED,
    )


vars(motif_pool)["recommended"] = RECOMMENDED


class ResidualBlock(nn.Module):
    """Convolutions of width 3 with dilations 1, 2, 4 and 8, added to what they were given."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for dilation in (1, 2, 4, 8):
            if layers:
                layers += [nn.ReLU(), nn.Dropout(0.1)]
            conv = nn.Conv1d(
                n_channels, n_channels, 3, padding="same", dilation=dilation, bias=False
            )
            layers += [conv, nn.BatchNorm1d(n_channels, eps=EPS)]
        self.branch = nn.Sequential(*layers)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        z: Tensor = self.activation(x + self.branch(x))
        return z


def _activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise ValueError(f"activation={name!r} is none of {sorted(ACTIVATIONS)}.")
    return ACTIVATIONS[name]()


def _first_convolution(n_letters: int, n_filters: int, width: int, gauged: bool) -> nn.Conv1d:
    kind = GaugedConv1d if gauged else nn.Conv1d
    return kind(n_letters, n_filters, width, padding="same")


def _same(n_in: int, n_out: int, width: int, *, bias: bool = True) -> nn.Conv1d:
    return nn.Conv1d(n_in, n_out, width, padding="same", bias=bias)


def _convolution(
    number: int, conv: nn.Conv1d, activation: nn.Module, dropout: float, pool: int | None = None
) -> dict[str, nn.Module]:
    """A convolution and what follows it."""
    layers: dict[str, nn.Module] = {
        f"conv{number}": conv,
        f"norm{number}": nn.BatchNorm1d(conv.out_channels, eps=EPS),
        f"activation{number}": activation,
        f"dropout{number}": nn.Dropout(dropout),
    }
    return layers if pool is None else {**layers, f"pool{number}": nn.MaxPool1d(pool)}


def _dense(
    number: int, n_in: int, n_hidden: int, n_outputs: int, *, bias: bool = True
) -> dict[str, nn.Module]:
    """The hidden layer behind the convolutions, and the logits."""
    return {
        "flatten": nn.Flatten(),
        "dense": nn.Linear(n_in, n_hidden, bias=bias),
        f"norm{number}": RowNorm(n_hidden, eps=EPS),
        f"activation{number}": nn.ReLU(),
        f"dropout{number}": nn.Dropout(0.5),
        "output": nn.Linear(n_hidden, n_outputs),
    }
