"""One ensemble, three readings: training is one object, and selectors read it."""

import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import MLP, counted_trainings, planted

SMALL = {
    "n_networks": 3,
    "hidden_layer_sizes": (8,),
    "dropout": 0.0,
    "learning_rate": 0.02,
    "weight_decay": 0.0,
    "batch_size": 32,
    "max_epochs": 5,
    "path_steps": 40,
    "validation_fraction": 0.25,
    "random_state": 0,
}
"""Three small networks on a short path, which all three selectors can read."""

READINGS = {
    "DeepLIFFT": lambda ensemble, **given: DeepLIFFTSelector(ensemble, **{"step": None, **given}),
    "gates": ImportanceNeuronSelector,
    "GIA": GIATransformer,
}

NUMBERS = (
    "feature_importances_",
    "class_importances_",
    "importances_per_network_",
    "importances_std_",
    "importances_interval_",
    "mean_ranks_",
    "ranks_std_",
    "ranking_",
    "exit_penalties_",
    "effects_",
    "effects_se_",
    "effects_std_",
    "effects_interval_",
    "background_",
)
"""Arrays that a fit leaves behind, where it does."""

SPREAD_OF = {
    "importances_std_": "feature_importances_",
    "importances_interval_": "feature_importances_",
    "effects_se_": "effects_",
    "effects_std_": "effects_",
    "effects_interval_": "effects_",
}
"""The spread of a mean is no more exact than the mean is."""


def classifier(**params) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(**{**SMALL, **params})


def regressor(**params) -> NetworkEnsembleRegressor:
    return NetworkEnsembleRegressor(**{**SMALL, **params})


def numbers(selector) -> dict[str, np.ndarray]:
    found = {name: vars(selector)[name] for name in NUMBERS if name in vars(selector)}
    return {name: np.asarray(value) for name, value in found.items()}


def assert_same(a, b, rtol: float = 0.0) -> None:
    """Every number of two fitted selectors, to the last bit or nearly so."""
    one, other = numbers(a), numbers(b)
    assert one.keys() == other.keys() >= {"feature_importances_", "ranking_"}
    for name, values in one.items():
        scale = other[SPREAD_OF.get(name, name)]
        atol = rtol * np.abs(scale[np.isfinite(scale)]).max()
        np.testing.assert_allclose(values, other[name], rtol=rtol, atol=atol, err_msg=name)
    assert a.decomposition_error_ == b.decomposition_error_ or rtol


def weights_of(ensemble) -> list[np.ndarray]:
    modules = [net.module_ for net in ensemble.estimators_]
    return [value.detach().numpy().copy() for m in modules for value in m.state_dict().values()]


def same_arrays(a, b) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def fitted(data):
    return classifier().fit(*data)


# Trained once


