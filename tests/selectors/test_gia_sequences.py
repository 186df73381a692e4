"""`GIATransformer` on encoded sequences: whole positions are written, rows stay sequences."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.sequences import SequenceEncoder, position_groups
from tests.conftest import quick

L = 6


def network():
    """An A at position 2 speaks for class 1; nothing else is read."""
    net = OneHotNetwork(L, {"flatten": nn.Flatten(), "dense": nn.Linear(4 * L, 2)})
    with torch.no_grad():
        net.dense.weight.zero_()
        net.dense.bias.zero_()
        net.dense.weight[1, 2] = 4.0  # channels first: letter 0, position 2
        net.dense.bias[0] = 2.0
    return net.eval()


@pytest.fixture(scope="module")
def data():
    words = ["".join(w) for w in np.random.default_rng(0).choice(list("ACGT"), (40, L))]
    X = SequenceEncoder(dtype="float32").set_output(transform="pandas").fit_transform(words)
    return X, X["p2=A"].to_numpy().astype(int)


def written(gia, X):
    rows = X.to_numpy(dtype=np.float64)
    for one in gia.interventions_:
        after = rows.copy()
        after[:, one.positions] = one.apply(rows[:, one.positions])
        yield after.reshape(len(rows), -1, 4)


def test_positions_are_the_features_of_a_network_of_sequences(data):
    X, y = data
    gia = GIATransformer(network(), prefit=True, n_features_to_select=1).fit(X, y)
    assert [list(group) for group in gia.feature_groups_] == position_groups(L)
    assert list(gia.get_feature_names_out()) == ["p2=A", "p2=C", "p2=G", "p2=T"]
    assert len(gia.interventions_) == 4 * L
    for after in written(gia, X):
        np.testing.assert_array_equal(after.sum(axis=2), 1)
        assert set(np.unique(after)) == {0, 1}
    best = gia.class_importances_[1]
    assert best[8] > 0 > best[[9, 10, 11]].max()


def test_an_ensemble_that_is_yet_to_be_trained_says_so_too(data):
    X, y = data
    estimator = quick(network()).estimator
    gia = GIATransformer(estimator, n_features_to_select=2, random_state=0).fit(X, y)
    assert gia.transform(X).shape[1] == 8
    again = GIATransformer(estimator, feature_groups=position_groups(L), random_state=0).fit(X, y)
    np.testing.assert_array_equal(again.effects_, gia.effects_)


def test_groups_that_are_given_stand(data):
    X, y = data
    given = position_groups(L, window=2)
    gia = GIATransformer(network(), prefit=True, feature_groups=given).fit(X, y)
    assert [list(group) for group in gia.feature_groups_] == given
    assert len(gia.interventions_) == 3
    for after in written(gia, X):  # letters of another row
        np.testing.assert_array_equal(after.sum(axis=2), 1)
    assert gia.feature_importances_[8] > 0
    assert gia.feature_importances_[[0, 16]].tolist() == [0, 0]


def test_other_networks_keep_their_columns(data):
    X, y = data
    plain = nn.Sequential(nn.Linear(4 * L, 2))
    assert len(GIATransformer(plain, prefit=True).fit(X, y).feature_groups_) == 4 * L
