"""Which groups of columns carry a constraint, and at what scale."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.tables import Rows, find_simplices


def block(n: int = 60, levels: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = np.r_[np.arange(levels), rng.integers(levels, size=n - levels)]
    return np.eye(levels)[level]


def found(X, groups, names=None):
    return find_simplices(groups, Rows(X), names)


@pytest.mark.parametrize("made", [np.asarray, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, bool])
def test_a_one_hot_block_has_scale_one(made, dtype):
    (simplex,) = found(made(block().astype(dtype)), [[0, 1, 2, 3]])
    assert simplex.columns.tolist() == [0, 1, 2, 3]
    assert simplex.scale.tolist() == [1, 1, 1, 1]


def test_compositions_in_per_cent():
    X = 100 * np.random.default_rng(0).dirichlet([1, 2, 3], size=50)
    (simplex,) = found(X, [[0, 1, 2]])
    assert simplex.scale.tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("centred", [False, True])
def test_a_scaled_block_has_the_scale_that_undoes_it(dtype, centred):
    X = block()
    sd = X.std(0)
    (simplex,) = found((((X - X.mean(0)) if centred else X) / sd).astype(dtype), [[0, 1, 2, 3]])
    np.testing.assert_allclose(simplex.scale, sd, rtol=1e-5)


def test_a_block_divided_by_one_number_needs_no_scale():
    (simplex,) = found(block() / 7, [[0, 1, 2, 3]])
    np.testing.assert_allclose(simplex.scale / simplex.scale[0], 1)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_level_less_is_no_simplex(scaled):
    X = block()[:, :3] / (block()[:, :3].std(0) if scaled else 1)
    with pytest.warns(FeatureSelectionWarning, match="simplex group 'a', 'b', 'c' is not corr"):
        assert found(X, [[0, 1, 2]], ["a", "b", "c"]) == []


def test_unknown_levels_that_are_all_zero_are_no_simplex():
    X = block()
    X[7] = 0
    with pytest.warns(FeatureSelectionWarning, match="unknown levels are all zero"):
        assert found(X, [[0, 1, 2, 3]]) == []


def test_numbers_that_are_no_simplex():
    with pytest.warns(FeatureSelectionWarning, match="0, 1 is not corrected"):
        assert found(np.random.default_rng(0).normal(size=(30, 2)), [[0, 1]]) == []


def test_a_level_that_never_occurs():
    (simplex,) = found(np.c_[block(), np.zeros(60)], [[0, 1, 2, 3, 4]])
    assert simplex.scale.tolist() == [1] * 5


@pytest.mark.parametrize("groups", [None, [], [[2]], [[]]])
def test_nothing_to_correct(groups):
    assert found(block(), groups) == []


def test_blocks_of_rows_do_not_matter(monkeypatch):
    from sklearn_deeplifft.tables import _rows

    monkeypatch.setattr(_rows, "BLOCK_CELLS", 28)
    X = block() / block().std(0)
    (simplex,) = found(X, [[3, 1, 0, 2]])
    np.testing.assert_allclose(simplex.scale, block().std(0)[[3, 1, 0, 2]])


def test_a_column_in_two_groups_is_refused():
    X = np.c_[block(), block(seed=1)]
    with pytest.raises(ValueError, match=r"column 0 .*(two|twice|more than one)"):
        found(X, [[0, 1, 2, 3], [0, 1, 2, 3]])


def test_a_column_twice_in_a_group_is_refused():
    X = np.random.default_rng(0).dirichlet([1, 1], size=40)
    with pytest.raises(ValueError, match=r"column 1 .*(two|twice|more than one)"):
        found(X, [[0, 1, 1]])
