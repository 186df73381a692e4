"""Curves are those of selecting in every fold; selectors are fitted as seldom as they allow."""

import joblib
import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_deeplifft import GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.model_selection import FeatureCountCurve, feature_count_curve
from sklearn_deeplifft.plotting import FeatureCountDisplay
from tests.conftest import ONE_PASS, QUICK, counted_trainings, made, planted
from tests.conftest import quick as quick_one

MODEL = LogisticRegression()
COUNTS = [1, 2, 3, 6]


def quick(**params):
    """Trained for long enough to get rows of every class right, on parts of a small table."""
    return quick_one(**{"max_epochs": 25, "learning_rate": 0.05, **params})


SHARED = {name: value for name, value in QUICK.items() if name not in ONE_PASS}


def forest():
    return RandomForestClassifier(10, random_state=0)


GATES = made(ImportanceNeuronSelector, defaults=SHARED, path_steps=80, score_on="all")

# Whether one fit serves all counts, and the name of the parameter.
SELECTORS = {
    "ours": (quick(step=0.5), True, "n_features_to_select"),
    "gates": (GATES, True, "n_features_to_select"),
    "gia": (made(GIATransformer, defaults=SHARED), True, "n_features_to_select"),
    "hidden": (quick(layer="0"), True, "n_features_to_select"),
    "F-test": (SelectKBest(), True, "k"),
    "forest": (SelectFromModel(forest(), threshold=-np.inf), True, "max_features"),
    "RFE": (RFE(LogisticRegression()), True, "n_features_to_select"),
    "RFE by 3": (RFE(LogisticRegression(), step=3), False, "n_features_to_select"),
    "forward": (SequentialFeatureSelector(MODEL, cv=2), False, "n_features_to_select"),
    "piped": (make_pipeline(SimpleImputer(), SelectKBest()), True, "selectkbest__k"),
}


@pytest.fixture(scope="module")
def data():
    return planted(n=120)


class Fits:
    """Counts calls of ``fit`` of a class."""

    def __init__(self, monkeypatch, cls):
        self.n, original = 0, cls.fit

        def fit(selector, *args, **kwargs):
            self.n += 1
            return original(selector, *args, **kwargs)

        monkeypatch.setattr(cls, "fit", fit)


@pytest.mark.slow
@pytest.mark.parametrize("name", SELECTORS)
def test_a_cut_is_what_a_fit_for_it_would_be(name, data, monkeypatch):
    selector, once, param = SELECTORS[name]
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    expected = []
    for train, test in cv.split(*data):
        for k in COUNTS:
            fitted = clone(selector).set_params(**{param: k}).fit(data.X[train], data.y[train])
            model = clone(MODEL).fit(fitted.transform(data.X[train]), data.y[train])
            expected.append(model.score(fitted.transform(data.X[test]), data.y[test]))
    last = selector[-1] if isinstance(selector, Pipeline) else selector
    fits = Fits(monkeypatch, type(last))
    before = repr(selector.get_params())
    curve = feature_count_curve(selector, MODEL, *data, feature_counts=COUNTS, cv=cv)
    assert fits.n == (2 if once else 2 * len(COUNTS))
    assert curve.frame["score"].tolist() == expected
    assert curve.frame["n_features"].tolist() == COUNTS * 2
    assert curve.frame["fold"].tolist() == [0] * 4 + [1] * 4
    assert set(curve.frame["selector"]) == {type(last).__name__}
    timed = curve.frame["fit_seconds"].to_numpy() > 0
    assert timed.tolist() == ([True, False, False, False] * 2 if once else [True] * 8)
    assert repr(selector.get_params()) == before
    assert not hasattr(last, "n_features_in_")


