"""How many networks ``n_networks="auto"`` trains."""

import numpy as np
import pytest

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles import network_count
from tests.conftest import planted

TINY = {"hidden_layer_sizes": (2,), "max_epochs": 1, "path_steps": 1, "random_state": 0}


@pytest.mark.parametrize("kind", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
@pytest.mark.parametrize(
    ("given", "n_rows", "expected"),
    [
        ({}, 2, 18),
        ({}, 799, 18),
        ({}, 800, 10),
        ({}, 10**8, 10),
        ({"null_features": True}, 10**8, 18),
        ({"n_networks": 5}, 2, 5),
        ({"n_networks": 5, "null_features": True}, 10**8, 5),
    ],
)
def test_few_rows_and_q_values_take_more_networks(kind, given, n_rows, expected):
    assert network_count(kind(**given), n_rows) == expected


@pytest.mark.parametrize(("n_rows", "expected"), [(799, 18), (800, 10)])
def test_an_ensemble_trains_as_many_and_counts_the_rows_that_train(n_rows, expected):
    X, y = planted(n=n_rows + 50, d=3)
    weight = np.r_[np.ones(n_rows), np.zeros(50)]
    ensemble = NetworkEnsembleClassifier(**TINY).fit(X, y, sample_weight=weight)
    assert len(ensemble.estimators_) == len(ensemble.training_choice_) == expected


def test_folds_and_their_refit_may_have_other_numbers_and_a_given_one_is_of_all():
    """900 rows in five folds: 720 train, and 900 at the end."""
    for given, expected in [({}, (18, 10)), ({"n_networks": 4}, (4, 4))]:
        ensemble = NetworkEnsembleClassifier(**given)
        assert tuple(network_count(ensemble, n) for n in (720, 900)) == expected


def test_rows_alike_in_x_and_y_count_once():
    X, y = planted(n=400, d=3)
    twice = NetworkEnsembleClassifier(**TINY).fit(np.r_[X, X], np.r_[y, y])
    assert len(twice.estimators_) == 18
    otherwise = NetworkEnsembleClassifier(**TINY).fit(np.r_[X, X], np.r_[y, y + 1])
    assert len(otherwise.estimators_) == 10


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
def test_auto_and_out_of_fold_scores_have_the_networks_they_need():
    X, y = planted(n=800, d=3)
    default = DeepLIFFTSelector.default_estimator(**TINY)
    selector = DeepLIFFTSelector(default, step=None, score_on="out_of_fold", random_state=0)
    assert len(selector.fit(X, y).estimator_.estimators_) == 10
    ensemble = selector.estimator_
    held_out = np.concatenate(ensemble._held_out(ensemble._fit_data(X, y, None)))
    assert np.array_equal(np.sort(held_out), np.arange(800))  # each row by one network
    selector.set_params(n_features_to_select="auto", score_on="all")
    assert len(selector.fit(X, y).estimator_.estimators_) == 18
