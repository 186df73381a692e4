"""Parameters that a network recommends: where they apply, and that a user's own stand."""

from functools import partial

import pytest

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor, networks
from sklearn_deeplifft.ensembles._base import defaults_of
from sklearn_deeplifft.ensembles._defaults import ensemble_for
from sklearn_deeplifft.ensembles._settings import as_recommended
from tests.conftest import MLP

RECOMMENDING = {
    "function": networks.motif_pool,
    "partial": partial(partial(networks.motif_pool, n_filters=8), width=5),
    "instance": networks.motif_pool(12, 2),
}


def applied(ensemble):
    return as_recommended(ensemble, defaults_of(ensemble))


@pytest.mark.parametrize("network", RECOMMENDING.values(), ids=RECOMMENDING)
@pytest.mark.parametrize("kind", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
def test_what_is_recommended_takes_the_place_of_a_default(kind, network):
    ensemble = kind(network)
    assert applied(ensemble).learning_rate == 0.01
    assert ensemble.learning_rate == kind().learning_rate, "the ensemble itself is as it was"
    assert applied(kind(network, learning_rate=0.3)).learning_rate == 0.3


@pytest.mark.parametrize("network", [None, networks.cnn_deep, MLP, MLP(4, 2)])
def test_others_recommend_nothing(network):
    ensemble = NetworkEnsembleClassifier(network)
    assert applied(ensemble).get_params() == ensemble.get_params()


def test_it_comes_before_a_selectors_own_values_and_after_a_users():
    own = {"learning_rate": 0.5, "batch_size": 7}
    ensemble = ensemble_for("classification", own, network=networks.motif_pool)
    assert (applied(ensemble).learning_rate, ensemble.batch_size) == (0.01, 7)
    given = ensemble_for("classification", own, network=networks.motif_pool, learning_rate=0.2)
    assert applied(given).learning_rate == 0.2
