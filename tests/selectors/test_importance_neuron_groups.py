"""Columns that are one feature: a gate, a share, a rank, kept or dropped whole."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.networks._gates import FeatureGate
from tests.conftest import MLP, Table, counted_trainings, planted
from tests.gated import EARLY, classifier, gate_bits, gated
from tests.grouped import (
    FIRST,
    LABELS,
    NAMES,
    WAYS,
    categories,
    encoder,
    require_one_feature_a_group,
)


@pytest.fixture(scope="module")
def data() -> Table:
    """Columns 0, 1 and 2 speak for a class each, so features 0 and 1 do."""
    return planted()


@pytest.fixture(scope="module")
def frame(data) -> pd.DataFrame:
    return pd.DataFrame(data.X, columns=NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_say_it_gives_the_same_bits(data, frame, way):
    selector = gated(feature_groups=WAYS[way]).fit(frame, data.y)
    assert gate_bits(selector) == gate_bits(gated(feature_groups=LABELS).fit(*data))
    assert selector.feature_groups is WAYS[way]


def test_groups_of_one_are_no_groups(data):
    a, b = gated(feature_groups=list("abcdefgh")).fit(*data), gated().fit(*data)
    assert gate_bits(a) == gate_bits(b)


KINDS = {
    "tied, path": {},
    "free, path": {"gates": "free"},
    "tied, constant penalty": EARLY,
    "free, gates alone": {**EARLY, "gates": "free", "gate_penalty": 0, "readout": "gate"},
    "class": {"estimator": MLP},
    "skorch": {"estimator": classifier(), "gate_penalty": 0.3},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_group_is_one_feature_everywhere(data, kind):
    selector = gated(**KINDS[kind], feature_groups=LABELS, n_features_to_select=2).fit(*data)
    require_one_feature_a_group(selector, *getattr(selector, "exit_penalties_", ()))
    # Over features, not over columns.
    shares = selector.importances_per_network_[:, FIRST]
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    # Scores of classes are additive over columns, and stay with them.
    assert selector.class_importances_[0, 0] != selector.class_importances_[0, 2]
    cores = [net.module_.core for net in selector.estimator_.estimators_]
    if kind.startswith("tied"):  # whose gates are the norms of their first layers
        assert not any(isinstance(m, FeatureGate) for core in cores for m in core.modules())
    else:
        assert [len(core[0].weight) for core in cores] == [5, 5, 5]


def test_counts_and_fractions_are_of_groups(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = gated(feature_groups=LABELS).fit(*data)
        sizes = np.bincount(LABELS)
        for k, n in (*((k, k) for k in range(1, 6)), (None, 2), (0.4, 2), (1.0, 5)):
            mask = selector.set_params(n_features_to_select=k).get_support()
            kept = {LABELS[i] for i in np.flatnonzero(mask)}
            assert len(kept) == n
            assert mask.sum() == sizes[list(kept)].sum()
            assert selector.transform(data.X).shape == (120, mask.sum())
            assert selector.selection_frequency_[FIRST].sum() <= n
    assert len(calls) == 3
    with pytest.raises(ValueError, match=r"=6 must be between 1 and the number of features, 5"):
        gated(feature_groups=LABELS, n_features_to_select=6).fit(*data)


def test_stability_is_that_of_groups(data):
    selector = gated(feature_groups=LABELS, n_features_to_select=2).fit(*data)
    p = selector.selection_frequency_[FIRST]
    share = p.mean()
    expected = 1 - (3 / 2 * p * (1 - p)).mean() / (share * (1 - share))
    assert selector.stability_ == pytest.approx(expected)


def test_a_mean_or_median_threshold_is_that_of_groups(data):
    """Three columns of a group that says nothing must not lower the bar for the others."""
    selector = gated(feature_groups=LABELS).fit(*data)
    importances = selector.feature_importances_
    for threshold in ("mean", "median"):
        limit = getattr(np, threshold)(importances[FIRST])
        selector.set_params(threshold=threshold)
        np.testing.assert_array_equal(
            selector.set_params(n_features_to_select=None).get_support(), importances >= limit
        )


def test_names_that_come_out_are_whole_groups(data, frame):
    selector = gated(feature_groups=lambda name: name[0], n_features_to_select=2).fit(frame, data.y)
    assert list(selector.get_feature_names_out()) == ["a_1", "b", "a_2"]
    selector.set_output(transform="pandas")
    assert list(selector.transform(frame).columns) == ["a_1", "b", "a_2"]


def test_the_columns_of_a_group_leave_together(data):
    selector = gated(feature_groups=LABELS, gate_penalty=0.7, max_epochs=60).fit(*data)
    for net, row in zip(
        selector.estimator_.estimators_, selector.importances_per_network_, strict=True
    ):
        through = net.module_.core[0].weight.detach().norm(dim=0).numpy()
        assert ((through == 0) == (row == 0)).all()
    assert (selector.importances_per_network_ == 0).any()


def test_constant_columns_of_a_group_do_not_silence_it(data):
    X = data.X.copy()
    X[:, [2, 3, 4, 5]] = 1.0
    with pytest.warns(FeatureSelectionWarning, match="4 of 8 columns hold a single value"):
        selector = gated(feature_groups=LABELS).fit(X, data.y)
    assert selector.feature_importances_[2] == selector.feature_importances_[0] > 0.2
    assert (selector.feature_importances_[3:6] == 0).all()


# Width


def one_hot(values: np.ndarray, width: int) -> np.ndarray:
    return (values[:, None] == np.arange(width)).astype(float)


def blocks_of(*widths: int) -> np.ndarray:
    return np.repeat(np.arange(len(widths)), widths)


def split_feature(n: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Halves of a scale: a column among four others, and a block of its levels; the target."""
    rng = np.random.default_rng(0)
    others, levels = rng.normal(size=(n, 4)), rng.permutation(n) % width
    half = levels >= width / 2
    y = (half + 0.7 * others[:, 0] > 0.5).astype(int)
    return np.c_[others, half], np.c_[others, one_hot(levels, width)], y


