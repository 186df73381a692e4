"""The tables of the quality benchmark, their splits, and the columns added to them."""

import numpy as np
import pytest
from scipy.sparse import issparse

from benchmarks.common.added_noise import with_corrupted, with_random, with_second_order
from benchmarks.common.development_tables import DEVELOPMENT_TABLES
from benchmarks.common.quality_tables import (
    COUNTS,
    N_SPLITS,
    TABLES,
    QualityTable,
    half,
    load,
    split,
)

SHAPES = {
    "breast_cancer": (569, 30, 2),
    "sonar": (208, 60, 2),
    "ionosphere": (351, 33, 2),
    "ionosphere_random": (351, 66, 2),
    "ionosphere_corrupted": (351, 66, 2),
    "ionosphere_second_order": (351, 66, 2),
    "colon": (62, 2000, 2),
    "lung_small": (73, 325, 7),
    "starr": (514, 79, 2),
    "mice_protein": (1080, 77, 8),
    "digits": (1797, 61, 10),
    "lymphoma": (92, 4026, 7),
    "madelon": (2600, 500, 2),
    "splice": (3005, 240, 3),
    "isolet": (1560, 617, 26),
    "text_counts_basehock": (1993, 4862, 2),
    "deepbind_encode_B": (3500, 908, 7),
    "promoters_arabidopsis": (10281, 830, 3),
}
DEVELOPMENT_SHAPES = {
    "wine": (178, 13, 3),
    "yale": (165, 1024, 15),
    "generated_faces": (135, 1024, 15),
    "warp_ar10p": (130, 2400, 10),
    "generated_motifs": (2400, 320, 5),
    "generated_sensors": (6000, 60, 6),
    "generated_words": (1200, 2992, 4),
    "generated_expression": (120, 5000, 3),
    "leukemia": (72, 7070, 2),
    "allaml": (72, 7129, 2),
    "prostate_ge": (102, 5966, 2),
    "nci9": (58, 9712, 8),
    "orl": (400, 1024, 40),
    "relathe": (1427, 4322, 2),
    "orlraws10p": (100, 10304, 10),
}
SPARSE = ("text_counts_basehock", "generated_words", "relathe")


def loaded(name, tables=TABLES):
    try:
        return tables[name](None)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_as_its_source_says_and_splits_keep_every_class(name):
    table = loaded(name)
    n, d, n_classes = SHAPES[name]
    assert (table.name, table.X.shape) == (name, (n, d))
    assert table.X.dtype == np.float32
    assert issparse(table.X) == (name in SPARSE)
    np.testing.assert_array_equal(np.unique(table.y), np.arange(n_classes))
    tested = 0
    for number in range(N_SPLITS):
        part = split(table, number)
        assert part.X.shape == (len(part.y), d)
        assert len(part.test_y) + len(part.y) == n
        assert set(part.y) == set(part.test_y) == set(range(n_classes))
        for X in (part.X, part.test_X):
            assert np.isfinite(X.data if issparse(X) else X).all()
        tested += len(part.test_y)
    assert tested == n


@pytest.mark.slow
@pytest.mark.parametrize("name", DEVELOPMENT_TABLES)
def test_a_development_table_has_its_shape_and_splits_keep_every_class(name):
    table = loaded(name, DEVELOPMENT_TABLES)
    n, d, n_classes = DEVELOPMENT_SHAPES[name]
    assert (table.name, table.X.shape, table.X.dtype) == (name, (n, d), np.float32)
    assert issparse(table.X) == (name in SPARSE)
    classes = np.arange(n_classes)
    for number in range(N_SPLITS):
        part = split(table, number)
        np.testing.assert_array_equal(np.unique(part.y), classes)
        np.testing.assert_array_equal(np.unique(part.test_y), classes)
    again = DEVELOPMENT_TABLES[name](None)
    assert (abs(table.X - again.X)).max() == 0


def test_no_development_table_is_reported():
    assert not set(DEVELOPMENT_TABLES) & set(TABLES)


