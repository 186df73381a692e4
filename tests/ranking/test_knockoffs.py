"""Knockoff maps: the joint covariance that they promise, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ranking import (
    blocks_beyond_chance,
    knockoff_maps,
    knockoff_maps_of_blocks,
    shrunk,
)

GROUPS = {"single": np.arange(6), "grouped": np.array([0, 1, 0, 2, 2, 3])}


def correlation(seed: int, d: int = 6, n: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    return shrunk(np.corrcoef(X.T), n)


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
    sigma = shrunk(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]]), n=10_000)
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


@pytest.mark.parametrize("shared", [0, 0.9])
def test_shrinking_can_be_inverted_however_few_rows_there_are(shared):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 20)) + shared * 10 * rng.normal(size=(4, 1))
    found = shrunk(np.corrcoef(X.T), 4)
    assert np.linalg.eigvalsh(found)[0] > 0.1 - 1e-9
    np.testing.assert_allclose(np.diag(found), 1)


@given(seed=st.integers(0, 1000), n=st.integers(5, 500), d=st.integers(2, 12))
def test_shrinking_takes_what_chance_adds_within_bounds(seed, n, d):
    rng = np.random.default_rng(seed)
    R = np.corrcoef((rng.normal(size=(n, d)) + rng.normal(size=(n, 1))).T)
    squares = sum(R[i, j] ** 2 for i in range(d) for j in range(d) if i != j)
    chance = sum((1 - R[i, j] ** 2) ** 2 / n for i in range(d) for j in range(d) if i != j)
    share = min(max(chance / squares, 1 / (n + 1)), 1.0)  # all of them, at most
    if np.linalg.eigvalsh((1 - share) * R + share * np.eye(d))[0] < 0.1:
        smallest = np.linalg.eigvalsh(R)[0]
        share = (0.1 - smallest) / (1 - smallest)
    share = min(max(share, 1 / (n + 1)), d / (n + d))
    np.testing.assert_allclose(shrunk(R, n), (1 - share) * R + share * np.eye(d), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_null_copy_is_as_close_to_what_matters_as_its_original(seed):
    """Close neighbours of one column, among many that share a factor: one large block.

    Within three standard errors of a correlation. With d rows in which there are none it was .08
    less, six of them, and one in five of the columns that were kept said nothing.
    """
    rng = np.random.default_rng(seed)
    n, near = 300, np.arange(1, 5)
    X = 0.45 * rng.normal(size=(n, 1)) + 0.9 * rng.normal(size=(n, 60))
    X[:, near] = 0.85 * X[:, [0]] + np.sqrt(1 - 0.85**2) * X[:, near]
    R, features = np.corrcoef(X.T), np.arange(60)
    block = blocks_beyond_chance(R, n, of_third(X), features)
    assert np.bincount(block).max() > 50
    both = joint(R, *knockoff_maps_of_blocks(R, n, features, block))
    original = both[0, near].mean()
    copy = (both[0, 60 + near] / np.sqrt(np.diag(both)[60 + near])).mean()
    assert abs(copy - original) < 3 * (1 - original**2) / np.sqrt(n)


@given(seed=st.integers(0, 1000))
def test_blocks_have_the_maps_that_each_would_have_alone(seed):
    sigma, of_column = correlation(seed), GROUPS["grouped"]
    block = np.array([1, 0, 1, 2, 2, 0])
    kept, mixed = knockoff_maps_of_blocks(sigma, 9, of_column, block)
    for columns, features in (([1, 5], [0, 1]), ([0, 2], [0, 0]), ([3, 4], [0, 0])):
        at = np.ix_(columns, columns)
        own = knockoff_maps(shrunk(sigma[at], 9), np.array(features))
        np.testing.assert_array_equal(kept[at], own[0])
        np.testing.assert_array_equal(mixed[at], own[1])
        kept[at] = mixed[at] = 0
    assert not kept.any()
    assert not mixed.any()


def of_third(X):
    """Standardised columns' mean cubed absolute value."""
    return (np.abs((X - X.mean(0)) / X.std(0)) ** 3).mean(0)


def test_independent_columns_are_related_in_hardly_any_pair():
    """By Bernstein's inequality less than two pairs of a table are expected; in truth fewer."""
    rng, pairs = np.random.default_rng(0), []
    for _ in range(20):
        for X in (rng.normal(size=(300, 100)), rng.poisson(0.03, size=(600, 100)), *rare(rng)):
            r = np.corrcoef(X.T)
            found = blocks_beyond_chance(r, len(X), of_third(X), np.arange(100))
            pairs.append(100 - found.max() - 1)  # at least: each joins two blocks
    assert np.mean(pairs) < 1


def rare(rng):
    """Lognormal amounts in one of thirty rows."""
    yield np.exp(rng.normal(size=(1500, 100))) * (rng.random((1500, 100)) < 1 / 30)


def test_what_is_related_shares_a_block_and_so_do_columns_of_a_feature():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 30))
    X[:, 1] = 0.5 * X[:, 0] + np.sqrt(0.75) * X[:, 1]
    X[:, 2] = 0.5 * X[:, 1] + np.sqrt(0.75) * X[:, 2]  # related to 0 through 1
    feature = np.arange(30)
    feature[20] = 5
    found = blocks_beyond_chance(np.corrcoef(X.T), 400, of_third(X), feature)
    assert found[0] == found[1] == found[2]
    assert found[5] == found[20]
    assert found.max() == 26
