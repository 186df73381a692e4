"""Families of near-copies, against complete linkage written out."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.tables import FeatureGroups, Rows, find_groups, near_copies
from sklearn_deeplifft.tables import _near_copies as room


def alone(d: int) -> FeatureGroups:
    return find_groups(None, None, d)


def families(X, threshold=0.9, weight=None, features=None) -> list[int]:
    weight = np.ones(X.shape[0]) if weight is None else weight
    features = alone(X.shape[1]) if features is None else features
    return near_copies(Rows(X), weight, threshold, features).of_column.tolist()


def linked(X, threshold) -> list[set[int]]:
    """Join the two closest clusters, by their farthest members, until none are close enough."""
    rho = np.abs(np.corrcoef(X.T))
    clusters = [{i} for i in range(X.shape[1])]
    while len(clusters) > 1:
        pairs = [(a, b) for a in range(len(clusters)) for b in range(a)]
        nearest = [min(rho[i, j] for i in clusters[a] for j in clusters[b]) for a, b in pairs]
        best = int(np.argmax(nearest))
        if nearest[best] <= threshold:
            break
        a, b = pairs[best]
        clusters[b] |= clusters.pop(a)
    return clusters


@given(seed=st.integers(0, 10_000), threshold=st.sampled_from([0.5, 0.8, 0.9]))
def test_complete_linkage_by_the_definition(seed, threshold):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 4))[:, rng.integers(4, size=9)] + 0.4 * rng.normal(size=(60, 9))
    found = families(X, threshold)
    assert found == list(np.unique(found, return_inverse=True)[1])
    groups = {frozenset(np.flatnonzero(np.array(found) == f)) for f in set(found)}
    assert groups == {frozenset(cluster) for cluster in linked(X, threshold)}


def chain(n: int = 4000) -> np.ndarray:
    """Neighbours correlated by .95, the ends by less than .9."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=n)]
    for _ in range(5):
        columns.append(0.95 * columns[-1] + np.sqrt(1 - 0.95**2) * rng.normal(size=n))
    return np.column_stack(columns)


def test_a_chain_is_parted_and_any_two_of_a_family_are_near():
    X = chain()
    found = np.array(families(X))
    assert 1 < len(set(found)) < 6
    rho = np.abs(np.corrcoef(X.T))
    assert (rho[found[:, None] == found] > 0.9).all()


def test_the_sign_of_a_copy_and_constants_do_not_matter():
    x = np.random.default_rng(0).normal(size=50)
    X = np.column_stack([np.ones(50), x, -3 * x + 1, np.zeros(50)])
    assert families(X) == [0, 1, 1, 2]


@pytest.mark.parametrize("store", [sp.csr_matrix, sp.csc_matrix, np.asarray, np.float32])
def test_any_storage(store):
    rng = np.random.default_rng(1)
    base = rng.binomial(1, 0.05, size=(400, 6)).astype(float)
    X = np.hstack([base, base])
    assert families(store(X)) == [0, 1, 2, 3, 4, 5] * 2


def test_rows_count_by_their_weight():
    x, noise = np.random.default_rng(2).normal(size=(2, 80))
    X = np.column_stack([x, np.where(np.arange(80) < 40, x, noise)])
    assert families(X) == [0, 1]
    assert families(X, weight=(np.arange(80) < 40).astype(float)) == [0, 0]


def test_columns_of_one_feature_stay_together_and_bring_their_families():
    x, y, z = np.random.default_rng(3).normal(size=(3, 60))
    X = np.column_stack([x, y, z, x, y])
    assert families(X, features=find_groups([[0, 2]], None, 5)) == [0, 1, 0, 0, 1]
    assert families(X, features=find_groups([[0, 1]], None, 5)) == [0, 0, 1, 0, 0]


def test_chains_too_long_are_left_alone(monkeypatch):
    monkeypatch.setattr(room, "LONGEST_CHAIN", 3)
    assert families(chain(500)) == list(range(6))
    x = np.random.default_rng(0).normal(size=50)
    assert families(np.column_stack([x, x, x])) == [0, 0, 0]
