"""Null features: every column once more, of other rows, as a yardstick in the same network.

A network with null features reads ``(x_r, x_pi(r))``, the d real columns and then d null columns.
``pi`` permutes all columns alike, so correlations among columns are kept, and is fixed for the
whole training: a copy that were drawn anew for every batch could not be overfitted, as the real
columns are, and would be too weak a yardstick. Where y says nothing of X (the global null) and
rows are exchangeable, swapping the two blocks leaves the joint distribution of all that a network
sees as it was; whatever is read of a network's real and null columns is then exchangeable.

Beyond the global null, a permuted column also lacks what a real one shares with relevant columns: a
column that says nothing but is correlated with one that does may get more weight than any null.
With a ``KnockoffMap`` null columns are ``x_r C + x_pi(r) A`` instead, and have these correlations:
see ``ranking._knockoffs``.

A limit: weights belong to rows, not to their stand-ins. Where they differ much (few distinct rows,
many times repeated) the blocks are weighted unlike.

==========  ===========================================================  =======
code        meaning                                                      shape
==========  ===========================================================  =======
``donors``  pi: for each row of the table the row that stands in for it  (n,)
``values``  where null inputs are held, standardised                     (d,)
==========  ===========================================================  =======
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor, nn

from sklearn_deeplifft.networks import (
    FeatureGate,
    GateSettings,
    NetworkSettings,
    NullColumns,
    TrainedNetwork,
    seeded,
)
from sklearn_deeplifft.tables import Problem

__all__ = [
    "all_carry_nulls",
    "null_rows",
    "paired",
    "with_null_features",
    "without_null_columns",
]

FEWEST_ALIKE = 10
"""Groups that stand in for each other: of fewer, too many would stand in for themselves."""


def null_rows(
    n: int, parts: Iterable[np.ndarray], seed: int, groups: np.ndarray | None = None
) -> np.ndarray:
    """Draw the rows that stand in for the rows of a table, (n,).

    Each of ``parts``, which share no row, is permuted within itself, so that rows held out stay
    held out; rows in none of them stand in for themselves. A row may do so in a part as well: all
    permutations are equally likely. Rows of one of ``groups`` (n,) are alike, and so their
    stand-ins have to be: ``_group_donors`` permutes groups, whole where all have one size.

    >>> null_rows(6, [np.array([0, 1, 2]), np.array([4, 5])], seed=1)
    array([0, 2, 1, 3, 5, 4])
    """
    rng = np.random.RandomState(seed)
    nulls = np.arange(n)
    for part in parts:
        nulls[part] = rng.permutation(part) if groups is None else _group_donors(part, groups, rng)
    return nulls


def _group_donors(part: np.ndarray, groups: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Stand-ins (len(part),) by whole groups: those of a group are rows of one other group.

    Where sizes differ, a group stands in for one of about its size, and its rows are repeated or
    left out to fill it. Laid end to end instead, most groups would get rows of two, and a null
    column would have nearly twice as many groups as a real one: where rows of a group have one
    label, real columns are then correlated with it by chance more than null ones (60 groups of 1
    to 30 rows: the best of 30 real columns beats the best null one in 81 % of tables instead of
    half).
    """
    places = np.argsort(groups[part], kind="stable")
    sizes = np.unique(groups[part], return_counts=True)[1]
    of_group = np.split(places, np.cumsum(sizes)[:-1]) if len(part) else []
    donors = np.empty(len(part), dtype=np.int64)
    for alike in _of_like_size(sizes, rng):
        order = rng.permutation(alike)
        rows = [rng.permutation(of_group[g]) for g in order]
        for i, g in enumerate(alike):
            found, at = rows[i], i
            while 2 * len(found) < sizes[g]:  # too few of one group to be repeated
                at = (at + 1) % len(order)
                found = np.concatenate([found, rows[at]])
            donors[of_group[g]] = np.resize(found, sizes[g])
    stand_ins: np.ndarray = part[donors]
    return stand_ins


def _of_like_size(sizes: np.ndarray, rng: np.random.RandomState) -> list[np.ndarray]:
    """Groups whose sizes differ by a factor of two at most, but ``FEWEST_ALIKE`` at least."""
    shuffled = rng.permutation(len(sizes))
    order = shuffled[np.argsort(sizes[shuffled], kind="stable")]
    found, start = [], 0
    while start < len(order):
        end = np.searchsorted(sizes[order], 2 * sizes[order[start]], side="right")
        end = max(int(end), start + FEWEST_ALIKE)
        if len(order) - end < FEWEST_ALIKE:
            end = len(order)
        found.append(order[start:end])
        start = end
    return found


