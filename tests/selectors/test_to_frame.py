"""The ranking as a table, and a layer that is set after the fit and changes nothing of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import planted

NAMES = list("abcdefgh")
ALL = ["feature", "rank", "importance", "std", "low", "high", "mean_rank", "selected"]
SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 5,
    "path_steps": 20,
    "learning_rate": 0.02,
    "batch_size": 32,
    "random_state": 0,
}


def deeplifft(ensemble, **params):
    return DeepLIFFTSelector(ensemble, **{"step": None, "random_state": 0, **params})


KINDS = {"DeepLIFFT": deeplifft, "gates": ImportanceNeuronSelector, "GIA": GIATransformer}
each_kind = pytest.mark.parametrize("kind", KINDS)

pytestmark = pytest.mark.filterwarnings("ignore:no scored example of class")  # short trainings


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=NAMES)


@pytest.fixture(scope="module")
def fitted(data, frame):
    return NetworkEnsembleClassifier(**SMALL).fit(frame, np.array(list("xyz"))[data.y])


def read(kind, fitted, frame, data, **params):
    selector = KINDS[kind](fitted, prefit=True, **params)
    return selector.fit(frame, np.array(list("xyz"))[data.y])


def require_rows_of(selector, table, names, labels):
    """Each row, looked up by its feature, holds what the attributes say of that column."""
    signed = {"for": selector.class_importances_}
    if not isinstance(selector, GIATransformer):
        signed["slope"] = selector.class_slopes_
    assert table.columns.tolist() == [*ALL, *(f"{s}_{label}" for s in signed for label in labels)]
    assert table.index.tolist() == list(range(len(names)))
    assert sorted(table["feature"]) == sorted(names)
    assert (np.diff(table["rank"]) >= 0).all()
    low, high = selector.importances_interval_
    mask = selector.get_support()
    for _, row in table.iterrows():
        j = list(names).index(row["feature"])
        expected = {
            "rank": selector.ranking_[j],
            "importance": selector.feature_importances_[j],
            "std": selector.importances_std_[j],
            "low": low[j],
            "high": high[j],
            "mean_rank": selector.mean_ranks_[j],
            "selected": mask[j],
        }
        expected |= {
            f"{name}_{label}": values[k, j]
            for name, values in signed.items()
            for k, label in enumerate(labels)
        }
        assert row.drop("feature").to_dict() == expected


@each_kind
def test_a_row_per_column_the_best_first(fitted, frame, data, kind):
    selector = read(kind, fitted, frame, data, n_features_to_select=3)
    table = selector.to_frame()
    require_rows_of(selector, table, NAMES, "xyz")
    assert table["feature"].tolist() == list(selector.top_features(8))
    assert table["selected"].tolist() == [True] * 3 + [False] * 5
    assert table["rank"].tolist() == list(range(1, 9))
    assert [table[name].dtype.kind for name in ("rank", "importance", "selected")] == [
        "i",
        "f",
        "b",
    ]


@each_kind
def test_the_cut_is_the_current_one(fitted, frame, data, kind):
    selector = read(kind, fitted, frame, data, n_features_to_select=3)
    before = selector.to_frame()
    after = selector.set_params(n_features_to_select=5).to_frame()
    assert after["selected"].tolist() == [True] * 5 + [False] * 3
    unchanged = [name for name in before.columns if name != "selected"]
    pd.testing.assert_frame_equal(after[unchanged], before[unchanged])
    none = selector.set_params(n_features_to_select=None, threshold=1e9).to_frame()
    assert not none["selected"].any()


@each_kind
def test_positions_where_there_are_no_names(data, kind):
    ensemble = NetworkEnsembleClassifier(**SMALL).fit(*data)
    selector = KINDS[kind](ensemble, prefit=True).fit(*data)
    table = selector.to_frame()
    assert table["feature"].dtype.kind == "i"
    require_rows_of(selector, table, range(8), [0, 1, 2])


@each_kind
def test_columns_of_a_group_stand_together(frame, data, kind):
    groups = [["a", "e"], ["c", "d", "h"]]
    ensemble = NetworkEnsembleClassifier(**SMALL)
    selector = KINDS[kind](ensemble, feature_groups=groups, n_features_to_select=2)
    table = selector.fit(frame, data.y).to_frame()
    require_rows_of(selector, table, NAMES, [0, 1, 2])
    assert sorted(set(table["rank"])) == [1, 2, 3, 4, 5]
    for group in groups:
        rows = table[table["feature"].isin(group)]
        assert rows["feature"].tolist() == group
        assert rows["rank"].nunique() == rows["importance"].nunique() == 1
        assert rows["selected"].nunique() == 1
        assert rows.index.tolist() == list(range(rows.index[0], rows.index[0] + len(group)))


@each_kind
@pytest.mark.parametrize("n_targets", [1, 2])
def test_targets_of_a_regression(frame, data, kind, n_targets):
    y = data.X[:, :n_targets] if n_targets > 1 else data.X[:, 0]
    selector = KINDS[kind](NetworkEnsembleRegressor(**SMALL)).fit(frame, y)
    require_rows_of(selector, selector.to_frame(), NAMES, range(n_targets))


def test_labels_and_classes_of_several_outputs(frame, data):
    two = np.array([[f"{a}", a == 0] for a in data.y], dtype=object)
    several = deeplifft(NetworkEnsembleClassifier(**SMALL)).fit(frame, two)
    labels = ["0_0", "0_1", "0_2", "1_False", "1_True"]
    require_rows_of(several, several.to_frame(), NAMES, labels)
    multilabel = deeplifft(NetworkEnsembleClassifier(**SMALL))
    multilabel.fit(frame, np.c_[data.y > 0, data.y > 1].astype(int))
    require_rows_of(multilabel, multilabel.to_frame(), NAMES, [0, 1])


def test_one_network_has_no_spread(frame, data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    table = deeplifft(ensemble).fit(frame, data.y).to_frame()
    assert (table["std"] == 0).all()
    assert (table["low"] == table["importance"]).all()
    assert (table["high"] == table["importance"]).all()


@each_kind
def test_there_is_no_table_before_a_fit(kind):
    with pytest.raises(NotFittedError):
        KINDS[kind](None).to_frame()


# A layer that is set after the fit


def answers(selector, frame):
    found = [selector.top_features(8), selector.top_features(3, label=1)]
    found += [selector.get_feature_names_out(), selector.get_support(), selector.transform(frame)]
    return [np.asarray(part) for part in [*found, selector.to_frame()]]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_ranking_of_columns_stays_one(frame, data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    selector = deeplifft(ensemble, n_features_to_select=3).fit(frame, data.y)
    before, partners = answers(selector, frame), selector.redundant_features(frame, 0.1)
    selector.set_params(layer="1")
    assert_same(answers(selector, frame), before)
    pd.testing.assert_frame_equal(selector.redundant_features(frame, 0.1), partners)
    assert set(selector.top_features(8)) == set(NAMES)


def test_a_ranking_of_neurons_stays_one(frame, data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    selector = deeplifft(ensemble, layer="1", n_features_to_select=3).fit(frame, data.y)
    require_rows_of(selector, selector.to_frame(), range(8), [0, 1, 2])
    before = answers(selector, frame)
    for layer in (None, "0"):
        selector.set_params(layer=layer)
        assert_same(answers(selector, frame), before)
        with pytest.raises(ValueError, match="layer='1' ranks neurons"):
            selector.redundant_features(frame)
    assert selector.get_feature_names_out()[0].startswith("1_")


def test_the_next_fit_takes_the_layer_that_was_set(frame, data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    selector = deeplifft(ensemble, layer="1").fit(frame, data.y).set_params(layer=None)
    columns = selector.fit(frame, data.y)
    assert_same(answers(columns, frame), answers(deeplifft(ensemble).fit(frame, data.y), frame))
