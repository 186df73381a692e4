"""Predictors of every kind as networks of ReLUs, on one scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import (
    NetworkReader,
    ReluNetwork,
    neutral_torch,
    verify_piecewise_linear,
)
from sklearn_deeplifft.interventions._models import networks_of
from sklearn_deeplifft.networks import (
    Standardize,
    TrainedNetwork,
    relu_network_of,
    takes_columns,
    why_no_relu_network,
)
from sklearn_deeplifft.perturbation import OutputScale

__all__ = ["ReadNetwork", "relu_networks_of"]


class ReadNetwork(NamedTuple):
    """One network, and its layers with outputs on the scale of centred logits."""

    relu: ReluNetwork
    reader: NetworkReader
    standardize: Standardize | None
    scale: OutputScale

    def inputs(self, X: np.ndarray) -> Tensor:
        """Rows (n, d) as the network takes them, float64."""
        return _inputs(X, self.standardize)

    def answers(self, inputs: Tensor) -> Tensor:
        """Outputs (n, R) of the network itself, float64, whatever was read of it."""
        return self.scale(self.reader.logits(inputs))


@neutral_torch()
def relu_networks_of(
    estimator: Any, asked: str, *, task: str = "auto", rows: np.ndarray | None = None
) -> tuple[list[ReadNetwork], tuple[Any, ...]]:
    """Networks of a fitted selector or ensemble, a network or a list, and names of the outputs.

    Parameters
    ----------
    estimator : object
    asked : str
        Name of the function that asks, for messages.
    task : {"auto", "classification", "multilabel", "regression"}
    rows : array of shape (m, d) or None
        Some rows on which what is read is compared with the network; None draws some.

    Raises
    ------
    NotPiecewiseLinearError
        A network that is curved around the rows.
    ValueError
        One that is no plain sequence of layers.
    """
    found = networks_of(estimator, task)
    read = [_read(one, asked, found.drop_normalizer, rows) for one in found.networks]
    scaled = [_scaled(*one, found.scale(len(one[0].top))) for one in read]
    counts = {(one.relu.n_inputs, len(one.relu.top)) for one in scaled}
    if len(counts) > 1:
        raise ValueError(
            f"the networks have {sorted(counts)} inputs and outputs; networks that are averaged "
            "must answer the same question about the same columns."
        )
    return scaled, found.names(len(scaled[0].relu.top))


def _scaled(
    relu: ReluNetwork, reader: NetworkReader, front: Standardize | None, scale: OutputScale
) -> ReadNetwork:
    matrix = scale.matrix(torch.float64)
    assert matrix is not None  # logits are scaled linearly
    return ReadNetwork(relu.mapped(matrix), reader, front, scale)


def _inputs(X: np.ndarray, front: Standardize | None) -> Tensor:
    rows = torch.tensor(X, dtype=torch.float64)
    return rows if front is None else front.exact(rows)


def _read(
    trained: TrainedNetwork, asked: str, drop_normalizer: bool, X: np.ndarray | None
) -> tuple[ReluNetwork, NetworkReader, Standardize | None]:
    core, front = trained.core, trained.standardize
    reader = NetworkReader(core, dtype=torch.float64, drop_normalizer=drop_normalizer)
    rows = None if X is None else _inputs(X, front)
    if rows is not None:
        with takes_columns(rows.shape[1]):
            reader.logits(rows[:2])
    relu = relu_network_of(core, drop_normalizer=drop_normalizer, rows=rows)
    if relu is not None:
        return relu, reader, front
    if rows is not None:
        verify_piecewise_linear(reader, rows)  # names the layer that is curved
    raise ValueError(
        f"{asked} reads the weights of networks that are nn.Linear and ReLU-like layers one after "
        f"another, and of {type(core).__name__} {why_no_relu_network(core)}. interaction_effects "
        "runs any network, and filter_interactions those that begin with convolutions."
    )
