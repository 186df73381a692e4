"""Torch modules: what stands before the first layer, and how a network loses columns."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.networks import (
    FeatureGate,
    GateSettings,
    Preprocessed,
    Standardize,
    relu_mlp,
    rescale_output,
)
from sklearn_deeplifft.networks._modules import FillColumns, Front, on_fewer_columns
from sklearn_deeplifft.tables import Scaling, unskewed
from tests.conftest import MLP, relu_network

X = torch.randn(11, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_relu_mlp_is_the_papers_network():
    net = relu_mlp(7, 3)
    assert [tuple(p.shape) for p in net.parameters()] == [
        (200, 7),
        (200,),
        (100, 200),
        (100,),
        (3, 100),
        (3,),
    ]
    assert [type(m) for m in net] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]


def test_relu_mlp_without_hidden_layers_and_with_dropout():
    assert [type(m) for m in relu_mlp(4, 2, ())] == [nn.Linear]
    assert [type(m) for m in relu_mlp(4, 2, (3,), 0.5)] == [
        nn.Linear,
        nn.ReLU,
        nn.Dropout,
        nn.Linear,
    ]


@pytest.mark.parametrize("given", [torch.float64, torch.float32, torch.int64, torch.uint8])
@pytest.mark.parametrize("wanted", [torch.float32, torch.float64])
def test_standardize(given, wanted):
    front = Standardize(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 4.0]), wanted)
    out = front(torch.tensor([[1, 2], [2, 10]], dtype=given))
    assert out.dtype == wanted
    assert out.tolist() == [[0, 0], [2, 2]]


def test_standardize_subtracts_in_the_inputs_own_precision():
    front = Standardize(torch.tensor([1e9], dtype=torch.float64), torch.ones(1))
    out = front(torch.tensor([[1e9 + 0.25]], dtype=torch.float64))
    assert out.item() == 0.25
    assert front(torch.tensor([[10**9 + 3]])).item() == 3


def test_standardize_follows_the_network_into_another_precision():
    """``module.double()`` must give a network that runs."""
    net = Preprocessed(MLP, moments=None, n_features=6, n_outputs=2).double()
    assert net(X).dtype == torch.float64


@pytest.mark.parametrize(
    "core",
    [MLP, relu_mlp, lambda n_features: nn.Linear(n_features, 2), lambda: nn.Linear(6, 2)],
    ids=["class", "function", "one size", "no size"],
)
def test_sizes_are_passed_where_the_signature_asks(core):
    net = Preprocessed(core, moments=None, n_features=6, n_outputs=2)
    assert net(X.float()).shape == (11, 2)


def test_given_sizes_win():
    net = Preprocessed(MLP, moments=None, n_features=6, n_outputs=2, width=5)
    assert net.core.hidden.weight.shape == (5, 6)


def test_an_instance_is_copied():
    core = relu_network(6, 4, 2)
    moments = Scaling.straight(np.ones(6), np.full(6, 2.0))
    net = Preprocessed(core, moments=moments, n_features=6, n_outputs=2)
    assert net.core is not core
    with torch.no_grad():
        torch.testing.assert_close(net(X), core((X - 1) / 2))


KEPT = np.array([0, 2, 5])


@pytest.mark.parametrize("sliceable", [True, False])
def test_a_narrowed_network_behaves_as_before_on_what_is_left(sliceable):
    core = relu_network(6, 4, 2)
    weight = core[0].weight.clone()
    small = on_fewer_columns(core, KEPT, sliceable=sliceable, n_features=6)
    full = torch.zeros_like(X)
    full[:, KEPT] = X[:, KEPT]
    with torch.no_grad():
        torch.testing.assert_close(small(X[:, KEPT]), core(full))
    assert torch.equal(core[0].weight, weight)
    assert core[0].in_features == 6


@pytest.mark.parametrize("sliceable", [True, False])
def test_narrowing_twice(sliceable):
    core = relu_network(6, 4, 2)
    once = on_fewer_columns(core, KEPT, sliceable=sliceable, n_features=6)
    twice = on_fewer_columns(once, np.array([1, 2]), sliceable=sliceable, n_features=3)
    full = torch.zeros_like(X)
    full[:, [2, 5]] = X[:, [2, 5]]
    with torch.no_grad():
        torch.testing.assert_close(twice(X[:, [2, 5]]), core(full))
    if not sliceable:
        assert sum(isinstance(m, FillColumns) for m in twice.modules()) == 1


@pytest.mark.parametrize("sliceable", [True, False])
def test_a_narrowed_network_can_be_trained(sliceable):
    small = on_fewer_columns(relu_network(6, 4, 2), KEPT, sliceable=sliceable, n_features=6)
    small(X[:, KEPT]).sum().backward()
    assert all(p.grad is not None for p in small.parameters())


@pytest.mark.parametrize("sliceable", [True, False])
def test_gates_go_with_their_columns(sliceable):
    """Columns 0 and 1 share a gate; twice narrowed, there is still one layer of gates."""
    gate, layers = FeatureGate(torch.tensor([0, 0, 1, 2, 3, 4])), relu_network(6, 4, 2)
    with torch.no_grad():
        gate.double().weight.copy_(torch.arange(1.0, 6))
    core = nn.Sequential(gate, *layers) if sliceable else Front(gate, layers)
    once = on_fewer_columns(core, KEPT, sliceable=sliceable, n_features=6)
    twice = on_fewer_columns(once, np.array([0, 2]), sliceable=sliceable, n_features=3)
    for found, kept, features in ((once, KEPT, [1, 2, 5]), (twice, [0, 5], [1, 5])):
        full = torch.zeros_like(X)
        full[:, kept] = X[:, kept]
        with torch.no_grad():
            torch.testing.assert_close(found(X[:, kept]), core(full))
        (only,) = (m for m in found.modules() if isinstance(m, FeatureGate))
        assert only.weight.tolist() == features
        settings = GateSettings((0, 0, 1, 2, 3, 4), tied=False).on(np.array(kept))
        assert only.feature_of_column.tolist() == list(settings.feature_of_column)
    if not sliceable:  # which go on being trained, with none before them
        net = Preprocessed(twice, moments=None, n_features=2, n_outputs=2, front=settings)
        assert sum(isinstance(m, FeatureGate) for m in net.modules()) == 1


def test_names_are_the_users_behind_gates_and_columns():
    start = on_fewer_columns(relu_network(6, 4, 2), KEPT, sliceable=False, n_features=6)
    front = GateSettings((0, 1, 2), tied=False)
    net = Preprocessed(start, moments=None, n_features=3, n_outputs=2, front=front)
    names = ["gate.weight", *(name for name, _ in relu_network(6, 4, 2).named_parameters())]
    assert [name for name, _ in net.named_parameters()] == names
    assert {"gate.feature_of_column", *names} == set(net.state_dict())
    assert [name for name, _ in net.named_parameters("x")] == [f"x.{name}" for name in names]
    outer = nn.Sequential(nn.Identity(), net)
    twin = copy.deepcopy(outer)
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
    twin.load_state_dict(outer.state_dict())
    with torch.no_grad():
        assert torch.equal(twin(X[:, :3]), outer(X[:, :3]))


def test_expand():
    expand = FillColumns(np.array([2, 0]), 4)
    assert expand(torch.tensor([[1.0, 2.0]])).tolist() == [[2, 0, 1, 0]]


def test_rescale_output():
    core = relu_network(6, 4, 2)
    with torch.no_grad():
        before = core(X)
        rescale_output(core, np.array([10.0, -3.0]), np.array([2.0, 0.5]))
        expected = before * torch.tensor([2.0, 0.5]) + torch.tensor([10.0, -3.0])
        torch.testing.assert_close(core(X), expected.double())


SKEWED = np.exp(np.random.default_rng(0).standard_normal((40, 3))) * [1, -5, 1]


def skewed_front() -> tuple[Scaling, Standardize]:
    """Of a long upper tail, a long lower one, and a column that stays as it is."""
    sign, knot = np.array([1.0, -1, 0]), np.array([0.5, -2.0, 0])
    parts = np.array([0.1, 0.2, 0.3]), np.array([2.0, 3, 4]), sign, knot, np.array([0.7, 3, 1])
    return (scaling := Scaling(*parts)), Standardize.of(scaling)


def test_skewed_columns_are_standardised_on_their_logarithmic_scale():
    scaling, front = skewed_front()
    expected = (unskewed(SKEWED, scaling) - scaling.mean) / scaling.scale
    rows = torch.from_numpy(SKEWED)
    np.testing.assert_allclose(front.exact(rows), expected, rtol=1e-12)
    assert front(rows).dtype == torch.float32
    np.testing.assert_allclose(front(rows.float()), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(front.raw(front.exact(rows)), SKEWED, rtol=1e-12)
    assert not front.straight
    assert not front.state_dict()


def test_steps_are_differences_of_what_is_read():
    _, front = skewed_front()
    rows, columns = torch.from_numpy(SKEWED), torch.tensor([2, 0, 1])
    change = torch.linspace(-1, 3, 120, dtype=torch.float64).view(40, 3)
    moved = rows.clone()
    moved[:, columns] += change
    expected = (front.exact(moved) - front.exact(rows))[:, columns]
    found = front.steps(change, lambda: rows[:, columns], columns)
    torch.testing.assert_close(found, expected)
    # Of columns that are read as they are, nobody is asked what they hold.
    only = front.steps(change[:, :1], lambda: pytest.fail("not needed"), columns[:1])
    torch.testing.assert_close(only, change[:, :1] / 4)
