"""The benchmark of interventions: its own pieces, on little work."""

import numpy as np
import pytest
import torch

from benchmarks.gia import experiments, signs, simulations, speed
from sklearn_deeplifft.interventions import add, intervention_effects, pairwise_epistasis


def test_peers_do_the_same_work():
    net = speed.network()
    X = np.random.RandomState(0).poisson(0.3, size=(20, 512)).astype(float)
    added = [add(j, 1) for j in range(4)]
    found = intervention_effects(net, X, added, quantiles=(), support=False)
    np.testing.assert_allclose(found.effects, speed.full_forwards(net, X, 4), atol=1e-6)
    pairs = pairwise_epistasis(net, X, added)
    np.testing.assert_allclose(pairs.epistasis, speed.full_pairs(net, X, 4), atol=1e-6)


def test_captum_finds_the_same_effects():
    pytest.importorskip("captum.attr", reason="captum comes with the extra [bench]")
    net = speed.network()
    X = np.random.RandomState(0).poisson(0.3, size=(20, 512)).astype(float)
    with torch.no_grad():
        found = speed.ablation(net, X, 512)
    np.testing.assert_allclose(found, speed.full_forwards(net, X, 512), atol=1e-5)


def test_truth_of_the_motif_tables():
    X, y = experiments.motifs("and", "factorial")
    rate = [y[(X[:, 0] == a) & (X[:, 1] == b)].mean() for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))]
    np.testing.assert_allclose(rate, [0.047, 0.047, 0.047, 0.953], atol=0.02)
    X, y = experiments.motifs("additive", "empty")
    assert (X[:, 0] == X[:, 1]).all()


@pytest.mark.slow
def test_slopes_and_effects_are_read_off_the_same_networks():
    X, y = experiments.motifs("additive", "factorial", n=400)
    slopes, effects = signs.both(X, y, n_networks=1)
    assert slopes.shape == effects.shape == (2, 4)
    # Whichever columns were chosen, the two motifs come first: both speak for class 1.
    largest = np.argsort(-np.abs(effects[1]))[:2]
    assert (slopes[1, largest] > 0.1).all()
    assert (effects[1, largest] > 0.1).all()


@pytest.mark.slow
def test_interval_of_own_samples_holds_most_truths():
    held = np.concatenate([simulations._of_own_samples(seed) for seed in range(4)])
    assert held.mean() >= 0.75
