"""Interactions read off weights, without any data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from sklearn_deeplifft.attribution import (
    ReluNetwork,
    SimplexGroup,
    interaction_strength,
    neutral_torch,
    project,
)
from sklearn_deeplifft.interventions.interactions._interaction_scores import (
    InteractionScores,
    names_for,
)
from sklearn_deeplifft.interventions.interactions._relu_networks import (
    ReadNetwork,
    relu_networks_of,
)
from sklearn_deeplifft.tables import column_indices

__all__ = ["neural_interaction_strength"]


@neutral_torch(autograd=False)
def neural_interaction_strength(
    model: Any,
    *,
    simplex_groups: Sequence[Sequence[int | str]] | None = None,
    later_layers: bool = False,
    task: str = "auto",
) -> InteractionScores:
    """Strength of the interaction of each pair of features, read off the weights (NID).

    No data are needed, and so none are asked: two features that a unit of the first hidden layer
    weighs are counted as interacting whether the unit ever bends where the data are or not. A quick
    look, and a comparison; `interaction_effects` asks the network itself.

    Parameters
    ----------
    model : object
        A fitted selector or ensemble of this package, a torch module, a fitted skorch net, a fitted
        ``MLPClassifier`` or ``MLPRegressor`` with ``activation="relu"``, or a list of networks. The
        mean over networks is returned.
    simplex_groups : sequence of sequences of columns, default=None
        Blocks of 0/1 columns of which one is 1 in each row. What the weights of a block have in
        common adds the same number to all rows, and is taken out first.
    later_layers : bool, default=False
        Also count what units of later hidden layers bend, whose weights on the inputs are products
        of the sizes of those below. Finds pairs that only meet there; where all layers are dense
        everything meets there, and the ranking hardly changes.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
        Of outputs of a bare module. Of several outputs the strength is that of each less their
        mean, unless they are numbers of a regression or labels.

    Returns
    -------
    InteractionScores
        ``score`` (K, d, d): ``sum_k z_k min(|W_ki|, |W_kj|)``, 0 or more, with zeros on the
        diagonal; in units of the output, per unit of the columns as the first layer takes them (the
        ensembles standardise: per standard deviation). A network without hidden layers has none.

    Raises
    ------
    ValueError
        A network that is no plain sequence of nn.Linear and ReLU-like layers; the weights of a
        convolution belong to no columns.

    References
    ----------
    Tsang, M., Cheng, D. and Liu, Y., "Detecting statistical interactions from neural network
    weights", ICLR 2018, eq. 2 and 3 with the minimum as the mean of two weights.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.interventions import neural_interaction_strength
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1, 2, 0], [0, -3, 1]]))
    >>> _ = net[2].weight.data.copy_(torch.tensor([[1, -2]]))
    >>> neural_interaction_strength(net).score[0].tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]
    """
    networks, outputs = relu_networks_of(model, "neural_interaction_strength", task=task)
    # Set by scikit-learn's fit where X had column names.
    names = names_for(networks[0].relu.n_inputs, getattr(model, "feature_names_in_", None))
    blocks = [
        torch.from_numpy(column_indices(group, names.known, len(names.shown)))
        for group in simplex_groups or ()
    ]
    total: Any = 0.0
    for one in networks:
        gauged = _regauged(one, blocks)
        total = total + interaction_strength(gauged, later_layers=later_layers)
    return InteractionScores((total / len(networks)).numpy(), outputs, names.shown)


def _regauged(one: ReadNetwork, blocks: Sequence[torch.Tensor]) -> ReluNetwork:
    """The network without the part of its first weights that is the same for a whole block."""
    if not one.relu.layers:
        return one.relu
    front, (first, *rest) = one.standardize, one.relu.layers
    groups = [
        SimplexGroup(
            columns,
            torch.ones(len(columns), dtype=torch.float64),
            None if front is None else front.scale[columns],
        )
        for columns in blocks
    ]
    first = first._replace(weight=project(first.weight, groups))
    return one.relu._replace(layers=(first, *rest))
