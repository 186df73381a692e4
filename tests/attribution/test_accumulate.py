import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_deeplifft.attribution import ScoreSums, cell_means, largest_score, overall_score
from tests import oracles as o

N, C, DIM = 40, 4, 5


def table(seed=0, n=N):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, DIM)), rng.integers(0, C, n), rng.uniform(0.1, 3, n)


def sums_of(scores, cell, weight, residual=0.0):
    scores, weight = torch.as_tensor(scores), torch.as_tensor(weight)
    slopes = torch.stack([weight @ (k * scores) for k in range(C)])
    total = float(weight.sum())
    found = ScoreSums.of(scores, torch.as_tensor(cell), weight, slopes, total)
    return replace(found, residual=residual)


def assert_sums_equal(left, right):
    for name in ("signed", "absolute", "weight", "slopes"):
        torch.testing.assert_close(getattr(left, name), getattr(right, name), rtol=0, atol=1e-12)
    assert left.total == pytest.approx(right.total, abs=1e-12)
    assert left.residual == right.residual


def test_sums_are_the_loops():
    scores, cell, weight = table()
    found = sums_of(scores, cell, weight)
    signed, absolute, total = np.zeros((C, DIM)), np.zeros((C, DIM)), np.zeros(C)
    for s in range(N):
        signed[cell[s]] += weight[s] * scores[s]
        absolute[cell[s]] += weight[s] * np.abs(scores[s])
        total[cell[s]] += weight[s]
    np.testing.assert_allclose(found.signed, signed, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.absolute, absolute, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.weight, total, rtol=0, atol=1e-12)


def test_sums_are_kept_in_double():
    scores, cell, weight = table()
    found = sums_of(scores.astype(np.float32), cell, weight.astype(np.float32))
    assert {found.signed.dtype, found.absolute.dtype, found.weight.dtype} == {torch.float64}


@pytest.mark.slow
@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.integers(0, N), max_size=5), st.randoms(use_true_random=False))
def test_parts_merge_in_any_order(cuts, random):
    scores, cell, weight = table()
    edges = [0, *sorted(cuts), N]
    parts = [
        sums_of(scores[a:b], cell[a:b], weight[a:b], residual=float(b))
        for a, b in itertools.pairwise(edges)
    ]
    random.shuffle(parts)
    merged = functools.reduce(ScoreSums.merge, parts, ScoreSums.zeros(C, DIM))
    assert_sums_equal(merged, sums_of(scores, cell, weight, residual=float(N)))


@pytest.mark.slow
def test_merging_is_a_tree_as_well_as_a_chain():
    a, b, c, d = (sums_of(*table(seed, 7), residual=seed / 10) for seed in range(4))
    assert_sums_equal(a.merge(b).merge(c.merge(d)), a.merge(b.merge(c.merge(d))))
    assert_sums_equal(a.merge(b, c, d), a.merge(b).merge(c.merge(d)))
    assert_sums_equal(a.merge(b), b.merge(a))
    assert a.merge(d).residual == 0.3


def test_zeros_are_neutral():
    a = sums_of(*table(), residual=0.25)
    assert_sums_equal(a.merge(ScoreSums.zeros(C, DIM)), a)
    assert_sums_equal(ScoreSums.zeros(C, DIM).merge(a), a)


def test_parts_are_left_alone_by_merging():
    a, b = sums_of(*table(0)), sums_of(*table(1))
    before = a.signed.clone(), b.weight.clone()
    a.merge(b)
    assert torch.equal(a.signed, before[0])
    assert torch.equal(b.weight, before[1])


def test_sums_of_no_rows_are_zeros():
    slopes = torch.zeros(C, DIM, dtype=torch.float64)
    nothing = ScoreSums.of(
        torch.zeros(0, DIM), torch.zeros(0, dtype=torch.int64), torch.zeros(0), slopes, 0.0
    )
    assert_sums_equal(nothing, ScoreSums.zeros(C, DIM))


@pytest.mark.parametrize("weighted", [False, True])
def test_class_means_are_the_oracles(weighted):
    scores, cell, weight = table()
    cell[cell == 2] = 1  # a class without rows
    weight = weight if weighted else np.ones(N)
    found = sums_of(scores, cell, weight)
    expected = o.oracle_class_scores(scores, cell, cell, C, weight)
    np.testing.assert_allclose(cell_means(found.signed, found.weight), expected, rtol=0, atol=1e-12)
    assert not expected[2].any()


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [None, 0, 3])
@pytest.mark.parametrize("signed", [False, True])
def test_overall_score_is_the_oracles(balanced, weighted, missing, signed):
    scores, cell, weight = table()
    if missing is not None:
        cell[cell == missing] = 1
    weight = weight if weighted else np.ones(N)
    weighing = {"balanced": balanced, "signed": signed}
    got = overall_score(sums_of(scores, cell, weight), **weighing)
    expected = o.oracle_overall(scores, cell, cell, C, weight=weight, **weighing)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_balance_counts_each_class_once():
    scores = np.array([[1.0], [1.0], [1.0], [5.0]])
    sums = sums_of(scores, np.array([0, 0, 0, 1]), np.ones(4))
    assert overall_score(sums, balanced=False).tolist() == [2.0]
    assert overall_score(sums, balanced=True).tolist() == [3.0]


@pytest.mark.parametrize("balanced", [False, True])
def test_nothing_seen_scores_zero(balanced):
    empty = ScoreSums.zeros(C, DIM)
    assert overall_score(empty, balanced=balanced).tolist() == [0.0] * DIM
    assert not cell_means(empty.signed, empty.weight).any()


def test_scaling_all_weights_changes_no_mean():
    scores, cell, weight = table()
    one, many = sums_of(scores, cell, weight), sums_of(scores, cell, 1e6 * weight)
    for balanced in (False, True):
        torch.testing.assert_close(
            overall_score(one, balanced=balanced), overall_score(many, balanced=balanced)
        )
    torch.testing.assert_close(
        cell_means(one.signed, one.weight), cell_means(many.signed, many.weight)
    )


def test_rows_of_no_weight_count_for_nothing():
    scores, cell, weight = table()
    weight[::2] = 0
    assert_sums_equal(
        sums_of(scores, cell, weight), sums_of(scores[1::2], cell[1::2], weight[1::2])
    )


@pytest.mark.parametrize("signed", [False, True])
def test_largest_score_is_that_of_the_cell_with_the_largest_mean(signed):
    scores = torch.tensor([[1.0, -4.0], [-3.0, -2.0], [0.5, 8.0]], dtype=torch.float64)
    cell, weight = torch.tensor([0, 0, 2]), torch.tensor([1.0, 1.0, 2.0], dtype=torch.float64)
    sums = ScoreSums.of(scores, cell, weight, torch.zeros(3, 2), float(weight.sum()))
    # Cell 0: mean sizes 2 and 3, sizes of means 1 and 3; cell 1: nothing; cell 2: .5 and 8.
    expected = [1.0, 8.0] if signed else [2.0, 8.0]
    assert largest_score(sums, signed=signed).tolist() == expected
