"""Edges of the engine: a regression that ends in a sigmoid, moves of many rows, exact quantiles."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.interventions import (
    add,
    intervention_effects,
    pairwise_epistasis,
    quantile_shift,
    remove,
    set_to,
)
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.interventions._statistics import changes
from sklearn_deeplifft.interventions._support import DataNearby
from sklearn_deeplifft.perturbation import _responses as _interventions
from tests.conftest import relu_network


@pytest.fixture
def X():
    return np.random.RandomState(0).poisson(1.0, size=(50, 4)).astype(float)


def test_a_regression_keeps_its_final_sigmoid(X):
    net = torch.nn.Sequential(*relu_network(4, 6, 1), torch.nn.Sigmoid())
    moved = X.copy()
    moved[:, 0] += 1
    with torch.no_grad():
        expected = (net(torch.tensor(moved)) - net(torch.tensor(X))).mean().item()
    found = intervention_effects(net, X, add(0, 1), task="regression", support=False)
    assert found.effects[0, 0] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("last", [torch.nn.Identity(), torch.nn.Tanh()], ids=["low rank", "whole"])
@pytest.mark.parametrize("move", [add(0, 1), remove([0, 2])], ids=["all rows", "some rows"])
def test_moves_of_many_rows_run_in_pieces(X, last, move, monkeypatch):
    net = torch.nn.Sequential(relu_network(4, 6, 3), last)
    whole = intervention_effects(net, X, [move, add(1, 1)], support=False)
    seen = []

    run = _interventions.LowRank._run_above
    monkeypatch.setattr(
        _interventions.LowRank,
        "_run_above",
        lambda self, h: (seen.append(len(h)), run(self, h))[1],
    )
    monkeypatch.setattr(_interventions, "ROWS_AT_ONCE", 7)
    pieces = intervention_effects(net, X, [move, add(1, 1)], support=False)
    np.testing.assert_allclose(pieces.effects, whole.effects, atol=1e-14)
    if isinstance(last, torch.nn.Identity):
        assert [n for n in seen if n > 7] == [len(X)]  # the background before anything moves
        assert sum(seen) >= 3 * len(X) - (X[:, [0, 2]] == 0).all(axis=1).sum()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_column_that_is_not_read_has_no_effect_at_all(X, dtype):
    net = relu_network(4, 30, 20, 3, dtype=dtype)
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    found = intervention_effects(net, X, [add(0, 1), add(2, 1)], support=False)
    assert found.effects[0].all()
    assert not found.effects[1].any()
    assert not found.positive_share[1].any()
    assert not pairwise_epistasis(net, X, [add(0, 1), add(2, 1)]).epistasis.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("move", [add(2, 1), set_to(2, 7), remove(2)], ids=["add", "set", "remove"])
def test_nor_has_it_any_beside_other_moves_of_many_rows(dtype, move):
    X = np.random.default_rng(1).poisson(1.0, (1501, 4)).astype(float)
    net = relu_network(4, 33, 19, 3, dtype=dtype)
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    moves = [add(0, 1), move, remove(1), set_to(3, 2)]
    found = intervention_effects(net, X, moves, support=False)
    assert not found.effects[1].any()
    assert found.effects[[0, 2, 3]].all()
    pairs = pairwise_epistasis(net, X, moves, n_background=1501)
    with_it = [1 in pair for pair in pairs.pairs.tolist()]
    assert not pairs.epistasis[with_it].any()
    assert pairs.epistasis[~np.array(with_it)].any()


def test_a_broken_network_does_not_look_sound_for_a_column_that_is_not_read(X):
    net = relu_network(4, 30, 20, 3, dtype=torch.float64)
    with torch.no_grad():
        net[0].weight[:, 2] = 0
        net[2].bias[0] = torch.nan
    for ask in (intervention_effects, pairwise_epistasis):
        with pytest.raises(ValueError, match=r"'2.bias' of the fitted network holds NaN"):
            ask(net, X, [add(0, 1), add(2, 1)])


@pytest.fixture
def live(monkeypatch):
    """Positions of the moves that only live units are multiplied for, call by call."""
    found = []
    write = _interventions.LowRank._write_live

    def watched(self, *args):
        which = write(self, *args)
        found.append(sorted(which))
        return which

    monkeypatch.setattr(_interventions.LowRank, "_write_live", watched)
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moves_of_live_units_and_others_come_in_their_order(X, monkeypatch, live, dtype):
    monkeypatch.setattr(_interventions, "FEWEST_LIVE_MOVES", 3)
    net = relu_network(4, 30, 20, 3, dtype=torch.float32)
    moves = [remove(1), add(0, 1), add(2, 50, low=None), add(1, 0.5), set_to(3, 2), add(3, 1)]
    together = intervention_effects(net.to(dtype), X, moves, support=False)
    assert live == [[1, 2, 3, 4, 5]]  # removing acts on too few rows
    monkeypatch.setattr(_interventions, "FEWEST_LIVE_MOVES", 6)
    plain = intervention_effects(net.double(), X, moves, support=False)
    assert live[1:] == [[]]
    np.testing.assert_allclose(together.effects, plain.effects, rtol=1e-5, atol=1e-6)


def test_columns_that_are_not_read_and_steps_of_nothing_are_exact_zeros_among_many(X, live):
    net = relu_network(4, 30, 20, 3, dtype=torch.float32)
    X = X * [1, 0, 1, 1]
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    many = [add(0, 0.01 + i / 1000) for i in range(40)]
    found = intervention_effects(net, X, [*many, add(2, 1)], support=False)
    assert live == [list(range(40))]
    assert not found.effects[40].any()
    found = intervention_effects(net, X, [*many, add(1, 1e-60, low=None)], support=False)
    assert live[1:] == [list(range(41))]
    assert found.effects[:40].all()
    assert not found.effects[40].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_that_many_moves_leave_alone_are_exact_zeros(live, dtype):
    X = np.random.default_rng(0).standard_normal((50, 4))
    X[::5, 0] = 0.25
    net = relu_network(4, 30, 20, 3, dtype=dtype)
    bound = [bind(set_to(0, 0.25), X)] * 40
    responses = ensemble_of(net, X[:2], scale="logit").responses
    ((change, _, share),) = changes(responses, X, bound, 3)
    assert live == [list(range(40))]
    assert (share == 0.8).all()
    does = change.any(axis=2)
    assert not does[::5].any()
    assert (does.mean(axis=0) == 0.8).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_units_that_are_never_on_move_no_row(live, monkeypatch, dtype):
    """One column a unit: shares of rows and quantiles are those of plain sums, ties at 0 too."""
    X = np.random.default_rng(0).standard_normal((300, 20)) - 1
    # Seeded: a row whose change is smaller than its output's rounding may count or not (one draw
    # of the weights in 400).
    net = relu_network(20, 20, 1, dtype=dtype)
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(20))
    many = [add(j, step + j / 1000, low=None) for j in range(20) for step in (0.1, -0.1)]
    found = intervention_effects(net, X, many, task="regression", support=False)
    monkeypatch.setattr(_interventions, "FEWEST_LIVE_MOVES", 41)
    plain = intervention_effects(net, X, many, task="regression", support=False)
    assert live == [list(range(40)), []]
    np.testing.assert_array_equal(found.positive_share, plain.positive_share)
    np.testing.assert_array_equal(found.quantiles == 0, plain.quantiles == 0)
    np.testing.assert_allclose(found.quantiles, plain.quantiles, rtol=0, atol=1e-6)


def test_a_network_with_few_silent_units_is_run_as_it_is(X, live):
    net = relu_network(4, 30, 20, 3, dtype=torch.float64)
    many = [add(j, sign * 1e3, low=None) for j in range(4) for sign in (-1, 1)] * 5
    found = intervention_effects(net, X, many, support=False)
    assert live == [[]]
    assert found.effects.all()


def test_distances_take_quantiles_of_the_values_as_they_are():
    """Scaled there and back a 3 may become a little less, and so have another rank."""
    counts = np.repeat(np.arange(7.0), 30)
    data = np.column_stack([counts, np.tile([0.1, 0.7, 0.9], 70)])
    shift = bind(quantile_shift(0, 1e-6), data)
    nearby = DataNearby(data, n_rows=len(data))
    assert (shift.apply(data[:, :1]) >= data[:, :1]).all()
    asked = []

    class Watching(type(shift)):
        def apply(self, values, rows=None):
            asked.append(values)
            return values

    nearby.off_manifold(Watching(shift.columns, shift.shift, shift.ordered))
    assert (asked[0] == data[:, :1]).all()


def _without_support(net, X, one):
    return intervention_effects(net, X, one, task="classification", support=False, quantiles=())


@pytest.mark.parametrize("width", [4, 17])
def test_a_broken_network_has_no_finite_effects(width):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(3, width), nn.ReLU(), nn.Linear(width, 3), nn.ReLU(), nn.Linear(3, 2)
    ).eval()
    with torch.no_grad():
        net[2].weight[0, 0] = torch.nan
    X = np.random.RandomState(0).rand(50, 3)
    for one in (add(0, 1, low=None), remove(1)):
        with pytest.raises(ValueError, match=r"'2.weight' of the fitted network holds NaN"):
            _without_support(net, X, one)


def test_a_step_beyond_single_precision_is_refused_by_name():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    X = np.random.RandomState(0).rand(50, 3)
    with pytest.raises(ValueError, match=r"add\(x0\+1e\+39\) changes the predictions by more"):
        _without_support(net, X, add(0, 1e39))
