"""Targets in other codings than 0 and 1, and numbers that float64 or float32 cannot hold."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import (
    GIATransformer,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.tables import encode_target, plain_target

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
TINY = {"n_networks": 2, "hidden_layer_sizes": (8,), "max_epochs": 25, "learning_rate": 0.02}
TINY |= {"gates": None, "random_state": 0}

CODED = {"1/2": Y + 1, "-1/1": 2 * Y - 1, "0/2": 2 * Y, "sparse": sp.csr_matrix(2 * Y)}


@pytest.mark.parametrize("coded", CODED.values(), ids=CODED)
def test_columns_of_two_other_values_are_outputs_with_classes_of_their_own(coded):
    fitted = NetworkEnsembleClassifier(**TINY).fit(X, coded)
    dense = coded.toarray() if sp.issparse(coded) else coded
    assert [labels.tolist() for labels in fitted.classes_] == 2 * [np.unique(dense).tolist()]
    assert (fitted.predict(X) == dense).mean() > 0.9
    assert fitted.score(X, coded) > 0.9
    as_text = np.where(Y, "b", "a")
    same = NetworkEnsembleClassifier(**TINY).fit(X, as_text)
    np.testing.assert_array_equal(fitted.decision_function(X), same.decision_function(X))


@pytest.mark.parametrize("coded", CODED.values(), ids=CODED)
def test_no_selector_loses_the_true_columns_for_a_coding(coded):
    gia = GIATransformer(NetworkEnsembleClassifier(**TINY), random_state=0).fit(X, coded)
    assert set(np.argsort(-gia.feature_importances_)[:2]) == {0, 1}


@pytest.mark.parametrize("presence", [Y, Y.astype(bool), Y.astype(float), sp.csr_matrix(Y)])
def test_zeros_and_ones_are_labels(presence):
    target = encode_target(plain_target(presence), "classification")
    assert target.kind == "multilabel"
    np.testing.assert_array_equal(target.codes, Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (1e39 * X[:, 0], r"y holds .*e\+39, and the networks' outputs reach 1e\+37"),
        (-1e300 * X[:, :2], r"y holds .*e\+300"),
        (1e-300 * X[:, 0], r"y varies by .*e-300, less than"),
        (2**62 + np.arange(60), r"less than the networks' outputs can tell"),
        ([2**63 + i for i in range(59)] + [-1], r"which no number of 64 bits does"),
        ([10**400, 1] * 30, r"y holds 10{39}\.\.\., which no number of 64 bits does"),
        (np.r_[np.inf, X[1:, 0]].astype(np.float32), r"y contains infinity: 1 number "),
        ([[1], [1, 2]] * 30, r"y must hold one label, or one per output"),
        (np.ma.masked_array(X[:, 0], mask=X[:, 1] > 0), r"y is a masked array"),
    ],
)
def test_quantities_that_single_precision_cannot_answer_with_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        NetworkEnsembleRegressor(**TINY).fit(X, y)


def test_an_output_of_one_class_is_named():
    with pytest.raises(ValueError, match="column 1 of y has only one class, 2"):
        NetworkEnsembleClassifier(**TINY).fit(X, np.column_stack([Y[:, 0] + 1, np.full(60, 2)]))


def test_so_they_are_beside_networks_that_are_fitted():
    fitted = NetworkEnsembleRegressor(**TINY).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="the networks' outputs reach"):
        GIATransformer(fitted, prefit=True).fit(X, 1e300 * X[:, 0])


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_quantities_of_any_other_size_are_learned_alike(scale):
    plain = NetworkEnsembleRegressor(**TINY).fit(X, X[:, 0])
    scaled = NetworkEnsembleRegressor(**TINY).fit(X, X[:, 0] * scale)
    assert plain.score(X, X[:, 0]) > 0.8
    assert scaled.score(X, X[:, 0] * scale) > 0.8


@pytest.mark.parametrize("weight", [1e300, 1e-300])
def test_weights_that_single_precision_cannot_hold_are_refused(weight):
    given = np.r_[weight, np.ones(59)]
    with pytest.raises(ValueError, match=r"sample_weight goes from .* Divide all of them"):
        NetworkEnsembleClassifier(**TINY).fit(X, Y[:, 0], sample_weight=given)


@pytest.mark.parametrize("given", [["a"] * 60, [10**400] * 60, np.ones(60) * 1j, 1j])
def test_weights_that_are_no_numbers_are_refused(given):
    with pytest.raises(ValueError, match="sample_weight must hold numbers"):
        NetworkEnsembleClassifier(**TINY).fit(X, Y[:, 0], sample_weight=given)


@pytest.mark.parametrize("mask", ["all", True, [1] * 60, ["True"] * 60, [True] * 59, [None] * 60])
def test_a_mask_that_is_none_is_blamed_itself(mask):
    with pytest.raises(ValueError, match="sample_mask must be 60 booleans"):
        GIATransformer().fit(X, Y[:, 0], sample_mask=mask)
