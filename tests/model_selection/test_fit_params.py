"""Weights and groups reach every fit that takes them, however deep it lies."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.model_selection import compare_selectors, feature_count_curve
from sklearn_deeplifft.model_selection._fit_params import parameters_of_fit
from tests.conftest import planted

ROWS = {"groups": "rows together", "sample_weight": "weights"}
SEEN = []


class Recording(LogisticRegression):
    """Keeps the weights of each of its fits in ``SEEN``."""

    def fit(self, X, y, sample_weight=None):
        SEEN.append(sample_weight)
        return super().fit(X, y, sample_weight)


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def weight():
    return np.random.default_rng(0).uniform(0.1, 3, 120)


WRAPPED = {
    "RFE": RFE(Recording()),
    "SelectFromModel": SelectFromModel(Recording()),
    "in a pipeline": make_pipeline(None, SimpleImputer(), SelectFromModel(Recording())),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_weights_reach_the_estimator_that_a_selector_is_wrapped_around(name, data, weight):
    SEEN.clear()
    folds = list(StratifiedKFold(2).split(*data))
    selector = WRAPPED[name]
    feature_count_curve(
        selector, LogisticRegression(), *data, feature_counts=[2], cv=folds, sample_weight=weight
    )
    assert len(SEEN) >= 2
    of_folds = [weight[train].tolist() for train, _ in folds]
    assert all(seen is not None and seen.tolist() in of_folds for seen in SEEN)


def test_a_weight_of_two_is_the_row_twice_for_every_step_of_a_judge(data):
    """A scaler before the model has weights of its own to take."""
    X, y = data
    times = np.random.default_rng(1).integers(1, 6, len(y))
    twice = np.repeat(np.arange(len(y)), times)
    judge = make_pipeline(StandardScaler(), LogisticRegression())
    options = {"n_features": 8, "judge": judge, "scoring": "neg_log_loss"}
    rows = np.arange(len(y)) < 80
    split = [(np.flatnonzero(rows), np.flatnonzero(~rows))]
    weighted = compare_selectors(
        X, y, {"F": SelectKBest()}, cv=split, sample_weight=times, **options
    )
    split = [(np.flatnonzero(rows[twice]), np.flatnonzero(~rows[twice]))]
    repeated = compare_selectors(X[twice], y[twice], {"F": SelectKBest()}, cv=split, **options)
    np.testing.assert_allclose(weighted.frame["score"], repeated.frame["score"], rtol=1e-6)


@pytest.mark.parametrize("scoring", [None, "balanced_accuracy", ["accuracy", "balanced_accuracy"]])
def test_a_search_judges_with_weights(scoring, data, weight):
    X, y = data
    train, test = next(StratifiedKFold(2).split(X, y))
    refit = "balanced_accuracy" if isinstance(scoring, list) else True
    judge = GridSearchCV(LogisticRegression(), {"C": [1, 1e-3]}, cv=2, scoring=scoring, refit=refit)
    found = compare_selectors(
        X,
        y,
        {"F": SelectKBest()},
        n_features=8,
        judge=judge,
        cv=[(train, test)],
        sample_weight=weight,
    )
    judge.fit(X[train], y[train], sample_weight=weight[train])
    right = judge.predict(X[test]) == y[test]
    among = (
        weight[test] if scoring is None else weight[test] / _share_of_class(y[test], weight[test])
    )
    expected = np.average(right, weights=among)
    np.testing.assert_allclose(found.frame["score"], expected)


def _share_of_class(y, weight):
    return np.array([weight[y == label].sum() for label in y])


@pytest.mark.parametrize("splitter", [GroupKFold(2), LeaveOneGroupOut()])
def test_groups_reach_the_folds_of_a_search(splitter, data):
    groups = np.arange(120) // 20
    search = GridSearchCV(
        make_pipeline(SimpleImputer(), SelectKBest(k=3)),
        {"selectkbest__k": [2, 5]},
        scoring=lambda one, X, y: -one.transform(X).shape[1],
        cv=splitter,
    )
    judge = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=splitter)
    found = compare_selectors(
        *data, {"s": search}, n_features=None, judge=judge, cv=GroupKFold(2), groups=groups
    )
    assert found.summary()["n_features"].tolist() == [2, 8]


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (LogisticRegression(), ["sample_weight"]),
        (SelectKBest(), []),
        (DeepLIFFTSelector(), ["groups", "sample_weight"]),
        (RFE(DeepLIFFTSelector()), ["groups", "sample_weight"]),
        (RFECV(LogisticRegression()), ["groups"]),
        (GridSearchCV(Ridge(), {}), ["groups", "sample_weight"]),
        (TransformedTargetRegressor(Ridge()), ["sample_weight"]),
        (
            GridSearchCV(make_pipeline("passthrough", DeepLIFFTSelector(), Ridge()), {}),
            [
                *("groups", "deeplifftselector__groups"),
                *("deeplifftselector__sample_weight", "ridge__sample_weight"),
            ],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_names_under_which_they_are_taken(estimator, names):
    found = parameters_of_fit(estimator, ROWS)
    assert list(found) == names
    assert all(value == ROWS[key.rpartition("__")[2]] for key, value in found.items())
    assert parameters_of_fit(estimator, dict.fromkeys(ROWS)) == {}
