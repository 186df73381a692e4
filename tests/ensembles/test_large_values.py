"""Values whose squares overflow: computed, or refused by name, without a warning of numpy's."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_deeplifft import (
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    TrainingDivergedError,
)
from sklearn_deeplifft.networks._perceptron_adapter import in_units

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
y = X[:, 1] + 0.1 * RNG.normal(size=80)
LARGE = [1e155, 1e200, 1e300]

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def perceptron(kind=MLPRegressor):
    return kind(hidden_layer_sizes=(8,), max_iter=60, learning_rate_init=0.02)


def fitted(X, kind=NetworkEnsembleRegressor, network=None, **params):
    targets = y if kind is NetworkEnsembleRegressor else (y > 0).astype(int)
    return kind(network, n_networks=2, random_state=0, **params).fit(X, targets)


@pytest.mark.parametrize("size", [1e-300, 1e-160, *LARGE])
@pytest.mark.parametrize("store", [np.asarray, sparse.csr_matrix])
def test_perceptrons_read_columns_of_any_size(size, store):
    """What torch reads of them is what scikit-learn's pipelines answer."""
    units = np.array([1, size, 1, 1 / 8])
    ensemble = fitted(store(X * units), network=perceptron())
    assert ensemble.score(X * units, y) > 0.8
    answers = [pipeline.predict(store(X * units)) for pipeline in ensemble.estimators_]
    expected = np.mean(answers, axis=0)
    np.testing.assert_allclose(ensemble.predict(X * units), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("kind", [NetworkEnsembleRegressor, NetworkEnsembleClassifier])
def test_a_single_row_of_such_values_is_learned_from(size, kind):
    far = X.copy()
    far[3] = np.where(far[3] > 0, size, -size)
    own = MLPRegressor if kind is NetworkEnsembleRegressor else MLPClassifier
    for network in (None, perceptron(own)):
        ensemble = fitted(far, kind, network)
        assert not np.isnan(ensemble.validation_score_)
        assert np.isfinite(ensemble.predict(far)).all()


def test_an_error_beyond_all_numbers_is_a_score_of_minus_infinity():
    """A perceptron that has not seen the row answers with about 1e155."""
    far = X.copy()
    far[3] = np.where(far[3] > 0, 1e155, -1e155)
    ensemble = fitted(far, network=perceptron(), validation_fraction=0.5)
    assert ensemble.validation_score_ == -np.inf
    assert ensemble.out_of_fold_score_ == -np.inf
    assert np.isnan(ensemble.validation_score_interval_).all()
    assert np.isnan(ensemble.out_of_fold_interval_).all()


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize("size", [1e80, *LARGE])
def test_perceptrons_without_standardisation_refuse_them(kind, size):
    ensemble = {MLPRegressor: NetworkEnsembleRegressor, MLPClassifier: NetworkEnsembleClassifier}
    message = r"X holds .*e\+.*beyond 1e\+70. Set standardize=True; the columns .* are 1,"
    with pytest.raises(TrainingDivergedError, match=message):
        fitted(X * [1, size, 1, 1], ensemble[kind], perceptron(kind), standardize=False)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("network", [None, perceptron()])
def test_differences_that_no_double_holds_are_refused_by_name(network, standardize):
    far = X.copy()
    far[:, 2] = np.where(X[:, 2] > 0, 1.7e308, -1.7e308)
    with pytest.raises(ValueError, match=r"column 2 varies by 1\.\d+e\+308 .*Divide by a large"):
        fitted(far, network=network, standardize=standardize)


@pytest.fixture(scope="module")
def ensemble():
    return fitted(X, max_epochs=5, path_steps=20)


def test_r_squared_is_scikit_learns(ensemble):
    weight = np.arange(80.0)
    found = ensemble.predict(X)
    assert ensemble.score(X, y) == r2_score(y, found)
    assert ensemble.score(X, y.tolist(), weight) == r2_score(y, found, sample_weight=weight)
    assert ensemble.score(X, np.arange(80)) == r2_score(np.arange(80), found)
    assert ensemble.score(X, pd.Series(y, dtype="Float64")) == r2_score(y, found)


@pytest.mark.parametrize("size", [*LARGE, 1.7e308])
def test_r_squared_of_targets_of_any_size(ensemble, size):
    """Beside them the predictions are nothing: 1 - n mean(y)**2 / sum((y - mean(y))**2) - 1."""
    large = y / np.abs(y).max()
    mean = large.mean()
    expected = -80 * mean**2 / ((large - mean) ** 2).sum()
    assert ensemble.score(X, large * size) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", LARGE)
def test_predictions_beyond_all_squares_score_minus_infinity(ensemble, size):
    far = X.copy()
    far[3] = size
    assert ensemble.score(far, y) == -np.inf


def test_each_target_has_a_unit_of_its_own():
    both = np.column_stack([y, -y])
    ensemble = NetworkEnsembleRegressor(n_networks=2, random_state=0).fit(X, both)
    found = ensemble.predict(X)
    expected = (r2_score(y, found[:, 0]) + r2_score(-y, 0 * y)) / 2
    assert ensemble.score(X, both * [1, 1e200]) == pytest.approx(expected, rel=1e-9)


def test_tiny_units_of_sparse_columns_stay_finite():
    cells, units = np.array([[1e-310], [0.0], [3e-310]]), np.array([2.0**-1030])
    expected = in_units(cells, units)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(in_units(sparse.csr_array(cells), units).toarray(), expected)
