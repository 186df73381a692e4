"""Rows held out from each network, its seed and its null columns, apart from any training."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_deeplifft.ensembles import Split, deal_splits, knockoff_map_of
from sklearn_deeplifft.ensembles._splits import (
    fold_count,
    shares_restored,
    thinned,
    with_null_draws,
)
from sklearn_deeplifft.tables import FeatureGroups, FitData, Rows, encode_target


def data_of(n=100, n_classes=2, groups=None, scored=None, index=None, d=6) -> FitData:
    """A table of zeros; ``scored`` (n,) says which rows may be."""
    return FitData(
        rows=Rows(np.zeros((n, d))),
        target=encode_target(np.arange(n) % n_classes, "classification"),
        index=np.arange(n) if index is None else index,
        training_weight=np.ones(n),
        sample_weight=np.ones(n),
        score_weight=np.ones(n) if scored is None else scored.astype(float),
        groups=groups,
        names=None,
        mean=np.zeros(d),
        std=np.zeros(d),
        moments=None,
    )


def splits_of(data, seed=0, n_networks=5, validation_fraction=0.2) -> list[Split]:
    n_folds = fold_count(validation_fraction)
    return deal_splits(data, n_networks, n_folds, np.random.RandomState(seed))


def test_each_network_holds_another_fold_out():
    splits = splits_of(data_of())
    assert [len(split.validation) for split in splits] == [20] * 5
    held = np.concatenate([split.validation for split in splits])
    assert sorted(held) == list(range(100))
    for split in splits:
        assert sorted([*split.training, *split.validation]) == list(range(100))
        assert split.start is split.null_columns is None


def test_folds_are_dealt_anew_when_all_have_been_used():
    splits = splits_of(data_of(), n_networks=10)
    assert sorted(np.concatenate([s.validation for s in splits[5:]])) == list(range(100))
    assert set(splits[0].validation) != set(splits[5].validation)


def test_networks_have_seeds_of_their_own():
    seeds = [split.seed for split in splits_of(data_of(), n_networks=20)]
    assert len(set(seeds)) == 20
    assert seeds == [split.seed for split in splits_of(data_of(), n_networks=20)]
    assert seeds != [split.seed for split in splits_of(data_of(), n_networks=20, seed=1)]


def test_more_networks_begin_with_the_same_ones():
    few, many = splits_of(data_of(), n_networks=2), splits_of(data_of(), n_networks=4)
    for a, b in zip(few, many, strict=False):
        assert a.seed == b.seed
        np.testing.assert_array_equal(a.training, b.training)


@pytest.mark.parametrize(("fraction", "held"), [(0.5, 50), (0.25, 25), (0.1, 10), (0.34, 33)])
def test_the_fraction_held_out(fraction, held):
    sizes = [len(s.validation) for s in splits_of(data_of(), validation_fraction=fraction)]
    assert max(abs(np.array(sizes) - held)) <= 1


@pytest.mark.parametrize(("fraction", "n_folds"), [(0.4, 2), (0.3, 3), (0.45, 2), (0.15, 7)])
def test_fractions_that_are_no_whole_number_of_folds(fraction, n_folds):
    """As documented, one of round(1 / validation_fraction) folds is held out."""
    assert n_folds == round(1 / fraction) == fold_count(fraction)
    splits = splits_of(data_of(), validation_fraction=fraction, n_networks=2 * n_folds)
    for dealt in (splits[:n_folds], splits[n_folds:]):
        assert sorted(np.concatenate([split.validation for split in dealt])) == list(range(100))
        assert max(abs(len(split.validation) - 100 / n_folds) for split in dealt) < 1


def test_a_part_of_its_rows_is_left_to_each_network():
    data = data_of(n=200, n_classes=4)
    whole = splits_of(data)
    few, folds = thinned(whole, data, 40, 12), thinned(whole, data, 40, None)
    for before, split, of_whole_folds in zip(whole, few, folds, strict=True):
        assert set(split.training) < set(before.training)
        assert set(split.validation) < set(before.validation)
        assert np.bincount(split.training % 4).tolist() == [10, 10, 10, 10]
        assert np.bincount(split.validation % 4).tolist() == [3, 3, 3, 3]
        assert split.seed == before.seed
        np.testing.assert_array_equal(of_whole_folds.training, split.training)
        np.testing.assert_array_equal(of_whole_folds.validation, before.validation)
    assert set(few[0].training) != set(few[1].training) & set(whole[0].training)


def rare_class(n=4000, rare=20) -> FitData:
    """A table of which the first class has ``rare`` rows, all of them at the end."""
    data = data_of(n=n)
    return replace(data, target=encode_target(np.arange(n) < n - rare, "classification"))


def test_a_rare_class_is_seen_and_weighs_its_share():
    data = rare_class()
    whole = splits_of(data)
    splits = thinned(whole, data, 400, 100)
    for split in splits:
        assert (split.training >= 3980).sum() == 16  # by its share it would be two
        assert (split.validation >= 3980).sum() == 4
        assert len(split.training) == 400
    for split in shares_restored(whole, splits, data):
        factor, rare = split.training_factor, split.training >= 3980
        np.testing.assert_allclose(factor[rare], 400 / 3200)
        # 384 of the others are drawn, and are 398 by their share.
        np.testing.assert_allclose(factor[~rare], 398 / 384)
        # Of 800 rows held out 4 are rare, and all of these are among the 100 that are drawn.
        factor, rare = split.validation_factor, split.validation >= 3980
        np.testing.assert_allclose(factor[rare], 100 / 800)
        np.testing.assert_allclose(factor[~rare], 99.5 / 96)


@pytest.mark.parametrize("weights", ["plain", "balanced"])
def test_rows_held_out_of_a_long_table_weigh_as_the_table_does(weights):
    """One row in a thousand: 1.1 by its share of the rows held out that are drawn, and 20 are."""
    n, rare = 200_000, 200
    data = rare_class(n, rare)
    if weights == "balanced":
        weight = np.where(np.arange(n) < n - rare, n / 2 / (n - rare), n / 2 / rare)
        data = replace(data, training_weight=weight)
    share = data.training_weight[n - rare :].sum() / data.training_weight.sum()
    whole = splits_of(data, n_networks=20, validation_fraction=0.1)
    for split in shares_restored(whole, thinned(whole, data, 10_000, 1112), data):
        assert (split.training >= n - rare).sum() == (split.validation >= n - rare).sum() == 20
        for rows, factor in (
            (split.training, split.training_factor),
            (split.validation, split.validation_factor),
        ):
            weight = data.training_weight[rows] * factor
            found = weight[rows >= n - rare].sum() / weight.sum()
            np.testing.assert_allclose(found, share, rtol=1e-9)
            np.testing.assert_allclose(factor.mean(), 1)


def test_each_network_has_the_factors_of_its_own_rows():
    """The rare class is one group of rows: the first network holds it out, others train on it."""
    data = rare_class()
    data = replace(data, groups=np.where(np.arange(4000) < 3980, np.arange(4000) // 20, 999))
    rare = np.arange(3980, 4000)
    whole = [
        Split(np.arange(800, 3980), np.r_[np.arange(800), rare], 0),
        Split(np.r_[np.arange(3180), rare], np.arange(3180, 3980), 1),
    ]
    splits = shares_restored(whole, thinned(whole, data, 400, 100), data)
    assert splits[0].training_factor is splits[1].validation_factor is None
    for rows, factor, fair in (
        (splits[0].validation, splits[0].validation_factor, 100 * 20 / 820),
        (splits[1].training, splits[1].training_factor, 400 * 20 / 3200),
    ):
        np.testing.assert_allclose(factor[rows >= 3980].sum(), fair)
        np.testing.assert_allclose(factor.sum(), len(rows))
    alone = shares_restored(whole[1:], thinned(whole[1:], data, 400, 100), data)
    np.testing.assert_array_equal(alone[0].training_factor, splits[1].training_factor)


def test_many_rare_classes_weigh_their_share():
    """Thirty of 5 rows each: a quarter of what is drawn, and a 25th of the table."""
    codes = np.concatenate([np.zeros(3850, dtype=int), np.repeat(np.arange(1, 31), 5)])
    data = replace(data_of(n=4000), target=encode_target(codes, "classification"))
    whole = splits_of(data, n_networks=1)
    splits = thinned(whole, data, 400, 100)
    weight = shares_restored(whole, splits, data)[0].training_factor
    before, after = whole[0].training, splits[0].training
    assert (codes[after] > 0).mean() > 2 * (codes[before] > 0).mean()
    drawn = np.bincount(codes[after], weights=weight) / len(after)
    np.testing.assert_allclose(drawn, np.bincount(codes[before]) / len(before))


def test_weights_stay_where_no_class_is_rare():
    data = data_of(n=200, n_classes=4)
    whole = splits_of(data)
    for n_validation in (12, None):
        for split in shares_restored(whole, thinned(whole, data, 41, n_validation), data):
            assert split.training_factor is split.validation_factor is None
    none = splits_of(rare_class(), validation_fraction=0)
    for split in shares_restored(none, thinned(none, rare_class(), 400, 0), rare_class()):
        assert split.training_factor is not None
        assert split.validation_factor is None


def test_no_fraction_holds_nothing_out():
    for split in splits_of(data_of(), validation_fraction=0):
        assert len(split.validation) == 0
        assert len(split.training) == 100


def test_a_mask_of_rows_to_score_changes_nothing():
    mask = np.arange(100) < 50
    for a, b in zip(splits_of(data_of(scored=mask)), splits_of(data_of()), strict=True):
        assert a.seed == b.seed
        np.testing.assert_array_equal(a.training, b.training)
        np.testing.assert_array_equal(a.validation, b.validation)


def test_positions_are_those_of_the_table():
    index = np.arange(0, 100, 2)[::-1]
    for split in splits_of(data_of(index=index)):
        assert set(split.training) | set(split.validation) == set(index)


def test_folds_are_balanced_by_class():
    for split in splits_of(data_of(n_classes=4)):
        assert np.bincount(split.validation % 4).tolist() == [5, 5, 5, 5]


def test_groups_stay_together():
    groups = np.arange(100) // 10
    for split in splits_of(data_of(groups=groups)):
        assert not set(groups[split.training]) & set(groups[split.validation])
        assert len(split.validation) == 20


# Null columns


def drawn(data, knockoff_map=None) -> list[Split]:
    return with_null_draws(splits_of(data), data, knockoff_map)


def test_null_columns_change_nothing_else_of_a_split():
    for split, plain in zip(drawn(data_of()), splits_of(data_of()), strict=True):
        assert plain.null_columns is None
        assert split.seed == plain.seed
        for rows in ("training", "validation"):
            np.testing.assert_array_equal(getattr(split, rows), getattr(plain, rows))


def test_every_network_has_donors_of_its_own_that_keep_held_out_rows_apart():
    index = np.arange(0, 100, 2)[::-1]
    splits = drawn(data_of(index=index))
    for split in splits:
        donors = split.null_columns.donors
        assert donors.shape == (100,)
        assert set(donors[split.training]) == set(split.training)
        assert set(donors[split.validation]) == set(split.validation)
        np.testing.assert_array_equal(donors[1::2], np.arange(1, 100, 2))
        assert (donors[split.training] != split.training).mean() > 0.5
    assert len({split.null_columns.donors.tobytes() for split in splits}) == len(splits)
    again = drawn(data_of(index=index))
    assert [s.null_columns.donors.tolist() for s in splits] == [
        s.null_columns.donors.tolist() for s in again
    ]


def test_rows_without_weight_stand_in_for_none():
    data = data_of()
    data.training_weight[data.target.codes[:, 0] == 1] = 0
    for split in drawn(data):
        donors = split.null_columns.donors
        np.testing.assert_array_equal(donors[1::2], np.arange(1, 100, 2))
        assert (donors[::2] % 2 == 0).all()


def test_networks_share_one_map_of_rows_and_donors():
    data = data_of()
    shared = knockoff_map_of(data, FeatureGroups(np.arange(6), np.arange(6)))
    assert all(split.null_columns.knockoff_map is shared for split in drawn(data, shared))
