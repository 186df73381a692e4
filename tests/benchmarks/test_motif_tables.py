import doctest

import numpy as np
import pytest

from benchmarks.common import motif_tables
from benchmarks.common.motif_tables import (
    EXPECTED_FAMILY,
    available,
    deepbind_bound,
    deepbind_classes,
    motif_family,
    motif_symbol,
    promoters_arabidopsis,
    starr_mesc_motif_table,
)


def needs(folder):
    return pytest.mark.skipif(
        folder not in available(),
        reason=f"{motif_tables.DATA} holds no {folder}, which is not ours",
    )


needs_arabidopsis = needs("promoters_arabidopsis")
needs_deepbind = needs("deepbind_encode_B")
needs_starr = needs("starr_mesc_motif_table")


def assert_sound(table):
    n, d = table.X.shape
    assert table.X.dtype == np.float32
    assert table.y.dtype == np.int64
    assert table.y.shape == (n,)
    assert len(table.feature_names) == len(set(table.feature_names)) == d
    assert set(table.y) == set(range(len(table.target_names)))
    assert table.families.shape == (d,)
    np.testing.assert_array_equal(table.X, np.round(table.X))
    assert table.X.min() == 0


@needs_arabidopsis
def test_promoters_arabidopsis():
    table = promoters_arabidopsis()
    assert_sound(table)
    assert table.X.shape == (10281, 830)
    assert table.target_names == ("TATA promoter", "TATA-less promoter", "non-promoter")
    np.testing.assert_array_equal(np.bincount(table.y), [1497, 5905, 2879])
    whole = promoters_arabidopsis(keep_constant=True)
    assert whole.X.shape == (10281, 927)
    assert np.count_nonzero(whole.X) / whole.X.size == pytest.approx(0.07, abs=0.005)
    assert np.count_nonzero(whole.X) == np.count_nonzero(table.X)


@needs_deepbind
def test_deepbind_classes():
    table = deepbind_classes()
    assert_sound(table)
    assert table.X.shape == (3500, 908)
    assert deepbind_classes(keep_constant=True).X.shape == (3500, 1019)
    assert table.target_names == tuple(EXPECTED_FAMILY) == tuple(table.expected)
    np.testing.assert_array_equal(np.bincount(table.y), [500] * 7)
    assert np.ptp(table.X, axis=0).min() > 0


@needs_deepbind
@pytest.mark.parametrize("factor", EXPECTED_FAMILY)
def test_deepbind_bound_pairs_each_peak_with_its_shuffle(factor):
    table = deepbind_bound(factor)
    assert_sound(table)
    assert table.name == f"deepbind_encode_B/{factor}"
    assert table.target_names == ("shuffled", "bound")
    np.testing.assert_array_equal(np.bincount(table.groups), [2] * 500)
    np.testing.assert_array_equal(np.bincount(table.groups, weights=table.y), [1] * 500)


@needs_deepbind
@pytest.mark.parametrize("factor", sorted(set(EXPECTED_FAMILY) - {"ZBTB7A"}))
def test_expected_family_has_the_strongest_contrast(factor):
    """Names and expectations fit the data: the best paired t statistic is the family's."""
    table = deepbind_bound(factor)
    order = np.argsort(table.groups + table.y / 2)
    difference = table.X[order][1::2] - table.X[order][::2]
    t = difference.mean(axis=0) / (difference.std(axis=0) + 1e-9)
    assert table.families[np.argmax(t)] == table.expected["bound"]


@needs_deepbind
def test_zbtb7_is_first_among_the_seven_classes():
    """Against shuffles KLF12 edges it out (t 9.3 against 9.1); against other factors it leads."""
    table = deepbind_classes()
    own = table.y == table.target_names.index("ZBTB7A")
    inside, outside = table.X[own], table.X[~own]
    spread = np.sqrt(inside.var(axis=0) / len(inside) + outside.var(axis=0) / len(outside) + 1e-9)
    t = (inside.mean(axis=0) - outside.mean(axis=0)) / spread
    assert table.families[np.argmax(t)] == "ZBTB7"


@needs_deepbind
def test_every_family_has_members_in_the_table():
    present = set(deepbind_classes().families)
    assert set(EXPECTED_FAMILY.values()) <= present


