"""Sums of centred coefficients over all rows, against a loop over the oracle's Jacobians."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import (
    ChainReader,
    Head,
    NetworkReader,
    Scorer,
    ScoreSums,
    SimplexGroup,
    reader_of,
)
from tests import oracles as o
from tests.attribution._architectures import ARCHITECTURES, BY_NAME, D, K

N = 30
GROUPS = [([0, 2, 5], [1.0, 0.5, 2.0])]
FEATURES = torch.tensor([0, 1, 1, 2, 0, 3])
SOFTMAX = Head("softmax", 0, K)
LABELS = tuple(Head("sigmoid", k, k + 1) for k in range(K))
OUTPUTS = Head("identity", 0, K)


def oracle_slopes(forms, weight, kind, groups=()) -> np.ndarray:
    """Sum over rows of ``w_s`` (c_k - mean over the classes of c), one row for each cell."""
    P = o.oracle_projector(D, groups)
    total: list[np.ndarray] = []
    for form, w in zip(forms, weight, strict=True):
        rows = []
        for k in range(len(form.z)):
            if kind == "softmax":
                rows.append(form.c[k] - sum(form.c[j] for j in range(len(form.z))) / len(form.z))
            elif kind == "sigmoid":  # two classes with logits 0 and z, whose mean is z / 2
                rows += [0 - form.c[k] / 2, form.c[k] - form.c[k] / 2]
            else:
                rows.append(form.c[k])
        total.append(w * np.array(rows) @ P)
    return np.sum(total, axis=0)


def sums_of(reader, heads, X, y, weight, groups=(), **kwargs):
    made = [SimplexGroup(torch.tensor(c), torch.tensor(s, dtype=reader.dtype)) for c, s in groups]
    scorer = Scorer(reader, heads, torch.linspace(-1, 1, D, dtype=reader.dtype), made, **kwargs)
    return scorer.sums(X, y, torch.as_tensor(weight))


def drawn(seed=0):
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.integers(0, K, (N, 1))), rng.uniform(0.2, 2, N)


PLAIN = [
    a for a in ARCHITECTURES if "logit" not in a.name and "igmoid" not in a.name and a.shape == (D,)
]


@pytest.mark.parametrize("groups", [(), GROUPS], ids=["free", "simplex"])
@pytest.mark.parametrize("architecture", PLAIN, ids=lambda a: a.name)
def test_every_architecture_agrees_with_the_loop(architecture, groups):
    """Right rows and wrong: labels are drawn, so most of them are not what the network says."""
    y, weight = drawn()
    reader, forms = reader_of(architecture.module()), architecture.forms(N)
    heads = {
        "softmax": ((SOFTMAX,), y),
        "sigmoid": (LABELS, (torch.arange(N)[:, None] + torch.arange(K)) % 2),
        "identity": ((OUTPUTS,), torch.zeros(N, K)),
    }
    for kind, (asked, target) in heads.items():
        sums = sums_of(reader, asked, architecture.rows(N), target, weight, groups)
        expected = oracle_slopes(forms, weight, kind, groups)
        np.testing.assert_allclose(sums.slopes, expected, rtol=0, atol=1e-9)
        assert sums.total == pytest.approx(weight.sum())


def stacked(*layers):
    torch.manual_seed(3)
    net = nn.Sequential(*layers).double().eval()
    for leaf in net.modules():
        if isinstance(leaf, nn.BatchNorm1d):
            leaf.running_mean.normal_()
            leaf.running_var.uniform_(0.5, 2)
    return net


CHAINS = {
    "no activation": lambda: stacked(nn.Linear(D, K)),
    "one, between two affine maps each": lambda: stacked(
        *(nn.Linear(D, 4), nn.BatchNorm1d(4), nn.PReLU(4), nn.Linear(4, 2), nn.Linear(2, K))
    ),
    "two, next to each other, first": lambda: stacked(nn.ReLU(), nn.Hardtanh(), nn.Linear(D, K)),
    "two": lambda: stacked(
        *(nn.Linear(D, 7), nn.ReLU(), nn.Linear(7, 5), nn.BatchNorm1d(5), nn.LeakyReLU()),
        nn.Linear(5, K),
    ),
    "three": lambda: stacked(
        *(nn.Linear(D, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU6(), nn.Linear(5, 4), nn.ReLU()),
        nn.Linear(4, K),
    ),
    "four, first": lambda: stacked(
        *(nn.LeakyReLU(), nn.Linear(D, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU()),
        *(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, K)),
    ),
}


@pytest.mark.parametrize("made", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_chains_of_any_depth_agree_with_differentiation(made, share):
    """With no row right, half of them, or all: coefficients and sums, weights and a row filter."""
    net = made()
    X = torch.randn(N, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = net(X).argmax(1).detach()
    y = torch.where(torch.arange(N) < share * N, y, (y + 1) % K)[:, None]
    weight = drawn()[1]
    chain, general = reader_of(net), NetworkReader(net)
    assert isinstance(chain, ChainReader)
    got, expected = (sums_of(reader, (SOFTMAX,), X, y, weight) for reader in (chain, general))
    for name in ("signed", "absolute", "weight", "slopes"):
        torch.testing.assert_close(
            getattr(got, name), getattr(expected, name), rtol=0, atol=1e-12, msg=name
        )


def test_a_secant_rule_sums_the_slopes_of_chords():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(D, 5), nn.Tanh(), nn.Linear(5, K)).double()
    X = torch.randn(N, D, dtype=torch.float64)
    y, weight = drawn()
    sums = sums_of(reader_of(net, secants=True), (SOFTMAX,), X, y, weight)
    (W, b), V = (p.detach().numpy() for p in net[0].parameters()), net[2].weight.detach().numpy()
    expected = np.zeros((K, D))
    for x, w in zip(X.numpy(), weight, strict=True):
        a = W @ x + b
        c = V @ np.diag(np.tanh(a) / a) @ W
        expected += w * (c - c.mean(axis=0))
    np.testing.assert_allclose(sums.slopes, expected, rtol=0, atol=1e-9)


def test_parts_merge_and_features_keep_the_slopes_of_their_columns():
    module, X = BY_NAME["mlp"].module(), BY_NAME["mlp"].rows(N)
    y, weight = drawn()
    reader = reader_of(module)
    whole = sums_of(reader, (SOFTMAX,), X, y, weight, GROUPS, features=FEATURES)
    parts = ScoreSums.zeros(K, 4, D)
    for at in (slice(20, 30), slice(0, 7), slice(7, 20)):
        more = sums_of(*(reader, (SOFTMAX,), X[at], y[at], weight[at], GROUPS), features=FEATURES)
        parts = parts.merge(more)
    assert whole.signed.shape == (K, 4)
    single = sums_of(reader, (SOFTMAX,), X, y, weight, GROUPS)
    torch.testing.assert_close(parts.slopes, single.slopes, rtol=0, atol=1e-10)
    assert parts.total == pytest.approx(weight.sum())


def test_slopes_of_classes_cancel_and_do_not_hang_on_the_targets():
    module, X = BY_NAME["mlp"].module(), BY_NAME["mlp"].rows(N)
    y, weight = drawn()
    found = [sums_of(reader_of(module), (SOFTMAX,), X, t, weight) for t in (y, (y + 1) % K)]
    torch.testing.assert_close(found[0].slopes, found[1].slopes, rtol=0, atol=0)
    assert found[0].slopes.sum(0).abs().max() < 1e-10
    assert found[0].slopes.abs().max() > 0.1
