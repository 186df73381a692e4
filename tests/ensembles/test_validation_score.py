"""Scores on held-out rows where some networks, or all, have none."""

import numpy as np
import pytest
from scipy.stats import t

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles._validation_score import score_interval
from tests.conftest import planted

SMALL = {
    "n_networks": 5,
    "hidden_layer_sizes": (8,),
    "max_epochs": 3,
    "gates": None,
    "validation_fraction": 0.2,
    "random_state": 0,
}


def classifier(**params) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(**{**SMALL, **params})


def regressor(**params) -> NetworkEnsembleRegressor:
    return NetworkEnsembleRegressor(**{**SMALL, **params})


def require_sums_of_what_is_known(ensemble, n_known: int) -> None:
    """The mean and Student's interval of the scores that are numbers, written out."""
    scores = [score for score in ensemble.validation_scores_ if score == score]
    assert len(scores) == n_known
    mean = sum(scores) / n_known
    assert ensemble.validation_score_ == pytest.approx(mean)
    variance = sum((score - mean) ** 2 for score in scores) / (n_known - 1)
    half = t.ppf(0.975, n_known - 1) * (variance / n_known) ** 0.5
    np.testing.assert_allclose(ensemble.validation_score_interval_, [mean - half, mean + half])


def require_no_score(ensemble) -> None:
    assert np.isnan(ensemble.validation_scores_).tolist() == [True] * 5
    assert np.isnan(ensemble.validation_score_)
    assert ensemble.validation_score_interval_.shape == (2,)
    assert np.isnan(ensemble.validation_score_interval_).all()


@pytest.fixture(scope="module")
def data():
    return planted(n=60)


def test_two_groups_are_held_out_in_turn(data):
    """Five networks and two groups: each group is held out, and dealt anew, so all have a score."""
    ensemble = classifier().fit(*data, groups=np.arange(60) % 2)
    require_sums_of_what_is_known(ensemble, 5)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_fewer_groups_than_folds_leave_no_nan_in_the_mean(data, make):
    X, y = data.X, data.y if make is classifier else data.X[:, 0]
    ensemble = make().fit(X, y, groups=np.arange(60) % 3)
    known = int(np.isfinite(ensemble.validation_scores_).sum())
    assert known >= 2
    require_sums_of_what_is_known(ensemble, known)


def test_a_class_of_one_group_alone_is_never_held_out(data):
    """Its group stays in training, and folds that have no other hold nothing out."""
    groups = np.where(data.y == 0, 0, 1 + np.arange(60) % 4)
    ensemble = classifier().fit(*data, groups=groups)
    known = int(np.isfinite(ensemble.validation_scores_).sum())
    assert 2 <= known < 5
    require_sums_of_what_is_known(ensemble, known)


def test_groups_of_rows_without_weight_make_no_fold(data):
    """Each of the three others, which hold every class, is held out."""
    weight = (np.arange(60) >= 24).astype(float)
    ensemble = classifier().fit(*data, sample_weight=weight, groups=np.arange(60) // 12)
    require_sums_of_what_is_known(ensemble, 5)


def test_fewer_rows_than_folds(data):
    rows = np.flatnonzero(data.y < 2)[:6]
    ensemble = classifier(validation_fraction=0.1).fit(data.X[rows], data.y[rows])
    known = int(np.isfinite(ensemble.validation_scores_).sum())
    assert known >= 3
    require_sums_of_what_is_known(ensemble, known)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_nothing_held_out_has_no_score(data, make):
    X, y = data.X, data.y if make is classifier else data.X[:, 0]
    require_no_score(make(validation_fraction=0.0, patience=None).fit(X, y))


def test_one_group_holds_nothing_out(data):
    require_no_score(classifier().fit(*data, groups=np.zeros(60, dtype=int)))


def test_a_single_row_has_no_r_squared(data):
    """Held out by itself it does not vary."""
    require_no_score(regressor(validation_fraction=0.05).fit(data.X[:7], data.X[:7, 0]))


def test_one_network_has_a_score_and_no_interval(data):
    ensemble = classifier(n_networks=1).fit(*data)
    assert ensemble.validation_score_ == ensemble.validation_scores_[0]
    assert np.isnan(ensemble.validation_score_interval_).all()


def test_an_interval_needs_two_scores():
    assert np.isnan(score_interval(np.array([]))).all()
    assert np.isnan(score_interval(np.array([0.5]))).all()
    np.testing.assert_array_equal(score_interval(np.array([0.5, 0.5])), [0.5, 0.5])