def test_one_ensemble_fitted_once_and_read_three_ways_trains_once(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        ensemble = classifier().fit(*data)
        assert len(calls) == 3  # networks of one training
        for reading in READINGS.values():
            selector = reading(ensemble, prefit=True, n_features_to_select=3).fit(*data)
            assert selector.transform(data.X).shape == (120, 3)
            assert selector.estimator_.estimators_ is ensemble.estimators_
            assert selector.importances_per_network_.shape == (3, 8)
    assert len(calls) == 3


def targets() -> dict[str, np.ndarray]:
    X, y = planted()
    return {
        "three classes": np.array(["x", "y", "z"])[y],
        "two classes": (y == 0).astype(int),
        "multilabel": np.eye(3, dtype=int)[y],
        "several outputs": np.column_stack([y, (X[:, 4] > 1).astype(int)]),
    }


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("kind", targets())
def test_reading_a_fitted_ensemble_equals_training_it_bit_for_bit(data, kind, reading):
    y = targets()[kind]
    trained = READINGS[reading](classifier(), random_state=1).fit(data.X, y)
    ensemble = classifier().fit(data.X, y)
    read = READINGS[reading](ensemble, prefit=True, random_state=1).fit(data.X, y)
    assert_same(read, trained)
    assert same_arrays(weights_of(ensemble), weights_of(trained.estimator_))
    np.testing.assert_array_equal(read.get_support(), trained.get_support())
    np.testing.assert_array_equal(read.selection_frequency_, trained.selection_frequency_)


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_regression_is_the_same_but_for_the_rounding_of_units(data, n_targets, reading):
    """Networks are trained, and then scored, on a standardised target; fitted ones have units."""
    y = 1e3 * np.column_stack([data.X[:, 0] + data.X[:, 4], -data.X[:, 5]])[:, :n_targets]
    y = y.squeeze()
    trained = READINGS[reading](regressor(random_state=1), random_state=1).fit(data.X, y)
    ensemble = regressor(random_state=1).fit(data.X, y)
    read = READINGS[reading](ensemble, prefit=True, random_state=1).fit(data.X, y)
    assert_same(read, trained, rtol=1e-6)
    np.testing.assert_array_equal(read.ranking_, trained.ranking_)
    np.testing.assert_array_equal(ensemble.predict(data.X), trained.estimator_.predict(data.X))


def skorch_net() -> skorch.NeuralNetClassifier:
    given = {"criterion": nn.CrossEntropyLoss, "optimizer": torch.optim.Adam, "lr": 0.02}
    return skorch.NeuralNetClassifier(MLP, max_epochs=20, **given)


USERS = {
    "module": lambda: NetworkEnsembleClassifier(MLP, max_epochs=20),
    "module behind gates": lambda: NetworkEnsembleClassifier(
        MLP, gates="free", path_steps=60, max_epochs=20
    ),
    "skorch": lambda: NetworkEnsembleClassifier(skorch_net()),
    "perceptron": lambda: NetworkEnsembleClassifier(
        MLPClassifier((5,), learning_rate_init=0.05, tol=1e-2)
    ),
}


# One of them is too small to learn more than chance.
@pytest.mark.filterwarnings("ignore:the networks predict:sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("kind", USERS)
def test_networks_of_the_users_own_are_all_read(data, kind):
    ensemble = USERS[kind]().set_params(n_networks=2, random_state=0).fit(*data)
    for name, reading in READINGS.items():
        if name == "gates" and kind != "module behind gates":
            continue
        trained = reading(clone(ensemble), random_state=1).fit(*data)
        read = reading(ensemble, prefit=True, random_state=1).fit(*data)
        assert len(read.importances_per_network_) == 2
        assert_same(read, trained)


def test_an_ensemble_that_a_selector_has_trained_is_read_by_the_others(data, fitted):
    eliminated = DeepLIFFTSelector(classifier(), step=0.5, random_state=1).fit(*data)
    assert eliminated.n_rounds_ > 1
    for reading in READINGS.values():
        a, b = (
            reading(ensemble, prefit=True, random_state=1).fit(*data)
            for ensemble in (eliminated.estimator_, fitted)
        )
        assert_same(a, b)


def test_columns_that_were_one_feature_in_training_are_one_for_gates(data):
    pairs = [0, 0, 1, 1, 2, 2, 3, 3]
    trained = ImportanceNeuronSelector(classifier(), feature_groups=pairs, random_state=1)
    ensemble = trained.fit(*data).estimator_
    for given in (None, pairs):
        read = ImportanceNeuronSelector(
            ensemble, prefit=True, feature_groups=given, random_state=1
        ).fit(*data)
        assert len(read.feature_groups_) == 4
        assert_same(read, trained)
    with pytest.raises(ValueError, match="feature_groups are not those that the gates"):
        ImportanceNeuronSelector(ensemble, prefit=True, feature_groups=[[0, 7]]).fit(*data)


def test_a_weighted_table_and_rows_of_groups_are_known_again(data):
    """Rows that were held out together are known, whether or not groups are said again."""
    weight, groups = np.linspace(0.5, 2, 120), np.arange(120) // 6
    given = {"score_on": "validation", "random_state": 1}
    ensemble = classifier().fit(*data, sample_weight=weight, groups=groups)
    trained = READINGS["DeepLIFFT"](classifier(), **given)
    trained.fit(*data, sample_weight=weight, groups=groups)
    read, unsaid, every = (
        READINGS["DeepLIFFT"](ensemble, prefit=True, **{**given, "score_on": rows})
        for rows in ("validation", "validation", "all")
    )
    assert_same(read.fit(*data, sample_weight=weight, groups=groups), trained)
    unsaid.fit(*data, sample_weight=weight)  # sums in another order
    assert_same(unsaid, trained, rtol=1e-6)
    every.fit(*data, sample_weight=weight)
    assert np.abs(every.feature_importances_ - trained.feature_importances_).max() > 1e-3


@pytest.mark.slow
def test_null_columns_of_a_fitted_ensemble_are_compared_with(data, fitted):
    auto = {"n_features_to_select": "auto", "alpha": 0.5, "random_state": 1}
    ensemble = classifier(null_features=True).fit(*data)
    for reading in READINGS.values():
        trained = reading(classifier(), **auto).fit(*data)
        read = reading(ensemble, prefit=True, **auto).fit(*data)
        assert_same(read, trained)
        np.testing.assert_array_equal(read.q_values_, trained.q_values_)
        np.testing.assert_array_equal(read.class_q_values_, trained.class_q_values_)
        with pytest.raises(ValueError, match="Fit the ensemble with null_features=True"):
            reading(fitted, prefit=True, **auto).fit(*data)
        with pytest.raises(ValueError, match="pass the table it was trained on"):
            reading(ensemble, prefit=True, **auto).fit(*planted(seed=5))


# Grids


GRID = {"estimator__n_networks": [1, 2], "n_features_to_select": [1, 2, 3]}


def grid_of(memory=None, **grid) -> GridSearchCV:
    selector = DeepLIFFTSelector(
        classifier(random_state=None), step=None, memory=memory, random_state=0
    )
    keys = {f"deeplifftselector__{name}": values for name, values in grid.items()}
    return GridSearchCV(make_pipeline(selector, LogisticRegression()), keys, cv=2)


@pytest.mark.slow
def test_a_grid_over_networks_and_counts(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        search = grid_of(**GRID).fit(*data)
    best = search.best_estimator_["deeplifftselector"]
    n, k = (search.best_params_[f"deeplifftselector__{name}"] for name in GRID)
    assert len(best.estimator_.estimators_) == n
    assert best.get_support().sum() == k == 3
    assert len(calls) == 2 * 3 * (1 + 2) + n  # folds, counts, networks, and the last fit


@pytest.mark.slow
def test_with_memory_counts_alone_train_nothing(data, tmp_path, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        search = grid_of(tmp_path, **GRID).fit(*data)
        n = search.best_params_["deeplifftselector__estimator__n_networks"]
        assert len(calls) == 2 * (1 + 2) + n
        again = {"estimator__n_networks": [n], "n_features_to_select": [0.4, 2, 3]}
        grid_of(tmp_path, **again).fit(*data)
        assert len(calls) == 2 * (1 + 2) + n
    plain = grid_of(**GRID).fit(*data)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


# Rows that are scored


FOURTHS = {"n_networks": 4}
"""As many networks as folds: every row was held out once."""

SCORING = {
    "DeepLIFFT": READINGS["DeepLIFFT"],
    "gates, one class": lambda ensemble, **given: ImportanceNeuronSelector(
        ensemble, target_class=1, **given
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("score_on", ["validation", "training", "all", "out_of_fold"])
@pytest.mark.parametrize("reading", SCORING)
def test_the_table_of_training_is_known_again(data, reading, score_on):
    ensemble = pickle.loads(pickle.dumps(classifier(**FOURTHS).fit(*data)))
    given = {"score_on": score_on, "random_state": 1}
    trained = SCORING[reading](classifier(**FOURTHS), **given).fit(*data)
    read = SCORING[reading](ensemble, prefit=True, **given).fit(*data)
    assert_same(read, trained)


def test_each_choice_of_rows_scores_others(data, fitted):
    found = [
        READINGS["DeepLIFFT"](fitted, prefit=True, score_on=rows).fit(*data).feature_importances_
        for rows in ("validation", "training", "all")
    ]
    assert len({tuple(values) for values in found}) == 3


@pytest.mark.parametrize("reading", SCORING)
def test_every_row_of_another_table_was_held_out(fitted, reading):
    X, y = planted(seed=5)
    validation, every = (
        SCORING[reading](fitted, prefit=True, score_on=rows, random_state=1).fit(X, y)
        for rows in ("validation", "all")
    )
    assert_same(validation, every)
    for rows in ("training", "out_of_fold"):
        with pytest.raises(ValueError, match=f"score_on='{rows}' asks which rows each network"):
            SCORING[reading](fitted, prefit=True, score_on=rows).fit(X, y)


def test_scores_on_another_table_are_those_of_importances(data, fitted):
    X, y = planted(seed=5)
    read = READINGS["DeepLIFFT"](fitted, prefit=True, reference="zero").fit(X, y)
    trained = READINGS["DeepLIFFT"](classifier(), reference="zero").fit(*data)
    expected = trained.importances(X, y)
    np.testing.assert_allclose(read.feature_importances_, expected.overall, atol=1e-7)
    np.testing.assert_allclose(read.class_importances_, expected.by_class, atol=1e-7)


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (X[::-1], y[::-1]),
        lambda X, y: (X[:-1], y[:-1]),
        lambda X, y: (X, np.roll(y, 1)),
        lambda X, y: (X + 1e-9, y),
        lambda X, y: (X, y, np.linspace(1, 2, 120)),
    ],
    ids=["order", "fewer rows", "labels", "a value", "weights"],
)
def test_a_table_that_differs_at_all_is_another(data, fitted, change):
    given = {"prefit": True, "score_on": "training"}
    READINGS["DeepLIFFT"](fitted, **given).fit(*data)
    with pytest.raises(ValueError, match="with another table"):
        READINGS["DeepLIFFT"](fitted, **given).fit(*change(*data))


def test_folds_that_leave_rows_out_cannot_be_out_of_fold(data, fitted):
    with pytest.raises(ValueError, match=r"held-out rows together are all rows.*n_networks"):
        READINGS["DeepLIFFT"](fitted, prefit=True, score_on="out_of_fold").fit(*data)


def test_columns_of_a_fitted_ensemble_are_its_own(data):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    ensemble = classifier(n_networks=1).fit(frame, data.y)
    for reading in READINGS.values():
        with pytest.raises(ValueError, match="column 0 of X is 'h', and the ensemble was fitted"):
            reading(ensemble, prefit=True).fit(frame[list("hgfedcba")], data.y)
        with pytest.raises(ValueError, match="X has 5 columns, and the fitted ensemble reads 8"):
            reading(ensemble, prefit=True).fit(frame[list("abcde")], data.y)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("held", [lambda network: network, FrozenEstimator])
def test_columns_of_a_fitted_network_are_its_own(data, kind, held):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    network = kind(hidden_layer_sizes=(6,), solver="lbfgs", max_iter=5000, random_state=0)
    network.fit(frame, data.y)
    for reading in READINGS.values():
        selector = reading(held(network), prefit=True)
        for other in (frame[list("hgfedcba")], frame.rename(columns={"a": "h", "h": "a"})):
            for table in (other, pl.from_pandas(other)):
                with pytest.raises(ValueError, match="column 0 of X is 'h', and the network was"):
                    selector.fit(table, data.y)
    for table in (frame, data.X, frame.set_axis(range(8), axis=1)):  # no names that say otherwise
        found = DeepLIFFTSelector(held(network), prefit=True).fit(table, data.y)
        assert found.n_features_in_ == 8
    with pytest.raises(ValueError, match="the network cannot take rows of 5 columns"):
        DeepLIFFTSelector(held(network), prefit=True).fit(frame[list("abcde")], data.y)


def test_labels_of_a_fitted_ensemble_are_its_own(fitted):
    X, y = planted(seed=5)
    for reading in READINGS.values():
        with pytest.raises(ValueError, match=r"does not know: \[7\]"):
            reading(fitted, prefit=True).fit(X, np.where(y == 2, 7, y))


# Whose the ensemble is


@pytest.mark.parametrize("reading", READINGS)
def test_an_ensemble_that_is_not_fitted_cannot_be_read(data, reading):
    with pytest.raises(NotFittedError, match="this NetworkEnsembleClassifier is not fitted"):
        READINGS[reading](classifier(), prefit=True).fit(*data)


@pytest.mark.parametrize("reading", READINGS)
def test_an_ensemble_that_was_given_is_neither_fitted_nor_changed(data, reading):
    given = classifier(random_state=None)
    before = dict(vars(given))
    selector = READINGS[reading](given, random_state=3, n_features_to_select="auto", alpha=0.5)
    selector.fit(*data)
    assert vars(given) == before
    assert selector.estimator is given
    assert selector.estimator_ is not given
    assert (selector.estimator_.random_state, selector.estimator_.null_features) == (3, True)
    with pytest.raises(NotFittedError):
        given.predict(data.X)


@pytest.mark.parametrize("prefit", [True, False])
@pytest.mark.parametrize("reading", READINGS)
def test_a_fitted_ensemble_stays_as_it_is(data, reading, prefit, monkeypatch):
    """Read or, without prefit, trained anew as a clone."""
    ensemble = classifier().fit(*data)
    before, weights = dict(vars(ensemble)), weights_of(ensemble)
    predicted = ensemble.predict_proba(data.X)
    X, y = planted(seed=5)
    with counted_trainings(monkeypatch) as calls:
        selector = READINGS[reading](ensemble, prefit=prefit).fit(X, y)
    assert len(calls) == (0 if prefit else 3)
    assert vars(ensemble).keys() == before.keys()
    assert all(vars(ensemble)[name] is value for name, value in before.items())
    assert same_arrays(weights_of(ensemble), weights)
    np.testing.assert_array_equal(ensemble.predict_proba(data.X), predicted)
    assert selector.estimator_ is not ensemble  # which may be fitted again
    assert (selector.estimator_.estimators_ is ensemble.estimators_) == prefit


@pytest.mark.slow
def test_an_ensemble_without_a_seed_takes_the_selectors(data):
    own, lent, other = (
        READINGS["DeepLIFFT"](classifier(random_state=ours), random_state=theirs)
        .fit(*data)
        .estimator_
        for ours, theirs in ((3, 8), (None, 3), (None, 8))
    )
    assert same_arrays(weights_of(own), weights_of(lent))
    assert not same_arrays(weights_of(own), weights_of(other))


@pytest.mark.parametrize(
    ("kind", "count"),
    [(DeepLIFFTSelector, 22), (ImportanceNeuronSelector, 13), (GIATransformer, 17)],
)
def test_parameters_of_selectors_are_few_and_none_is_the_ensembles(kind, count):
    own = set(inspect.signature(kind.__init__).parameters) - {"self"}
    assert len(own) == count <= 23
    trained = set(inspect.signature(NetworkEnsembleClassifier.__init__).parameters)
    assert own & trained == {"random_state", "verbose"}