@pytest.mark.slow
def test_several_selectors_meet_the_same_folds(data):
    twins = {"one": quick(), "two": quick(), "F-test": SelectKBest()}
    cv = KFold(
        3, shuffle=True, random_state=np.random.RandomState(0)
    )  # dealt anew each time it is asked
    curve = feature_count_curve(twins, MODEL, *data, feature_counts=[3, 1], cv=cv)
    assert list(curve.frame["selector"].unique()) == ["one", "two", "F-test"]
    of = {name: rows["score"].tolist() for name, rows in curve.frame.groupby("selector")}
    assert of["one"] == of["two"]
    assert curve.frame["n_features"].tolist() == [1, 3] * 9


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [2])
def test_workers_change_nothing(n_jobs, data):
    def found(n):
        with joblib.parallel_config("threading"):
            return feature_count_curve(
                {"ours": quick(), "F": SelectKBest()},
                MODEL,
                *data,
                feature_counts=[1, 4],
                cv=3,
                n_jobs=n,
            ).frame.drop(columns="fit_seconds")

    pd.testing.assert_frame_equal(found(n_jobs), found(None))


def test_it_is_nested(data, monkeypatch):
    """On noise and random labels, selection within the folds finds nothing."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 300)), np.arange(100) % 2
    curve = feature_count_curve(SelectKBest(), MODEL, X, y, feature_counts=[10])
    leaked = SelectKBest(k=10).fit_transform(X, y)
    outside = feature_count_curve(SelectKBest(), MODEL, leaked, y, feature_counts=[10])
    assert curve.summary()["mean"][0] < 0.6 < outside.summary()["mean"][0]


@pytest.mark.slow
def test_a_grid_says_the_same(data):
    pipeline = Pipeline([("s", quick()), ("m", MODEL)])
    search = GridSearchCV(pipeline, {"s__n_features_to_select": COUNTS}, cv=3).fit(*data)
    found = feature_count_curve(quick(), MODEL, *data, feature_counts=COUNTS, cv=3).summary()
    np.testing.assert_allclose(found["mean"], search.cv_results_["mean_test_score"])
    error = search.cv_results_["std_test_score"] / np.sqrt(3 - 1)  # its divisor is 3
    np.testing.assert_allclose(found["standard_error"], error)


def test_the_summary_by_hand():
    rows = [
        ("a", 1, 0, 0.5, 2.0),
        ("a", 2, 0, 0.7, 0.0),
        ("a", 1, 1, 0.7, 3.0),
        ("a", 2, 1, 0.7, 0),
    ]
    frame = pd.DataFrame(rows, columns=["selector", "n_features", "fold", "score", "fit_seconds"])
    found = FeatureCountCurve(frame).summary()
    assert found["mean"].tolist() == pytest.approx([0.6, 0.7])
    assert found["standard_error"].tolist() == pytest.approx([0.1, 0.0])
    assert found["fit_seconds"].tolist() == [5.0, 0.0]
    # A single fold tells of no other.
    alone = FeatureCountCurve(frame[frame["fold"] == 0]).summary()
    assert alone["standard_error"].isna().all()
    assert alone["mean"].tolist() == [0.5, 0.7]


def test_a_curve_of_one_fold_is_drawn_without_a_band():
    frame = pd.DataFrame(
        {"selector": "a", "n_features": [1, 2], "fold": 0, "score": [0.5, 0.7], "fit_seconds": 0.0}
    )
    for part in (frame, frame[:1]):
        display = FeatureCountDisplay.from_curve(FeatureCountCurve(part))
        assert not display.ax_.collections
        assert not display.ax_.containers
        assert np.isfinite(display.ax_.get_ylim()).all()


@pytest.mark.slow
def test_groups_reach_the_folds_and_the_selector(data, monkeypatch):
    rows, seen = np.arange(120) // 3, []
    original = type(quick()).fit

    def fit(selector, X, y, groups=None, sample_weight=None):
        seen.append(groups)
        return original(selector, X, y, groups=groups, sample_weight=sample_weight)

    monkeypatch.setattr(type(quick()), "fit", fit)
    selectors = {"ours": quick(), "F": SelectKBest()}
    feature_count_curve(selectors, MODEL, *data, feature_counts=[2], cv=GroupKFold(3), groups=rows)
    assert [len(set(groups)) for groups in seen] == [26, 27, 27]
    piped = make_pipeline(SimpleImputer(), quick())
    feature_count_curve(piped, MODEL, *data, feature_counts=[2], cv=GroupKFold(3), groups=rows)
    assert len(seen) == 6
    assert all(groups is not None for groups in seen)


def test_weights_reach_every_fit_and_the_score(data):
    """A weight of zero is no row: the curve is that of the others."""
    weight = np.r_[np.ones(90), np.zeros(30)]
    train, test = np.r_[0:60, 90:110], np.r_[60:90, 110:120]
    X, y = data
    y = np.r_[y[:90], np.zeros(30, dtype=int)]
    found = feature_count_curve(
        quick(), MODEL, X, y, feature_counts=[2, 4], cv=[(train, test)], sample_weight=weight
    )
    few = feature_count_curve(
        quick(), MODEL, X, y, feature_counts=[2, 4], cv=[(train[:60], test[:30])]
    )
    assert found.frame["score"].tolist() == pytest.approx(few.frame["score"].tolist())


@pytest.mark.parametrize(
    ("scoring", "name"),
    [
        (None, "score"),
        ("balanced_accuracy", "balanced accuracy"),
        (make_scorer(balanced_accuracy_score), "score"),
    ],
)
def test_scoring(scoring, name, data):
    curve = feature_count_curve(
        SelectKBest(), MODEL, *data, feature_counts=[3], cv=3, scoring=scoring
    )
    assert curve.score_name == name
    assert curve.frame["score"].between(0.6, 1).all()


@pytest.mark.slow
def test_tables_with_names(data):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    selectors = {"ours": quick().set_output(transform="pandas"), "F": SelectKBest()}
    of_frame = feature_count_curve(
        selectors, MODEL, frame, pd.Series(data.y), feature_counts=[2], cv=3
    )
    of_array = feature_count_curve(selectors, MODEL, *data, feature_counts=[2], cv=3)
    assert of_frame.frame["score"].tolist() == of_array.frame["score"].tolist()


def test_a_threshold_is_switched_off(data):
    strict = quick(threshold=0.99)
    curve = feature_count_curve(strict, MODEL, *data, feature_counts=[3], cv=2)
    free = feature_count_curve(quick(), MODEL, *data, feature_counts=[3], cv=2)
    assert curve.frame["score"].tolist() == free.frame["score"].tolist()
    assert strict.threshold == 0.99


def test_memory_serves_a_second_curve(data, tmp_path, monkeypatch):
    selector = quick(memory=tmp_path)
    with counted_trainings(monkeypatch) as calls:
        for counts in ([1, 2], [3, 4, 5]):
            feature_count_curve(selector, MODEL, *data, feature_counts=counts, cv=3)
    assert len(calls) == 3


@pytest.mark.parametrize("counts", [[], [0, 2], [9], [0.5], [2, None]])
def test_counts_that_cannot_be(counts, data):
    match = r"feature_counts=.* between 1 and the number of features, 8; .*(are not|none)"
    with pytest.raises(ValueError, match=match):
        feature_count_curve(SelectKBest(), MODEL, *data, feature_counts=counts)


class Other(BaseEstimator):
    pass


@pytest.mark.parametrize("selector", [SelectPercentile(), Other(), SimpleImputer(), "ours"])
def test_what_has_no_number_of_features(selector, data):
    with pytest.raises(TypeError, match="cannot be asked for a number of features"):
        feature_count_curve(selector, MODEL, *data, feature_counts=[1])


def test_it_is_drawn_with_its_errors(data):
    selectors = {"ours": quick(), "F-test": SelectKBest()}
    curve = feature_count_curve(
        selectors, MODEL, *data, feature_counts=[1, 3], cv=3, scoring="balanced_accuracy"
    )
    ax = Figure(figsize=(6, 4), layout="constrained").subplots()
    display = FeatureCountDisplay.from_curve(curve, ax=ax)
    found = curve.summary()
    for name, line in display.lines_.items():
        rows = found[found["selector"] == name]
        np.testing.assert_array_equal(line.get_xdata(), [1, 3])
        np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
    assert list(display.lines_) == list(selectors)
    assert ax.get_ylabel() == "balanced accuracy"
    bands = [band.get_paths()[0].get_extents() for band in ax.collections]
    assert len(bands) == 2
    for name, band in zip(selectors, bands, strict=True):
        rows = found[found["selector"] == name]
        assert band.ymax == pytest.approx((rows["mean"] + rows["standard_error"]).max())
        assert band.ymin == pytest.approx((rows["mean"] - rows["standard_error"]).min())
