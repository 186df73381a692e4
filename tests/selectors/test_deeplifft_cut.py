"""The cut is lazy: changing it after fit trains nothing."""

import itertools

import numpy as np
import pytest
from sklearn.feature_selection import SelectFromModel

from sklearn_deeplifft import FeatureSelectionWarning
from tests.conftest import bits, counted_trainings, planted, quick


@pytest.fixture(scope="module")
def fitted():
    return quick(step=0.5, n_networks=2).fit(*planted())


@pytest.fixture
def selector(fitted):
    yield fitted
    fitted.set_params(n_features_to_select=None, threshold=None)


def test_every_count_trains_nothing(selector, monkeypatch):
    before = bits(selector)
    with counted_trainings(monkeypatch) as calls:
        for k in range(1, 9):
            mask = selector.set_params(n_features_to_select=k).get_support()
            assert mask.sum() == k
            assert (mask == (selector.ranking_ <= k)).all()
            assert selector.transform(np.ones((2, 8))).shape == (2, k)
            assert len(selector.get_feature_names_out()) == k
    assert calls == []
    assert bits(selector) == before


@pytest.mark.parametrize("k", [np.int64(3), np.int8(3), 3])
def test_counts_of_any_integer_type(selector, k):
    assert selector.set_params(n_features_to_select=k).get_support().sum() == 3


@pytest.mark.parametrize(
    ("fraction", "count"),
    [(0.5, 4), (0.25, 2), (0.3, 2), (0.01, 1), (1.0, 8), (0.999, 7), (np.float32(0.5), 4)],
)
def test_fractions(selector, fraction, count):
    assert selector.set_params(n_features_to_select=fraction).get_support().sum() == count


def test_none_keeps_half(selector):
    assert selector.get_support().sum() == 4


def test_smaller_counts_are_subsets_of_larger_ones(selector):
    masks = [selector.set_params(n_features_to_select=k).get_support() for k in range(1, 9)]
    for small, large in itertools.pairwise(masks):
        assert (small <= large).all()


@pytest.mark.parametrize(
    ("threshold", "limit"),
    [
        ("mean", lambda v: v.mean()),
        ("median", np.median),
        ("1.25*mean", lambda v: 1.25 * v.mean()),
        ("0.5 * median", lambda v: 0.5 * np.median(v)),
        (0.1, lambda v: 0.1),
        (0, lambda v: 0.0),
        (-1.0, lambda v: -1.0),
        (np.inf, lambda v: np.inf),
    ],
)
def test_thresholds(selector, threshold, limit):
    mask = selector.set_params(threshold=threshold).get_support
    scores = selector.feature_importances_
    if threshold == np.inf:
        assert not mask().any()
        with pytest.warns(
            FeatureSelectionWarning, match="keeps no column: the largest importance is"
        ):
            assert selector.transform(np.ones((2, 8))).shape == (2, 0)
        return
    assert (mask() == (scores >= limit(scores))).all()


def test_a_threshold_at_a_score_keeps_it(selector):
    third = np.sort(selector.feature_importances_)[-3]
    assert selector.set_params(threshold=float(third)).get_support().sum() == 3


@pytest.mark.parametrize("k", [1, 2, 5, 0.5])
def test_both_must_hold(selector, k):
    above = selector.set_params(threshold="mean").get_support()
    best = selector.set_params(threshold=None, n_features_to_select=k).get_support()
    both = selector.set_params(threshold="mean", n_features_to_select=k).get_support()
    assert (both == (above & best)).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_features_to_select": 0}, "n_features_to_select=0 must be between 1 and .* 8"),
        ({"n_features_to_select": 9}, "n_features_to_select=9 must be between 1 and .* 8"),
        ({"n_features_to_select": -2}, "n_features_to_select=-2 must be between 1"),
        ({"n_features_to_select": 1.5}, "n_features_to_select=1.5 as a fraction"),
        ({"n_features_to_select": 0.0}, "n_features_to_select=0.0 as a fraction"),
        ({"n_features_to_select": np.nan}, "n_features_to_select=nan as a fraction"),
        ({"n_features_to_select": "many"}, "n_features_to_select='many'"),
        ({"threshold": "mode"}, "threshold='mode' is not understood"),
        ({"threshold": "x*mean"}, r"threshold='x\*mean' is not understood"),
        ({"threshold": "mean*2"}, r"threshold='mean\*2' is not understood"),
    ],
)
def test_cuts_that_make_no_sense_after_fit(selector, params, message):
    with pytest.raises(ValueError, match=message):
        selector.set_params(**params).get_support()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_features_to_select": 0}, "n_features_to_select"),
        ({"n_features_to_select": 9}, "n_features_to_select=9 must be between 1 and .* 8"),
        ({"n_features_to_select": 1.5}, "n_features_to_select"),
        ({"n_features_to_select": "many"}, "n_features_to_select"),
        ({"threshold": "mode"}, "threshold='mode' is not understood"),
        ({"threshold": "mean*2"}, "threshold"),
    ],
)
def test_they_are_found_out_before_anything_is_trained(params, message, monkeypatch):
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(ValueError, match=message),
    ):
        quick(**params).fit(*planted())
    assert calls == []


def test_ties_go_by_column():
    """Nothing tells the columns apart, for all of them are zero but for the first rows."""
    X = np.zeros((60, 5))
    X[:, 0] = np.arange(60)
    y = (np.arange(60) > 29).astype(int)
    with pytest.warns(UserWarning, match="4 of 5 columns hold a single value"):
        selector = quick().fit(X, y)
    assert selector.ranking_.tolist() == [1, 2, 3, 4, 5]
    for k in range(1, 6):
        mask = selector.set_params(n_features_to_select=k).get_support()
        assert mask.tolist() == [i < k for i in range(5)]


def test_get_support_indices(selector):
    assert list(selector.get_support(indices=True)) == list(np.flatnonzero(selector.get_support()))


def test_select_from_model_can_cut_too(selector):
    outer = SelectFromModel(selector, prefit=True, max_features=2, threshold=-np.inf)
    with pytest.MonkeyPatch.context() as patch, counted_trainings(patch) as calls:
        assert outer.transform(np.ones((3, 8))).shape == (3, 2)
    assert calls == []
