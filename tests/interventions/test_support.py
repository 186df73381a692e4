"""Whether there is data where an intervention leads."""

import numpy as np
import pytest

from sklearn_deeplifft.interventions import _support, add, quantile_shift, remove, set_to, swap
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._support import NEAR, Correlations, DataNearby, support_of
from tests import oracles_interventions as o
from tests.interventions._functions import counts, effects, normal


def test_counts_of_levels():
    X = counts(100, 2)
    found = effects(lambda a, b: a + b, X, [set_to(0, 2), set_to(0, 40), add(0, 1), remove([0, 1])])
    moved = o.oracle_support(X[:, 0], X[:, 0] + 1, 0)
    both = ((X[:, 0] == 0) & (X[:, 1] == 0)).sum()
    assert found.support.tolist() == [(X[:, 0] == 2).sum(), 0, moved, both]
    assert found.flagged.tolist() == [s < 20 for s in found.support]


@pytest.mark.parametrize("background", ["with", "without", "matched"])
def test_levels_are_those_that_the_background_is_brought_to(background):
    """Of rows that have the feature one more leads to 2 and beyond, not to 1."""
    X = counts(100, 2) * (np.arange(100) % 2)[:, None]
    has = X[:, 0] > 0
    own = X[has if background == "with" else ~has, 0]
    found = effects(lambda a, b: a + b, X, [add(0, 1), set_to(1, 2)], background=background)
    assert found.support.tolist() == [o.oracle_support(X[:, 0], own + 1, 0), (X[:, 1] == 2).sum()]


def test_a_continuous_level_is_a_share_of_a_standard_deviation_wide():
    x = normal(300, 1)
    targets = x[:7] + 0.5
    expected = o.oracle_support(x[:, 0], targets[:, 0], NEAR * x.std())
    assert support_of(x, targets) == expected


@pytest.mark.parametrize("n_rows", [10, 60])
@pytest.mark.parametrize(
    "intervention",
    [set_to(0, 9), set_to(1, 0.5), add(2, 1, low=None), remove([0, 1]), quantile_shift(1, 0.3)],
)
def test_off_manifold_by_the_definition(intervention, n_rows):
    data = normal(60, 3)
    bound = bind(intervention, data)
    moved = data.copy()
    moved[:, bound.positions] = bound.apply(data[:, bound.positions])
    expected = o.oracle_off_manifold(data, moved, n_rows)
    assert DataNearby(data, n_rows).off_manifold(bound) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("known", [True, False], ids=["rows of the data", "other rows"])
@pytest.mark.parametrize("intervention", [set_to(0, 0.5), add(2, 1, low=None), swap([0, 1])])
def test_rows_of_a_background_are_moved_from_where_they_are(intervention, known):
    data = normal(60, 3)
    background = data[40:15:-1] if known else normal(25, 3, seed=1) + np.eye(3)[0]
    bound = bind(intervention, background)
    moved = background.copy()
    moved[:, bound.positions] = bound.apply(background[:, bound.positions])
    expected = o.oracle_off_manifold(data, moved, 10, background)
    nearby = DataNearby(data, 10)
    assert nearby.of(background).off_manifold(bound) == pytest.approx(expected, abs=1e-12)


def test_whoever_is_moved_is_off_the_data_or_not():
    """Of two clusters only rows of the other one are taken off the data."""
    X = normal(400, 2)
    X[:, 0] = np.arange(400) // 200
    X[:, 1] += 20 * X[:, 0]
    f, moves = lambda a, b: a, [remove(0), set_to(0, 1)]
    shares = {}
    for background in ("data", "with", "without"):
        shares[background] = effects(f, X, moves, background=background).off_manifold
    shares["given"] = effects(f, X, moves, background=X[X[:, 0] == 0]).off_manifold
    np.testing.assert_allclose(shares["data"], 0.5, atol=0.02)
    np.testing.assert_allclose(shares["with"], [1, 0], atol=0.02)
    np.testing.assert_allclose(shares["without"], [0, 1], atol=0.02)
    np.testing.assert_allclose(shares["given"], [0, 1], atol=0.02)


def test_far_away_is_off_the_data_and_staying_is_not():
    data = normal(200, 3)
    found = effects(lambda a, b, c: a, data, [set_to(0, 99), quantile_shift(0, 1e-9)])
    assert found.off_manifold[0] == 1
    assert found.off_manifold[1] <= 0.02


def test_all_of_a_sorted_table_is_looked_at():
    """Two clusters: to set the column that tells them apart takes half of the rows off the data."""
    data = normal(400, 2)
    data[:, 0] = np.arange(400) // 200 * 10.0
    data[:, 1] += data[:, 0]
    for rows in (data, data[::-1]):
        found = effects(lambda a, b: a, rows, [set_to(0, 0.0), set_to(0, 10.0)])
        np.testing.assert_allclose(found.off_manifold, 0.5, atol=0.05)


def test_partners_are_strongest_first():
    a, b, noise = normal(400, 3).T
    X = np.stack([a, a + 0.2 * b, -a + 0.5 * b, noise, np.ones(400)], axis=1)
    found = effects(lambda *x: x[0], X, [remove(0), remove(3), remove(4)])
    rho = np.corrcoef(X[:, :3].T)[0]
    assert [c for c, _ in found.partners[0]] == [1, 2]
    np.testing.assert_allclose([r for _, r in found.partners[0]], rho[1:], atol=1e-12)
    assert found.partners[1:] == [[], []]


def test_partners_of_many_columns_come_in_blocks(monkeypatch):
    """They say what all correlations at once would; of several columns the strongest counts."""
    monkeypatch.setattr(_support, "BLOCK_COLUMNS", 2)
    base, noise = normal(300, 1), normal(300, 7, seed=1)
    data = np.hstack([base, -base, noise[:, :1], base, noise[:, :1], noise[:, 1:2]])
    data = data + 0.3 * noise[:, :6]
    rho, found = np.corrcoef(data.T), Correlations(data)
    for columns in ([0], [5], [3, 1], [2, 0], [4, 2, 5]):
        strongest = {i: max(rho[columns, i], key=abs) for i in range(6) if i not in columns}
        expected = [pair for pair in strongest.items() if abs(pair[1]) > 0.7]
        expected.sort(key=lambda pair: -abs(pair[1]))
        partners = found.partners(np.array(columns))
        assert [i for i, _ in partners] == [i for i, _ in expected]
        np.testing.assert_allclose([r for _, r in partners], [r for _, r in expected], atol=1e-12)


@pytest.mark.parametrize("place", [0.0, 1e9, 1e154, -1e200])
def test_where_columns_lie_does_not_matter(place):
    X = normal(60, 3)
    moved = X + place * np.array([1, 0, 0]) if place < 1e10 else np.c_[np.full(60, place), X[:, 1:]]
    plain = X if place < 1e10 else np.c_[np.zeros(60), X[:, 1:]]
    shares = []
    for data in (plain, moved):
        nearby = DataNearby(data)
        assert np.isfinite(nearby.limit)
        shares.append(
            [
                nearby.off_manifold(bind(one, data))
                for one in (add(1, 0.5, low=None), add(2, 9.0, low=None))
            ]
        )
    np.testing.assert_allclose(*shares, atol=0.02)


def test_values_out_of_all_reach_are_off_the_data():
    X = normal(60, 3) * [1e-12, 1, 1]
    nearby = DataNearby(X)
    assert nearby.off_manifold(bind(set_to(0, 1e300), X)) == 1
    assert nearby.far(np.full((2, 3), 1e300)) == 1
