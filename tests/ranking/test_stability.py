"""Agreement of selections, ranks of many rows, and the bootstrap of a mean importance."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sklearn_deeplifft.ranking import (
    _stability,
    bootstrap_interval,
    nogueira_stability,
    rank,
    ranks,
    sample_std,
    selection_frequency,
    top_masks,
)
from tests.oracles import (
    oracle_bootstrap_interval,
    oracle_kuncheva,
    oracle_nogueira_stability,
    oracle_ranks,
    oracle_top_masks,
)

MASKS = arrays.arrays(bool, st.tuples(st.integers(2, 7), st.integers(1, 9)))
SCORES = arrays.arrays(
    float,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0]) | st.floats(-2, 2, width=16),
)


def some_of(rng: np.random.Generator, M: int, d: int, k: int) -> np.ndarray:
    """M sets (M, d) of k features each, drawn at random."""
    return rng.random((M, d)).argsort(axis=1) < k


def interval(values: np.ndarray, level: float = 0.9, n_resamples: int = 200, seed: int = 0):
    return bootstrap_interval(values, level, n_resamples, np.random.RandomState(seed))


def repetitions(n: int, d: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(loc=np.arange(d), size=(n, d))


@given(MASKS)
def test_stability_is_the_equation(masks):
    np.testing.assert_allclose(
        nogueira_stability(masks), oracle_nogueira_stability(masks), rtol=1e-12, atol=1e-12
    )


@given(MASKS, st.integers(0, 3))
def test_stability_knows_no_order_and_no_side(masks, seed):
    """Neither the order of features or sets matters, nor whether sets say "in" or "out"."""
    rng = np.random.default_rng(seed)
    M, d = masks.shape
    expected = nogueira_stability(masks)
    for same in (masks[:, rng.permutation(d)], masks[rng.permutation(M)], ~masks):
        np.testing.assert_allclose(nogueira_stability(same), expected, rtol=1e-12, atol=1e-12)


@given(MASKS)
def test_stability_lies_between_its_bounds(masks):
    found = nogueira_stability(masks)
    assert math.isnan(found) == (masks.all() or not masks.any())
    assert math.isnan(found) or -1 / (len(masks) - 1) - 1e-12 <= found <= 1


@given(arrays.arrays(bool, st.integers(2, 9)), st.integers(2, 7))
def test_one_exactly_where_all_sets_are_identical(mask, M):
    mask[:2] = [True, False]
    masks = np.tile(mask, (M, 1))
    assert nogueira_stability(masks) == 1.0
    masks[0, 0] = False
    masks[0, 1] = True
    assert nogueira_stability(masks) < 1.0


@pytest.mark.parametrize("M", [2, 3, 10])
def test_the_lower_bound_is_reached_where_every_feature_is_chosen_equally_often(M):
    assert nogueira_stability(np.eye(M, dtype=bool)) == pytest.approx(-1 / (M - 1))


@pytest.mark.parametrize("k", [2, 20, 38])
def test_random_sets_agree_by_chance_whatever_their_size(k):
    rng = np.random.default_rng(k)
    found = np.array([nogueira_stability(some_of(rng, 5, 40, k)) for _ in range(400)])
    assert abs(found.mean()) < 4 * found.std() / math.sqrt(len(found))
    assert found.std() > 0.01


@pytest.mark.parametrize("k", [1, 6, 11])
def test_sets_of_one_size_are_judged_as_by_kuncheva(k):
    masks = some_of(np.random.default_rng(k), 6, 12, k)
    masks[1] = masks[0]
    assert nogueira_stability(masks) == pytest.approx(oracle_kuncheva(masks), abs=1e-12)


@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full_sets_tell_nothing(value):
    assert math.isnan(nogueira_stability(np.full((3, 4), value)))


@pytest.mark.parametrize("M", [0, 1])
def test_one_set_has_no_stability(M):
    with pytest.raises(ValueError, match=rf"masks has {M} row\(s\); .* at least 2\. Select on"):
        nogueira_stability(np.ones((M, 4), dtype=bool))


@given(MASKS)
def test_frequency_counts(masks):
    found = selection_frequency(masks)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [sum(column) / len(masks) for column in masks.T.tolist()])


@given(SCORES)
def test_ranks_are_the_definition(scores):
    found = ranks(scores)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, oracle_ranks(scores))


@given(SCORES, st.integers(0, 3))
def test_ranks_follow_their_columns_and_sum_to_the_same(scores, seed):
    d = scores.shape[1]
    order = np.random.default_rng(seed).permutation(d)
    found = ranks(scores)
    np.testing.assert_array_equal(ranks(scores[:, order]), found[:, order])
    np.testing.assert_array_equal(found.sum(axis=1), d * (d + 1) / 2)


def test_ranks_without_ties_are_those_of_rank():
    scores = repetitions(6)
    np.testing.assert_array_equal(ranks(scores), [rank(row) for row in scores])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_ranks_of_any_dtype(dtype):
    np.testing.assert_array_equal(ranks(np.array([[1, 3, 0, 3]], dtype=dtype)), [[3, 1.5, 4, 1.5]])


@given(SCORES, st.integers(0, 9))
def test_top_masks_are_the_definition(scores, k):
    before = scores.copy()
    found = top_masks(scores, k)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, oracle_top_masks(scores, k))
    np.testing.assert_array_equal(scores, before)


@given(SCORES.map(np.abs), st.integers(0, 9))
def test_of_importances_k_are_chosen_or_all_that_are_not_zero(scores, k):
    found = top_masks(scores, k)
    assert not found[scores == 0].any()
    np.testing.assert_array_equal(
        found.sum(axis=1), np.minimum(k, np.count_nonzero(scores, axis=1))
    )


def test_ties_go_to_the_first_column():
    np.testing.assert_array_equal(top_masks(np.full((2, 4), 0.5), 2), [[1, 1, 0, 0]] * 2)


def test_a_negative_importance_does_not_step_in_for_a_zero():
    np.testing.assert_array_equal(top_masks(np.array([[1.0, 0.0, -1.0]]), 2), [[1, 0, 0]])


@given(SCORES, st.sampled_from([0.5, 0.9, 0.95]), st.integers(1, 40), st.integers(0, 3))
def test_the_interval_is_the_definition(values, level, n_resamples, seed):
    n = len(values)
    counts = np.random.RandomState(seed).multinomial(n, np.full(n, 1 / n), size=n_resamples)
    np.testing.assert_allclose(
        interval(values, level, n_resamples, seed),
        oracle_bootstrap_interval(values, level, counts),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("cells", [1, 200, 600, 800, 10**6])
def test_column_blocks_do_not_show(monkeypatch, cells):
    values = repetitions(12, d=7)
    expected = interval(values)
    monkeypatch.setattr(_stability, "CELLS_AT_ONCE", cells)
    np.testing.assert_allclose(interval(values), expected, rtol=1e-13, atol=1e-13)


def test_the_interval_follows_its_columns():
    values = repetitions(12, d=7)
    order = [3, 0, 6, 2]
    np.testing.assert_allclose(interval(values[:, order]), interval(values)[:, order], atol=1e-13)


def test_the_interval_follows_units_and_origin():
    values = repetitions(12)
    np.testing.assert_allclose(interval(3 * values - 1), 3 * interval(values) - 1, atol=1e-12)
    np.testing.assert_allclose(interval(-values)[::-1], -interval(values), atol=1e-12)


def test_single_precision_is_averaged_in_double():
    values = repetitions(12).astype(np.float32)
    np.testing.assert_array_equal(interval(values), interval(values.astype(np.float64)))


@pytest.mark.parametrize("n", [5, 20, 200])
def test_the_interval_contains_the_mean(n):
    values = repetitions(n)
    low, high = interval(values)
    assert (low < values.mean(axis=0)).all()
    assert (values.mean(axis=0) < high).all()


def test_a_higher_level_is_a_wider_interval_on_both_sides():
    values = repetitions(20)
    (low, high), (lower, higher) = interval(values, 0.5), interval(values, 0.95)
    assert (lower < low).all()
    assert (high < higher).all()


def test_the_width_shrinks_with_the_root_of_the_rows():
    narrow, wide = (
        np.diff(interval(repetitions(n, d=200), n_resamples=400), axis=0).mean() for n in (400, 100)
    )
    assert wide / narrow == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("n", [10, 18, 60])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_covers_the_true_mean_as_often_as_it_says(n, level):
    """2,000 columns share their resamples, but not their values."""
    values = np.random.default_rng(0).normal(size=(n, 2000))
    low, high = interval(values, level, 1000)
    # Plain percentiles cover .90 for .95 where n is 10.
    assert ((low < 0) & (high > 0)).mean() == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_interval_stays_within_the_values(n):
    values = repetitions(n) ** 2
    low, high = interval(values, 0.99)
    assert (low >= values.min(axis=0)).all()
    assert (high <= values.max(axis=0)).all()


def test_one_row_has_no_interval():
    np.testing.assert_array_equal(interval(repetitions(1)), np.full((2, 5), np.nan))


def test_no_columns_no_intervals():
    assert interval(np.empty((3, 0))).shape == (2, 0)


def test_the_seed_decides():
    values = repetitions(12)
    np.testing.assert_array_equal(interval(values), interval(values))
    assert (interval(values, seed=0) != interval(values, seed=1)).any()


def test_the_deviation_is_that_of_a_sample():
    values = repetitions(4)
    for column, found in zip(values.T, sample_std(values), strict=True):
        assert found == pytest.approx(statistics.stdev(column.tolist()))
    assert np.isnan(sample_std(values[:1])).all()
    assert sample_std(values[:1, :, None]).shape == (5, 1)
