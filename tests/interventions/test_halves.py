"""Two halves of the data by a feature."""

import statistics

import numpy as np
import pytest

from sklearn_deeplifft.interventions._halves import Halves, spread_rows
from tests.interventions._functions import counts, normal


def halves(*features):
    values = np.hstack(features)
    starts = np.cumsum([0, *(f.shape[1] for f in features[:-1])])
    return Halves(values, starts)(values)


def test_of_columns_the_median_parts_them():
    few, bits, x = (
        np.array([[0, 1, 1, 1]]).T,
        np.array([[0, 0, 0, 1]]).T,
        np.array([[4, 1, 3, 2]]).T,
    )
    found = halves(few, bits, x)
    assert found[:, 0].tolist() == [False, True, True, True]
    assert found[:, 1].tolist() == [False, False, False, True]
    assert found[:, 2].tolist() == [row > statistics.median([1, 2, 3, 4]) for row in (4, 1, 3, 2)]


def test_of_few_levels_the_commonest_is_the_first():
    codes = np.array([0, 1, 1, 2, 1, 0])
    assert halves(np.eye(3)[codes])[:, 0].tolist() == (codes != 1).tolist()


@pytest.mark.parametrize("make", [normal, counts])
@pytest.mark.parametrize("place", [0, 1e9])
def test_of_many_levels_either_side_of_the_middle_where_they_vary_most(make, place):
    shared, own = make(300, 1), make(300, 3, seed=1)
    block = np.hstack([shared * [1, -50, 1] + own, np.zeros((300, 1))]) * [1, 1, 3, 1] + place
    scaled = (block[:, :3] - block[:, :3].mean(0)) / block[:, :3].std(0)
    direction = np.linalg.svd(scaled, full_matrices=False)[2][0]
    along = scaled @ direction * np.sign(direction[0])
    found = halves(normal(300, 1, seed=2), block)[:, 1]
    clear = np.abs(along - np.median(along)) > 1e-6
    assert (found == (along > np.median(along)))[clear].all()
    assert 0.4 < found.mean() < 0.6


def test_rows_of_a_block_come_out_the_same_one_by_one():
    block = counts(200, 3)
    both = Halves(block, np.zeros(1, dtype=int))
    assert [both(row[None])[0, 0] for row in block] == both(block)[:, 0].tolist()


def test_rows_are_spread_over_the_table():
    assert spread_rows(3).tolist() == [0, 1, 2]
    assert (spread_rows(5000) == np.arange(5000)).all()
    found = spread_rows(10_001)
    assert (found // 3).tolist() == list(range(3334))  # one of every three
    assert found[-1] < 10_001


@pytest.mark.parametrize("n", [6000, 10_000, 15_000])
@pytest.mark.parametrize("period", [2, 3])
def test_rows_that_alternate_are_seen_alike(n, period):
    """As cases and controls in turn: every second row would be controls alone."""
    shares = np.bincount(spread_rows(n) % period) / len(spread_rows(n))
    np.testing.assert_allclose(shares, 1 / period, atol=0.03)
