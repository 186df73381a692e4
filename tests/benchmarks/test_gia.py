"""The benchmark of interventions: its own pieces, on little work."""

import numpy as np
import pytest
import torch

from benchmarks import _gia_experiments, _gia_simulations, gia
from sklearn_deeplifft.interventions import add, intervention_effects, pairwise_epistasis


def test_peers_do_the_same_work():
    net = gia.network()
    X = np.random.RandomState(0).poisson(0.3, size=(20, 512)).astype(float)
    added = [add(j, 1) for j in range(4)]
    found = intervention_effects(net, X, added, quantiles=(), support=False)
    np.testing.assert_allclose(found.effects, gia.full_forwards(net, X, 4), atol=1e-6)
    pairs = pairwise_epistasis(net, X, added)
    np.testing.assert_allclose(pairs.epistasis, gia.full_pairs(net, X, 4), atol=1e-6)


def test_captum_finds_the_same_change():
    attr = pytest.importorskip("captum.attr")
    net = gia.network()
    rows = torch.ones(5, 512)
    found = attr.FeatureAblation(net).attribute(rows, baselines=rows + 1, target=0)
    moved = rows.clone()
    moved[:, 3] += 1
    with torch.no_grad():
        expected = (net(rows) - net(moved))[:, 0]
    torch.testing.assert_close(found[:, 3], expected, atol=1e-5, rtol=0)


def test_truth_of_the_motif_tables():
    X, y = _gia_experiments.motifs("and", "factorial")
    rate = [y[(X[:, 0] == a) & (X[:, 1] == b)].mean() for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))]
    np.testing.assert_allclose(rate, [0.047, 0.047, 0.047, 0.953], atol=0.02)
    X, y = _gia_experiments.motifs("additive", "empty")
    assert (X[:, 0] == X[:, 1]).all()


def test_interval_of_own_samples_holds_most_truths():
    held = np.concatenate([_gia_simulations._of_own_samples(seed) for seed in range(4)])
    assert held.mean() >= 0.75
