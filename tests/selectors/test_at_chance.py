"""Selectors say that their networks have learned nothing, once, and nothing where nobody knows."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
)
from tests.conftest import made, planted, quick, relu_network

SELECTORS = [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer]
SMALL = {
    "n_networks": 5,
    "hidden_layer_sizes": (8,),
    "max_epochs": 10,
    "learning_rate": 0.02,
    "batch_size": 32,
    "validation_fraction": 0.2,
    "random_state": 0,
}
SAID = re.compile(
    r"the networks predict no better than chance \((balanced accuracy|R2) (-?\d\.\d\d) "
    r"\[(-?\d\.\d\d), (-?\d\.\d\d)\]\); the ranking means nothing\. .*"
)
X, y = planted(n=120)
NOISE = np.random.default_rng(1).permutation(y)


def selector(kind, estimator=None, **params):
    given = dict(SMALL)
    if kind is DeepLIFFTSelector:
        given["step"] = None
    if kind is ImportanceNeuronSelector:
        given["path_steps"] = 40
    return made(kind, estimator, defaults=given, **params)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SELECTORS)
def test_noise_is_told_and_a_signal_is_not(kind):
    with pytest.warns(FeatureSelectionWarning, match="no better than chance") as caught:
        found = selector(kind).fit(X, NOISE)
    [one] = [str(w.message) for w in caught if "chance" in str(w.message)]
    quantity, score, low, high = SAID.fullmatch(one).groups()
    assert quantity == "balanced accuracy"
    ensemble = found.estimator_
    told = [float(score), float(low), float(high)]
    expected = [ensemble.out_of_fold_score_, *ensemble.out_of_fold_interval_]
    np.testing.assert_allclose(told, expected, atol=0.00501)
    assert found.at_chance_ is ensemble.at_chance_ is True
    assert selector(kind).fit(X, y).at_chance_ is False


@pytest.mark.slow
@pytest.mark.parametrize("kind", SELECTORS)
def test_a_regression_is_told_in_its_own_quantity(kind):
    values = np.random.default_rng(1).normal(size=120)
    with pytest.warns(FeatureSelectionWarning, match=r"chance \(R2 -?0\.\d\d \["):
        selector(kind, task="regression").fit(X, values)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert selector(kind, task="regression").fit(X, X[:, 0]).at_chance_ is False


def test_a_fitted_ensemble_knows_and_a_fitted_network_does_not():
    ensemble = quick(n_networks=5).estimator.fit(X, NOISE)
    with pytest.warns(FeatureSelectionWarning, match="no better than chance"):
        read = DeepLIFFTSelector(ensemble, prefit=True, random_state=0).fit(X, NOISE)
    assert read.at_chance_ is True
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no scored example")
        alone = DeepLIFFTSelector(relu_network(8, 6, 3), prefit=True).fit(X, NOISE)
    assert alone.at_chance_ is None
    assert np.isnan(alone.estimator_.chance_p_value_)


def test_elimination_changes_nothing_of_it():
    with pytest.warns(FeatureSelectionWarning, match="no better than chance") as one_pass:
        first = quick(n_networks=5).fit(X, NOISE)
    with pytest.warns(FeatureSelectionWarning, match="no better than chance") as rounds:
        second = quick(n_networks=5, step=0.5).fit(X, NOISE)
    assert first.estimator_.chance_p_value_ == second.estimator_.chance_p_value_
    assert str(one_pass[-1].message) == str(rounds[-1].message)
