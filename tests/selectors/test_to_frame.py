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
OVER_NETWORKS = [
    "importance_low",
    "importance_high",
    "importance_std",
    "mean_rank",
    "selection_frequency",
]
ALL = ["rank", "feature", "importance", *OVER_NETWORKS]
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

pytestmark = pytest.mark.filterwarnings("ignore:no scored example")  # short trainings


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
    signed = {"score": selector.class_importances_}
    if not isinstance(selector, GIATransformer):
        signed["slope"] = selector.class_slopes_
    own = [f"class_{s}[{label}]" for s in signed for label in labels]
    several = len(selector.importances_per_network_) > 1
    columns = ALL if several else [name for name in ALL if name not in OVER_NETWORKS]
    assert table.columns.tolist() == [*columns, *own, "direction", "selected"]
    assert table.index.tolist() == list(range(len(names)))
    assert sorted(table["feature"]) == sorted(names)
    assert (np.diff(table["rank"]) >= 0).all()
    low, high = selector.importances_interval_
    found = {
        "rank": selector.ranking_,
        "importance": selector.feature_importances_,
        "importance_low": low,
        "importance_high": high,
        "importance_std": selector.importances_std_,
        "mean_rank": selector.mean_ranks_,
        "selection_frequency": selector.selection_frequency_,
        "selected": selector.get_support(),
    }
    for _, row in table.iterrows():
        j = list(names).index(row["feature"])
        expected = {name: values[j] for name, values in found.items() if name in table}
        expected |= {
            f"class_{name}[{label}]": values[k, j]
            for name, values in signed.items()
            for k, label in enumerate(labels)
        }
        assert row.drop(["feature", "direction"]).to_dict() == expected


def literal_direction(selector, names, j, label_of):
    """The class that more of column j speaks for most."""
    scores = selector.class_importances_[:, j]
    slopes = scores if isinstance(selector, GIATransformer) else selector.class_slopes_[:, j]
    best, size = None, 0.0
    for k, slope in enumerate(slopes):
        if slope >= 0 and abs(scores[k]) > size:
            best, size = k, abs(scores[k])
    return "" if best is None else f"{'+' if slopes[best] > 0 else '+-'} {label_of[best]}"


@each_kind
def test_direction_names_the_class_that_more_of_it_speaks_for(fitted, frame, data, kind):
    selector = read(kind, fitted, frame, data)
    table = selector.to_frame().set_index("feature")["direction"]
    expected = [literal_direction(selector, NAMES, j, "xyz") for j in range(8)]
    assert table[NAMES].tolist() == expected
    assert any(expected)


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
    unchanged = [name for name in before.columns if name not in ("selected", "selection_frequency")]
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
def test_a_group_is_one_row(frame, data, kind):
    groups = [["a", "e"], ["c", "d", "h"]]
    ensemble = NetworkEnsembleClassifier(**SMALL)
    selector = KINDS[kind](ensemble, feature_groups=groups, n_features_to_select=2)
    table = selector.fit(frame, data.y).to_frame()
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert sorted(table["group"]) == [("a", "e"), ("b",), ("c", "d", "h"), ("f",), ("g",)]
    assert sorted(table["feature"]) == ["a + e", "b", "c + d + h", "f", "g"]
    assert table["selected"].tolist() == [True, True, False, False, False]
    for _, row in table.iterrows():
        columns = [NAMES.index(name) for name in row["group"]]
        for name, values in {
            "rank": selector.ranking_,
            "importance": selector.feature_importances_,
            "selection_frequency": selector.selection_frequency_,
        }.items():
            assert {row[name]} == set(values[columns])
        for k in range(3):
            assert row[f"class_score[{k}]"] == selector.class_importances_[k, columns].max()
            if kind != "GIA":
                slope = row[f"class_slope[{k}]"]
                alone = len(columns) == 1
                assert slope == selector.class_slopes_[k, columns[0]] if alone else np.isnan(slope)