@pytest.mark.slow
@pytest.mark.parametrize("width", [2, 10, 50, 200])
def test_a_feature_split_into_many_columns_keeps_about_its_share(width):
    """As a mean over its columns the widest block would keep a fourteenth."""
    X, Z, y = split_feature(3000, width)
    params = {"batch_size": 128, "path_steps": 200, "learning_rate": 0.01}
    whole = gated(**params).fit(X, y).feature_importances_
    split = (
        gated(**params, feature_groups=blocks_of(1, 1, 1, 1, width)).fit(Z, y).feature_importances_
    )
    assert 0.5 * whole[4] < split[4] < 1.3 * whole[4]
    assert split[4] > 5 * split[1:4].max()


@pytest.mark.parametrize("width", [2, 50, 200])
@pytest.mark.parametrize("gates", ["tied", "free"])
def test_noise_gains_nothing_by_its_width(width, gates):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] > 0).astype(int)
    block = one_hot(rng.permutation(300) % width, width)
    selector = gated(gates=gates, feature_groups=blocks_of(1, 1, 1, width), n_features_to_select=1)
    shares = selector.fit(np.c_[X, block], y).feature_importances_
    assert shares[0] > 0.4
    assert shares[3] < 2 * shares[1:3].mean() + 0.05
    assert selector.get_support(indices=True).tolist() == [0]


@pytest.mark.parametrize("gates", ["tied", "free"])
def test_columns_said_twice_are_one_feature(data, gates):
    """Each column twice, the two a group: shares stay about what they were."""
    params = {"gates": gates, "n_networks": 5}
    plain = gated(**params).fit(*data).feature_importances_
    twice = gated(**params, feature_groups=np.repeat(np.arange(8), 2))
    twice.fit(np.repeat(data.X, 2, axis=1), data.y)
    np.testing.assert_allclose(twice.feature_importances_[::2], plain, atol=0.1)


# Categories