def all_carry_nulls(given: Sequence[NullColumns | None]) -> bool:
    """Whether networks carry null columns: all of them do, or none."""
    carried = [nulls is not None for nulls in given]
    if any(carried) and not all(carried):
        raise ValueError(
            f"{sum(carried)} of {len(carried)} networks carry null columns; networks trained "
            "together have one architecture. Give null columns to all of them or to none."
        )
    return any(carried)


def paired(rows: np.ndarray, nulls: NullColumns | None) -> Tensor:
    """Rows (m, 1), or with null columns (m, 2): each row and its donor."""
    return torch.from_numpy(np.stack([rows] if nulls is None else [rows, nulls.donors[rows]], 1))


def with_null_features(
    problem: Problem, settings: NetworkSettings
) -> tuple[Problem, NetworkSettings]:
    """The same for twice the columns; gates, where there are any, are doubled as well."""
    problem = replace(problem, n_features=2 * problem.n_features)
    gates = settings.gates
    if gates is not None:
        own = gates.feature_of_column
        doubled = (*own, *(gates.n_features + g for g in own))
        settings = replace(settings, gates=replace(gates, feature_of_column=doubled))
    return problem, settings


def without_null_columns(trained: TrainedNetwork, values: np.ndarray) -> TrainedNetwork:
    """The network as a function of the d real columns, its null inputs held at ``values``.

    What the null columns then add is a constant, and goes into the first bias (summed in float64):
    the network computes what it did on rows ``(x, values)``, but for rounding.

    Parameters
    ----------
    trained : TrainedNetwork
        From ``train_networks``, with null columns.
    values : array of shape (d,)
        Standardised: zero is the mean of a column.

    Returns
    -------
    TrainedNetwork
        Its ``estimator`` takes raw rows of d columns, its ``core`` d standardised ones;
        ``as_trained`` is the network it came from, and ``gates`` are those of all 2d columns.

    Raises
    ------
    ValueError
        If the network has no null columns, or ``values`` are not d numbers.
    """
    if trained.null_columns is None:
        raise ValueError(
            "the network has no null columns to leave out; train it with Split.null_columns."
        )
    core = _held(trained.core, np.asarray(values, dtype=np.float64))
    given = trained.estimator.get_params()
    moments, gates = given["module__moments"], given.get("module__gates")
    net = clone(trained.estimator).set_params(
        module__n_features=len(values),
        module__moments=None if moments is None else moments.at(slice(len(values))),
        module__gates=gates and _halved(gates),
    )
    with seeded(0):
        net.initialize()
    net.module_.core.load_state_dict(core.state_dict())
    net.module_.eval()
    net.history = copy.deepcopy(trained.estimator.history)
    return trained._replace(
        estimator=net,
        core=net.module_.core,
        standardize=net.module_.standardize,
        null_columns=None,
        as_trained=trained,
    )


def _halved(gates: GateSettings) -> GateSettings:
    own = gates.feature_of_column[: len(gates.feature_of_column) // 2]
    return replace(gates, feature_of_column=own)


@torch.no_grad()
def _held(core: nn.Module, values: np.ndarray) -> nn.Sequential:
    """The core on d columns, the other d fixed."""
    layers = list(copy.deepcopy(core).children())
    at = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear))
    first, d = layers[at], len(values)
    assert isinstance(first, nn.Linear)
    if first.in_features != 2 * d or values.ndim != 1:
        raise ValueError(
            f"values has shape {values.shape}, but the network reads {first.in_features // 2} "
            "null columns; give one value for each."
        )
    constant = torch.from_numpy(values)
    if at:
        gate = layers[0]
        assert isinstance(gate, FeatureGate)
        constant = constant * gate.weight[gate.feature_of_column[d:]].double()
        layers[0] = _real_half(gate, d)
    added = first.weight[:, d:].double() @ constant
    first.bias.copy_(first.bias.double() + added)
    first.weight = nn.Parameter(first.weight[:, :d].clone())
    first.in_features = d
    return nn.Sequential(*layers)


def _real_half(gate: FeatureGate, d: int) -> FeatureGate:
    half = FeatureGate(gate.feature_of_column[:d].clone())
    half.weight.copy_(gate.weight[: len(half.weight)])
    return half