def test_a_group_goes_by_its_label_if_that_is_a_text(frame, data):
    ensemble = NetworkEnsembleClassifier(**SMALL)

    def names(groups, table=frame):
        selector = deeplifft(ensemble, feature_groups=groups).fit(table, data.y)
        return set(selector.to_frame()["feature"])

    assert names({"a": "first", "e": "first", "b": "alone"}) == {"first", "alone", *"cdfgh"}
    assert names([0, 0, 1, 2, 3, 4, 5, 6]) == {"a + b", *"cdefgh"}
    assert names([*"xxxxx", None, None, None]) == {"x", "f", "g", "h"}
    assert names([["a", "b", "c", "d", "e"]]) == {"a + b + c + 2 more", *"fgh"}
    assert names([*"xxyz", None, None, None, None], data.X) == {"x", "y", "z", 4, 5, 6, 7}


def test_columns_of_a_group_that_differ_have_no_direction(frame, data):
    one_hot = pd.get_dummies(pd.Series(np.array(list("pqr"))[data.y]), dtype=float)
    table = frame[["a"]].join(one_hot)
    selector = deeplifft(NetworkEnsembleClassifier(**SMALL), feature_groups=[["p", "q", "r"]])
    found = selector.fit(table, data.y).to_frame().set_index("feature")["direction"]
    assert found["p + q + r"].startswith("+- ")


def test_of_a_quantity_the_direction_is_a_sign(frame, data):
    selector = deeplifft(NetworkEnsembleRegressor(**SMALL)).fit(frame, data.X[:, 0] - data.X[:, 1])
    table = selector.to_frame().set_index("feature")
    signs = [{1: "+", -1: "-", 0: ""}[sign] for sign in np.sign(selector.class_slopes_[0])]
    assert table.loc[NAMES, "direction"].tolist() == signs
    assert table.loc[["a", "b"], "direction"].tolist() == ["+", "-"]
    two = deeplifft(NetworkEnsembleRegressor(**SMALL)).fit(frame, data.X[:, :2])
    largest = np.abs(two.class_slopes_).argmax(axis=0)
    rows = two.to_frame().set_index("feature")["direction"]
    assert [rows[name].split()[1:] for name in "ab"] == [["0"], ["1"]]
    assert all(
        rows[name] in ("", f"+ {k}", f"- {k}") for name, k in zip(NAMES, largest, strict=True)
    )


def test_p_and_q_where_null_columns_were_read(frame, data):
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "max_epochs": 20, "null_features": True})
    selector = deeplifft(ensemble).fit(frame, data.y)
    table = selector.to_frame().set_index("feature").loc[NAMES]
    np.testing.assert_array_equal(table["p_value"], selector.p_values_)
    np.testing.assert_array_equal(table["q_value"], selector.q_values_)


@each_kind
def test_partners_are_features_that_correlate_the_closest_first(fitted, frame, data, kind):
    selector = read(kind, fitted, frame, data)
    rng = np.random.default_rng(0)
    near = frame.assign(
        b=frame["a"] + 0.1 * rng.normal(size=len(frame)), c=-frame["a"], d=frame["d"] * 0
    )
    rho = near.corr().abs()
    found = selector.to_frame(near, threshold=0.8).set_index("feature")["correlated_partners"]
    for name in NAMES:
        others = rho[name].drop(name)
        expected = others[others > 0.8].sort_values(ascending=False, kind="stable")
        assert found[name] == tuple(expected.index)
    assert found["a"] == ("c", "b")


def test_partners_of_a_group_are_those_of_its_columns(frame, data):
    near = frame.assign(c=-frame["a"], d=frame["b"])
    selector = deeplifft(
        NetworkEnsembleClassifier(**SMALL), feature_groups=[["a", "b"], ["c", "h"]]
    )
    found = selector.fit(near, data.y).to_frame(near).set_index("feature")["correlated_partners"]
    assert set(found["a + b"]) == {"c + h", "d"}
    assert (found["c + h"], found["d"], found["e"]) == (("a + b",), ("a + b",), ())


def test_partners_need_a_threshold_and_columns(fitted, frame, data):
    selector = read("DeepLIFFT", fitted, frame, data)
    with pytest.raises(ValueError, match=r"threshold=1\.5 must be between 0 and 1"):
        selector.to_frame(frame, threshold=1.5)
    with pytest.raises(ValueError, match="feature names"):
        selector.to_frame(frame[NAMES[::-1]])
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    neurons = deeplifft(ensemble, layer="1").fit(frame, data.y)
    with pytest.raises(ValueError, match="layer='1' ranks neurons, and to_frame compares"):
        neurons.to_frame(frame)


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
    assert not set(OVER_NETWORKS) & set(table)


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
