"""Fitted ensembles and their networks: what a selector reads of them, and goes on to say."""

import numpy as np
import pandas as pd
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import MLP, OneLogitMLP, counted_trainings, planted

SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 4,
    "path_steps": 30,
    "batch_size": 32,
    "learning_rate": 0.02,
    "random_state": 0,
}
SELECTORS = [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer]
each_selector = pytest.mark.parametrize("kind", SELECTORS)


def net(module=MLP, cls=skorch.NeuralNetClassifier, **params):
    return cls(module, max_epochs=3, lr=0.1, verbose=0, **params)


NETWORKS = {
    "ours": lambda: NetworkEnsembleClassifier(**SMALL),
    "a module class": lambda: around(MLP),
    "a module": lambda: around(MLP(8, 3)),
    "a net": lambda: around(net(criterion=nn.CrossEntropyLoss)),
    "a net without classes": lambda: around(
        net(MLP, skorch.NeuralNet, criterion=nn.CrossEntropyLoss)
    ),
}
OF_TWO = {
    "ours": NETWORKS["ours"],
    "a module class": NETWORKS["a module class"],
    "a module of one logit": lambda: around(OneLogitMLP(8)),
    "a net of one logit": lambda: around(net(OneLogitMLP(8), skorch.NeuralNetBinaryClassifier)),
}


def around(network) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(network, n_networks=2, random_state=0)


