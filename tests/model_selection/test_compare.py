"""Selectors on the same folds: scores by hand, what every fold keeps, and nothing leaks."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectKBest, SelectPercentile, f_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft.model_selection import compare_selectors
from sklearn_deeplifft.plotting import FeatureCountDisplay, SelectorComparisonDisplay
from sklearn_deeplifft.ranking import nogueira_stability
from tests.conftest import planted, quick

NAMES = list("abcdefgh")
MODEL = make_pipeline(StandardScaler(), LogisticRegression())


@pytest.fixture(scope="module")
def data():
    X, y = planted()
    return pd.DataFrame(X, columns=NAMES), y


@pytest.fixture(scope="module")
def found(data):
    selectors = {"F-test": SelectKBest(), "scaled": make_pipeline(StandardScaler(), SelectKBest())}
    return compare_selectors(*data, selectors, n_features=[2, 3], judge=MODEL, cv=3)


def test_scores_and_features_are_those_of_each_fold_by_hand(data, found):
    X, y = data
    splits = list(StratifiedKFold(3).split(X, y))
    for row in found.frame.itertuples():
        train, test = splits[row.fold]
        columns = NAMES
        if row.selector != "all features":
            chosen = SelectKBest(k=row.n_features).fit(X.iloc[train], y[train])
            columns = list(chosen.get_feature_names_out())
        assert row.features == tuple(columns)
        model = clone(MODEL).fit(X.iloc[train][columns], y[train])
        assert row.score == model.score(X.iloc[test][columns], y[test])
    assert len(found.frame) == 2 * 2 * 3 + 3


@pytest.mark.parametrize(
    "cv",
    [
        lambda X, y: ShuffleSplit(3),
        lambda X, y: StratifiedKFold(3, shuffle=True),
        lambda X, y: StratifiedKFold(3).split(X, y),
    ],
    ids=["shuffled splits", "shuffled folds", "a generator"],
)
def test_all_features_meet_the_folds_of_the_others(data, cv):
    """A selector that keeps every column is worth what all of them are, fold by fold."""
    splitter = cv(*data)
    found = compare_selectors(
        *data, {"8": SelectKBest()}, n_features=8, judge=MODEL, cv=splitter
    ).frame
    scores = found.groupby("selector")["score"].apply(list)
    assert scores["8"] == scores["all features"]
    assert len(found) == 6


def test_the_summary_is_the_mean_over_folds(found):
    table = found.summary().set_index(["selector", "n_features"])
    assert list(table.index) == [
        *(("F-test", k) for k in (2, 3)),
        *(("scaled", k) for k in (2, 3)),
        ("all features", 8),
    ]
    for (name, k), row in table.iterrows():
        own = found.frame[(found.frame["selector"] == name) & (found.frame["n_features"] == k)]
        assert row["mean"] == pytest.approx(own["score"].mean())
        assert row["standard_error"] == pytest.approx(own["score"].std(ddof=1) / 3**0.5)
        masks = np.array([[n in kept for n in NAMES] for kept in own["features"]])
        if k < 8:
            assert row["stability"] == pytest.approx(nogueira_stability(masks))
        else:
            assert np.isnan(row["stability"])
        assert set(row["always"]) == set.intersection(*map(set, own["features"]))


def test_selectors_of_this_package_are_cut_and_not_fitted_again(data):
    found = compare_selectors(*data, {"ours": quick()}, n_features=[1, 4], cv=2)
    own = found.frame[found.frame["selector"] == "ours"]
    assert (own.loc[own["n_features"] == 4, "fit_seconds"] == 0).all()
    assert [len(names) for names in own["features"]] == own["n_features"].tolist()


def test_each_may_keep_its_own_number_and_searches_stay_within_the_fold(data):
    X, y = data
    pipeline = make_pipeline(SelectKBest(k=3), LogisticRegression())
    search = GridSearchCV(
        SelectKBest(k=3),
        {"k": [2, 5]},
        scoring=lambda one, X, y: -one.transform(X).shape[1],
        cv=2,
    )
    named = {"half": SelectPercentile(percentile=50), "search": search}
    found = compare_selectors(X, y, named, n_features=None, cv=2)
    numbers = found.summary().set_index("selector")["n_features"]
    assert numbers.to_dict() == {"half": 4.0, "search": 2.0, "all features": 8.0}
    with pytest.raises(TypeError, match="cannot be asked for a number of features"):
        compare_selectors(X, y, named, n_features=3)
    with pytest.raises(TypeError, match="LogisticRegression selects no features"):
        compare_selectors(X, y, {"no selector": pipeline}, n_features=None, cv=2)


def test_noise_is_worth_nothing_however_well_it_was_selected():
    """Selected on all rows, 5 of 2,000 columns of noise would predict well."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2000)), np.arange(60) % 2
    table = compare_selectors(X, y, {"F-test": SelectKBest()}, n_features=5).summary()
    assert table["mean"][0] < 0.65
    best = SelectKBest(k=5).fit_transform(X, y)
    leaked = compare_selectors(best, y, {"F-test": SelectKBest()}, n_features=5).summary()
    assert leaked["mean"][0] > 0.75


