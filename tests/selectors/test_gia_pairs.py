"""Columns for pairs of features behind those that `GIATransformer` selects."""

import pickle
from copy import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import GIATransformer, load
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions.interactions._pair_rows import row_interactions
from sklearn_deeplifft.interventions.interactions._unseen import Unseen
from sklearn_deeplifft.tables import encode_target, fit_data

FAST = {"n_networks": 2, "hidden_layer_sizes": (16,), "max_epochs": 15, "learning_rate": 0.02}


def fitted(X, y, **parameters):
    task = "classification" if len(np.unique(y)) < 10 else "regression"
    networks = GIATransformer.default_estimator(task, **FAST)
    given = {"n_features_to_select": 2, "random_state": 0} | parameters
    return GIATransformer(networks, **given).fit(X, y)


@pytest.fixture(scope="module")
def xor():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.integers(0, 2, (800, 5)).astype(float), columns=list("ABCDE"))
    return X, np.where(X["A"] != X["B"], "on", "off")


@pytest.fixture(scope="module")
def of_xor(xor):
    return fitted(*xor, pairs=2)


def by_definition(network, X, columns, donors):
    """Mean over donors of f(x) - f(b_i, x) - f(b_j, x) + f(b_i, b_j, x)."""

    def after(at, donor):
        moved = X.copy()
        moved[:, at] = donor[at]
        return network(torch.tensor(moved)).detach().numpy()

    (i, j), both = columns, np.concatenate(columns)
    parts = [after([], b) - after(i, b) - after(j, b) + after(both, b) for b in donors]
    return np.mean(parts, axis=0)


@pytest.mark.parametrize("first", [torch.nn.Linear(5, 7), torch.nn.Identity()])
def test_row_interactions_are_those_of_the_formula(first):
    torch.manual_seed(0)
    last = torch.nn.Linear(7 if isinstance(first, torch.nn.Linear) else 5, 2)
    network = torch.nn.Sequential(first, torch.nn.Tanh(), last).double()
    rng = np.random.default_rng(0)
    X, donors = rng.standard_normal((6, 5)), rng.standard_normal((3, 5))
    features = [np.array([0]), np.array([1, 2]), np.array([3]), np.array([4])]
    pairs = np.array([[3, 1], [0, 1], [0, 2]])
    response = ensemble_of(network, X[:2], scale="logit", task="classification").responses[0]
    found = row_interactions(response, X, features, pairs, donors)
    for k, (i, j) in enumerate(pairs):
        expected = by_definition(network, X, (features[i], features[j]), donors)
        expected -= expected.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(found[:, k], expected, atol=1e-12)


def test_columns_have_names_of_their_pairs(of_xor, xor):
    assert set(of_xor.pairs_[0]) == {"A", "B"}
    names = of_xor.get_feature_names_out().tolist()
    assert names[-2:] == [f"{i} x {j}" for i, j in of_xor.pairs_]
    assert of_xor.transform(xor[0]).shape == (800, 4)


def test_a_linear_model_learns_what_it_cannot_say_alone(xor, of_xor):
    X, y = xor
    alone = make_pipeline(fitted(X, y), LogisticRegression()).fit(X, y)
    with_pairs = make_pipeline(of_xor, LogisticRegression()).fit(X, y)
    assert alone.score(X, y) < 0.7
    assert with_pairs.score(X, y) > 0.95


def read_by(gia, networks, X):
    """Columns of pairs of these networks alone."""
    columns = replace(gia._pair_columns, unseen=None)
    found = gia._ensemble(X)
    return columns.of_rows(Ensemble([found.responses[k] for k in networks], found.outputs), X)


