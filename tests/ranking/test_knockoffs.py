"""Knockoff maps: the joint covariance that they promise, and what must not matter."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ranking import knockoff_maps, thresholded

GROUPS = {"single": np.arange(6), "grouped": np.array([0, 1, 0, 2, 2, 3])}


def correlation(seed: int, d: int = 6, n: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    return thresholded(np.corrcoef(X.T), 9 * n)


def joint(sigma, kept, mixed):
    """Covariance (2d, 2d) of (x, x C + y A), y independent of x: the definition."""
    d = len(sigma)
    zero = np.zeros((d, d))
    both = np.block([[sigma, zero], [zero, sigma]])
    maps = np.block([[np.eye(d), kept], [zero, mixed]])
    return maps.T @ both @ maps


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUPS)
@given(seed=st.integers(0, 1000))
def test_swapping_a_feature_with_its_null_one_changes_no_covariance(name, seed):
    sigma, of_column = correlation(seed), GROUPS[name]
    both = joint(sigma, *knockoff_maps(sigma, of_column))
    for feature in range(of_column.max() + 1):
        own = np.flatnonzero(of_column == feature)
        order = np.arange(12)
        order[own], order[own + 6] = own + 6, own
        np.testing.assert_allclose(both[np.ix_(order, order)], both, atol=1e-9)


@given(seed=st.integers(0, 1000))
def test_null_columns_differ_from_the_real_ones_where_they_can(seed):
    sigma = correlation(seed)
    both = joint(sigma, *knockoff_maps(sigma, np.arange(6)))
    own = np.diag(both[:6, 6:])
    assert (own < 1).all()
    assert (own > -1e-9).all()


def test_what_is_uncorrelated_is_a_permuted_copy():
    """Also where others are correlated, and inside a group."""
    sigma = np.eye(5)
    sigma[0, 1] = sigma[1, 0] = 0.8
    kept, mixed = knockoff_maps(sigma, np.arange(5))
    np.testing.assert_allclose(kept[2:, 2:], np.zeros((3, 3)), atol=1e-12)
    np.testing.assert_allclose(mixed[2:, 2:], np.eye(3), atol=1e-12)
    kept, mixed = knockoff_maps(sigma, np.array([0, 0, 1, 2, 3]))
    np.testing.assert_allclose(kept, np.zeros((5, 5)), atol=1e-12)
    np.testing.assert_allclose(mixed, np.eye(5), atol=1e-9)


def test_a_duplicate_costs_the_others_nothing():
    sigma = np.array([[1, 0.999, 0], [0.999, 1, 0], [0, 0, 1.0]])
    kept, mixed = knockoff_maps(sigma, np.arange(3))
    assert np.diag(joint(sigma, kept, mixed)[:3, 3:])[:2].min() > 0.99
    # Of two copies the largest separation is just that of a third column: short by the margin.
    np.testing.assert_allclose((kept[2, 2], mixed[2, 2]), (0, 1), atol=2e-3)


@given(seed=st.integers(0, 1000))
def test_the_order_of_columns_does_not_matter(seed):
    sigma, of_column = correlation(seed), GROUPS["grouped"]
    order = np.random.default_rng(seed).permutation(6)
    found = knockoff_maps(sigma[np.ix_(order, order)], of_column[order])
    for a, b in zip(found, knockoff_maps(sigma, of_column), strict=True):
        np.testing.assert_allclose(a, b[np.ix_(order, order)], atol=1e-7)


@given(seed=st.integers(0, 1000), n=st.integers(5, 200))
def test_correlations_are_drawn_in_by_what_chance_would_show(seed, n):
    """One pair at a time, and then as much of the identity as is needed."""
    found = np.corrcoef(np.random.default_rng(seed).normal(size=(n, 6)).T)
    found[0, 1] = found[1, 0] = 0.9
    noise, expected = math.sqrt(2 * math.log(15) / n), np.eye(6)
    for i, j in itertools.permutations(range(6), 2):
        expected[i, j] = math.copysign(max(abs(found[i, j]) - noise, 0), found[i, j])
    got = thresholded(found, n)
    lowest, least = np.linalg.eigvalsh(expected)[0], 6 / (n + 6)
    np.testing.assert_allclose(np.linalg.eigvalsh(got)[0], max(lowest, least))
    np.testing.assert_allclose(np.diag(got), 1)
    off = ~np.eye(6, dtype=bool)
    scale = 1.0 if lowest >= least else (1 - least) / (1 - lowest)
    np.testing.assert_allclose(got[off], scale * expected[off], atol=1e-12)


def test_it_can_be_inverted_however_few_rows_there_are():
    X = np.random.default_rng(0).normal(size=(4, 20))
    X[:, 1] = X[:, 0]
    assert np.linalg.eigvalsh(thresholded(np.corrcoef(X.T), 4))[0] > 0.8


def test_of_independent_columns_null_ones_are_permuted_copies():
    """Rare counts keep their tails, as mixtures of many columns do not."""
    rng = np.random.default_rng(0)
    X = rng.binomial(1, 0.05, size=(1000, 100)).astype(float)
    kept, mixed = knockoff_maps(thresholded(np.corrcoef(X.T), 1000), np.arange(100))
    assert np.median(abs(kept).max(axis=0)) == 0
    assert np.median(mixed.max(axis=0)) == pytest.approx(1, abs=1e-9)
