"""Interactions of the features behind the convolutions, by what is above them alone.

==========  ==================================================================  =========
code        meaning                                                             shape
==========  ==================================================================  =========
``h``       features: outputs of a layer on the sequences                       (n, F)
swap        sqrt mean (f(h'ij) - f(h'i) - f(h'j) + f(h))^2, h' a donor's h      (p, R)
corner      mean [ f(hi hj) - f(hi lj) - f(li hj) + f(li lj) ], quantiles       (p, R)
==========  ==================================================================  =========
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import NetworkReader, layer_outputs, neutral_torch
from sklearn_deeplifft.interventions._epistasis import pairwise_epistasis
from sklearn_deeplifft.interventions._options import quantile_levels_of
from sklearn_deeplifft.interventions._population import dense_rows, population_of
from sklearn_deeplifft.interventions._responses import split
from sklearn_deeplifft.interventions._values import set_to, swap
from sklearn_deeplifft.networks import adapter_of

__all__ = ["filter_interactions"]

BATCH = 64


@neutral_torch()
def filter_interactions(
    net: Any,
    X: Any,
    *,
    layer: str | None = None,
    names: Sequence[str] | None = None,
    quantiles: tuple[float, float] = (0.05, 0.95),
    n_background: int = 500,
    scale: str = "logit",
    task: str = "auto",
    random_state: int | np.random.RandomState | None = 0,
) -> pd.DataFrame:
    """Interactions of all pairs of features that a network has made of its sequences.

    The features are the outputs of a layer, such as the maxima of the filters over all positions.
    Only what is above that layer is run.

    Parameters
    ----------
    net : torch.nn.Module or fitted skorch net
    X : array-like of shape (n, K L)
        Rows that `SequenceEncoder` encoded: the values that features take.
    layer : str, default=None
        Layer that returns the features, (n, F); None is the first behind a convolution that
        returns rows.
    names : sequence of F str, default=None
        Of the features, such as `FilterMotifs.names` where each is the maximum of a filter.
    quantiles : (float, float), default=(.05, .95)
        Low and high value of a feature, for ``corner``.
    n_background : int, default=500
        Rows that stand for the population.
    scale : {"logit", "proba"}, default="logit"
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
    random_state : int, RandomState or None, default=0

    Returns
    -------
    DataFrame
        A row for each pair and output, the largest ``swap_rms`` first: ``first``, ``second``,
        ``output``; ``swap_rms``, root mean square of what two features exchanged together do
        beyond each alone, 0 or more; ``corner``, signed: above 0 where two high features do more
        together than alone.

    Raises
    ------
    ValueError
        A layer that is not there or returns no rows, or as many names as there are no features.
    """
    low, high = _levels(quantiles)
    core = split(adapter_of(net).read_fitted())
    rows = dense_rows((found := population_of(X, None)).rows, np.arange(found.rows.shape[0]))
    inputs = torch.tensor(rows)
    if core.standardize is not None:
        inputs = core.standardize.exact(inputs)
    name = layer if layer is not None else _first_rows(core.core, inputs[:2])
    reader = NetworkReader(core.core, layer=name)
    with torch.no_grad():
        H = torch.cat([reader.hidden(part) for part in inputs.split(BATCH)]).double().numpy()
    labels = _labels(names, H.shape[1])
    above = _above(core.core, name, reader, inputs[:1])
    kind = task if task != "auto" else adapter_of(net).task
    options: dict[str, Any] = {"scale": scale, "task": kind, "random_state": random_state}
    pairs = list(itertools.combinations(range(H.shape[1]), 2))
    if not pairs:
        raise ValueError(f"layer={name!r} returns one feature, which makes no pair.")
    swaps = [swap(i) for i in range(H.shape[1])]
    squares = pairwise_epistasis(above, H, swaps, pairs=pairs, n_background=n_background, **options)
    corner = _corners(above, H, pairs, np.quantile(H, [low, high], axis=0), n_background, options)
    R = len(squares.outputs)
    table = pd.DataFrame(
        {
            "first": np.repeat([labels[i] for i, _ in pairs], R),
            "second": np.repeat([labels[j] for _, j in pairs], R),
            "output": list(squares.outputs) * len(pairs),
            "swap_rms": np.sqrt(squares.mean_squares).ravel(),
            "corner": corner.ravel(),
        }
    )
    return table.sort_values("swap_rms", ascending=False, kind="stable", ignore_index=True)


def _corners(
    above: nn.Module,
    H: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    ends: np.ndarray,
    n_background: int,
    options: dict[str, Any],
) -> np.ndarray:
    """Signed corners (p, R).

    ``E(set i to a, set j to b)`` differs from ``f(a, b)`` by terms of one of the two only, which
    the four signs cancel.
    """
    F = H.shape[1]
    moves = [set_to(i, float(ends[side, i])) for side in (0, 1) for i in range(F)]
    total: Any = 0.0
    for a, b in itertools.product((0, 1), repeat=2):
        those = [(a * F + i, b * F + j) for i, j in pairs]
        found = pairwise_epistasis(
            above, H, moves, pairs=those, n_background=n_background, **options
        )
        total = total + (1 if a == b else -1) * found.epistasis
    return np.asarray(total)


def _levels(quantiles: Any) -> tuple[float, float]:
    levels = quantile_levels_of(quantiles)
    if len(levels) != 2 or levels[0] >= levels[1]:
        raise ValueError(
            f"quantiles={shown(quantiles)} must be two shares, the lower first, such as (.05, .95)."
        )
    return levels[0], levels[1]


def _labels(names: Any, F: int) -> list[str]:
    found = [f"filter {i}" for i in range(F)] if names is None else [str(name) for name in names]
    if len(found) != F:
        raise ValueError(f"names holds {len(found)} names, and the layer returns {F} features.")
    return found


def _first_rows(core: nn.Module, few: Tensor) -> str:
    """Name of the first layer behind a convolution that returns rows (n, F)."""
    behind = False
    for one in layer_outputs(core, few):
        behind |= isinstance(one.module, nn.Conv1d)
        if behind and len(one.shape) == 2:
            return one.name
    raise ValueError(
        "no layer behind a convolution returns rows (n, F); name the one whose outputs are the "
        "features, layer=."
    )


class _Above(nn.Module):
    """A network from a layer on, whose own input then does not matter."""

    def __init__(self, reader: NetworkReader, row: Tensor) -> None:
        super().__init__()
        self.reader, self.row = reader, row.to(reader.dtype)

    def forward(self, h: Tensor) -> Tensor:
        few = self.row.expand(len(h), -1)
        shape = self.reader.above(few[:1])[0].shape[1:]
        return self.reader.run_from(h.to(self.row.dtype).reshape(len(h), *shape), few)


def _above(core: nn.Module, name: str, reader: NetworkReader, row: Tensor) -> nn.Module:
    """What is above the layer; of a plain sequence of layers, these alone."""
    names = [child for child, _ in core.named_children()]
    if isinstance(core, nn.Sequential) and name in names:
        behind = nn.Sequential(*list(core.children())[names.index(name) + 1 :])
        rows = reader.above(row)[0].ndim == 2
        if rows and len(behind):
            return behind
    return _Above(reader, row)
