"""Strengths of interactions read off weights."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from skorch import NeuralNetRegressor
from torch import nn

from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.interventions import neural_interaction_strength
from tests import oracles_interactions as o
from tests.conftest import MLP, planted, relu_network


def strength(model, **options):
    return neural_interaction_strength(model, **options).score


def layers_of(module):
    pairs = [(m.weight, m.bias) for m in module.modules() if isinstance(m, nn.Linear)]
    return [(W.detach().double().numpy(), b.detach().double().numpy()) for W, b in pairs]


def test_on_paper():
    net = relu_network(3, 2, 1)
    net[0].weight.data = torch.tensor([[1.0, 2, 0], [0, -3, 1]]).double()
    net[2].weight.data = torch.tensor([[1.0, -2]]).double()
    expected = [[[0, 1, 0], [1, 0, 2], [0, 2, 0]]]
    np.testing.assert_allclose(strength(net), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sizes", [(5, 4, 1), (5, 7, 6, 3), (4, 5, 5, 4, 2)])
def test_agrees_with_the_oracle(sizes):
    net = relu_network(*sizes)
    expected = o.oracle_interaction_strength(layers_of(net))
    np.testing.assert_allclose(strength(net, task="regression"), expected, rtol=1e-12)


def test_of_classes_less_their_mean():
    net = relu_network(4, 6, 3)
    *below, (V, b) = layers_of(net)
    expected = o.oracle_interaction_strength([*below, (V - V.mean(0), b)])
    np.testing.assert_allclose(strength(net), expected, rtol=1e-12)
    with torch.no_grad():
        net[-1].weight += 5  # the same for all logits
    np.testing.assert_allclose(strength(net), expected, rtol=1e-12)


def test_no_gauge_of_the_weights_matters():
    net, other = relu_network(5, 6, 4, 1), relu_network(5, 6, 4, 1)
    factor = torch.linspace(0.1, 3, 6).double()
    with torch.no_grad():  # a ReLU hands positive factors on
        other[0].weight *= factor[:, None]
        other[0].bias *= factor
        other[2].weight /= factor
    np.testing.assert_allclose(strength(other), strength(net), rtol=1e-12)


def test_what_a_block_has_in_common_does_not_matter():
    net, other = relu_network(5, 6, 1), relu_network(5, 6, 1, seed=0)
    with torch.no_grad():
        other[0].weight[:, 1:4] += torch.linspace(-3, 3, 6).double()[:, None]
    blocks = {"simplex_groups": [[1, 2, 3]]}
    np.testing.assert_allclose(strength(other, **blocks), strength(net, **blocks), rtol=1e-12)
    assert not np.allclose(strength(other), strength(net))


def test_pairs_that_only_meet_in_a_later_layer():
    net = relu_network(3, 3, 1, 1)
    net[0].weight.data = torch.eye(3).double()
    net[2].weight.data = torch.tensor([[2.0, -1, 0]]).double()
    net[4].weight.data = torch.tensor([[3.0]]).double()
    assert not strength(net).any()
    found = strength(net, later_layers=True)
    np.testing.assert_allclose(found, [[[0, 3, 0], [3, 0, 0], [0, 0, 0]]], atol=1e-12)


@pytest.mark.parametrize("net", [relu_network(4, 2), nn.Sequential(nn.Linear(4, 1))])
def test_without_hidden_layers_is_zero(net):
    assert not strength(net).any()


def test_a_slope_that_hardly_changes_hardly_counts():
    def net(slope):
        plain = relu_network(4, 5, 1)
        return nn.Sequential(plain[0], nn.LeakyReLU(slope), plain[2])

    np.testing.assert_allclose(strength(net(0.75)), 0.25 * strength(net(0.0)), rtol=1e-12)
    assert not strength(net(1.0)).any()


def test_every_kind_of_network():
    X, y = planted(60, 5, 3)
    for kind, sizes in ((MLPClassifier, (6,)), (MLPRegressor, (6, 5))):
        perceptron = kind(hidden_layer_sizes=sizes, tol=1.0)
        fitted = perceptron.fit(X[:, :4], y == 0)
        weights = [(W.T, b) for W, b in zip(fitted.coefs_, fitted.intercepts_, strict=True)]
        expected = o.oracle_interaction_strength(weights)[0]
        # A single logit is half of that for each of two classes.
        share = 0.5 if isinstance(perceptron, MLPClassifier) else 1
        np.testing.assert_allclose(strength(fitted)[-1], share * expected, rtol=1e-12)
    net = NeuralNetRegressor(MLP(5, 1), max_epochs=1, verbose=0, train_split=None)
    net.fit(X.astype("float32"), y[:, None].astype("float32"))
    expected = o.oracle_interaction_strength(layers_of(net.module_))
    np.testing.assert_allclose(strength(net), expected, rtol=1e-12)
    both = [relu_network(3, 4, 1, seed=seed) for seed in (0, 1)]
    mean = (strength(both[0]) + strength(both[1])) / 2
    np.testing.assert_allclose(strength(both), mean, rtol=1e-12)


@pytest.mark.parametrize("gates", ["tied", "free"])
def test_of_an_ensemble_is_the_mean_over_its_networks(gates):
    X, y = planted(80, 5, 3)
    table = pd.DataFrame(X, columns=list("abcde"))
    options = {"n_networks": 2, "max_epochs": 3, "hidden_layer_sizes": (7,), "gates": gates}
    ensemble = NetworkEnsembleClassifier(**options, noise=0.1, random_state=0).fit(table, y)
    found = neural_interaction_strength(ensemble)
    expected = 0
    for trained in ensemble._networks:
        (W, b), (V, c) = layers_of(trained.core)
        if gates == "free":
            gate = trained.core[0]
            W = W * gate.weight.detach().numpy()[gate.feature_of_column]
        expected = expected + o.oracle_interaction_strength([(W, b), (V - V.mean(0), c)]) / 2
    np.testing.assert_allclose(found.score, expected, rtol=1e-6)
    assert found.outputs == (0, 1, 2)
    assert found.names == tuple("abcde")


def test_frame_and_strongest_pairs():
    X, y = planted(40, 4, 2)
    table = pd.DataFrame(X, columns=list("abcd"))
    fitted = MLPRegressor(hidden_layer_sizes=(6,), tol=1.0, random_state=0).fit(table, y)
    found = neural_interaction_strength(fitted)
    frame = found.to_frame()
    assert frame.columns.tolist() == ["first", "second", "output", "score"]
    assert len(frame) == 6
    assert frame["score"].is_monotonic_decreasing
    (i, j), *_ = found.strongest(2)
    assert ("abcd"[i], "abcd"[j]) == (frame["first"][0], frame["second"][0])
    assert frame["score"][0] == found.score[0, i, j] == found.score[0, j, i]
    assert len(found.strongest(100)) == 6
    with pytest.raises(ValueError, match="k=0 must be a whole number"):
        found.strongest(0)


CONV = nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten())


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (
            nn.Sequential(*CONV, nn.Linear(8, 1)),
            ValueError,
            r"it holds Unflatten .* Conv1d \('1'\)",
        ),
        (nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1)), ValueError, r"Tanh \('1'\)"),
        (MLPClassifier(activation="tanh"), ValueError, "not fitted"),
        (LogisticRegression(), TypeError, "LogisticRegression is neither"),
        ([], ValueError, "empty list"),
        ([relu_network(3, 2, 1), relu_network(4, 2, 1)], ValueError, "same columns"),
        (NetworkEnsembleClassifier(), ValueError, "not fitted"),
    ],
)
def test_what_cannot_be_read(model, error, message):
    with pytest.raises(error, match=message):
        neural_interaction_strength(model)


def test_unknown_columns_and_tasks():
    with pytest.raises(ValueError, match="column 7 is not among the 3 columns"):
        neural_interaction_strength(relu_network(3, 2, 1), simplex_groups=[[1, 7]])
    with pytest.raises(ValueError, match="task='x' must be"):
        neural_interaction_strength(relu_network(3, 2, 1), task="x")
