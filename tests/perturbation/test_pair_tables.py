"""Tables of second differences against four forwards of every row and pair."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import Head
from sklearn_deeplifft.perturbation import (
    FullForward,
    LowRank,
    Moves,
    OutputScale,
    low_rank_of,
    pair_tables,
    pairs_in_cache,
    per_unit,
)
from tests.conftest import relu_network
from tests.interventions._networks import NETS, made
from tests.oracles_pairs import second_difference

D = 6
GROUPS = [[0], [1, 4], [2], [3, 5]]


def low_rank(net, scale=None):
    scale = scale or OutputScale((Head("identity", 0, 3),))
    found = low_rank_of(net, torch.float64, lambda X: X, per_unit(torch.ones(D)), scale)
    assert isinstance(found, LowRank)
    return found


def some_rows(n=5, seed=0):
    rng = np.random.default_rng(seed)
    X, high = rng.standard_normal((2, n, D))
    keep = rng.random((n, D)) < 0.5
    return X, np.where(keep, X, high)


def moves(values, groups):
    columns = torch.tensor([j for own in groups for j in own])
    of = torch.tensor([g for g, own in enumerate(groups) for _ in own])
    return Moves(columns, of, torch.tensor(values)[:, columns])


def expected(net, X, high, low, groups):
    def f(row):
        with torch.no_grad():
            return net(torch.tensor(row)[None])[0].numpy()

    m = len(groups)
    found = np.zeros((len(X), m, m, 3))
    for r in range(len(X)):
        for i in range(m):
            for j in range(m):
                if i != j:
                    own = None if low is None else low[r]
                    found[r, i, j] = second_difference(f, X[r], groups[i], groups[j], high[r], own)
    return found


SINGLE = [[j] for j in range(D)]


@pytest.mark.parametrize("groups", [SINGLE, GROUPS], ids=["columns", "blocks"])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("name", [n for n in NETS if NETS[n][1] and "softmax" not in n])
def test_low_rank_tables_by_the_definition(name, sides, groups):
    net = made(name, torch.float64)
    if net[-1].out_features != 3:
        net = nn.Sequential(*net, nn.Linear(1, 3)).double()
    X, high = some_rows()
    low = some_rows(seed=1)[1] if sides == 2 else None
    tables = pair_tables(
        low_rank(net),
        torch.tensor(X),
        moves(high, groups),
        None if low is None else moves(low, groups),
    )
    want = expected(net, X, high, low, groups)
    m = len(groups)
    for first, second in (
        (slice(0, m), slice(1, m)),
        (slice(1, 2), torch.tensor([3, 0])),
        (slice(2, m), slice(2, 3)),
    ):
        found = tables.differences(first, second).numpy()
        right = want[:, first][:, :, second if isinstance(second, slice) else second.numpy()]
        other = np.array(range(m))[first][:, None] != np.arange(m)[second]
        np.testing.assert_allclose(found[:, other], right[:, other], rtol=0, atol=1e-12)


@pytest.mark.parametrize("sides", [1, 2])
def test_whole_tables_by_the_definition(sides):
    net = made("tanh", torch.float64).requires_grad_(False)
    X, high = some_rows()
    low = some_rows(seed=1)[1] if sides == 2 else None
    own = None if low is None else moves(low, GROUPS)
    tables = pair_tables(FullForward(net), torch.tensor(X), moves(high, GROUPS), own)
    found = tables.differences(slice(0, 4), torch.arange(4)).numpy()
    np.testing.assert_allclose(found, expected(net, X, high, low, GROUPS), rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_rows_of_which_few_columns_move(share):
    d, n = 70, 4
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = relu_network(d, 20, 9, 2).double().requires_grad_(False)
    scale = OutputScale((Head("identity", 0, 2),))
    fast = low_rank_of(net, torch.float64, lambda X: X, per_unit(torch.ones(d)), scale)
    rng = np.random.default_rng(0)
    X, high = rng.standard_normal((2, n, d))
    high = np.where(rng.random((n, d)) < share, high, X)
    columns = torch.arange(d)
    both = [
        pair_tables(one, torch.tensor(X), Moves(columns, columns, torch.tensor(high)))
        for one in (fast, FullForward(net))
    ]
    whole, some = slice(0, d), slice(11, 53)
    for first, second in ((some, whole), (whole, torch.tensor([60, 2, 33]))):
        found, right = (one.differences(first, second) for one in both)
        off = torch.arange(d)[first][:, None] != torch.arange(d)[second]
        np.testing.assert_allclose(found[:, off], right[:, off], rtol=0, atol=1e-12)
        idle = torch.tensor(high == X)
        assert (found[idle[:, first]] == 0).all()


def test_columns_behind_closed_gates_are_an_exact_zero():
    net = made("plain", torch.float32)
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    scale = OutputScale((Head("identity", 0, 3),))
    fast = low_rank_of(net, torch.float32, lambda X: X, per_unit(torch.ones(D)), scale)
    rng = np.random.default_rng(0)
    X, high = rng.standard_normal((2, 3, D))
    found = pair_tables(fast, torch.tensor(X), moves(high, SINGLE)).differences(
        slice(0, D), slice(0, D)
    )
    assert (found[:, 2] == 0).all()
    assert (found[:, :, 2] == 0).all()
    assert (found[:, 0, 1] != 0).any()


def test_what_is_not_finite_is_not_left_out():
    net = made("plain", torch.float64)
    X, high = np.random.default_rng(0).standard_normal((2, 3, D))
    high[1, 4] = np.inf
    tables = pair_tables(low_rank(net), torch.tensor(X), moves(high, SINGLE))
    found = tables.differences(slice(0, D), slice(0, D))
    assert found[1, 0, 4].isnan().any()
    assert found[0].isfinite().all()


def test_networks_that_are_run_whole_are_asked_for_no_rectangles():
    assert pairs_in_cache(FullForward(nn.Identity())) == 1
    assert pairs_in_cache(low_rank(made("plain", torch.float64))) > 1
