"""Training, predictions and rankings have the same bits whatever state torch is in."""

import numpy as np
import pytest
import skorch
import torch
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.attribution.test_ambient_state import ambient, seen
from tests.conftest import MLP, planted

SHORT = {"n_networks": 2, "max_epochs": 3, "batch_size": 32, "random_state": 0}
OURS = {**SHORT, "hidden_layer_sizes": (8,), "path_steps": 12}
NET = skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, max_epochs=2, lr=0.1)

ENSEMBLES = {
    "networks of ours": lambda: NetworkEnsembleClassifier(**OURS),
    "free gates and dropout": lambda: NetworkEnsembleClassifier(
        **OURS, gates="free", dropout=0.3, noise=0.1
    ),
    "null columns": lambda: NetworkEnsembleClassifier(**OURS, null_features=True),
    "a module class": lambda: NetworkEnsembleClassifier(MLP, **SHORT),
    "gates around a module class": lambda: NetworkEnsembleClassifier(
        MLP, **SHORT, gates="free", gate_penalty="path", path_steps=12
    ),
    "a net": lambda: NetworkEnsembleClassifier(NET, n_networks=2, random_state=0),
}
READINGS = {
    "DeepLIFFT": lambda ensemble: DeepLIFFTSelector(ensemble, step=0.5, random_state=0),
    "gates": lambda ensemble: ImportanceNeuronSelector(ensemble, random_state=0),
    "GIA": lambda ensemble: GIATransformer(ensemble, n_background=40, random_state=0),
}


@pytest.fixture(scope="module")
def data():
    return planted(n=90)


@pytest.fixture(scope="module")
def plain(data):
    """Results in torch's own state, each computed once."""
    found: dict[str, list[np.ndarray]] = {}

    def results(name: str, compute) -> list[np.ndarray]:
        if name not in found:
            found[name] = compute()
        return found[name]

    return results


def predictions(make, X, y) -> list[np.ndarray]:
    ensemble = make().fit(X, y)
    return [ensemble.predict_proba(X), ensemble.decision_function(X), ensemble.validation_scores_]


def ranking(reading, make, X, y) -> list[np.ndarray]:
    selector = reading(make()).fit(X, y)
    return [selector.feature_importances_, selector.class_importances_, selector.ranking_]


def assert_same_bits(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@ambient
@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_predicts_the_same_bits(data, plain, state, name):
    expected = plain(name, lambda: predictions(ENSEMBLES[name], *data))
    with state():
        before = seen()
        found = predictions(ENSEMBLES[name], *data)
        assert seen() == before
    assert_same_bits(found, expected)


@pytest.mark.slow
@ambient
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize(
    ("reading", "name"),
    [
        *((reading, "networks of ours") for reading in READINGS),
        ("DeepLIFFT", "a module class"),
        ("gates", "gates around a module class"),
        ("GIA", "a module class"),
    ],
)
def test_a_ranking_has_the_same_bits(data, plain, state, reading, name):
    def compute():
        return ranking(READINGS[reading], ENSEMBLES[name], *data)

    expected = plain(f"{reading} of {name}", compute)
    with state():
        before = seen()
        found = compute()
        assert seen() == before
    assert_same_bits(found, expected)


@ambient
def test_a_regression_predicts_the_same_bits(data, plain, state):
    def compute():
        ensemble = NetworkEnsembleRegressor(**OURS).fit(data.X, data.X[:, 0])
        return [ensemble.predict(data.X)]

    expected = plain("regression", compute)
    with state():
        assert_same_bits(compute(), expected)


@pytest.mark.slow
@ambient
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
def test_what_was_fitted_in_one_state_is_read_in_another(data, plain, state):
    def answers(selector):
        given = selector.contributions(data.X)
        return [given.terms, given.bias, selector.increments(*data)]

    make = ENSEMBLES["networks of ours"]
    expected = plain("answers", lambda: answers(READINGS["DeepLIFFT"](make()).fit(*data)))
    with state():
        made_there = READINGS["DeepLIFFT"](make()).fit(*data)
        assert_same_bits(answers(made_there), expected)
    assert_same_bits(answers(made_there), expected)


class Failing(MLP):
    """Takes a few batches, and no more."""

    calls = 0

    def forward(self, x):
        Failing.calls += 1
        if Failing.calls > 8:
            raise KeyError("no more")
        return super().forward(x)


@ambient
@pytest.mark.parametrize("kind", [None, *READINGS])
def test_the_state_is_given_back_after_an_error(data, state, kind):
    ensemble = NetworkEnsembleClassifier(Failing, **SHORT)
    if kind == "gates":
        ensemble.set_params(gates="free", path_steps=12)
    fitted = ensemble if kind is None else READINGS[kind](ensemble)
    with state():
        before = seen()
        Failing.calls = 0
        with pytest.raises(KeyError, match="no more"):
            fitted.fit(*data)
        assert seen() == before
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            fitted.fit(data.X, data.y[1:])
        assert seen() == before
    assert seen() == (torch.float32, False, False, True, torch.device("cpu"))
