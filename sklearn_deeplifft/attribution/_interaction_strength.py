"""Strength of interactions read off the weights of a network.

=============  ==========================================================  ===========
code           symbol                                                      shape
=============  ==========================================================  ===========
``reach``      |W_l| ... |W_1|: how strongly inputs reach a layer's units  (m, d)
``influence``  z = |V| |W_L| ... |W_l+1|: of its units on the outputs      (K, m)
=============  ==========================================================  ===========

Features interact where a unit bends the sum of both: its strength is the smaller of the two weights
that it gives them, times its influence on the output (Tsang, Cheng and Liu 2018, eq. 2 and 3).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._relu_layers import ReluNetwork

__all__ = ["interaction_strength"]


def interaction_strength(network: ReluNetwork, *, later_layers: bool = False) -> Tensor:
    """Strength (K, d, d) of each pair, 0 or more, with a diagonal of zeros.

    ``later_layers`` counts what units of all hidden layers bend, not of the first alone.
    """
    total = network.top.new_zeros(len(network.top), network.n_inputs, network.n_inputs)
    reach = torch.eye(network.n_inputs, dtype=total.dtype)
    influences = _influences(network)
    for layer, influence in list(zip(network.layers, influences, strict=True))[
        : None if later_layers else 1
    ]:
        reach = layer.weight.abs() @ reach
        # A unit bends by as much as its two slopes differ.
        z = influence * (1 - layer.below).abs()
        for i in range(network.n_inputs):  # all at once would be m x d x d numbers
            total[:, i] += z @ torch.minimum(reach[:, i, None], reach)
        reach = reach * layer.below.abs().clamp_min(1)[:, None]
    total.diagonal(dim1=1, dim2=2).zero_()
    return total


def _influences(network: ReluNetwork) -> list[Tensor]:
    """Influence (K, m) of the outputs of each hidden layer on those of the network."""
    z, found = network.top.abs(), []
    for layer in reversed(network.layers):
        found.append(z)
        z = (z * layer.below.abs().clamp_min(1)) @ layer.weight.abs()
    return found[::-1]
