"""The selector's own networks, a third of them linear: rounds of elimination, and what is kept."""

import itertools
import pickle
import warnings

import numpy as np
import pytest
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
)
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from tests.conftest import bits, counted_trainings, noted_rounds, planted

SHORT = {"max_epochs": 3, "path_steps": 20, "max_steps": 60, "learning_rate": 0.02}


def default(**changes) -> NetworkEnsembleClassifier:
    """The default ensemble, on a shorter path."""
    changes = {"n_networks": 6, **SHORT, "hidden_layer_sizes": (8,), "random_state": 0, **changes}
    return DeepLIFFTSelector.default_estimator(**changes)


@pytest.fixture(scope="module")
def data():
    return planted(n=100)


@pytest.fixture(scope="module")
def fitted(data):
    return default().fit(*data)


@pytest.fixture(scope="module")
def eliminated(data):
    return DeepLIFFTSelector(default(), random_state=1).fit(*data)


def hidden_layers(core) -> int:
    return sum(isinstance(m, nn.Linear) for m in core) - 1


def test_a_third_of_the_networks_that_are_kept_is_linear(eliminated):
    networks = eliminated.estimator_._networks
    assert [hidden_layers(trained.core) for trained in networks] == [1, 1, 0] * 2


def test_auto_halves_while_many_are_left_then_drops_a_fifth(monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 512))
    y = np.where(X[:, 0] > 0, "yes", "no")
    ensemble = NetworkEnsembleClassifier(
        n_networks=1, hidden_layer_sizes=(2,), max_epochs=1, gates=None
    )
    selector = DeepLIFFTSelector(ensemble, random_state=0)
    assert selector.step == "auto"
    with counted_trainings(monkeypatch) as calls, warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureSelectionWarning)  # of networks at chance
        selector.fit(X, y)
    widths = [len(columns) for columns in calls]
    assert widths == [512, 256, 128, 64, 32, 25, 20, 16, 12, 9, 7, 5, 4, 3, 2]
    assert selector.n_rounds_ == len(widths) + 1  # one alone needs no training
    for before, after in itertools.pairwise(calls):
        assert set(after) < set(before)


def test_rounds_that_nobody_keeps_make_no_nets(data, monkeypatch):
    made = noted_rounds(monkeypatch)
    selector = DeepLIFFTSelector(default(), random_state=1).fit(*data)
    assert len(made) == selector.n_rounds_ - 1 == 5  # on 8, 6, 4, 3 and 2 columns
    first, *later = made
    for trained, net in zip(first, selector.estimator_.estimators_, strict=True):
        assert trained.estimator is net
        assert net.module_.core is trained.core
    width = 8
    for networks in later:
        for trained in networks:
            assert trained.estimator is None
            first_layer = next(m for m in trained.core if isinstance(m, nn.Linear))
            assert first_layer.in_features < width
            assert not trained.core.training
            assert len(trained.standardize.mean) == first_layer.in_features
        assert [hidden_layers(trained.core) for trained in networks] == [1, 1, 0] * 2
        width = first_layer.in_features


def test_the_ensemble_that_is_kept_is_whole(eliminated, data):
    ensemble = eliminated.estimator_
    assert len(ensemble.estimators_) == 6
    again = pickle.loads(pickle.dumps(eliminated))
    np.testing.assert_array_equal(
        again.estimator_.predict_proba(data.X), ensemble.predict_proba(data.X)
    )
    assert bits(again) == bits(eliminated)
    for net in ensemble.estimators_:
        assert net.predict(data.X).shape == (100,)
        assert len(net.history) > 0
    assert ensemble.score(*data) > 0.5


@pytest.mark.parametrize("kind", [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer])
def test_one_ensemble_is_read_three_ways(fitted, eliminated, data, kind):
    """That which a selector has trained as well as one that was fitted by itself."""
    a, b = (
        kind(ensemble, prefit=True, random_state=1).fit(*data)
        for ensemble in (fitted, eliminated.estimator_)
    )
    for selector in (a, b):
        assert selector.importances_per_network_.shape == (6, 8)
        assert np.isfinite(selector.importances_per_network_).all()
        assert sorted(selector.ranking_) == list(range(1, 9))
        assert set(selector.ranking_[:3]) <= {1, 2, 3, 4}  # of the columns that matter
    np.testing.assert_array_equal(a.importances_per_network_, b.importances_per_network_)


@pytest.mark.parametrize("kind", [ImportanceNeuronSelector, GIATransformer])
def test_the_other_selectors_train_the_same_networks(data, fitted, kind):
    trained = kind(default(), random_state=1).fit(*data)
    read = kind(fitted, prefit=True, random_state=1).fit(*data)
    np.testing.assert_array_equal(trained.feature_importances_, read.feature_importances_)


def test_gates_of_linear_networks_stay_open(fitted, data):
    """Their importances are shares of the norms; a penalty at which they closed there is none."""
    selector = ImportanceNeuronSelector(fitted, prefit=True).fit(*data)
    linear = np.array([hidden_layers(trained.core) == 0 for trained in fitted._networks])
    assert np.isinf(selector.exit_penalties_[linear]).all()
    assert np.isfinite(selector.exit_penalties_[~linear]).any()
    for trained, shares in zip(fitted._networks, selector.importances_per_network_, strict=True):
        if hidden_layers(trained.core) == 0:
            norms = trained.core[0].weight.detach().double().norm(dim=0).numpy()
            np.testing.assert_allclose(shares, norms / norms.sum(), rtol=1e-5)


@pytest.mark.slow
def test_neither_threads_nor_checkpoints_change_a_bit(data, eliminated, tmp_path):
    for _ in range(2):
        ensemble = default(checkpoint_dir=tmp_path, n_jobs=2)
        kept = DeepLIFFTSelector(ensemble, random_state=1).fit(*data)
        assert bits(kept) == bits(eliminated)


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="'step' parameter of DeepLIFFTSelector"):
        DeepLIFFTSelector(step="half").fit(*planted(n=30))
