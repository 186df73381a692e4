"""Refusals before anything is trained: networks of the other task or width, settings in vain."""

import numpy as np
import pytest
import skorch
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.ensembles._applicable import NEEDS_FREE
from tests.conftest import MLP, counted_trainings, planted

SHORT = {"n_networks": 1, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    return planted(n=60)


NET = {"max_epochs": 2, "lr": 0.1, "verbose": 0}
CLASSIFIERS = {
    "perceptron": MLPClassifier(),
    "net": skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, **NET),
    "net of one logit": skorch.NeuralNetBinaryClassifier(MLP, **NET),
}
REGRESSORS = {"perceptron": MLPRegressor(), "net": skorch.NeuralNetRegressor(MLP, **NET)}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_regressor_refuses_networks_that_classify(data, name, monkeypatch):
    wanted = (
        r"(?s)network=.* answers a classification, and NetworkEnsembleRegressor asks for a "
        r"regression; use the other of the two ensembles"
    )
    ensemble = NetworkEnsembleRegressor(CLASSIFIERS[name], n_networks=1, random_state=0)
    with counted_trainings(monkeypatch) as calls:
        with pytest.raises(ValueError, match=wanted):
            ensemble.fit(data.X, data.X[:, 0])
        with pytest.raises(ValueError, match=wanted):
            DeepLIFFTSelector(ensemble).fit(data.X, data.X[:, 0])
    assert calls == []


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_classifier_refuses_networks_of_a_quantity(data, name):
    ensemble = NetworkEnsembleClassifier(REGRESSORS[name], n_networks=1, random_state=0)
    wanted = "answers a regression, and NetworkEnsembleClassifier asks for a classification"
    with pytest.raises(ValueError, match=wanted):
        ensemble.fit(*data)


def test_networks_that_imply_no_task_serve_both(data):
    classes = NetworkEnsembleClassifier(MLP, **SHORT).fit(*data).predict(data.X)
    assert set(classes) <= {0, 1, 2}
    values = NetworkEnsembleRegressor(MLP, **SHORT).fit(data.X, data.X[:, 0]).predict(data.X)
    assert len(np.unique(values)) == 60


@pytest.mark.parametrize("kind", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
def test_a_module_of_another_width_is_named_so(data, kind):
    y = data.y if kind is NetworkEnsembleClassifier else data.X[:, 0]
    ensemble = kind(MLP(7, 3), **SHORT)
    wanted = r"cannot take rows of 8 columns .*Pass the columns it was built for, in their order"
    with pytest.raises(ValueError, match=wanted):
        ensemble.fit(data.X, y)
    assert not hasattr(ensemble, "estimators_")


class Pair(MLP):
    def forward(self, x):
        return super().forward(x), x


@pytest.mark.parametrize("network", [Pair, Pair(8, 3), nn.LSTM(8, 3)], ids=["class", "own", "LSTM"])
def test_a_module_that_returns_tuples_is_refused(data, network):
    wanted = r"the module returned tuple; .* one tensor of logits of shape \(n, K\)"
    for fitted in (
        NetworkEnsembleClassifier(network, **SHORT),
        GIATransformer(NetworkEnsembleClassifier(network, **SHORT)),
    ):
        with pytest.raises(TypeError, match=wanted):
            fitted.fit(*data)


@pytest.mark.parametrize(
    "network",
    [None, MLP, CLASSIFIERS["net"], MLPClassifier(max_iter=300)],
    ids=lambda n: str(n)[:9],
)
@pytest.mark.parametrize("given", [{"gates": None}, {"gates": None, "gate_penalty": None}])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_to_switch_gates_off_is_never_in_vain(data, network, given):
    ensemble = NetworkEnsembleClassifier(network, n_networks=1, random_state=0, **given)
    assert ensemble.fit(*data).predict(data.X).shape == (60,)


def test_off_switches_do_not_cover_for_others(data):
    """Only what is set in vain is named."""
    ensemble = NetworkEnsembleClassifier(gates=None, gate_penalty=None, path_steps=3)
    with pytest.raises(ValueError, match=r"^path_steps=3 would be ignored") as caught:
        ensemble.fit(*data)
    assert "gate_penalty" not in str(caught.value)


@pytest.mark.parametrize(
    "given", [{"gate_penalty": 0.5}, {"path_steps": 3}, {"gate_initial": "uniform"}]
)
@pytest.mark.parametrize(
    "network", [MLP, MLP(8, 3), CLASSIFIERS["net"]], ids=["class", "own", "net"]
)
def test_gates_around_a_network_of_the_users_own_are_free(data, network, given):
    with pytest.raises(ValueError, match=f"would be ignored: network=.*(?s:.*)and {NEEDS_FREE}"):
        NetworkEnsembleClassifier(network, n_networks=1, **given).fit(*data)


def test_other_settings_in_vain_have_other_reasons(data):
    for given in ({"dropout": 0.5}, {"dropout": 0.5, "gate_penalty": 0.5}):
        with pytest.raises(ValueError, match="its layers are its own"):
            NetworkEnsembleClassifier(MLP, n_networks=1, **given).fit(*data)
    with pytest.raises(ValueError, match="the networks have no gates that it could apply to"):
        NetworkEnsembleClassifier(gates=None, gate_penalty=0.3).fit(*data)


def test_gates_cannot_be_read_of_an_ensemble_without_any(data):
    ensemble = GIATransformer.default_estimator(n_networks=1, max_epochs=2).fit(*data)
    wanted = (
        r"trained without gates \(gates=None, gate_penalty='path'\), and gates are what is read; "
        r"fit it with gates='tied' and a gate_penalty, or with gates='free'"
    )
    with pytest.raises(ValueError, match=wanted):
        ImportanceNeuronSelector(ensemble, prefit=True).fit(*data)


def test_an_unfitted_ensemble_scores_nothing(data):
    for y in (data.y, np.c_[data.y, data.y]):
        with pytest.raises(NotFittedError):
            NetworkEnsembleClassifier().score(data.X, y)
