"""``layer=``: hidden neurons in the place of features."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft import FeatureSelectionWarning
from tests.conftest import MLP, answering, bits, planted, quick

LAYER = "1"  # of our own network: Linear, ReLU, Linear, ReLU, Linear


@pytest.fixture(scope="module")
def data():
    return planted()


def activations(selector, X) -> np.ndarray:
    module = selector.estimator_.estimators_[0].module_
    with torch.no_grad():
        return module.core[:2](module.standardize(torch.as_tensor(X))).numpy()


def test_every_neuron_is_scored_and_ranked(data):
    selector = quick(layer=LAYER).fit(*data)
    assert selector.n_features_in_ == 8
    assert selector.feature_importances_.shape == (16,)
    assert selector.class_importances_.shape == (3, 16)
    assert sorted(selector.ranking_) == list(range(1, 17))
    assert selector.get_support().shape == (16,)
    assert selector.increments(*data).shape == (120, 16)


@pytest.mark.parametrize("reference", ["mean", "zero", "array"])
def test_the_decomposition_over_neurons_is_exact(data, reference):
    given = np.linspace(0, 1, 16) if reference == "array" else reference
    selector = quick(layer=LAYER, reference=given).fit(*data)
    found = selector.contributions(data.X)
    assert found.terms.shape == (120, 3, 16)
    with torch.no_grad():
        z = selector.estimator_.estimators_[0].module_(torch.as_tensor(data.X)).numpy()
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, rtol=1e-4, atol=1e-4)
    h = activations(selector, data.X)
    point = {"mean": h.mean(0), "zero": np.zeros(16), "array": np.linspace(0, 1, 16)}[reference]
    (n, k, j) = (3, 1, int(np.argmax(h[3])))
    step = torch.zeros(16)
    step[j] = 1e-3
    tail = selector.estimator_.estimators_[0].module_.core[2:]
    with torch.no_grad():
        here = torch.as_tensor(h[n])
        slope = ((tail(here + step) - tail(here - step)) / 2e-3)[k].item()
    assert found.terms[n, k, j] == pytest.approx(slope * (h[n, j] - point[j]), abs=2e-3)


def test_transform_returns_activations_of_the_selected_neurons(data):
    selector = quick(layer=LAYER, n_features_to_select=5).fit(*data)
    out = selector.transform(data.X)
    assert out.shape == (120, 5)
    expected = activations(selector, data.X)[:, selector.get_support()]
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_neurons_have_names(data):
    selector = quick(layer=LAYER, n_features_to_select=3).fit(*data)
    names = selector.get_feature_names_out()
    assert list(names) == [f"1_{j}" for j in selector.get_support(indices=True)]


@pytest.mark.parametrize("out", ["pandas", "polars"])
def test_set_output_names_the_neurons(data, out):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    plain = quick(layer=LAYER, n_features_to_select=3).fit(frame, data.y)
    selector = quick(layer=LAYER, n_features_to_select=3).set_output(transform=out)
    found = selector.fit(frame, data.y).transform(frame)
    assert list(found.columns) == list(plain.get_feature_names_out())
    np.testing.assert_allclose(found.to_numpy(), plain.transform(frame))


def test_sparse_input_gives_activations(data):
    selector = quick(layer=LAYER, n_features_to_select=3).fit(sp.csr_matrix(data.X), data.y)
    dense, sparse = selector.transform(data.X), selector.transform(sp.csc_matrix(data.X))
    assert isinstance(sparse, np.ndarray)
    np.testing.assert_allclose(sparse, dense, rtol=1e-5, atol=1e-6)


def test_a_layer_of_the_users_network_by_its_name(data):
    selector = quick(MLP, layer="hidden", n_features_to_select=4).fit(*data)
    assert selector.feature_importances_.shape == (12,)
    assert all(name.startswith("hidden_") for name in selector.get_feature_names_out())


def test_the_last_layer_before_the_logits_is_linear_in_them(data):
    """Terms of the last hidden layer are w (h - mean h), which can be written down."""
    net, y = answering(data.X, 10)
    selector = quick(net, prefit=True, layer="1").fit(data.X, y)
    with torch.no_grad():
        h = net[:2](torch.as_tensor(data.X)).numpy()
    W = net[2].weight.detach().numpy()
    np.testing.assert_allclose(
        selector.contributions(data.X).terms, W * (h - h.mean(0))[:, None, :], atol=1e-12
    )


def test_neurons_are_ranked_by_the_network_whose_activations_are_returned(data):
    """Neuron 3 of one network is not neuron 3 of another: their scores must not be averaged."""
    several = quick(layer=LAYER, n_networks=3).fit(*data)
    first = quick(several.estimator_.estimators_[0].module_.core, prefit=True, layer=LAYER)
    with torch.no_grad():
        Z = several.estimator_.estimators_[0].module_.standardize(torch.as_tensor(data.X)).numpy()
    first.fit(Z, data.y)
    np.testing.assert_allclose(several.feature_importances_, first.feature_importances_, atol=1e-5)


def test_elimination_is_left_out_and_said_to_be(data):
    with pytest.warns(FeatureSelectionWarning, match=r"without effect.* step=0.5 \(neurons of a"):
        selector = quick(layer=LAYER, step=0.5).fit(*data)
    assert selector.n_rounds_ == 1
    assert bits(selector) == bits(quick(layer=LAYER).fit(*data))


def test_a_fitted_ensemble_of_several_networks_has_no_neurons_in_common(data):
    several, alone = (quick(n_networks=n).fit(*data).estimator_ for n in (2, 1))
    with pytest.raises(ValueError, match=r"layer='1' ranks the neurons of one network.* has 2: "):
        quick(several, prefit=True, layer=LAYER).fit(*data)
    read = quick(alone, prefit=True, layer=LAYER).fit(*data)
    assert bits(read) == bits(quick(layer=LAYER).fit(*data))


def test_simplex_groups_are_refused_beside_a_layer(data):
    with pytest.raises(ValueError, match="simplex_groups are columns of X, and layer= scores"):
        quick(layer="1", simplex_groups=[[0, 1, 2]]).fit(*data)


def test_unknown_layer_is_named_with_those_there_are(data):
    with pytest.raises(ValueError, match=r"layer='nope' is not a submodule.*'0', '1'"):
        quick(layer="nope").fit(*data)


def test_reference_of_wrong_length_is_counted_in_neurons(data):
    with pytest.raises(ValueError, match=r"reference has shape \(8,\); layer='1' has 16 neurons"):
        quick(layer=LAYER, reference=np.zeros(8)).fit(*data)


def test_a_reference_beyond_single_precision_is_named_as_such(data):
    with pytest.raises(ValueError, match=r"^reference holds 1e\+300, which is more than the"):
        quick(layer=LAYER, reference=np.full(16, 1e300)).fit(*data)


def test_more_neurons_asked_for_than_there_are(data):
    with pytest.raises(ValueError, match=r"n_features_to_select=17 .*16"):
        quick(layer=LAYER, n_features_to_select=17).fit(*data).get_support()


def test_more_neurons_than_columns_may_be_asked_for(data):
    assert quick(layer=LAYER, n_features_to_select=12).fit(*data).transform(data.X).shape[1] == 12


def test_a_constant_column_is_still_named(data):
    X = data.X.copy()
    X[:, 2] = 1.0
    with pytest.warns(FeatureSelectionWarning, match="1 of 8 columns holds a single value.*: 2"):
        quick(layer=LAYER).fit(X, data.y)