def users_net(data) -> skorch.NeuralNetClassifier:
    """Trained by skorch, from the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = net(MLP(8, 3), criterion=nn.CrossEntropyLoss).set_params(max_epochs=40)
        return fresh.fit(data.X.astype(np.float32), data.y)


def alone(ensemble) -> DeepLIFFTSelector:
    """A reading of the first network by itself; every row is scored."""
    return DeepLIFFTSelector(ensemble.estimators_[0], prefit=True)


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=list("abcdefgh"))


# Labels of networks read by themselves

# A class that the table at hand lacks, or that a short training did not teach.
ignores_unlearned_class = pytest.mark.filterwarnings("ignore:no scored example")


@pytest.mark.slow
@ignores_unlearned_class
@pytest.mark.parametrize("labels", [[5, 7, 9], [1, 2, 3], [-1, 0, 1], list("xyz")], ids=str)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_by_itself_knows_the_labels_it_was_trained_on(data, network, labels):
    labels = np.array(labels)
    numbered = alone(NETWORKS[network]().fit(*data))
    named = alone(NETWORKS[network]().fit(data.X, labels[data.y]))
    for rows in (data.y >= 0, data.y != 0):
        X, y = data.X[rows], data.y[rows]
        found, expected = named.fit(X, labels[y]), numbered.fit(X, y)
        assert found.classes_.tolist() == labels.tolist()
        np.testing.assert_array_equal(found.class_importances_, expected.class_importances_)
        np.testing.assert_array_equal(found.increments(X, labels[y]), expected.increments(X, y))


@pytest.mark.slow
@ignores_unlearned_class
@pytest.mark.parametrize("labels", [[False, True], [5, 7], [1, 2], list("ab")], ids=str)
@pytest.mark.parametrize("network", OF_TWO)
def test_so_does_a_network_of_two_classes(data, network, labels):
    labels, halves = np.array(labels), (data.y > 0).astype(int)
    numbered = alone(OF_TWO[network]().fit(data.X, halves)).fit(data.X, halves)
    named = alone(OF_TWO[network]().fit(data.X, labels[halves])).fit(data.X, labels[halves])
    assert named.classes_.tolist() == labels.tolist()
    np.testing.assert_array_equal(named.class_importances_, numbered.class_importances_)
    later = np.flatnonzero(halves)[:9]  # the second class alone is still the second
    found = named.increments(data.X[later], labels[halves[later]])
    np.testing.assert_array_equal(found, numbered.increments(data.X[later], halves[later]))


@pytest.mark.parametrize("network", [None, MLP(8, 3)], ids=["ours", "module"])
def test_a_network_by_itself_knows_its_columns(data, network):
    """Columns in another order are refused, as the ensemble refuses them."""
    X = pd.DataFrame(np.asarray(data[0]), columns=list("abcdefgh"))
    ensemble = NetworkEnsembleClassifier(network, n_networks=2, max_epochs=1, random_state=0)
    for net in ensemble.fit(X, data[1]).estimators_:
        assert net.feature_names_in_.tolist() == list("abcdefgh")
        other = DeepLIFFTSelector(net, prefit=True, random_state=0)
        with pytest.raises(ValueError, match="column 0 of X is 'h', and the network was fitted"):
            other.fit(X[list("hgfedcba")], data[1])
    assert not hasattr(ensemble.fit(X.to_numpy(), data[1]).estimators_[0], "feature_names_in_")


@ignores_unlearned_class
def test_labels_that_a_network_by_itself_was_not_trained_on_are_refused(data):
    labels = np.array([1, 2, 3])
    reading = alone(NETWORKS["ours"]().fit(data.X, labels[data.y]))
    with pytest.raises(ValueError, match=r"does not know: \[0\]; its classes are \[1, 2, 3\]"):
        reading.fit(*data)


def test_a_network_of_the_users_own_is_not_told_labels(data):
    given = users_net(data)
    before = dict(vars(given))
    selector = DeepLIFFTSelector(given, prefit=True).fit(data.X, np.array(list("xyz"))[data.y])
    assert selector.classes_.tolist() == list("xyz")
    assert vars(given).keys() == before.keys()
    assert all(vars(given)[name] is value for name, value in before.items())


# What was read stays


def said(selector, X, y) -> dict[str, np.ndarray]:
    """Answers of a fitted selector, from its networks and from its attributes."""
    names = ("feature_importances_", "class_importances_", "ranking_", "exit_penalties_")
    found = {name: getattr(selector, name) for name in names if hasattr(selector, name)}
    found["stability"] = np.array(selector.stability_)
    found["predictions"] = selector.estimator_.predict_proba(X)
    found["selected"] = selector.transform(X)
    if isinstance(selector, DeepLIFFTSelector):
        given, scores = selector.contributions(X), selector.importances(X, y)
        found |= {"terms": given.terms, "bias": given.bias, "scores": scores.by_class}
        found["increments"] = selector.increments(X, y)
    if isinstance(selector, GIATransformer):
        found["effects"] = selector.set_params(output="effects").transform(X)
        selector.set_params(output="features")
    return found


CHANGES = {
    "another fit": lambda e, X, y: e.fit(X[::-1] * 3 + 1, y),
    "fewer columns": lambda e, X, y: e.fit(X[:, :3], y),
    "other labels": lambda e, X, y: e.fit(X, np.array(list("yxz"))[y]),
    "gates": lambda e, X, y: e.set_params(gates=None, gate_penalty=0.3, path_steps=3),
    "training": lambda e, X, y: e.set_params(n_networks=1, max_epochs=1, random_state=8),
    "the table": lambda e, X, y: e.set_params(standardize=False, class_weight={0: 9}),
    "both": lambda e, X, y: e.set_params(gates="free", n_networks=3).fit(X + 1, y),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("change", CHANGES)
@each_selector
def test_another_fit_of_the_ensemble_changes_nothing_that_was_read(data, kind, change):
    ensemble = NETWORKS["ours"]().fit(*data)
    selector = kind(ensemble, prefit=True).fit(*data)
    before = said(selector, *data)
    CHANGES[change](ensemble, *data)
    after = said(selector, *data)
    assert after.keys() == before.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values, err_msg=name)


@pytest.mark.parametrize("change", ["gates", "training"])
@each_selector
def test_parameters_set_after_the_fit_are_not_those_it_was_trained_with(data, kind, change):
    """Read afterwards, the ensemble is the one that was trained, path and folds and all."""
    expected = kind(NETWORKS["ours"]().fit(*data), prefit=True).fit(*data)
    ensemble = CHANGES[change](NETWORKS["ours"]().fit(*data), *data)
    found = kind(ensemble, prefit=True).fit(*data)
    one, other = said(found, *data), said(expected, *data)
    assert one.keys() == other.keys()
    assert ("exit_penalties_" in one) == (kind is ImportanceNeuronSelector)
    for name, values in other.items():
        np.testing.assert_array_equal(one[name], values, err_msg=name)


def test_penalty_and_gates_that_are_set_after_the_fit_do_not_make_a_path(data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "path_steps": 150}, gate_penalty=0.3)
    ensemble.fit(*data).set_params(gate_penalty="path")
    selector = ImportanceNeuronSelector(ensemble, prefit=True, readout="gate").fit(*data)
    assert not hasattr(selector, "exit_penalties_")


def test_the_ensemble_that_is_read_has_the_parameters_it_was_trained_with(data):
    ensemble = NETWORKS["ours"]().fit(*data)
    trained = ensemble.get_params()
    selector = DeepLIFFTSelector(ensemble.set_params(n_networks=7), prefit=True).fit(*data)
    assert selector.estimator_.get_params() == trained
    assert ensemble.n_networks == 7
    assert len(selector.estimator_.estimators_) == 2
    assert all(
        one is other
        for one, other in zip(selector.estimator_.estimators_, ensemble.estimators_, strict=True)
    )


# Frozen ensembles


@each_selector
def test_a_frozen_ensemble_is_read_and_survives_a_clone(data, kind):
    ensemble = NETWORKS["ours"]().fit(*data)
    expected = kind(ensemble, prefit=True).fit(*data)
    selector = kind(FrozenEstimator(ensemble), prefit=True)
    for found in (clone(selector), clone(clone(selector))):
        assert said(found.fit(*data), *data).keys() == said(expected, *data).keys()
        np.testing.assert_array_equal(found.class_importances_, expected.class_importances_)
        np.testing.assert_array_equal(found.ranking_, expected.ranking_)
    assert selector.estimator.estimator is ensemble


# Of folds of so few rows no network scores some features at all.
@pytest.mark.filterwarnings("ignore:n_features_to_select=5 keeps")
@each_selector
def test_a_grid_over_counts_of_features_trains_no_network(data, frame, kind, monkeypatch):
    ensemble = NETWORKS["ours"]().fit(frame, data.y)
    selector = kind(FrozenEstimator(ensemble), prefit=True)
    pipeline = make_pipeline(selector, LogisticRegression())
    key = f"{kind.__name__.lower()}__n_features_to_select"
    with counted_trainings(monkeypatch) as trained:
        search = GridSearchCV(pipeline, {key: [1, 3, 5]}, cv=3, error_score="raise")
        search.fit(frame, data.y)
    assert trained == []
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_[0]
    assert best.get_support().sum() == search.best_params_[key]
    assert set(best.get_feature_names_out()) <= set(frame.columns)


def test_a_frozen_network_is_read_as_well(data):
    given = users_net(data)
    found = clone(DeepLIFFTSelector(FrozenEstimator(given), prefit=True)).fit(*data)
    expected = DeepLIFFTSelector(given, prefit=True).fit(*data)
    np.testing.assert_array_equal(found.class_importances_, expected.class_importances_)


@each_selector
def test_a_clone_of_a_fitted_ensemble_says_why_it_is_not_fitted(data, kind):
    ensemble = NETWORKS["ours"]().fit(*data)
    unfitted = NetworkEnsembleRegressor()
    for estimator, name in (
        (ensemble, "NetworkEnsembleClassifier"),
        (unfitted, "NetworkEnsembleRegressor"),
        (FrozenEstimator(unfitted), "NetworkEnsembleRegressor"),
    ):
        wanted = rf"this {name} is not fitted; call its fit first\. .*pass FrozenEstimator\(ens"
        with pytest.raises(NotFittedError, match=wanted):
            clone(kind(estimator, prefit=True)).fit(*data)


@each_selector
def test_what_is_frozen_cannot_be_trained(data, kind):
    with pytest.raises(TypeError, match=r"cannot be trained.* Set prefit=True"):
        kind(FrozenEstimator(NETWORKS["ours"]().fit(*data))).fit(*data)
