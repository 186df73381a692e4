"""Kinks on straight paths, and the integrated Hessians that they make."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import chain_of, integrated_hessian, relu_network
from sklearn_deeplifft.attribution._kinks import kinks_on_path
from tests import oracles_interactions as o
from tests.conftest import relu_network as plain


def read(module):
    return relu_network(chain_of(module, torch.float64))


def layers_of(module):
    pairs = [(m.weight, m.bias) for m in module if isinstance(m, nn.Linear)]
    return [(W.detach().numpy(), b.detach().numpy()) for W, b in pairs]


def whole(network, r, x):
    """Gamma (K, d, d) with the columns in which nothing differs."""
    with torch.no_grad():
        columns, H = integrated_hessian(network, r, x)
    full = H.new_zeros(len(H), len(x), len(x))
    full[:, columns[:, None], columns] = H
    return full


def network_of(*weights):
    """A network of the given (W, b), ReLUs between."""
    layers = []
    for W, b in weights:
        layer = nn.Linear(len(W[0]), len(W)).double()
        layer.weight.data, layer.bias.data = torch.tensor(W).double(), torch.tensor(b).double()
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def row(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_of_one_unit():
    network = read(network_of(([[1, 1]], [-1]), ([[1]], [0])))
    expected = [[0.326713, 0.173287], [0.173287, 0.326713]]
    found = whole(network, row(0, 0), row(1, 1))[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-7)
    off = -0.5 * np.log(0.5) / 2
    np.testing.assert_allclose(found, [[0.5 - off, off], [off, 0.5 - off]], rtol=0, atol=1e-15)


@pytest.mark.parametrize("sizes", [(4, 5, 3), (3, 6, 5, 2), (2, 4, 4, 4, 1), (5, 2)])
def test_is_what_jumps_of_the_gradient_say(sizes):
    module = plain(*sizes, seed=len(sizes))
    r, x = np.random.default_rng(0).standard_normal((2, sizes[0])) * 2
    found = whole(read(module), torch.tensor(r), torch.tensor(x))
    expected = o.oracle_integrated_hessian(layers_of(module), r, x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_is_the_limit_of_smooth_networks():
    module = plain(3, 5, 4, 1, seed=2)
    smooth = nn.Sequential(*(nn.Softplus(1000) if isinstance(m, nn.ReLU) else m for m in module))
    r, x = torch.tensor(np.random.default_rng(3).standard_normal((2, 3)) * 2)
    t = ((torch.arange(8000) + 0.5) / 8000).double()[:, None]
    points, D = (r + t * (x - r)).requires_grad_(), x - r
    (g,) = torch.autograd.grad(smooth(points).sum(), points, create_graph=True)
    rows = [torch.autograd.grad(g[:, i].sum(), points, retain_graph=True)[0] for i in range(3)]
    weight = -t * t.log()
    expected = torch.outer(D, D) * torch.stack([(weight * row).mean(0) for row in rows])
    expected += torch.diag(D * (-t.log() * g.detach()).mean(0))
    np.testing.assert_allclose(whole(read(module), r, x)[0], expected, rtol=0, atol=0.01)


ACTIVATIONS = [nn.ReLU, lambda: nn.LeakyReLU(0.3), nn.PReLU, nn.Hardtanh, nn.ReLU6]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_sums_to_integrated_gradients_and_to_the_change(activation):
    torch.manual_seed(0)
    sizes = itertools.pairwise((12, 9, 7, 3))
    layers = [part for a, b in sizes for part in (nn.Linear(a, b), activation())]
    module = nn.Sequential(*layers[:-1]).double()
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(3)
    network = read(module)
    for r, x in torch.randn(20, 2, 12, dtype=torch.float64).mul_(2):
        H = whole(network, r, x)
        with torch.no_grad():
            change = module(x[None])[0] - module(r[None])[0]
        np.testing.assert_allclose(H.sum((1, 2)), change, rtol=0, atol=1e-12)
        torch.testing.assert_close(H, H.mT, rtol=0, atol=1e-12)
        np.testing.assert_allclose(H.sum(2), integrated_gradients(network, r, x), atol=1e-12)


def integrated_gradients(network, r, x):
    """(K, d): the gradient half way between two kinks, times how far they are apart."""
    every = torch.arange(len(x))
    with torch.no_grad():
        t = kinks_on_path(network, r, x, every).place.sort().values
    edges = torch.cat([t.new_zeros(1), t, t.new_ones(1)])
    points = (r + ((edges[1:] + edges[:-1]) / 2)[:, None] * (x - r)).requires_grad_()
    sums = network(points).sum(0)
    slopes = [torch.autograd.grad(z, points, retain_graph=True)[0] for z in sums]
    return (x - r) * torch.stack([edges.diff() @ slope for slope in slopes])


def test_kinks_at_the_ends_have_no_weight():
    # Without biases all units switch where a zero reference is.
    at_start = read(network_of(([[1, 2], [1, -1]], [0, 0]), ([[1, 3]], [0])))
    found = whole(at_start, row(0, 0), row(2, 1))[0]
    np.testing.assert_allclose(found, np.diag([2 * (1 + 3), 1 * (2 - 3)]), atol=1e-14)
    at_end = read(network_of(([[1, 1]], [-2]), ([[1]], [0])))
    assert not whole(at_end, row(0, 0), row(1, 1)).any()
    from_end = whole(at_end, row(1, 1), row(2, 2))[0]
    np.testing.assert_allclose(from_end, np.eye(2), atol=1e-15)


@pytest.mark.parametrize("bias", [-1, -0.7, -1 / 3])
def test_a_unit_over_a_unit_is_one_unit(bias):
    once = read(network_of(([[1, 1]], [bias]), ([[6]], [0])))
    twice = read(network_of(([[1, 1]], [bias]), ([[2]], [0]), ([[3]], [0]), ([[1]], [0])))
    for r, x in [(row(0, 0), row(1, 1)), (row(1, 1), row(0, 0))]:
        expected = whole(once, r, x)
        torch.testing.assert_close(whole(twice, r, x), expected, rtol=0, atol=1e-14)


def test_a_unit_that_touches_zero_adds_nothing():
    # -|x0 - x1 - 1/3| is below zero but for one point.
    tent = network_of(([[1, -1], [-1, 1]], [-1 / 3, 1 / 3]), ([[-1, -1]], [0]), ([[1]], [0]))
    assert not whole(read(tent), row(0, 0), row(1, 0)).any()


def test_units_that_switch_at_one_place_are_taken_in_the_order_described():
    # Off: u1 below v, which is on before; on: u2. Without either, v would be seen at a rate of 0.
    W, b = [[1.0, 0], [-1.0, 0]], [-0.5, 0.5]
    network = read(network_of((W, b), ([[1, 2]], [0]), ([[1]], [0])))
    there = whole(network, row(0, 0), row(1, 0))
    with torch.no_grad():
        change = network(row(1, 0)[None]) - network(row(0, 0)[None])
    assert there.sum() == pytest.approx(change.item(), abs=1e-15)
    assert there[0, 0, 0] == pytest.approx(change.item(), abs=1e-15)
    # (2 relu(-u) + relu(u)), whose slope grows by 3 at u = 0.
    kinks = kinks_on_path(network, row(0, 0), row(1, 0), torch.arange(2))
    jump = (kinks.downstream[:, 0] * kinks.direction[:, 0] ** 2 / kinks.rate.abs()).sum()
    assert jump == pytest.approx(3, abs=1e-14)


def whole_numbers(rng, *sizes):
    return [
        (rng.integers(-2, 3, (b, a)).tolist(), rng.integers(-2, 2, b).tolist())
        for a, b in itertools.pairwise(sizes)
    ]


def test_whole_numbers_meet_many_kinks_at_once():
    rng, every = np.random.default_rng(0), torch.arange(4)
    for _ in range(20):
        weights = whole_numbers(rng, 4, 6, 5, 4, 2)
        module = network_of(*weights)
        network, r = read(module), torch.zeros(4).double()
        x = torch.tensor(rng.poisson(2.0, 4)).double()
        H = whole(network, r, x)
        with torch.no_grad():
            change = module(x[None])[0] - module(r[None])[0]
            places = kinks_on_path(network, r, x, every).place.tolist()
        near = {"rtol": 0, "atol": 1e-14 * float(H.abs().sum() + 1)}
        np.testing.assert_allclose(H.sum((1, 2)), change, **near)
        expected = o.oracle_exact_integrated_gradients(weights, x.tolist(), places)
        np.testing.assert_allclose(H.sum(2), expected, **near)


def test_kinks_are_the_same_from_either_end():
    rng = np.random.default_rng(1)
    for _ in range(20):
        network = read(network_of(*whole_numbers(rng, 3, 5, 4, 1)))
        r, x = torch.zeros(3).double(), torch.tensor(rng.poisson(2.0, 3)).double()
        every = torch.arange(3)
        both = [kinks_on_path(network, *ends, every) for ends in ((r, x), (x, r))]
        sums = []
        for kinks in both:
            # Weights that are the same at t and 1 - t.
            weight = kinks.downstream[:, 0] * kinks.place * (1 - kinks.place) / kinks.rate.abs()
            sums.append((kinks.direction.T * weight) @ kinks.direction)
        torch.testing.assert_close(*sums, rtol=1e-12, atol=1e-12)


def test_a_row_at_its_reference_is_nothing():
    network = read(plain(4, 5, 2))
    columns, H = integrated_hessian(network, torch.ones(4).double(), torch.ones(4).double())
    assert columns.shape == (0,)
    assert H.shape == (2, 0, 0)


def test_columns_that_do_not_differ_are_left_out():
    network, rng = read(plain(6, 8, 5, 2)), np.random.default_rng(4)
    r = torch.tensor(rng.standard_normal(6))
    x = torch.where(torch.tensor([1, 0, 1, 1, 0, 0]).bool(), r + 1.5, r)
    columns, H = integrated_hessian(network, r, x)
    assert columns.tolist() == [0, 2, 3]
    with torch.no_grad():
        change = network(x[None]) - network(r[None])
    np.testing.assert_allclose(H.sum((1, 2)), change[0], atol=1e-13)
