"""Folds: balanced by stratum, groups together, no class held out whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ranking import deal_folds, drawn_rows, rarest_strata, share_factors
from sklearn_deeplifft.ranking._folds import FEWEST


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60).map(np.array),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_strata_are_spread_evenly(strata, n_folds, seed):
    fold = deal_folds(strata, None, n_folds, np.random.RandomState(seed))
    for stratum in np.unique(strata):
        members = fold[strata == stratum]
        if len(members) == 1:
            assert members[0] == -1
            continue
        counts = np.bincount(members, minlength=n_folds)
        assert counts.max() - counts.min() <= 1
        assert len(counts) == n_folds


@given(st.integers(2, 80), st.integers(2, 6), st.integers(1, 5), st.integers(0, 5))
def test_folds_are_of_like_size(n, n_folds, n_strata, seed):
    """Cards are dealt on from stratum to stratum, so that small strata do not pile up."""
    strata = np.arange(n) % n_strata
    fold = deal_folds(strata, None, n_folds, np.random.RandomState(seed))
    counts = np.bincount(fold[fold >= 0], minlength=n_folds)
    assert counts.max() - counts.min() <= 1


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=2, max_size=60),
    st.integers(2, 4),
)
def test_groups_stay_together(rows, n_folds):
    strata, groups = (np.array(part) for part in zip(*rows, strict=True))
    fold = deal_folds(strata, groups, n_folds, np.random.RandomState(0))
    for group in np.unique(groups):
        assert len(set(fold[groups == group])) == 1


def test_rows_of_their_own_group_are_rows_without_groups():
    strata = np.arange(40) % 3
    a, b = (
        deal_folds(strata, groups, 5, np.random.RandomState(3)) for groups in (None, np.arange(40))
    )
    np.testing.assert_array_equal(a, b)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12).map(np.array),
    st.lists(st.integers(0, 11), min_size=1, max_size=40).map(np.array),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_groups_of_one_class_are_dealt_as_rows_of_it(class_of_group, groups, n_folds, seed):
    groups %= len(class_of_group)
    strata, unit_of = class_of_group[groups], np.unique(groups, return_inverse=True)[1]
    found, expected = (
        deal_folds(*dealt, n_folds, np.random.RandomState(seed))
        for dealt in ((strata, groups), (class_of_group[np.unique(groups)], None))
    )
    np.testing.assert_array_equal(found, expected[unit_of])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_groups_are_held_out_unless_a_class_would_not_be_seen(rows, n_folds, seed):
    """Whatever classes a group holds, and whichever of its rows comes first."""
    strata, groups = (np.array(part) for part in zip(*rows, strict=True))
    fold = deal_folds(strata, groups, n_folds, np.random.RandomState(seed))
    turned = deal_folds(strata[::-1], groups[::-1], n_folds, np.random.RandomState(seed))
    np.testing.assert_array_equal(fold, turned[::-1])
    folds = [set(fold[strata == stratum]) for stratum in np.unique(strata)]
    assert all(len(own) > 1 or own == {-1} for own in folds)
    for group in set(groups[fold < 0]):
        others = (set(fold[(strata == c) & (groups != group)]) for c in strata[groups == group])
        assert any(len(own - {-1}) <= 1 for own in others)


@pytest.mark.parametrize("n_folds", [2, 5])
@pytest.mark.parametrize("first", list(np.ndindex(2, 2)))
def test_sites_that_hold_every_class_are_all_held_out(n_folds, first):
    """A class is seen at the other site, whatever the first row of each is."""
    sites, strata = np.repeat([0, 1], 4), np.tile([0, 1, 1, 0], 2)
    strata[[0, 4]] = first
    fold = deal_folds(strata, sites, n_folds, np.random.RandomState(0))
    assert len(set(fold)) == 2
    assert (fold >= 0).all()


def test_a_rare_class_beside_a_frequent_one_is_spread():
    """Six of thirty groups hold it, each in one row of ten."""
    groups, strata = np.repeat(np.arange(30), 10), np.zeros(300, int)
    strata[np.arange(6) * 50 + 7] = 1
    for seed in range(5):
        fold = deal_folds(strata, groups, 3, np.random.RandomState(seed))
        assert np.bincount(fold[strata == 1]).tolist() == [2, 2, 2]
        assert np.bincount(fold).tolist() == [100, 100, 100]


def test_the_only_group_of_a_class_trains_and_the_other_is_held_out():
    """Its other class is seen there."""
    fold = deal_folds(np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), 2, np.random.RandomState(0))
    assert (fold[:2] == -1).all()
    assert (fold[2:] >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40))
def test_the_rarest_stratum_of_a_unit_by_definition(rows):
    strata, groups = (np.array(part) for part in zip(*rows, strict=True))
    units, unit_of = np.unique(groups, return_inverse=True)
    found = rarest_strata(unit_of, strata)
    held_by = {c: len(set(groups[strata == c])) for c in strata.tolist()}
    for unit, stratum, n in zip(units, *found, strict=True):
        own = sorted((held_by[c], c) for c in strata[groups == unit].tolist())
        assert (n, stratum) == own[0]


def test_the_only_row_of_a_class_is_never_held_out():
    fold = deal_folds(np.r_[np.zeros(20, int), 1], None, 5, np.random.RandomState(0))
    assert fold[-1] == -1
    assert set(fold[:-1]) == {0, 1, 2, 3, 4}


def test_a_class_within_one_group_is_never_held_out_whole():
    """Its only group holds rows of another class too, and comes first there."""
    strata = np.r_[np.zeros(20, int), np.ones(3, int)]
    groups = np.r_[np.arange(20) // 4, [0, 0, 0]]  # class 1 lives in group 0 only
    fold = deal_folds(strata, groups, 5, np.random.RandomState(0))
    held = fold[strata == 1]
    assert (held == -1).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_decides(seed):
    strata = np.arange(50) % 2
    a, b = (deal_folds(strata, None, 5, np.random.RandomState(seed)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    other = deal_folds(strata, None, 5, np.random.RandomState(seed + 10))
    assert (a != other).any()


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 5), st.integers(0, 5))
def test_drawn_rows_hold_each_stratums_share(m, n, n_strata, seed):
    rows, strata = np.arange(m) * 3, np.arange(m) % n_strata
    drawn = drawn_rows(rows, strata, n, np.random.default_rng(seed))
    assert len(drawn) == min(m, n)
    assert (np.diff(drawn) > 0).all()
    assert np.isin(drawn, rows).all()
    found = np.bincount(strata[np.isin(rows, drawn)], minlength=n_strata)
    share = np.bincount(strata, minlength=n_strata) * min(n / m, 1)
    assert (abs(found - share) < 1 + 1e-9).all()


def test_drawn_rows_keep_the_order_that_they_are_given_in():
    """A table whose rows come in another order is given in the same one, that of their values."""
    order = np.random.default_rng(1).permutation(60)
    strata, place = np.arange(60) % 3, np.arange(60)
    drawn = drawn_rows(order, strata, 20, np.random.default_rng(0))
    expected = order[drawn_rows(place, strata, 20, np.random.default_rng(0))]
    np.testing.assert_array_equal(drawn, expected)


def test_every_row_is_as_likely_as_any_other():
    """Counts over many draws, against 5 standard deviations of a binomial one."""
    strata = np.r_[np.zeros(7, int), np.ones(23, int)]
    draws = [
        drawn_rows(np.arange(30), strata, 8, np.random.default_rng(seed)) for seed in range(2000)
    ]
    share = np.bincount(np.concatenate(draws), minlength=30) / 2000
    assert abs(share - 8 / 30).max() < 5 * np.sqrt(8 / 30 * 22 / 30 / 2000)


def test_nothing_is_drawn_where_all_rows_are_few_enough():
    rng = np.random.default_rng(0)
    rows = np.array([2, 5, 9])
    assert drawn_rows(rows, np.zeros(3, int), 3, rng) is rows
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("n", [20_000, 5_000, 1_000])
@pytest.mark.parametrize("seed", range(3))
def test_a_rare_stratum_keeps_its_rows_in_a_small_part(n, seed):
    """By its share a class of 30 of 100,000 rows would have 6 of 20,000, and one of 3 none."""
    strata = np.zeros(100_000, int)
    strata[40_000:40_030] = 7
    strata[90_000:90_003] = 3
    strata[:30_000] = 5
    drawn = drawn_rows(np.arange(100_000), strata, n, np.random.default_rng(seed))
    assert len(set(drawn)) == len(drawn) == n
    found = np.bincount(strata[drawn], minlength=8)
    assert found[7] == FEWEST == 20
    assert found[3] == 3
    assert abs(found[5] - 30_000 / 99_967 * (n - 23)) <= 1
    others = [
        drawn_rows(np.arange(100_000), strata, n, np.random.default_rng(seed + i)) for i in (10, 20)
    ]
    assert set(others[0][strata[others[0]] == 7]) != set(others[1][strata[others[1]] == 7])


def test_within_a_rare_stratum_every_row_is_as_likely():
    strata = np.r_[np.zeros(970, int), np.ones(30, int)]
    draws = [
        drawn_rows(np.arange(1000), strata, 200, np.random.default_rng(seed)) for seed in range(800)
    ]
    share = np.bincount(np.concatenate(draws), minlength=1000) / 800
    assert abs(share[970:] - 20 / 30).max() < 5 * np.sqrt(20 / 30 * 10 / 30 / 800)
    assert abs(share[:970] - 180 / 970).max() < 5 * np.sqrt(180 / 970 * 790 / 970 / 800)


def test_many_rare_strata_take_no_more_than_a_quarter():
    strata = np.r_[np.zeros(9_000, int), np.arange(1, 101).repeat(10)]
    drawn = drawn_rows(np.arange(10_000), strata, 900, np.random.default_rng(0))
    found = np.bincount(strata[drawn])
    assert len(drawn) == 900
    assert set(found[1:]) == {2}  # 900 // (4 * 101)
    assert found[0] == 700


def test_where_no_stratum_is_rare_the_rows_are_those_of_even_steps():
    """The same bits as the plain recipe: every m/n-th of the shuffled rows, stratum by stratum."""
    strata = np.arange(1000) % 3
    rng = np.random.default_rng(4)
    mixed = rng.permutation(1000)
    runs = mixed[np.argsort(strata[mixed], kind="stable")]
    expected = np.sort(runs[((np.arange(300) + rng.random()) * (1000 / 300)).astype(int)])
    found = drawn_rows(np.arange(1000), strata, 300, np.random.default_rng(4))
    np.testing.assert_array_equal(found, expected)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=400).map(np.array),
    st.integers(1, 200),
    st.integers(0, 3),
)
def test_factors_restore_the_shares_of_strata(strata, n, seed):
    strata = strata**3  # codes need not follow each other
    index = drawn_rows(np.arange(len(strata)), strata, n, np.random.default_rng(seed))
    drawn = strata[index]
    factor = share_factors(strata, drawn)
    weight = np.ones(len(drawn)) if factor is None else factor
    np.testing.assert_allclose(weight.sum(), len(drawn))
    assert (weight > 0).all()
    for stratum in np.unique(strata):
        fair = len(drawn) * (strata == stratum).mean()
        assert abs(weight[drawn == stratum].sum() - fair) <= 1 + 1e-9


def test_without_rows_there_are_no_factors():
    assert share_factors(np.array([], dtype=int), np.array([], dtype=int)) is None
