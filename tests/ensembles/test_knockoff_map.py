"""From tables to null columns: weighted correlations, and units that change nothing."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft.ensembles import _knockoff_map as module
from sklearn_deeplifft.ensembles import knockoff_map_of
from sklearn_deeplifft.networks import Standardize, with_null_columns
from sklearn_deeplifft.ranking import knockoff_maps_of_blocks
from sklearn_deeplifft.tables import encode_target, find_groups, fit_data, unskewed


def correlated(n: int = 300, seed: int = 0) -> np.ndarray:
    """The first two columns are related."""
    X = np.random.default_rng(seed).normal(size=(n, 5))
    X[:, 1] = 0.9 * X[:, 0] + 0.4 * X[:, 1]
    return X * [1, 10, 0.1, 1, 1] + [0, 300, 0, -5, 1]


def data_of(X, weight=None, **given):
    def encode(_, y):
        return encode_target(y, "classification")

    return fit_data(X, np.arange(X.shape[0]) % 2, None, encode, sample_weight=weight, **given)


def beside_nulls(data, X, pi) -> np.ndarray:
    """Rows and their null columns (n, 10), as rows are given."""
    front = Standardize.of(data.moments)
    inputs = front.exact(torch.from_numpy(X))
    knockoff_map = knockoff_map_of(data, find_groups(None, None, 5))
    both = with_null_columns(inputs, inputs[pi], knockoff_map)
    assert torch.equal(both[:, :5], inputs)
    return np.hstack([X, front.raw(both[:, 5:]).numpy()])


def literal(X, pi, weight=None):
    """Row by row, in float64, with correlations by numpy."""
    n, d = X.shape
    w = np.ones(n) if weight is None else weight
    mean = np.average(X, axis=0, weights=w)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))
    sample = np.corrcoef(X.T) if weight is None else np.cov(X.T, aweights=w, ddof=0)
    sample = sample / np.sqrt(np.outer(np.diag(sample), np.diag(sample)))
    n_eff = w.sum() ** 2 / (w**2).sum()
    # The others are correlated by chance alone.
    blocks = np.array([0, 0, 1, 2, 3])
    kept, mixed = knockoff_maps_of_blocks(sample, n_eff, np.arange(d), blocks)
    Z = (X - mean) / scale
    return np.array([mean + scale * (Z[i] @ kept + Z[pi[i]] @ mixed) for i in range(n)])


def rare_counts(seed: int) -> np.ndarray:
    """200 columns of 1,000 rows, 2 % not zero, of which 10 and 11 are counted together."""
    rng = np.random.default_rng(seed)
    X = rng.poisson(0.02, size=(1000, 200)).astype(float)
    together = rng.random(1000) < 0.02
    X[:, 10] += together
    X[:, 11] += together
    return X


@pytest.mark.parametrize("seed", range(3))
def test_what_is_rare_is_copied_and_not_mixed_by_chance(seed):
    """Mixtures of hundreds of columns would lack the tails of a count, and stand out by that."""
    X, pi = rare_counts(seed), np.random.default_rng(1).permutation(1000)
    data = data_of(X)
    inputs = Standardize.of(data.moments).exact(torch.from_numpy(X))
    knockoff_map = knockoff_map_of(data, find_groups(None, None, 200))
    both = with_null_columns(inputs, inputs[pi], knockoff_map)
    alone = np.setdiff1d(np.arange(200), [10, 11])
    torch.testing.assert_close(both[:, 200 + alone], inputs[pi][:, alone])
    # A null column is related to the real one of the other, as that one is.
    rho = np.corrcoef(both.T)
    assert abs(rho[10, 211] - rho[10, 11]) < 0.1 < 0.3 < rho[10, 11]


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 2, 300)], ids=["equal", "weighted"])
def test_a_table_of_null_columns_by_the_definition(store, weight):
    X = correlated()
    data = data_of(store(X), weight)
    pi = np.random.default_rng(1).permutation(300)
    found = beside_nulls(data, X, pi)
    np.testing.assert_allclose(found[:, 5:], literal(X, pi, weight), rtol=1e-9, atol=1e-9)


def test_null_columns_keep_means_and_correlations():
    X = correlated(20_000)
    pi = np.random.default_rng(1).permutation(len(X))
    both = beside_nulls(data_of(X), X, pi)
    np.testing.assert_allclose(both[:, 5:].mean(0), X.mean(0), atol=0.02, rtol=0.002)
    rho = np.corrcoef(both.T)
    np.testing.assert_allclose(rho[5:, 5:], rho[:5, :5], atol=0.03)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(rho[:5, 5:][off], rho[:5, :5][off], atol=0.03)
    assert abs(np.diag(rho[:5, 5:])[2:]).max() < 0.03


def test_of_a_skewed_table_it_is_that_of_the_logarithms():
    X = np.exp(correlated() / [1, 10, 0.1, 1, 1] - [0, 30, 0, -5, 1])
    data, pi = data_of(X, unskew=True), np.random.default_rng(1).permutation(300)
    assert data.moments.bent.all()
    z = unskewed(X, data.moments)
    expected = unskewed(beside_nulls(data, X, pi)[:, 5:], data.moments)
    np.testing.assert_allclose(expected, literal(z, pi), rtol=1e-9, atol=1e-9)


def test_a_constant_column_stays_one():
    X = correlated()
    X[:, 2] = 7.0
    with pytest.warns(UserWarning, match="holds a single value"):
        data = data_of(X)
    found = beside_nulls(data, X, np.arange(300)[::-1].copy())
    np.testing.assert_allclose(found[:, 7], 7.0)


def test_wide_tables_and_single_columns_have_permuted_copies(monkeypatch):
    assert knockoff_map_of(data_of(correlated()[:, :1]), find_groups(None, None, 1)) is None
    monkeypatch.setattr(module, "MOST_COLUMNS", 4)
    assert knockoff_map_of(data_of(correlated()), find_groups(None, None, 5)) is None
    rows = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(
        with_null_columns(rows, rows.flip(0), None), torch.cat([rows, rows.flip(0)], 1)
    )
