"""Feature gates: their norms, and the step that closes them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.networks import GateSettings, _gates, column_norms
from sklearn_deeplifft.networks._gates import FeatureGate, GaussianNoise, shrink
from tests import oracles as o

WHERE = (0, 1, 1, 2, 0, 3, 1)
"""Four features of 2, 3, 1 and 1 columns, not side by side."""

GROUPED = GateSettings(WHERE)
G = torch.Generator().manual_seed(0)


def randn(*shape):
    return torch.randn(*shape, generator=G, dtype=torch.float64)


def test_settings():
    assert GROUPED.n_features == 4
    assert GROUPED.columns().tolist() == list(WHERE)
    assert GateSettings((0, 1, 2)).n_features == 3


@pytest.mark.parametrize("where", [WHERE, (0, 1, 2, 3, 4, 5, 6), (0,) * 7, (0, 0, 0, 0, 1, 2, 3)])
def test_norms_are_those_of_all_weights_of_a_feature(where):
    W = randn(3, 5, 7)
    found = column_norms(W, torch.tensor(where), max(where) + 1)
    expected = [o.oracle_effective_gates(w.numpy(), where) for w in W]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("d", [300, 333, 4026])
def test_norms_of_wide_layers_are_the_same_bits_taken_together_or_in_turn(d, monkeypatch):
    W, where = randn(3, 220, d).float(), torch.arange(d)
    assert W[0].numel() > _gates.NUMBERS_IN_CACHE
    in_turn = column_norms(W, where, d)
    monkeypatch.setattr(_gates, "NUMBERS_IN_CACHE", W.numel())
    assert torch.equal(column_norms(W, where, d), in_turn)
    assert torch.equal(column_norms(W[1:2], where, d)[0], in_turn[1])


def test_norms_do_not_depend_on_how_the_units_are_turned():
    W = randn(2, 6, 7)
    Q = torch.linalg.qr(randn(6, 6))[0]
    torch.testing.assert_close(
        column_norms(Q @ W, GROUPED.columns(), 4), column_norms(W, GROUPED.columns(), 4)
    )


@given(
    e=st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
    t=st.floats(0, 10) | st.just(0.0),
)
def test_the_step_lowers_by_t_and_stops_at_an_exact_zero(e, t):
    e = torch.tensor([e], dtype=torch.float64)
    factor = shrink(e, t)
    assert ((factor >= 0) & (factor <= 1)).all()
    assert (factor[e <= t] == 0).all()
    torch.testing.assert_close(e * factor, (e - t).clamp_min(0), rtol=1e-12, atol=1e-9)


def test_the_step_is_the_proximal_one():
    """No point has a lower ``||v - w||^2 / 2 + t ||v||`` than the one that is kept."""
    w = randn(6)
    for t in (0.0, 0.3, 1.0, 10.0):
        kept = w * shrink(w.norm()[None, None], t)[0]
        best = (kept - w).square().sum() / 2 + t * kept.norm()
        for scale in (1e-3, 1e-2, 0.1, 1.0):
            v = kept + scale * randn(200, 6)
            assert ((v - w).square().sum(1) / 2 + t * v.norm(dim=1) >= best - 1e-12).all()


def test_every_feature_may_have_a_step_of_its_own():
    e = torch.tensor([[1.0, 2.0, 3.0], [0.1, 5.0, 0.0]])
    t = torch.tensor([1.0, 0.5, 0.0])
    expected = torch.tensor([[0.0, 0.75, 1.0], [0.0, 0.9, 0.0]])
    torch.testing.assert_close(shrink(e, t), expected)


@pytest.mark.parametrize("initial", ["one", "uniform"])
def test_a_gate_multiplies_the_columns_of_its_feature(initial):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        gate = FeatureGate(GROUPED.columns(), initial)
    x = randn(5, 7).float()
    g = gate.weight.detach()
    expected = np.array([[x[s, j] * g[WHERE[j]] for j in range(7)] for s in range(5)])
    np.testing.assert_array_equal(gate(x).detach(), expected)
    assert (g == 1).all() if initial == "one" else ((g >= 0) & (g < 0.05)).all()


def test_a_uniform_start_closes_about_half_of_the_gates():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        gate = FeatureGate(torch.arange(4000), "uniform")
        first = gate.weight.detach().clone()
        gate.reset_parameters()
    assert 0.45 < (first == 0).float().mean() < 0.55
    assert first.max() <= 0.05
    assert first[first > 0].mean() == pytest.approx(0.025, abs=0.001)
    assert not torch.equal(gate.weight, first)


def test_noise_only_while_training():
    noise, x = GaussianNoise(0.5), torch.zeros(20000)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        added = noise.train()(x)
    assert added.std().item() == pytest.approx(0.5, abs=0.02)
    assert abs(added.mean().item()) < 0.02
    assert torch.equal(noise.eval()(x), x)


@pytest.mark.parametrize("m", [1, 2, 200])
def test_a_feature_split_into_columns_keeps_its_norm_and_its_right(m):
    """The same weights in m columns: equal ``||W_i||``; and the step that closes it, for which
    every weight moves by the learning rate, grows as the norm of such a move does."""
    h, lr = 6, 0.01
    columns = torch.tensor([0] * m + [1])
    moved = torch.full((1, h, m + 1), lr, dtype=torch.float64)
    assert column_norms(moved, columns, 2)[0, 0].item() == pytest.approx(lr * math.sqrt(h * m))
    whole = randn(h)
    split = torch.zeros(1, h, m + 1, dtype=torch.float64)
    split[0, :, :m] = whole[:, None] / math.sqrt(m)
    assert column_norms(split, columns, 2)[0, 0].item() == pytest.approx(whole.norm().item())