def test_rows_of_the_table_are_read_by_networks_that_held_them_out():
    rng = np.random.default_rng(0)
    X, new = rng.standard_normal((60, 3)), rng.standard_normal((9, 3))
    gia = fitted(X, X[:, 0] * X[:, 1] > 0, pairs=1)  # two networks, a fifth of the rows each
    held = gia.estimator_._held_out_bits
    first, second = (np.unpackbits(bits)[:60].astype(bool) for bits in held)
    assert (first.sum(), second.sum(), (first & second).sum()) == (12, 12, 0)
    close = {"rtol": 1e-3, "atol": 1e-5}  # networks are read in float32
    found = gia.transform(np.vstack([X, new]))[:, 2:]
    both = read_by(gia, [0, 1], np.vstack([X, new]))
    np.testing.assert_allclose(found[:60][first], read_by(gia, [0], X[first]), **close)
    np.testing.assert_allclose(found[:60][second], read_by(gia, [1], X[second]), **close)
    others = np.r_[~(first | second), np.ones(9, dtype=bool)]
    np.testing.assert_allclose(found[others], both[others], **close)
    assert not np.allclose(found[:60][first], both[:60][first])


def test_of_rows_that_are_alike_all_must_be_held_out():
    X = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [4.0, 5.0]])
    data = fit_data(
        X, np.array([0, 0, 1, 1]), None, lambda X, y: encode_target(y, "classification")
    )
    ensemble = SimpleNamespace(
        estimators_=[0, 1, 2],
        _was_trained_on=lambda given: True,
        _held_out=lambda given: [np.array([0, 1]), np.array([0, 2]), np.array([2])],
    )
    unseen = Unseen.of_table(ensemble, data)
    expected = [[False, True, False], [True, False, False], [True] * 3, [True] * 3]
    rows = np.array([[-0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [9.0, 9.0]])
    np.testing.assert_array_equal(unseen.networks(rows), expected)


def test_networks_of_another_table_read_every_row():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = X[:, 0] > 0
    ensemble = GIATransformer.default_estimator("classification", **FAST).fit(X[:60], y[:60])
    gia = GIATransformer(ensemble, prefit=True, pairs=1, n_features_to_select=2, random_state=0)
    assert gia.fit(X[:60], y[:60])._pair_columns.unseen is not None
    assert gia.fit(X, y)._pair_columns.unseen is None


def test_pairs_of_noise_promise_no_more_than_they_keep():
    """Labels are drawn, and networks learn them by heart."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((150, 40)), rng.integers(0, 2, 150)
    networks = GIATransformer.default_estimator(n_networks=5, max_epochs=40, patience=None)
    gia = GIATransformer(networks, pairs=5, n_features_to_select=1, random_state=0)
    with pytest.warns(FeatureSelectionWarning, match="no better than chance"):
        gia.fit(X, y)
    pairs = gia.transform(X)[:, 1:]
    seen = read_by(gia, range(5), X)
    scores = [LogisticRegression(C=100).fit(part, y).score(part, y) for part in (pairs, seen)]
    assert scores[1] > 0.9
    assert scores[0] < 0.7


def test_without_pairs_nothing_changes(xor, of_xor):
    X, y = xor
    plain = fitted(X, y)
    assert not hasattr(plain, "pairs_")
    np.testing.assert_array_equal(plain.ranking_, of_xor.ranking_)
    np.testing.assert_array_equal(plain.effects_, of_xor.effects_)
    np.testing.assert_array_equal(plain.transform(X), of_xor.transform(X)[:, :2])


def test_a_second_fit_without_pairs_forgets_them(xor):
    X, y = xor
    gia = fitted(X, y, pairs=1).set_params(pairs=None).fit(X, y)
    assert not hasattr(gia, "pairs_")
    assert gia.transform(X).shape[1] == 2


def test_pickles_and_files_give_the_same_columns(xor, of_xor, tmp_path):
    expected = of_xor.transform(xor[0])
    of_xor.save(tmp_path / "gia")
    for other in (pickle.loads(pickle.dumps(of_xor)), load(tmp_path / "gia")):
        assert other.get_feature_names_out().tolist() == of_xor.get_feature_names_out().tolist()
        np.testing.assert_array_equal(other.transform(xor[0]), expected)


def test_sparse_rows_stay_sparse_and_come_back(xor):
    X, y = sp.csr_matrix(xor[0].to_numpy()), xor[1]
    gia = fitted(X, y, pairs=1)
    assert gia.pairs_ == [(0, 1)]
    found = gia.transform(X)
    assert sp.issparse(found)
    assert found.shape == (800, 3)
    np.testing.assert_array_equal(
        gia.inverse_transform(found).toarray(), gia.inverse_transform(found[:, :2]).toarray()
    )


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("out", ["pandas", "polars"])
def test_set_output(xor, of_xor, made, out):
    frame = xor[0] if made is pd.DataFrame else pl.from_pandas(xor[0])
    found = copy(of_xor).set_output(transform=out).transform(frame)
    assert isinstance(found, pd.DataFrame if out == "pandas" else pl.DataFrame)
    assert list(found.columns) == of_xor.get_feature_names_out().tolist()
    np.testing.assert_array_equal(found.to_numpy(), of_xor.transform(xor[0]))
    back = of_xor.inverse_transform(found)
    np.testing.assert_array_equal(back, of_xor.inverse_transform(of_xor.transform(xor[0])))


def test_a_frame_keeps_its_index_and_its_types(xor, of_xor):
    gia = copy(of_xor).set_output(transform="pandas")
    frame = xor[0].set_axis(np.repeat(["r", "s"], 400), axis=0)
    columns = gia.get_feature_names_out().tolist()
    for dtype, of_pairs in (("float32", "float32"), ("int8", "float64"), ("Float64", "float64")):
        found = gia.transform(frame.astype(dtype))
        assert found.index.equals(frame.index)
        assert found.dtypes.astype(str).tolist() == [dtype] * 2 + [of_pairs] * 2
        expected = of_xor.transform(xor[0].astype(of_pairs))
        np.testing.assert_array_equal(found[columns[2:]], expected[:, 2:])
    none = gia.set_params(n_features_to_select=None, threshold=np.inf)
    with pytest.warns(FeatureSelectionWarning, match="keeps no column"):
        assert list(none.transform(frame).columns) == columns[2:]


def test_pairs_of_a_frame_need_every_cell(xor, of_xor):
    """scikit-learn hands a frame on unread where it is to hand one back."""
    gia = copy(of_xor).set_output(transform="pandas")
    with pytest.raises(ValueError, match="contains NaN"):
        gia.transform(xor[0].replace(1.0, np.nan))


def test_several_classes_have_a_column_each():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    gia = fitted(X, np.digitize(X[:, 0], [-0.5, 0.5]), pairs=2, output="effects")
    i, j = gia.pairs_[0]
    names = gia.get_feature_names_out().tolist()
    assert names[-6] == f"x{i} x x{j}->0"
    assert gia.transform(X).shape == (200, len(names))


def test_one_feature_makes_no_pair():
    X = np.random.default_rng(0).standard_normal((60, 1))
    with pytest.raises(ValueError, match="two features or more"):
        fitted(X, X[:, 0] > 0, pairs=1, n_features_to_select=1)


@pytest.mark.parametrize("pairs", [0, "all", 1.5])
def test_numbers_of_pairs_are_whole(xor, pairs):
    with pytest.raises(ValueError, match="pairs"):
        fitted(*xor, pairs=pairs)


def test_before_fit_there_are_none():
    with pytest.raises(NotFittedError):
        GIATransformer(pairs=2).get_feature_names_out()


@pytest.mark.parametrize("unit", [1, 1000])
def test_the_strongest_pair_is_that_of_the_target_whatever_the_units(unit):
    """The second target has no pair, and in a small unit large numbers of it that mean nothing."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 4))
    y = np.stack([X[:, 0] * X[:, 1], X[:, 2] + X[:, 3] + rng.standard_normal(600)], axis=1)
    networks = GIATransformer.default_estimator("regression", n_networks=3, max_epochs=20)
    gia = GIATransformer(networks, pairs=1, random_state=0).fit(X, y * [1, unit])
    assert gia.pairs_ == [(0, 1)]
    assert gia._pair_columns.titles() == ["x0 x x1->0", "x0 x x1->1"]
