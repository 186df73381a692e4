"""The tables that null features are tried on, and how an outcome is counted."""

import numpy as np
import pytest

from benchmarks.common import motif_tables
from benchmarks.nulls import designs, selection


@pytest.mark.parametrize(
    "name", [n for n in selection.PLANTED if "class" not in n and n != "close"]
)
def test_five_columns_matter(name):
    design = selection.PLANTED[name](0)
    assert design.true.sum() == len(np.unique(design.family[design.true])) == 5
    assert 0.3 < design.y.mean() < 0.7
    columns = design.X[:, design.true].T
    found = [np.corrcoef(column, design.y)[0, 1] for column in columns]
    assert (np.sign(found) == [1, -1, 1, -1, 1]).all()
    again = selection.PLANTED[name](0)
    np.testing.assert_array_equal(again.X, design.X)
    assert not np.array_equal(selection.PLANTED[name](1).y, design.y)


def test_columns_of_classes_raise_their_own_class_alone():
    for name, own in (("classes", range(8)), ("one_class", (7, 7))):
        design = selection.PLANTED[name](0)
        assert design.true.sum() == len(own)
        assert np.bincount(design.y).min() > 50
        of_class = design.y == np.array(own)[:, None]
        columns = design.X[:, design.true].T
        found = [
            np.corrcoef(column, is_)[0, 1] for column, is_ in zip(columns, of_class, strict=True)
        ]
        assert min(found) > 0.2
    # Nothing else tells the other seven apart.
    others = design.y < 7
    found = np.corrcoef(design.X[others].T, design.y[others])[-1, :2]
    assert abs(found).max() < 0.1


def test_blocks_and_families_are_correlated_as_said():
    blocks, families = designs.correlated(0), designs.copies(0)
    in_block = np.repeat(np.arange(20), 5)
    for design, family, rho in ((blocks, in_block, 0.7), (families, families.family, 0.98)):
        found = np.corrcoef(design.X.T)
        same = (family[:, None] == family) & ~np.eye(100, dtype=bool)
        assert found[same].mean() == pytest.approx(rho, abs=0.02)
        assert abs(found[family[:, None] != family].mean()) < 0.02


def test_neighbours_are_just_below_near_copies_and_all_share_a_factor():
    design = designs.close(0)
    np.testing.assert_array_equal(np.flatnonzero(design.true), designs.CLOSE)
    assert 0.3 < design.y.mean() < 0.7
    found = np.corrcoef(design.X.T)
    near = [found[t, t + k] for t in designs.CLOSE for k in range(1, 5)]
    assert 0.86 < np.mean(near) < 0.9
    assert found[15:, 15:][np.triu_indices(45, 1)].mean() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("name", [n for n in selection.GLOBAL_NULLS if n != "null_empty_motifs"])
def test_nothing_matters(name):
    design = selection.GLOBAL_NULLS[name](0)
    assert not design.true.any()
    assert design.outcome(np.zeros(design.X.shape[1], dtype=bool)) == (0, 0)
    assert design.outcome(np.ones(design.X.shape[1], dtype=bool)) == (1, 0)


@pytest.mark.parametrize("make", [designs.grouped, designs.grouped_noise])
def test_groups_are_uneven_and_their_rows_alike(make):
    design = make(0)
    sizes = np.bincount(design.groups)
    assert sizes.min() < 5
    assert 25 < sizes.max() <= 30
    first = np.unique(design.groups, return_index=True)[1]
    pairs = design.X[first[sizes > 1]], design.X[first[sizes > 1] + 1]
    within = np.corrcoef(*(rows.ravel() for rows in pairs))[0, 1]
    assert within == pytest.approx(0.8 if make is designs.grouped_noise else 0.5, abs=0.05)


def test_sparse_tables_are_sparse_and_their_families_near_copies():
    X = designs.sparse_families(0).X
    assert 0.025 < (X != 0).mean() < 0.04
    together = np.corrcoef(X[:, :5].T)[np.triu_indices(5, 1)]
    assert together.min() > 0.8


@pytest.mark.skipif(not motif_tables.available(), reason="the real motif tables are not at hand")
def test_labels_of_real_tables_are_swapped_within_pairs():
    design, other = designs.motifs(0), designs.motifs(7)
    assert (design.X == other.X).all()
    assert 0.4 < (design.y != other.y).mean() < 0.6
    ones = np.bincount(design.groups, design.y)
    np.testing.assert_array_equal(ones, np.bincount(design.groups) / 2)


def test_an_outcome_is_counted_by_families():
    design = designs.copies(0)
    right = design.true.copy()
    assert design.outcome(right) == (0, 1)
    right[1] = True  # a near-copy of one that matters
    assert design.outcome(right) == (0, 1)
    right[[0, 1, 37]] = False, False, True
    assert design.outcome(right) == (1 / 5, 0.8)


def test_figures_are_means_over_draws(monkeypatch):
    """Of selections that are known."""
    design = designs.independent(0)
    five, more = design.true.copy(), design.true.copy()
    more[[50, 51, 52, 53, 54]] = True
    drawn = [(design, (five, more)), (design, (more, more))]
    monkeypatch.setattr(selection, "_selections", lambda *args: iter(drawn))
    found = selection.figures_of("independent", "_gia", 2, print)
    assert found["fdp_independent_gia"] == 0.25
    assert found["fdp_independent_gia_se"] == 0.25
    assert found["fdp_independent_per_class_gia"] == 0.5
    assert found["power_independent_gia"] == 1
    empty = [(designs.dense(0), (np.zeros(30, bool), np.zeros(30, bool)))] * 3
    one = (designs.dense(0), (np.zeros(30, bool), np.eye(30, dtype=bool)[0]))
    monkeypatch.setattr(selection, "_selections", lambda *args: iter([*empty, one]))
    assert selection.figures_of("global_null_empty_share", "", 4, print) == {
        "global_null_empty_share": 1.0,
        "global_null_empty_share_per_class": 0.75,
    }


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("suffix", selection.SELECTORS)
def test_what_says_everything_is_selected_and_noise_is_not(suffix):
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(200, 12)), rng.integers(2, size=200)
    d = 12
    for y, true in ((X[:, 3] > 0).astype(int), [3]), (noise, []):
        mask = np.isin(np.arange(d), true)
        design = designs.Design(X, y, mask, np.arange(d))
        [(_, (kept, _))] = selection._selections(lambda _, d=design: d, suffix, 1, print)
        np.testing.assert_array_equal(kept, mask)
