"""``feature_groups=``: one contract for the three selectors."""

import copy

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import GIATransformer
from tests.conftest import counted_trainings, made, planted, quick
from tests.gated import gated
from tests.grouped import (
    FIRST,
    LABELS,
    NAMES,
    WAYS,
    categories,
    encoder,
    require_one_feature_a_group,
)


def gia(**params):
    given = {"n_networks": 2, "hidden_layer_sizes": (16, 8), "max_epochs": 15}
    given |= {"learning_rate": 0.02, "batch_size": 32, "random_state": 0}
    return made(GIATransformer, defaults=given, **params)


def decomposed(**params):
    return quick(**{"n_networks": 2, "step": 0.5, **params})


def decomposed_once(**params):
    return quick(**{"n_networks": 2, **params})


every_selector = pytest.mark.parametrize("make", [decomposed, decomposed_once, gated, gia])


@pytest.fixture(scope="module")
def data():
    """Columns 0, 1 and 2 speak for a class each, so features 0 and 1 do."""
    return planted()


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=NAMES)


@pytest.mark.slow
@every_selector
def test_every_way_to_say_it_gives_the_same(make, data, frame):
    plain = make(feature_groups=LABELS).fit(data.X, data.y)
    for way, groups in WAYS.items():
        selector = make(feature_groups=groups).fit(frame, data.y)
        assert selector.feature_groups is groups, way
        np.testing.assert_array_equal(selector.ranking_, plain.ranking_)
        np.testing.assert_array_equal(
            selector.importances_per_network_, plain.importances_per_network_
        )


@every_selector
def test_groups_of_one_are_no_groups(make, data):
    a, b = make(feature_groups=list("abcdefgh")).fit(*data), make().fit(*data)
    np.testing.assert_array_equal(a.importances_per_network_, b.importances_per_network_)
    np.testing.assert_array_equal(a.class_importances_, b.class_importances_)
    np.testing.assert_array_equal(a.ranking_, b.ranking_)


@every_selector
def test_a_group_is_one_feature_everywhere(make, data):
    selector = make(feature_groups=LABELS, n_features_to_select=2).fit(*data)
    require_one_feature_a_group(selector)
    assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    assert selector.class_importances_.shape == (3, 8)
    assert [columns.tolist() for columns in selector.feature_groups_] == [
        [0, 2],
        [1],
        [3, 4, 5],
        [6],
        [7],
    ]


@every_selector
def test_counts_fractions_and_thresholds_are_of_groups(make, data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = make(feature_groups=LABELS).fit(*data)
        trained = len(calls)
        for k, n in (*((k, k) for k in range(1, 6)), (None, 2), (0.4, 2), (1.0, 5)):
            mask = selector.set_params(n_features_to_select=k).get_support()
            kept = {LABELS[i] for i in np.flatnonzero(mask)}
            assert len(kept) == n
            assert mask.sum() == np.isin(LABELS, list(kept)).sum()
            assert selector.transform(data.X).shape == (120, mask.sum())
        importances = selector.feature_importances_
        selector.set_params(n_features_to_select=None, threshold="mean")
        expected = importances >= importances[FIRST].mean()
        np.testing.assert_array_equal(selector.get_support(), expected)
    assert len(calls) == trained
    with pytest.raises(ValueError, match=r"=6 must be between 1 and the number of features, 5"):
        make(feature_groups=LABELS, n_features_to_select=6).fit(*data)


@every_selector
def test_one_hot_columns_of_an_encoder_are_never_parted(make):
    frame, y = categories(200)
    encode = encoder().set_output(transform="pandas")
    X = encode.fit_transform(frame)
    selector = make(feature_groups=lambda name: name.split("_")[0]).fit(X, y)
    widths = {"town": 6, "sex": 2, "age": 1, "size": 1}
    for k in range(1, 5):
        selector.set_params(n_features_to_select=k)
        found = pd.Series(name.split("_")[0] for name in selector.get_feature_names_out())
        counts = found.value_counts().to_dict()
        assert len(counts) == k
        assert counts == {name: widths[name] for name in counts}
    assert selector.ranking_[0] <= 2  # the town; the other one is the age


@every_selector
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 1], "feature_groups holds 2 labels for 8 columns"),
        ([[0, 1], [1, 2]], "column 'b' stands twice, or in two groups"),
        ([["a_1", "z"]], "column 'z' is not among the 8 columns"),
        ({"z": 1}, r"feature_groups names columns that X does not have: \['z'\]"),
        ("town", "feature_groups='town' says nothing of columns"),
        (3, "feature_groups=3 says nothing of columns"),
        (lambda name: name.split("_"), "a label must be hashable"),
    ],
)
def test_groups_that_make_no_sense_are_refused_before_training(
    make, data, frame, groups, message, monkeypatch
):
    selector = make(feature_groups=groups)
    before = copy.copy(vars(selector))
    with counted_trainings(monkeypatch) as calls, pytest.raises(ValueError, match=message):
        selector.fit(frame, data.y)
    assert calls == []
    assert vars(selector) == before


@every_selector
def test_names_are_needed_where_groups_go_by_them(make, data):
    with pytest.raises(ValueError, match="needs column names, and X has none"):
        make(feature_groups={"a_1": 1}).fit(*data)


@every_selector
def test_groups_changed_after_fit_do_not_change_what_was_measured(make, data):
    selector = make(feature_groups=LABELS, n_features_to_select=2).fit(*data)
    mask, frequency = selector.get_support(), selector.selection_frequency_
    selector.set_params(feature_groups=None)
    np.testing.assert_array_equal(selector.get_support(), mask)
    np.testing.assert_array_equal(selector.selection_frequency_, frequency)
    assert sorted(selector.fit(*data).ranking_) == list(range(1, 9))


def test_a_fit_with_other_groups_is_not_read_from_memory(data, tmp_path, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        first = decomposed_once(feature_groups=LABELS, memory=tmp_path).fit(*data)
        again = decomposed_once(feature_groups=LABELS, memory=tmp_path).fit(*data)
        assert len(calls) == 2
        other = decomposed_once(feature_groups=[[0, 1]], memory=tmp_path).fit(*data)
        assert len(calls) == 4
    np.testing.assert_array_equal(first.ranking_, again.ranking_)
    assert [len(columns) for columns in again.feature_groups_] == [2, 1, 3, 1, 1]
    assert [len(columns) for columns in other.feature_groups_] == [2, 1, 1, 1, 1, 1, 1]
