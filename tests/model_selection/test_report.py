"""The table holds the masks of the folds, under the names that were selected from."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_deeplifft.model_selection import feature_selection_report
from tests.conftest import planted, quick

NAMES = list("abcdefgh")


@pytest.fixture(scope="module")
def data():
    X, y = planted()
    return pd.DataFrame(X, columns=NAMES), y


def masks_of(table):
    return table.drop(columns="frequency").loc[NAMES].to_numpy()


def test_sums_match_the_masks(data):
    pipeline = make_pipeline(StandardScaler(), quick(n_features_to_select=3), LogisticRegression())
    found = cross_validate(pipeline, *data, cv=4, return_estimator=True)
    table = feature_selection_report(found)
    masks = np.array([fitted[1].get_support() for fitted in found["estimator"]])
    np.testing.assert_array_equal(masks_of(table), masks.T)
    np.testing.assert_array_equal(table["frequency"].loc[NAMES], masks.mean(axis=0))
    assert table.drop(columns="frequency").to_numpy().sum() == masks.sum() == 4 * 3
    assert list(table.columns) == ["fold_0", "fold_1", "fold_2", "fold_3", "frequency"]
    assert table["frequency"].is_monotonic_decreasing
    assert table.drop(columns="frequency").dtypes.eq(bool).all()


def test_a_list_and_a_single_one_do_as_well(data):
    fitted = [SelectKBest(k=k).fit(*data) for k in (2, 3)]
    table = feature_selection_report(fitted)
    np.testing.assert_array_equal(masks_of(table).T, [one.get_support() for one in fitted])
    alone = feature_selection_report(fitted[0])
    np.testing.assert_array_equal(masks_of(alone)[:, 0], fitted[0].get_support())
    pipeline = make_pipeline(SelectKBest(k=2), LogisticRegression()).fit(*data)
    assert feature_selection_report(pipeline)["frequency"].sum() == 2


def test_a_search_stands_for_its_best(data):
    pipeline = make_pipeline(SelectKBest(k=1), LogisticRegression())
    search = GridSearchCV(pipeline, {"selectkbest__k": [1, 3]}, cv=3)
    found = cross_validate(search, *data, cv=3, return_estimator=True)
    masks = [one.best_estimator_[0].get_support() for one in found["estimator"]]
    np.testing.assert_array_equal(masks_of(feature_selection_report(found)).T, masks)


def test_several_selectors_have_to_be_passed(data):
    X = data[0].assign(c=1.0)
    pipeline = make_pipeline(VarianceThreshold(), StandardScaler(), SelectKBest(k=2)).fit(
        X, data[1]
    )
    table = feature_selection_report(pipeline)
    assert len(table) == 8
    assert not table.loc["c", "fold_0"]
    passed = X.columns[pipeline[0].get_support()][pipeline[2].get_support()]
    assert set(table.index[table["fold_0"]]) == set(passed)


def test_names_are_those_that_enter_the_first_selector(data):
    X, y = data
    pipeline = make_pipeline(PCA(4), SelectKBest(k=2), PCA(1)).fit(X, y)
    assert sorted(feature_selection_report(pipeline).index) == ["pca0", "pca1", "pca2", "pca3"]
    bare = feature_selection_report(SelectKBest(k=2).fit(X.to_numpy(), y))
    assert set(bare.index) == {f"x{i}" for i in range(8)}


def test_features_that_only_some_folds_have():
    letters = pd.DataFrame({"letter": list("aabbcc")})
    y = [0, 0, 1, 1, 1, 1]
    one = make_pipeline(OneHotEncoder(), SelectKBest(chi2, k=1)).fit(letters[:4], y[:4])
    two = make_pipeline(OneHotEncoder(), SelectKBest(chi2, k=1)).fit(letters, y)
    table = feature_selection_report([one, two])
    assert set(table.index) == {"letter_a", "letter_b", "letter_c"}
    assert not table.loc["letter_c", "fold_0"]
    assert table["frequency"].sum() == 1


def test_what_cannot_be_reported(data):
    X, y = data
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="return_estimator=True"):
        feature_selection_report(cross_validate(model, X, y, cv=2))
    with pytest.raises(ValueError, match="LogisticRegression selects no features"):
        feature_selection_report(model)
    with pytest.raises(ValueError, match="nothing to report"):
        feature_selection_report([])
    between = make_pipeline(SelectKBest(k=3), PCA(2), SelectKBest(k=1)).fit(X, y)
    with pytest.raises(ValueError, match="made anew after the first selector"):
        feature_selection_report(between)
    with pytest.raises(ValueError, match="outputs of a layer"):
        feature_selection_report(quick(layer="0").fit(X, y))