@needs_starr
def test_starr_mesc_motif_table():
    table = starr_mesc_motif_table()
    assert_sound(table)
    assert table.X.shape == (514, 79)
    np.testing.assert_array_equal(np.bincount(table.y), [257, 257])
    assert np.mean(table.X == 0) == pytest.approx(0.576, abs=0.001)
    np.testing.assert_array_equal(np.min(table.X, axis=0, where=table.X > 0, initial=9), 1)
    assert np.count_nonzero(table.published) == 33
    strongest = np.argmax(np.abs(table.published))
    assert table.feature_names[strongest] == "cluster_24:GLIS2"
    assert table.published[strongest] == 0.12679


@needs_starr
def test_published_signs_fit_the_classes():
    """A positive coefficient speaks for class 1, so labels and rows are the right way round."""
    table = starr_mesc_motif_table()
    difference = table.X[table.y == 1].mean(axis=0) - table.X[table.y == 0].mean(axis=0)
    strongest = np.argsort(-np.abs(table.published))[:12]
    np.testing.assert_array_equal(
        np.sign(difference[strongest]), np.sign(table.published[strongest])
    )


def test_hits_are_refused_where_they_cannot_be_recovered():
    np.testing.assert_array_equal(
        motif_tables._hits(np.array([[0.0, 3.2], [1.7, 1.6], [5.1, 0.0]])), [[0, 2], [1, 1], [3, 0]]
    )
    with pytest.raises(ValueError, match="no multiples"):
        motif_tables._hits(np.array([[2.0], [3.0]]))


@pytest.mark.parametrize(
    "load",
    [
        promoters_arabidopsis,
        deepbind_classes,
        lambda data_dir: deepbind_bound("MYC", data_dir),
        starr_mesc_motif_table,
    ],
)
def test_a_missing_folder_is_named_with_a_way_out(load, tmp_path):
    assert available(tmp_path) == ()
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}.* not there.*--data DIR"):
        load(tmp_path)


def test_a_table_with_a_file_missing_is_not_available(tmp_path):
    for folder, files in motif_tables._FILES.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / files[0]).touch()
    assert available(tmp_path) == ("promoters_arabidopsis", "deepbind_encode_B")


def test_an_unknown_factor_is_refused():
    with pytest.raises(ValueError, match=r"factor='P53' .* pass one of ARID3A, CTCFL"):
        deepbind_bound("P53")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("MA0139.2 CTCF", "CTCF"),
        ("MA1102.3 CTCFL", "CTCF"),
        ("MA0480.3 Foxo1", "FOX"),
        ("MA0080.7 Spi1", "ETS"),
        ("MA0149.1 EWSR1-FLI1", "ETS"),
        ("MA0111.1 Spz1", "SPZ1"),
        ("MA2340.1 Zbtb2", "ZBTB2"),
        ("MA0059.2 MAX::MYC", "bHLH-CACGTG"),
        ("MA0626.2 Npas2", "bHLH-CACGTG"),
        ("MA0801.1 MGA", "MGA"),
        ("MA0828.3 SREBF2", "SREBF2"),
        ("MA2541.1 CREB3L3", "CREB3L3"),
        ("MA0750.4 ZBTB7A", "ZBTB7"),
        ("MA2510.1 ZBTB41", "ZBTB41"),
        ("MA0140.3 GATA1::TAL1", "GATA::TAL1"),
        ("MA1935.2 ERF::FOXI1", "ETS::FOX"),
        ("cluster_7:ELK3", "ETS"),
        ("cluster_4:MNT", "bHLH-CACGTG"),
        ("MYC4_MA0569.2", "MYC4"),
    ],
)
def test_motif_family(name, family):
    assert motif_family(name) == family


def test_no_symbol_is_in_two_families():
    symbols = [symbol for row in motif_tables._FAMILIES.values() for symbol in row.split()]
    assert len(symbols) == len(set(symbols))
    assert all(symbol == motif_symbol(symbol) for symbol in symbols)


def test_examples():
    """Nothing else runs them: pytest's ``testpaths`` leave the benchmarks out."""
    result = doctest.testmod(motif_tables)
    assert result.attempted > 0
    assert result.failed == 0
