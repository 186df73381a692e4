"""Importances to ranking to mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ranking import count_to_select, importance_threshold, rank, top_mask

SCORES = st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=12).map(np.array)


@given(SCORES)
def test_rank_is_a_permutation_in_descending_order_ties_by_column(scores):
    ranking = rank(scores)
    expected = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    assert np.argsort(ranking).tolist() == expected
    assert sorted(ranking) == list(range(1, len(scores) + 1))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.0, 0.5, 1.0])), min_size=1))
def test_ties_go_by_the_second_score_then_by_column(found):
    second, scores = (np.array(part, dtype=float) for part in zip(*found, strict=True))
    ranking = rank(scores, second)
    expected = sorted(range(len(found)), key=lambda i: (-scores[i], -second[i], i))
    assert np.argsort(ranking).tolist() == expected


@given(SCORES)
def test_exactly_k_for_every_k(scores):
    ranking = rank(scores)
    for k in range(len(scores) + 1):
        assert top_mask(ranking, k).sum() == k


@pytest.mark.parametrize(
    ("asked", "n", "count"),
    [
        (3, 8, 3),
        (8, 8, 8),
        (1, 1, 1),
        (np.int32(2), 8, 2),
        (None, 8, 4),
        (None, 9, 4),
        (None, 1, 1),
        (0.5, 9, 4),
        (0.01, 9, 1),
        (1.0, 9, 9),
        (0.3, 10, 3),  # 0.3 * 10 is 3, and so is 3.0000000000000004 rounded down
        (0.7, 10, 7),
        (0.29, 100, 29),  # 0.29 * 100 is 28.999999999999996
        (0.57, 100, 57),  # 0.57 * 100 is 56.99999999999999
    ],
)
def test_counts(asked, n, count):
    assert count_to_select(asked, n) == count


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (0, "n_features_to_select=0 must be between 1 and the number of features, 8"),
        (9, "n_features_to_select=9 must be between 1"),
        (-1, "n_features_to_select=-1 must be between 1"),
        (0.0, "n_features_to_select=0.0 as a fraction must be above 0"),
        (1.1, "n_features_to_select=1.1 as a fraction .* use an integer for a count"),
        (float("nan"), "n_features_to_select=nan"),
        (True, "n_features_to_select=True is neither a count nor a fraction"),
        (False, "n_features_to_select=False is neither a count nor a fraction"),
        (np.True_, "n_features_to_select=True is neither a count nor a fraction"),
        ("3", "n_features_to_select='3'"),
    ],
)
def test_counts_that_make_no_sense(asked, message):
    with pytest.raises(ValueError, match=message):
        count_to_select(asked, 8)


@pytest.mark.parametrize(
    ("threshold", "limit"),
    [
        (0.25, 0.25),
        (0, 0.0),
        (np.float32(0.5), 0.5),
        ("mean", 2.0),
        ("median", 1.5),
        ("1.25*mean", 2.5),
        ("2 * median", 3.0),
        ("1e-1*mean", 0.2),
        ("-1*mean", -2.0),
        (" mean ", 2.0),
    ],
)
def test_thresholds(threshold, limit):
    assert importance_threshold(np.array([0.0, 1.0, 2.0, 5.0]), threshold) == pytest.approx(limit)


@pytest.mark.parametrize(
    "threshold", ["", "mode", "mean*2", "x*mean", "2*", "*", "0.1", "1.2 mean"]
)
def test_thresholds_that_make_no_sense(threshold):
    with pytest.raises(ValueError, match="is not understood; use a number, 'mean', 'median'"):
        importance_threshold(np.ones(3), threshold)


def test_equal_importances_are_ordered_by_what_comes_second():
    importances, second = np.array([0.0, 0.5, 0.0, 0.0]), np.array([0.1, 0.0, 0.9, 0.1])
    assert rank(importances, second).tolist() == [3, 1, 2, 4]
    assert rank(importances).tolist() == [2, 1, 3, 4]
