"""Targets of every kind, and labels of every type."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from tests.conftest import bits, planted, quick


@pytest.fixture(scope="module")
def data():
    return planted()


LABELS = {
    "str": np.array(["high", "low", "mid"]),
    "object": np.array(["high", "low", "mid"], dtype=object),
    "bytes-like object": np.array(["a", "b", "ç"], dtype=object),
    "gapped": np.array([-7, 3, 1000]),
    "uint8": np.array([1, 2, 200], dtype=np.uint8),
    "whole floats": np.array([0.0, 1.0, 5.0]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_type_give_the_same_scores(data, kind):
    plain, selector = quick().fit(*data), quick().fit(data.X, LABELS[kind][data.y])
    assert list(selector.classes_) == list(LABELS[kind])
    assert bits(selector) == bits(plain)
    np.testing.assert_array_equal(
        selector.increments(data.X, LABELS[kind][data.y]), plain.increments(*data)
    )


def test_rows_of_class_importances_follow_classes(data):
    names = np.array(["z", "a", "m"])  # class of feature 0 sorts last
    selector = quick(max_epochs=30).fit(data.X, names[data.y])
    assert list(selector.classes_) == ["a", "m", "z"]
    assert list(selector.class_importances_.argmax(axis=1)) == [1, 2, 0]


@pytest.mark.parametrize("container", [list, pd.Series, pd.Categorical, pl.Series, np.c_])
def test_labels_in_any_container(data, container):
    y = np.array(["u", "v", "w"])[data.y]
    if container is np.c_:
        with pytest.warns(UserWarning, match="column-vector y"):
            selector = quick().fit(data.X, y[:, None])
    else:
        selector = quick().fit(data.X, container(y.tolist()))
    assert bits(selector) == bits(quick().fit(data.X, y))


@pytest.mark.parametrize("word", ["nan", "<NA>", "NaT"])
def test_a_class_that_spells_a_missing_label_is_told_once_and_at_the_call(data, word):
    y = np.where(np.arange(len(data.y)) < 12, word, np.array(["u", "v", "w"])[data.y])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quick().fit(data.X, y)
    found = [one for one in caught if f"y has a class '{word}' (12 rows)" in str(one.message)]
    assert [one.filename for one in found] == [__file__]


def test_bool_labels(data):
    y = data.X[:, 0] > data.X[:, 1]
    selector = quick(target_class=True, n_features_to_select=1).fit(data.X, y)
    assert selector.classes_.tolist() == [False, True]
    assert list(selector.get_support(indices=True)) == [0]
    assert bits(selector) == bits(quick(target_class=1).fit(data.X, y.astype(int)))


def test_binary(data):
    y = np.where(data.X[:, 0] > data.X[:, 1], "yes", "no")
    selector = quick(n_features_to_select=2).fit(data.X, y)
    assert set(selector.get_support(indices=True)) == {0, 1}
    yes, no = selector.class_importances_[[1, 0]]
    assert yes[0] > 0
    assert no[1] > 0


@pytest.fixture(scope="module")
def multilabel(data):
    return (data.X[:, :3] > [1.2, 1.5, 1.4]).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["int", "bool", "sparse", "frame", "lists"])
def test_multilabel(data, multilabel, kind):
    Y = {
        "int": multilabel,
        "bool": multilabel.astype(bool),
        "sparse": sp.csr_matrix(multilabel),
        "frame": pd.DataFrame(multilabel, columns=list("uvw")),
        "lists": multilabel.tolist(),
    }[kind]
    selector = quick(n_features_to_select=3, max_epochs=30).fit(data.X, Y)
    assert selector.classes_.tolist() == [0, 1, 2]
    assert selector.class_importances_.shape == (3, 8)
    assert (selector.class_importances_.argmax(axis=1) == [0, 1, 2]).all()
    assert selector.increments(data.X, Y).shape == (120, 3, 8)
    assert selector.contributions(data.X).terms.shape == (120, 3, 8)
    assert bits(selector) == bits(quick(max_epochs=30).fit(data.X, multilabel))


@pytest.mark.parametrize("kind", ["signed", "absolute"])
def test_multilabel_scores_are_recomputable(data, multilabel, kind):
    selector = quick(max_epochs=30, importance_type=kind).fit(data.X, multilabel)
    terms, bias = selector.contributions(data.X)
    z = bias + terms.sum(-1)
    with torch.no_grad():
        net = selector.estimator_.estimators_[0].module_(torch.as_tensor(data.X)).numpy()
    np.testing.assert_allclose(z, net, rtol=1e-4, atol=1e-4)
    increments = selector.increments(data.X, multilabel)
    right = (z > 0) == multilabel
    sign = 2 * multilabel - 1
    change = 1 / (1 + np.exp(-sign * z)) - 1 / (1 + np.exp(-sign * bias))
    np.testing.assert_allclose(increments.sum(-1), change, atol=1e-5)
    present = [increments[right[:, j] & (multilabel[:, j] == 1), j].mean(0) for j in range(3)]
    np.testing.assert_allclose(selector.class_importances_, present, atol=1e-6)
    rows = [increments[right[:, j] & (multilabel[:, j] == v), j] for j in range(3) for v in (0, 1)]
    if kind == "signed":
        cells = [np.abs(own.mean(0)) for own in rows]
    else:
        cells = [np.abs(own).mean(0) for own in rows]
    np.testing.assert_allclose(selector.feature_importances_, np.mean(cells, 0), atol=1e-6)


def test_target_class_of_a_multilabel(data, multilabel):
    selector = quick(target_class=1, n_features_to_select=1, max_epochs=30).fit(data.X, multilabel)
    assert list(selector.get_support(indices=True)) == [1]
    np.testing.assert_allclose(
        selector.feature_importances_, selector.class_importances_[1], atol=1e-12
    )


def regressor(**params) -> DeepLIFFTSelector:
    return quick(task="regression", **params)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_regression(data, dtype):
    y = (1000 * (data.X[:, 0] - data.X[:, 1]) + 5e4).astype(dtype)
    selector = regressor(n_features_to_select=2, max_epochs=40).fit(data.X, y)
    assert set(selector.get_support(indices=True)) == {0, 1}
    assert not hasattr(selector, "classes_")
    assert selector.class_importances_.shape == (1, 8)
    assert selector.increments(data.X, y).shape == (120, 8)
    np.testing.assert_allclose(
        selector.increments(data.X, y), selector.contributions(data.X).terms[:, 0], rtol=1e-5
    )
    terms, bias = selector.contributions(data.X)
    prediction = (bias + terms.sum(-1))[:, 0]
    assert np.corrcoef(prediction, y)[0, 1] > 0.95
    assert abs(prediction.mean() - y.mean()) < y.std()  # in the target's own units
    expected = np.abs(terms[:, 0]).mean(0) / y.std()
    np.testing.assert_allclose(selector.feature_importances_, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        selector.class_importances_[0], terms[:, 0].mean(0) / y.std(), rtol=1e-3, atol=1e-5
    )


def test_importances_of_a_regression_are_in_the_same_units_as_those_of_fit(data):
    y = 1000 * (data.X[:, 0] - data.X[:, 1])
    selector = regressor(n_networks=2).fit(data.X, y)
    again = selector.importances(data.X, y)
    np.testing.assert_allclose(again.overall, selector.feature_importances_, rtol=1e-4)
    np.testing.assert_allclose(again.by_class, selector.class_importances_, rtol=1e-3, atol=1e-5)


def test_regression_does_not_depend_on_the_units_of_the_target(data):
    y = data.X[:, 0] - data.X[:, 1] ** 2
    a, b = regressor().fit(data.X, y), regressor().fit(data.X, 1e6 * y + 1e7)
    np.testing.assert_array_equal(a.ranking_[:2], b.ranking_[:2])
    assert np.corrcoef(a.feature_importances_, b.feature_importances_)[0, 1] > 0.9


def test_a_regression_on_whole_numbers(data):
    y = np.round(3 * data.X[:, 0]).astype(int)
    selector = regressor(n_features_to_select=1).fit(data.X, y)
    assert selector.class_importances_.shape == (1, 8)
    assert list(selector.get_support(indices=True)) == [0]


def test_multi_output_regression(data):
    Y = np.c_[5 * data.X[:, 0], 100 * data.X[:, 3] + 7]
    selector = regressor(n_features_to_select=2, max_epochs=40).fit(data.X, Y)
    assert set(selector.get_support(indices=True)) == {0, 3}
    assert selector.class_importances_.shape == (2, 8)
    terms, bias = selector.contributions(data.X)
    assert terms.shape == (120, 2, 8)
    assert selector.increments(data.X, Y).shape == (120, 2, 8)
    for j in range(2):
        assert np.corrcoef((bias + terms.sum(-1))[:, j], Y[:, j])[0, 1] > 0.9
    np.testing.assert_allclose(
        selector.class_importances_, terms.mean(0) / Y.std(0)[:, None], rtol=1e-3, atol=1e-5
    )


def test_multiclass_multioutput(data):
    Y = np.c_[data.y, np.digitize(data.X[:, 5], [0.5, 1.5])]
    selector = quick(n_features_to_select=4, max_epochs=40).fit(data.X, Y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2, 5}
    assert [c.tolist() for c in selector.classes_] == [[0, 1, 2], [0, 1, 2]]
    assert selector.class_importances_.shape == (6, 8)
    assert list(selector.class_importances_[:3].argmax(axis=1)) == [0, 1, 2]
    assert selector.class_importances_[5].argmax() == 5
    increments = selector.increments(data.X, Y)
    assert increments.shape == (120, 2, 8)
    assert selector.contributions(data.X).terms.shape == (120, 6, 8)


def test_multiclass_multioutput_of_strings(data):
    Y = np.c_[data.y, np.digitize(data.X[:, 5], [0.5, 1.5])]
    names = np.array(["p", "q", "r"])
    a, b = quick().fit(data.X, names[Y]), quick().fit(data.X, Y)
    assert [c.tolist() for c in a.classes_] == [["p", "q", "r"]] * 2
    assert bits(a) == bits(b)
    np.testing.assert_array_equal(a.increments(data.X, names[Y]), b.increments(data.X, Y))


def test_each_kind_of_target_may_follow_another(data, multilabel):
    """A re-fit leaves nothing of the last target behind."""
    selector = quick().fit(*data)
    classifier, numbers = selector.estimator, regressor().estimator
    selector.set_params(estimator=numbers).fit(data.X, data.X[:, 0])
    assert not hasattr(selector, "classes_")
    selector.set_params(estimator=classifier).fit(data.X, multilabel)
    fresh = quick().fit(data.X, multilabel)
    assert set(vars(selector)) == set(vars(fresh))
    assert bits(selector) == bits(fresh)


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (np.linspace(0, 1, 120), "classification", "y looks continuous.*task='regression'"),
        (np.zeros(120), "auto", "only one class"),
        (["a"] * 120, "auto", "only one class, 'a'"),
        (np.r_[np.nan, np.zeros(119)], "auto", r"y has 1 missing label \(row 0\)"),
        (np.r_[np.inf, np.linspace(0, 1, 119)], "auto", "Input y contains infinity"),
        (None, "auto", "requires y to be passed"),
        (np.zeros(7), "auto", "inconsistent numbers of samples"),
        (np.array(["a", "b"] * 60), "regression", "y.*(numbers|numeric)"),
        (np.zeros((120, 2, 2)), "auto", "dim|shape"),
    ],
)
def test_targets_that_make_no_sense(data, y, task, message):
    """Whether the ensemble says what y is, or y itself does ("auto")."""
    selector = DeepLIFFTSelector(step=None) if task == "auto" else quick(task=task)
    with pytest.raises(ValueError, match=message):
        selector.fit(data.X, y)


def test_one_class_is_named_as_the_user_wrote_it(data):
    with pytest.raises(ValueError, match=r"only one class, 3;"):
        quick().fit(data.X, np.full(120, 3))


NOTHING_TO_LEARN = {
    "a quantity": (np.full(120, 2.5), "y has only one value, 2.5; at least two are needed"),
    "one of two": (np.c_[np.arange(120) / 7, np.full(120, -1.5)], "column 1 of y .* value, -1.5;"),
    "labels": (np.zeros((120, 2), int), r"y has only one combination of labels, \[0, 0\]; at"),
    "the same labels": (np.tile([1, 0], (120, 1)), r"one combination of labels, \[1, 0\]"),
}


@pytest.mark.parametrize("target", NOTHING_TO_LEARN)
@pytest.mark.parametrize("kind", [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer])
def test_a_target_that_never_varies_is_refused(data, kind, target):
    y, message = NOTHING_TO_LEARN[target]
    with pytest.raises(ValueError, match=message):
        kind(random_state=0).fit(data.X, y)
    task = "classification" if "labels" in target else "regression"
    with pytest.raises(ValueError, match=message):
        kind.default_estimator(task).fit(data.X, y)
    twice, weight = np.r_[data.X, data.X], np.r_[np.ones(120), np.zeros(120)]
    with pytest.raises(ValueError, match=message):  # rows without a weight are no rows
        kind.default_estimator(task).fit(twice, np.r_[y, 1 - y], sample_weight=weight)


def test_trained_networks_are_read_on_rows_of_one_value(data):
    fitted = regressor().fit(data.X, data.X[:, 0]).estimator_
    read = quick(fitted, prefit=True).fit(data.X, np.full(120, 2.5))
    assert read.ranking_[0] == 1


def test_new_rows_with_unknown_labels(data):
    selector = quick().fit(data.X, np.array(["a", "b", "c"])[data.y])
    with pytest.raises(ValueError, match=r"does not know: \['d'\]; its classes are \['a', 'b', 'c"):
        selector.increments(data.X, ["d"] * 120)


def test_new_rows_with_targets_of_another_width(data, multilabel):
    selector = quick().fit(data.X, multilabel)
    with pytest.raises(ValueError, match="y has 2 columns; the networks were fitted with 3"):
        selector.increments(data.X, multilabel[:, :2])


def test_unseen_labels_of_a_prefit_network(data):
    from tests.conftest import answering

    net, y = answering(data.X, 10)
    y[0] = 7
    with pytest.raises(ValueError, match=r"the network has 3 outputs, but y has 4 classes|know.*7"):
        quick(net, prefit=True).fit(data.X, y)
