"""Terms of rows as a value: taken apart, looked up by class, handed to shap."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier, NetworkEnsembleRegressor
from tests.conftest import planted

NAMES = list("abcdefgh")
SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 5,
    "learning_rate": 0.02,
    "batch_size": 32,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def X():
    return pd.DataFrame(planted().X, columns=NAMES)


@pytest.fixture(scope="module")
def found(X):
    y = np.array(list("xyz"))[planted().y]
    fitted = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(X, y)
    return fitted.contributions(X[:20])


@pytest.fixture
def shap():
    return pytest.importorskip(
        "shap", reason="shap is not installed; pip install '.[bench]' brings it"
    )


def test_it_is_taken_apart_into_terms_and_bias_and_pickled(found):
    terms, bias = found
    assert terms is found.terms
    assert bias is found.bias
    assert found.feature_names == tuple(NAMES)
    assert found.output_names == ("x", "y", "z")
    twin = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(twin.terms, terms)
    assert twin.output_names == found.output_names


def test_an_output_is_the_one_predicted_unless_named(found):
    logits = found.bias + found.terms.sum(axis=-1)
    assert [found.output(row=i) for i in range(20)] == logits.argmax(axis=1).tolist()
    assert [found.output(name) for name in "xyz"] == [0, 1, 2]
    for wrong in ("w", 7, ["x"]):
        with pytest.raises(ValueError, match="is not one of those that fit has seen"):
            found.output(wrong)


def test_values_and_base_values_of_shap_sum_to_the_logits(found, X, shap):
    given = found.to_shap()
    assert given.values.shape == (20, 8, 3)
    assert given.base_values.shape == (20, 3)
    logits = found.bias + found.terms.sum(axis=-1)
    np.testing.assert_allclose(given.values.sum(axis=1) + given.base_values, logits, rtol=1e-12)
    np.testing.assert_array_equal(given.data, X[:20])
    assert list(given.feature_names) == NAMES
    assert list(given.output_names) == ["x", "y", "z"]
    one = found.to_shap("y")
    assert one.values.shape == (20, 8)
    assert one.base_values.shape == (20,)
    np.testing.assert_array_equal(one.values, given[:, :, 1].values)


def test_a_regression_has_one_output_and_sparse_rows_become_dense(X, shap):
    rows = sp.csr_matrix(np.round(X.to_numpy()))
    fitted = DeepLIFFTSelector(NetworkEnsembleRegressor(**SMALL), step=None)
    fitted.fit(rows, X["a"].to_numpy())
    given = fitted.contributions(rows).to_shap()
    assert given.values.shape == rows.shape
    np.testing.assert_allclose(
        given.values.sum(axis=1) + given.base_values, fitted.estimator_.predict(rows), rtol=1e-4
    )
    np.testing.assert_array_equal(given.data, rows.toarray())
    assert list(given.feature_names) == [f"x{j}" for j in range(8)]


def test_neurons_have_names_and_no_data(X, shap):
    one = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    fitted = DeepLIFFTSelector(one, step=None, layer="1").fit(X, planted().y)
    given = fitted.contributions(X[:5])
    assert given.feature_names[:2] == ("neuron 0", "neuron 1")
    assert given.data is None
    assert given.to_shap().values.shape == (5, len(given.feature_names), 3)


@pytest.mark.slow
def test_figures_of_shap_draw_them(found, shap):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.figure()
    shap.plots.waterfall(found.to_shap("x")[0], show=False)
    plt.close("all")
    shap.plots.beeswarm(found.to_shap("x"), show=False)
    plt.close("all")


def test_without_shap_it_says_how_to_get_it(found, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match="pip install shap"):
        found.to_shap()