def test_a_quantity_is_judged_by_ridge_regression_and_sparse_rows_are_taken(data):
    X, _ = data
    y = (X["a"] - X["b"]).to_numpy()
    rows = sp.csr_matrix(X.to_numpy())
    found = compare_selectors(rows, y, {"F": SelectKBest(f_regression)}, n_features=2, cv=3)
    table = found.summary().set_index("selector")
    assert table.loc["F", "mean"] > 0.95
    assert table.loc["F", "always"] == ("x0", "x1")


def test_groups_metric_and_judge_are_passed_on(data):
    X, y = data
    found = compare_selectors(
        X,
        y,
        {"F": SelectKBest()},
        n_features=2,
        judge=DummyClassifier(),
        cv=GroupKFold(4),
        scoring="balanced_accuracy",
        groups=np.arange(len(y)) % 4,
    )
    assert found.frame["fold"].nunique() == 4
    assert found.score_name == "balanced accuracy"
    np.testing.assert_allclose(found.frame["score"], 1 / 3)


def test_what_cannot_be_compared_is_refused(data):
    with pytest.raises(ValueError, match="selectors is empty"):
        compare_selectors(*data, {})
    with pytest.raises(ValueError, match="is the name of the judge on every column"):
        compare_selectors(*data, {"all features": SelectKBest()})
    with pytest.raises(ValueError, match=r"n_features=\[9\] must be integers between 1 and"):
        compare_selectors(*data, {"F": SelectKBest()}, n_features=9)


def test_the_display_draws_folds_and_means(found):
    ax = Figure().subplots()
    with pytest.raises(ValueError, match=r"n_features=None must be one of \[2, 3\]"):
        SelectorComparisonDisplay.from_comparison(found)
    display = SelectorComparisonDisplay.from_comparison(found, n_features=3, ax=ax)
    rows = [label.get_text() for label in ax.get_yticklabels()]
    assert rows == ["F-test", "scaled", "all features"]
    own = found.frame[(found.frame["selector"] == "F-test") & (found.frame["n_features"] == 3)]
    np.testing.assert_array_equal(display.dots_["F-test"].get_xdata(), own["score"])
    table = found.summary().set_index(["selector", "n_features"])
    _, _, (line,) = display.means_["F-test"]
    error = np.ptp(line.get_segments()[0][:, 0]) / 2
    assert error == pytest.approx(np.std(own["score"], ddof=1) / 3**0.5)
    widths = [bar.get_width() for bar in display.stability_ax_.patches]
    np.testing.assert_allclose(widths[:2], table.loc[[("F-test", 3), ("scaled", 3)], "stability"])
    curve = FeatureCountDisplay.from_curve(found.curve(), ax=Figure().subplots())
    np.testing.assert_allclose(
        curve.lines_["scaled"].get_ydata(), table.loc["scaled", "mean"].to_numpy()
    )


def test_one_fold_has_a_mean_and_no_error(data):
    judged = {"F": SelectKBest()}
    found = compare_selectors(*data, judged, n_features=3, cv=ShuffleSplit(1, random_state=0))
    assert found.summary()["standard_error"].isna().all()
    display = SelectorComparisonDisplay.from_comparison(found, ax=Figure().subplots())
    _, _, (line,) = display.means_["F"]
    assert [len(part) for part in line.get_segments()] == [0]


def test_selectors_without_names_are_refused():
    X, y = planted()
    with pytest.raises(TypeError, match="selectors is a list; pass a dict of names and selectors"):
        compare_selectors(X, y, [SelectKBest()])
