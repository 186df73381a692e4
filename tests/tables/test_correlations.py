"""Columns that say nearly the same: correlations in blocks, and groups of them."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import groups_from_correlation
from sklearn_deeplifft.tables import ColumnCorrelations, Rows, correlated_pairs
from sklearn_deeplifft.tables import _correlations as correlations
from tests.conftest import planted, quick
from tests.gated import gated


def mixed(n: int = 200, seed: int = 0) -> np.ndarray:
    """Noise, copies of several kinds, counts that are mostly zero, and a constant."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(5, 2, size=(3, n))
    rare = rng.poisson(0.05, size=n).astype(float)
    near = a + 0.3 * rng.normal(size=n)
    return np.column_stack([a, b, -3 * a + 1, rare, c, 2 * rare, np.full(n, 0.1), near, b])


STORAGE = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "fortran": np.asfortranarray,
    "frame": pd.DataFrame,
    "polars": lambda X: pl.DataFrame(X, schema=[f"c{i}" for i in range(X.shape[1])]),
    "csr": sp.csr_matrix,
    "csc": sp.csc_matrix,
    "csr_array": sp.csr_array,
    "list": lambda X: X.tolist(),
}


def oracle_labels(X, threshold) -> list[int]:
    """Join columns one pair at a time; each is called after the first column it is joined to."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.corrcoef(np.asarray(X, dtype=np.float64), rowvar=False)
    label = list(range(len(rho)))
    for i in range(len(rho)):
        for j in range(len(rho)):
            if i != j and abs(rho[i, j]) > threshold:
                old, new = max(label[i], label[j]), min(label[i], label[j])
                label = [new if one == old else one for one in label]
    numbers = {first: g for g, first in enumerate(sorted(set(label)))}
    return [numbers[one] for one in label]


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("weight", [None, np.linspace(0, 2, 200)], ids=["equal", "weighted"])
def test_third_moments_by_the_definition(store, weight):
    X, w = mixed(), np.ones(200) if weight is None else weight
    mean = np.average(X, axis=0, weights=w)
    std = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))
    std[6] = np.inf  # a constant column
    expected = np.average(np.abs((X - mean) / std) ** 3, axis=0, weights=w)
    found = ColumnCorrelations(Rows(store(X)), weight).absolute_third_moments()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert found[3] > 3 > 2 > found[0] > 1


@pytest.mark.parametrize("way", STORAGE)
@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.999])
def test_groups_are_the_components_of_corrcoef(way, threshold):
    found = groups_from_correlation(STORAGE[way](mixed()), threshold)
    assert found.tolist() == oracle_labels(mixed(), threshold)
    assert found.shape == (9,)


def test_copies_and_copies_of_the_opposite_sign_fall_in_one_group():
    found = groups_from_correlation(mixed())
    assert found.tolist() == [0, 1, 0, 2, 3, 2, 4, 0, 1]


@pytest.mark.parametrize("cells", [1, 25, 10_000_000])
@pytest.mark.parametrize("density", [0.03, 0.5, 1.0])
def test_blocks_of_any_size_give_the_same(cells, density, monkeypatch):
    """Of correlations (columns at a time) and of the table (rows at a time)."""
    monkeypatch.setattr(correlations, "BLOCK_CELLS", cells)
    monkeypatch.setattr("sklearn_deeplifft.tables._rows.BLOCK_CELLS", max(cells, 50))
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 12)) * (rng.random((150, 12)) < density)
    X[:, 7] = X[:, 2] + 0.01 * X[:, 3]
    for stored in (X, sp.csr_matrix(X)):
        assert groups_from_correlation(stored, 0.3).tolist() == oracle_labels(X, 0.3)


@pytest.mark.parametrize("density", [0.03, 0.5])
@pytest.mark.parametrize("first", [0, 3])
def test_correlations_are_those_of_corrcoef(density, first):
    rng = np.random.default_rng(2)
    X = rng.poisson(3, size=(300, 10)) * (rng.random((300, 10)) < density) * 1.0
    X[:, 0] += 1000 * (X[:, 0] > 0)
    expected = np.corrcoef(X, rowvar=False)
    columns = np.array([4, 0, 9])
    for stored in (X, sp.csr_matrix(X)):
        found = ColumnCorrelations(Rows(stored)).of(columns, first)
        np.testing.assert_allclose(found, expected[columns, first:], atol=1e-10)


def test_pairs_come_once_or_from_the_columns_asked_for():
    rows = Rows(mixed())
    (pairs,) = correlated_pairs(rows, 0.9)
    assert sorted(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)) == [
        (0, 2),
        (0, 7),
        (1, 8),
        (2, 7),
        (3, 5),
    ]
    (pairs,) = correlated_pairs(rows, 0.9, np.array([2, 8]))
    assert list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)) == [(2, 0), (2, 7), (8, 1)]
    assert pairs.rho[0] == pytest.approx(-1)


def test_a_chain_is_one_group_and_constants_stay_alone():
    rng = np.random.default_rng(0)
    steps = np.cumsum(rng.normal(size=(6, 2000)) * np.array([[1]] + [[0.4]] * 5), axis=0).T
    rho = np.corrcoef(steps, rowvar=False)
    assert rho[0, 5] < 0.85 < 0.9 < np.diag(rho, 1).min()
    X = np.c_[steps, np.zeros(2000), np.ones(2000)]
    assert groups_from_correlation(X).tolist() == [0] * 6 + [1, 2]


def test_extreme_scales_do_not_overflow():
    X = mixed()
    found = groups_from_correlation(X * np.logspace(-150, 150, 9))
    assert found.tolist() == groups_from_correlation(X).tolist()


@pytest.mark.slow
def test_memory_is_that_of_blocks():
    """2,000 columns of a sparse table: neither dense (160 MB) nor all correlations (32 MB)."""
    X = sp.random(10_000, 2000, density=0.01, format="csr", random_state=0, dtype=np.float32)
    cells, correlations.BLOCK_CELLS = correlations.BLOCK_CELLS, 200_000
    try:
        tracemalloc.start()
        found = groups_from_correlation(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        correlations.BLOCK_CELLS = cells
    assert found.tolist() == list(range(2000))
    assert peak < 100e6


@pytest.mark.parametrize("threshold", [0, 1, -0.5, 1.5, float("nan")])
def test_thresholds_that_no_or_every_correlation_is_above(threshold):
    with pytest.raises(ValueError, match=r"must be between 0 and 1, both excluded"):
        groups_from_correlation(mixed(), threshold)


def test_values_that_are_no_numbers_are_named():
    frame = pd.DataFrame(mixed()[:, :3], columns=["a", "b", "c"])
    frame.loc[3, "b"] = np.nan
    with pytest.raises(ValueError, match=r"NaN: 1 value in 1 of 3 columns \('b': 1\)"):
        groups_from_correlation(frame)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        groups_from_correlation(mixed()[:1])


@pytest.mark.parametrize("make", [quick, gated])
def test_labels_are_groups_of_the_selectors(make):
    data = planted()
    X = np.c_[data.X, data.X[:, 0], -data.X[:, 0]]
    labels = groups_from_correlation(X)
    selector = make(feature_groups=labels, n_features_to_select=3).fit(X, data.y)
    assert selector.get_support(indices=True).tolist() == [0, 1, 2, 8, 9]
    assert selector.feature_groups_[0].tolist() == [0, 8, 9]


# Partners of what was selected


def doubled():
    """Columns 0 to 2 speak for a class each; 8 is a copy of 0, 9 the negative of 1."""
    data = planted()
    names = [*"abcdefgh", "a copy", "b negative"]
    return pd.DataFrame(np.c_[data.X, data.X[:, 0], -data.X[:, 1]], columns=names), data.y


def test_copies_of_a_selected_feature_are_reported():
    X, y = doubled()
    selector = quick(feature_groups=[["a", "a copy"]], n_features_to_select=3).fit(X, y)
    found = selector.redundant_features(X)
    assert list(found.columns) == ["selected", "partner", "correlation", "kept"]
    kept = set(selector.get_feature_names_out())
    expected = {("a", "a copy"), ("a copy", "a"), ("b", "b negative"), ("b negative", "b")}
    expected = {pair for pair in expected if pair[0] in kept}
    assert set(zip(found["selected"], found["partner"], strict=True)) == expected
    assert {("a", "a copy"), ("a copy", "a")} <= expected
    for row in found.itertuples():
        assert row.kept == (row.partner in kept)
        sign = -1 if "negative" in row.selected + row.partner else 1
        assert row.correlation == pytest.approx(sign)
    ranks = selector.ranking_[[list(X).index(name) for name in found["selected"]]]
    assert (np.diff(ranks) >= 0).all()


def test_the_list_follows_the_cut_and_the_threshold():
    X, y = doubled()
    selector = quick(n_features_to_select=10).fit(X, y)
    assert len(selector.redundant_features(X)) == 4
    assert selector.redundant_features(X)["kept"].all()
    assert len(selector.redundant_features(X, threshold=0.05)) > 4
    selector.set_params(n_features_to_select=1)
    one = selector.redundant_features(X)
    assert len(one) <= 1
    assert not one["kept"].any()
    selector.set_params(n_features_to_select=None, threshold=1e9)
    empty = selector.redundant_features(X)
    assert len(empty) == 0
    assert list(empty.columns) == ["selected", "partner", "correlation", "kept"]


def test_closest_partners_come_first_and_positions_name_nameless_columns():
    rng = np.random.default_rng(0)
    data = planted()
    near = [data.X[:, 0] + e * rng.normal(size=120) for e in (0.3, 0.05, 0.2)]
    X = np.c_[data.X[:, 0], *near, rng.normal(size=(120, 2))]
    selector = quick(n_features_to_select=1).fit(X, data.y == 0)
    (best,) = selector.get_support(indices=True)
    found = selector.redundant_features(sp.csr_matrix(X))
    assert set(found["selected"]) == {best}
    assert (np.diff(found["correlation"].abs()) <= 0).all()
    assert set(found["partner"]) == set(range(4)) - {best}


@pytest.mark.parametrize("n_networks", [8])
def test_exact_copies_score_alike_and_are_flagged(n_networks):
    X, y = doubled()
    selector = quick(n_networks=n_networks, n_features_to_select=4).fit(X, y)
    per_network = selector.importances_per_network_
    for copy, original in ((8, 0), (9, 1)):
        difference = per_network[:, copy] - per_network[:, original]
        assert abs(difference.mean()) < 2 * difference.std(ddof=1) / n_networks**0.5
    found = selector.redundant_features(X)
    pairs = set(zip(found["selected"], found["partner"], strict=True))
    kept = set(selector.get_feature_names_out())
    for pair in (("a", "a copy"), ("b", "b negative")):
        assert {pair, pair[::-1]} & pairs == {p for p in (pair, pair[::-1]) if p[0] in kept}
        assert set(pair) & kept


def test_neurons_and_bad_thresholds_are_refused():
    X, y = doubled()
    with pytest.raises(ValueError, match=r"layer='1' ranks neurons, and redundant_features"):
        quick(layer="1").fit(X, y).redundant_features(X)
    with pytest.raises(ValueError, match="threshold=2 must be between 0 and 1"):
        quick().fit(X, y).redundant_features(X, threshold=2)
