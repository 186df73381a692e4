"""Integrated Hessians of fitted predictors, on tables."""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.neural_network import MLPClassifier
from torch import nn

from sklearn_deeplifft import NetworkEnsembleRegressor, NotPiecewiseLinearError
from sklearn_deeplifft.interventions import integrated_hessians
from tests import oracles_interactions as o
from tests.conftest import FixedMLP, planted, relu_network
from tests.interventions._functions import counts, normal


def layers_of(module):
    pairs = [(m.weight, m.bias) for m in module if isinstance(m, nn.Linear)]
    return [(W.detach().numpy(), b.detach().numpy()) for W, b in pairs]


def test_rows_are_those_of_the_oracle():
    net, X, reference = relu_network(4, 5, 4, 1), normal(3, 4), normal(3, 4, seed=1)
    found = integrated_hessians(net, X, reference, reduce=None)
    assert found.score.shape == (3, 1, 4, 4)
    for H, x, r in zip(found.score, X, reference, strict=True):
        expected = o.oracle_integrated_hessian(layers_of(net), r, x)
        np.testing.assert_allclose(H, expected, rtol=0, atol=1e-9)
    assert found.error < 1e-12


def test_mean_of_sizes():
    net, X = relu_network(5, 8, 3), normal(6, 5)
    rows = integrated_hessians(net, X, "mean", reduce=None).score
    mean = integrated_hessians(net, X, "mean")
    np.testing.assert_allclose(mean.score, np.abs(rows).mean(0), rtol=1e-12)
    assert mean.outputs == (0, 1, 2)
    assert len(mean.to_frame()) == 3 * 10
    with pytest.raises(ValueError, match="scores of single rows"):
        integrated_hessians(net, X, "mean", reduce=None).to_frame()


def test_sums_to_centred_logits():
    net, X = relu_network(5, 8, 3), normal(6, 5)
    H = integrated_hessians(net, X, "zero", reduce=None).score
    z = np.array([o.oracle_outputs(layers_of(net), x) for x in [*X, np.zeros(5)]])
    z -= z.mean(1, keepdims=True)
    np.testing.assert_allclose(H.sum((2, 3)), z[:-1] - z[-1], rtol=0, atol=1e-12)
    free = integrated_hessians(net, X, "zero", reduce=None, task="regression").score
    np.testing.assert_allclose(free - free.mean(1, keepdims=True), H, rtol=0, atol=1e-12)


def test_counts_from_zero_in_any_container():
    net, X = relu_network(6, 9, 7, 1), counts(30, 6)
    found = integrated_hessians(net, X, "zero")
    assert found.error < 1e-12
    for same in (sp.csr_matrix(X), pd.DataFrame(X, columns=list("abcdef")), X.astype("int16")):
        again = integrated_hessians(net, same, np.zeros(6))
        np.testing.assert_array_equal(again.score, found.score)
    assert again.names == tuple(range(6))


def test_references_go_by_their_names():
    net, X, reference = relu_network(3, 5, 1), normal(4, 3), normal(4, 3, seed=1)
    table = pd.DataFrame(X, columns=list("abc"))
    turned = pd.DataFrame(reference, columns=list("abc"))[["c", "a", "b"]]
    expected = integrated_hessians(net, X, reference).score
    np.testing.assert_array_equal(integrated_hessians(net, table, turned).score, expected)
    one = integrated_hessians(net, X, reference[0]).score
    np.testing.assert_array_equal(integrated_hessians(net, table, turned.iloc[0]).score, one)
    with pytest.raises(ValueError, match="other columns than X"):
        integrated_hessians(net, table, turned.rename(columns={"a": "d"}))


def test_linear_predictors_have_a_diagonal_only():
    net, X = relu_network(4, 1), normal(5, 4)
    H = integrated_hessians(net, X, "zero", reduce=None).score[:, 0]
    expected = X[:, :, None] * np.eye(4) * net[0].weight.detach().numpy()
    np.testing.assert_allclose(H, expected, rtol=0, atol=1e-15)


def test_of_an_ensemble_is_that_of_its_mean():
    X, _ = planted(60, 5, 3)
    options = {"n_networks": 2, "max_epochs": 3, "hidden_layer_sizes": (7,), "random_state": 0}
    ensemble = NetworkEnsembleRegressor(**options).fit(X, X[:, 0] * X[:, 1])
    found = integrated_hessians(ensemble, X[:8], X.mean(0), reduce=None)
    change = ensemble.predict(X[:8]) - ensemble.predict(X.mean(0)[None])
    np.testing.assert_allclose(found.score.sum((1, 2, 3)), change, rtol=0, atol=1e-5)
    assert found.error < 1e-12


def test_perceptrons_and_modules_of_ones_own():
    X, y = planted(60, 8, 3)
    perceptron = MLPClassifier((9,), tol=1.0, random_state=0).fit(X, y)
    assert integrated_hessians(perceptron, X[:5], "zero").error < 1e-12
    module = FixedMLP()
    before = copy.deepcopy(module.state_dict())
    assert integrated_hessians(module, X[:5], "zero").error < 1e-12
    assert module.training
    after = module.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


CURVED = [nn.Tanh, nn.Sigmoid, nn.Softplus, nn.GELU, nn.ELU]


@pytest.mark.parametrize("activation", CURVED)
def test_curved_networks_are_refused_by_layer(activation):
    net = nn.Sequential(nn.Linear(4, 5), activation(), nn.Linear(5, 1))
    with pytest.raises(NotPiecewiseLinearError, match=rf"'1' \({activation.__name__}\)"):
        integrated_hessians(net, normal(4, 4), "zero")


class Exp(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 1)

    def forward(self, x):
        return self.inner(x).exp()


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        return self.inner(x).relu() + x


def test_what_is_no_sequence_of_layers_is_refused():
    with pytest.raises(NotPiecewiseLinearError, match="module's own forward"):
        integrated_hessians(Exp(), normal(4, 4), "zero")
    with pytest.raises(ValueError, match="does more than call them"):
        integrated_hessians(Skipping(), normal(4, 4), "zero")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reduce": "mean"}, "reduce='mean' must be 'mean_abs' or None"),
        ({"reference": "median"}, "reference='median' must be 'zero', 'mean'"),
        ({"reference": np.zeros(3)}, r"reference has shape \(3,\)"),
        ({"reference": np.full(4, np.nan)}, "reference holds NaN"),
        ({"reference": pd.Series([1.0, 2], ["a", "b"])}, "reference"),
        ({"X": np.full((2, 4), np.nan)}, "NaN"),
        ({"X": normal(4, 5)}, "5"),
        ({"X": np.zeros((0, 4))}, "0 sample"),
        ({"task": "ranking"}, "task='ranking' must be"),
    ],
)
def test_bad_input(changes, message):
    options = {"X": normal(4, 4), "reference": "zero", **changes}
    with pytest.raises(ValueError, match=message):
        integrated_hessians(relu_network(4, 5, 1), **options)


def test_results_larger_than_memory_are_refused_before_any_work():
    wide = nn.Sequential(nn.Linear(2000, 2), nn.ReLU(), nn.Linear(2, 1))
    with pytest.raises(ValueError, match="pass fewer rows at a time or reduce='mean_abs'"):
        integrated_hessians(wide, np.zeros((500, 2000)), "zero", reduce=None)