@pytest.mark.slow
def test_one_hot_columns_of_an_encoder_are_never_parted():
    frame, y = categories(300)
    encode = encoder()
    select = gated(feature_groups=lambda name: name.split("_")[0], n_features_to_select=2)
    pipe = make_pipeline(encode, select, LogisticRegression()).set_output(transform="pandas")
    search = GridSearchCV(pipe, {"importanceneuronselector__n_features_to_select": [1, 2]}, cv=2)
    search.fit(frame, y)
    pipe.fit(frame, y)
    towns = [f"town_{t}" for t in "ABCDEF"]
    assert list(pipe[:-1].get_feature_names_out()) == [*towns, "age"]
    found = search.best_estimator_[:-1].get_feature_names_out()
    assert set(towns) <= set(found)


# Networks read again


def test_a_network_read_again_brings_its_groups(data):
    selector = gated(feature_groups=LABELS, **EARLY, gates="free").fit(*data)
    for net, row in zip(
        selector.estimator_.estimators_, selector.importances_per_network_, strict=True
    ):
        for given in (None, LABELS):
            again = gated(net, prefit=True, feature_groups=given, n_features_to_select=2).fit(*data)
            np.testing.assert_allclose(again.feature_importances_, row, rtol=1e-5, atol=1e-8)
            assert sorted(again.ranking_[FIRST]) == [1, 2, 3, 4, 5]
            assert {LABELS[i] for i in again.get_support(indices=True)} == {0, 1}
    with pytest.raises(ValueError, match=r"=6 must be between 1 and the number of features, 5"):
        gated(net, prefit=True, n_features_to_select=6).fit(*data)
    with pytest.raises(ValueError, match="feature_groups are not those that the gates"):
        gated(net, prefit=True, feature_groups=list(range(8))).fit(*data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_ensemble_read_again_brings_its_groups(data, kind):
    readout = KINDS[kind].get("readout", "effective")
    selector = gated(**KINDS[kind], feature_groups=LABELS).fit(*data)
    for given in (None, LABELS, WAYS["blocks of positions"]):
        again = gated(selector.estimator_, prefit=True, feature_groups=given, readout=readout)
        assert gate_bits(again.fit(*data)) == gate_bits(selector)
        require_one_feature_a_group(again)
    with pytest.raises(ValueError, match="feature_groups are not those that the gates"):
        again.set_params(feature_groups=[[0, 1]]).fit(*data)


def test_groups_that_are_no_longer_given_are_forgotten(data):
    selector = gated(feature_groups=LABELS).fit(*data)
    selector.set_params(feature_groups=None).fit(*data)
    assert gate_bits(selector) == gate_bits(gated().fit(*data))
    assert sorted(selector.ranking_) == list(range(1, 9))


def test_groups_changed_after_fit_do_not_change_what_was_measured(data):
    selector = gated(feature_groups=LABELS, n_features_to_select=2).fit(*data)
    mask, frequency = selector.get_support(), selector.selection_frequency_
    selector.set_params(feature_groups=[0, 1, 2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(selector.get_support(), mask)
    np.testing.assert_array_equal(selector.selection_frequency_, frequency)


# What is wrong is said before training, and changes nothing


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
def test_groups_that_make_no_sense(data, frame, groups, message, monkeypatch):
    selector = gated(feature_groups=LABELS).fit(frame, data.y)
    before = copy.copy(vars(selector))
    with counted_trainings(monkeypatch) as calls, pytest.raises(ValueError, match=message):
        selector.set_params(feature_groups=groups).fit(frame, data.y)
    assert calls == []
    selector.set_params(feature_groups=LABELS)
    assert all(
        value is before[name] for name, value in vars(selector).items() if name != "feature_groups"
    )


@pytest.mark.parametrize("groups", [{"a_1": 1}, lambda name: name])
def test_names_are_needed_where_groups_go_by_them(data, groups):
    with pytest.raises(ValueError, match="needs column names, and X has none"):
        gated(feature_groups=groups).fit(*data)