def test_halves_are_stratified_drawn_anew_and_keep_groups_whole():
    y = np.repeat([0, 1], [40, 20])
    X = np.arange(60, dtype=np.float32)[:, None]
    table = QualityTable("t", X, y)
    first, again, other = half(table, 1), half(table, 1), half(table, 2)
    np.testing.assert_array_equal(np.bincount(first.y), [20, 10])
    np.testing.assert_array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)
    grouped = half(QualityTable("t", X, y, row_groups=np.arange(60) // 5), 1)
    assert set(np.bincount(grouped.row_groups).tolist()) == {0, 5}
    X[3] = np.nan
    assert all(np.isfinite(half(table, number).X).all() for number in (1, 2))


def test_a_mouse_is_on_one_side():
    table = loaded("mice_protein")
    assert np.bincount(table.row_groups).tolist() == [15] * 72
    for number in range(N_SPLITS):
        trained = np.unique(split(table, number).row_groups)
        assert np.isin(table.row_groups, trained).sum() == len(split(table, number).y)


def test_missing_values_become_means_of_training_rows():
    X = np.array([[1.0, 5.0], [3.0, np.nan], [np.nan, 7.0], [9.0, 9.0], [11, 1], [13, 3]])
    table = QualityTable("small", X.astype(np.float32), np.array([0, 0, 0, 1, 1, 1]))
    part = split(table, 0)
    assert np.isfinite(part.X).all()
    assert np.isfinite(part.test_X).all()
    for j in range(2):
        known = np.isin(part.X[:, j], X[:, j])
        filled = [v for v in np.append(part.X[:, j], part.test_X[:, j]) if v not in X[:, j]]
        np.testing.assert_allclose(filled, [part.X[known, j].mean()], rtol=1e-6)


def test_splice_positions_are_blocks_of_one_hot_columns():
    table = loaded("splice")
    assert table.n_features == 60
    np.testing.assert_array_equal(np.bincount(table.blocks), [4] * 60)
    sums = np.add.reduceat(table.X, np.arange(0, 240, 4), axis=1)
    assert set(np.unique(sums)) == {0, 1}
    assert (sums == 0).sum() < 100  # letters for several bases
    assert len(np.unique(table.X, axis=0)) >= 3004


def test_planted_columns_of_madelon_are_correlated_with_each_other():
    table = loaded("madelon")
    r = np.abs(np.corrcoef(table.X.T)) - np.eye(500)
    np.testing.assert_array_equal(np.flatnonzero(r.max(axis=0) > 0.5), np.sort(table.planted))


def test_lists_that_hold_every_feature_are_left_out():
    y = np.array([0, 1, 0, 1])
    table = QualityTable("narrow", np.zeros((4, 10), np.float32), y)
    assert table.counts == (3, 5)
    assert table.stability_count == 5
    blocks = np.repeat(np.arange(30), 2)
    wide = QualityTable(
        "wide", np.zeros((4, 60), np.float32), np.array([0, 1, 0, 1]), blocks=blocks
    )
    assert wide.counts == COUNTS[:-1]
    assert wide.stability_count == 15


def test_a_missing_table_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data DIR"):
        load("sonar", tmp_path)


@pytest.mark.parametrize("add", [with_random, with_corrupted, with_second_order])
def test_half_of_the_columns_are_extra(add):
    X = np.random.default_rng(1).normal(3, 2, size=(2000, 6))
    wide = add(X, np.random.default_rng(0))
    assert wide.shape == (2000, 12)
    np.testing.assert_array_equal(wide[:, :6], X)
    np.testing.assert_array_equal(wide, add(X, np.random.default_rng(0)))


def test_extra_columns_are_what_they_are_called():
    X = np.random.default_rng(1).normal(3, 2, size=(2000, 6))
    rng = np.random.default_rng
    noise = with_random(X, rng(0))[:, 6:]
    assert abs(np.corrcoef(X.T, noise.T)[:6, 6:]).max() < 0.1
    assert abs(noise.std() - 1) < 0.05
    corrupted = with_corrupted(X, rng(0))[:, 6:]
    # Half the column and half its standard deviation in noise: a correlation of 1 / sqrt(2).
    nearest = np.corrcoef(X.T, corrupted.T)[:6, 6:].max(axis=0)
    np.testing.assert_allclose(nearest, np.sqrt(0.5), atol=0.05)
    products = with_second_order(X, rng(0))[:, 6:]
    pairs = (X[:, :, None] * X[:, None, :]).reshape(2000, -1)
    assert all((np.abs(pairs - column[:, None]).max(axis=0) == 0).any() for column in products.T)
