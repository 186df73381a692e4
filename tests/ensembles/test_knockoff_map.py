"""From tables to null columns: weighted correlations, and units that change nothing."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft.ensembles import _knockoff_map as module
from sklearn_deeplifft.ensembles import knockoff_map_of
from sklearn_deeplifft.networks import with_null_columns
from sklearn_deeplifft.ranking import knockoff_maps
from sklearn_deeplifft.tables import encode_target, find_groups, fit_data


def correlated(n: int = 300, seed: int = 0) -> np.ndarray:
    X = np.random.default_rng(seed).normal(size=(n, 5))
    X[:, 1] = 0.9 * X[:, 0] + 0.4 * X[:, 1]
    return X * [1, 10, 0.1, 1, 1] + [0, 300, 0, -5, 1]


def data_of(X, weight=None):
    def encode(_, y):
        return encode_target(y, "classification")

    return fit_data(X, np.arange(X.shape[0]) % 2, None, encode, sample_weight=weight)


def literal(X, pi, weight=None):
    """Row by row, in float64, with correlations by numpy."""
    n, d = X.shape
    w = np.ones(n) if weight is None else weight
    mean = np.average(X, axis=0, weights=w)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))
    sample = np.corrcoef(X.T) if weight is None else np.cov(X.T, aweights=w, ddof=0)
    sample = sample / np.sqrt(np.outer(np.diag(sample), np.diag(sample)))
    n_eff = w.sum() ** 2 / (w**2).sum()
    sigma = (n_eff * sample + d * np.eye(d)) / (n_eff + d)
    kept, mixed = knockoff_maps(sigma, np.arange(d))
    Z = (X - mean) / scale
    return np.array([mean + scale * (Z[i] @ kept + Z[pi[i]] @ mixed) for i in range(n)])


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 2, 300)], ids=["equal", "weighted"])
def test_a_table_of_null_columns_by_the_definition(store, weight):
    X = correlated()
    data = data_of(store(X), weight)
    pi = np.random.default_rng(1).permutation(300)
    knockoff_map = knockoff_map_of(data, find_groups(None, None, 5))
    rows = torch.from_numpy(X)
    found = with_null_columns(rows, rows[pi], knockoff_map)
    assert torch.equal(found[:, :5], rows)
    np.testing.assert_allclose(found[:, 5:], literal(X, pi, weight), rtol=1e-9, atol=1e-9)


def test_null_columns_keep_means_and_correlations():
    X = correlated(20_000)
    pi = np.random.default_rng(1).permutation(len(X))
    rows = torch.from_numpy(X)
    both = with_null_columns(
        rows, rows[pi], knockoff_map_of(data_of(X), find_groups(None, None, 5))
    ).numpy()
    np.testing.assert_allclose(both[:, 5:].mean(0), X.mean(0), atol=0.02, rtol=0.002)
    rho = np.corrcoef(both.T)
    np.testing.assert_allclose(rho[5:, 5:], rho[:5, :5], atol=0.03)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(rho[:5, 5:][off], rho[:5, :5][off], atol=0.03)
    assert abs(np.diag(rho[:5, 5:])[2:]).max() < 0.03


def test_in_standardised_units_it_is_the_same():
    X = correlated()
    pi, rows = np.random.default_rng(1).permutation(300), torch.from_numpy(X)
    center, scale = torch.tensor([0.0, 5, 0, 2, 1]).double(), torch.arange(1, 6).double()
    knockoff_map = knockoff_map_of(data_of(X), find_groups(None, None, 5))
    raw = with_null_columns(rows, rows[pi], knockoff_map)[:, 5:]
    units = (rows - center) / scale
    found = with_null_columns(units, units[pi], knockoff_map.standardized(center, scale))[:, 5:]
    torch.testing.assert_close(found, (raw - center) / scale)


def test_a_constant_column_stays_one():
    X = correlated()
    X[:, 2] = 7.0
    with pytest.warns(UserWarning, match="hold a single value"):
        data = data_of(X)
    rows = torch.from_numpy(X)
    found = with_null_columns(rows, rows.flip(0), knockoff_map_of(data, find_groups(None, None, 5)))
    np.testing.assert_allclose(found[:, 7], 7.0)


def test_wide_tables_and_single_columns_have_permuted_copies(monkeypatch):
    assert knockoff_map_of(data_of(correlated()[:, :1]), find_groups(None, None, 1)) is None
    monkeypatch.setattr(module, "MOST_COLUMNS", 4)
    assert knockoff_map_of(data_of(correlated()), find_groups(None, None, 5)) is None
    rows = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(
        with_null_columns(rows, rows.flip(0), None), torch.cat([rows, rows.flip(0)], 1)
    )
