"""The p-value of chance against a literal oracle, and how often noise passes for more."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import norm

from sklearn_deeplifft.ensembles._chance import LEVEL, chance_p_value

ONE = np.zeros(1, dtype=int)


def ranks(column: np.ndarray) -> np.ndarray:
    """Mean ranks, over the number of rows: how many are below, and half of those that are equal."""
    below = [(column < x).sum() + ((column == x).sum() + 1) / 2 for x in column]
    return np.array(below) / len(column)


def moments_of_every_deal(a: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (m,) and covariance (m, m) of the statistics where targets are dealt in every order."""
    found = [(a * v[list(order)]).sum(axis=0) for order in itertools.permutations(range(len(a)))]
    return np.mean(found, axis=0), np.cov(np.transpose(found), bias=True).reshape(
        a.shape[1], a.shape[1]
    )


def oracle(outputs, targets, questions, groups=None) -> float:
    """The same p-value with all deals written out."""
    r = np.stack([ranks(column) for column in outputs.T], axis=1)
    a = r - r.mean(axis=0)
    targets = np.stack([ranks(column) for column in targets.T], axis=1)
    value = (a * targets).sum(axis=0)
    if groups is None:
        mean, covariance = moments_of_every_deal(a, targets)
    else:
        members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
        total = np.array([a[m].sum(axis=0) for m in members])
        mean_target = np.array([targets[m].mean(axis=0) for m in members])
        mean, covariance = moments_of_every_deal(total, mean_target)
        for m in members:
            more = moments_of_every_deal(a[m], targets[m] - targets[m].mean(axis=0))
            mean, covariance = mean + more[0], covariance + more[1]
    every = set(range(len(value)))
    of_questions = {frozenset(k for k in every if questions[k] == q) for q in questions}
    sums = {frozenset({frozenset({k}) for k in every}), frozenset(of_questions)}
    sums.add(frozenset({frozenset(every)}))
    p = []
    for columns in sums:
        parts = [sorted(own) for own in columns]
        z = [
            (value - mean)[own].sum() / (1.9 * covariance[np.ix_(own, own)].sum()) ** 0.5
            for own in parts
        ]
        p.append(len(parts) * min(norm.sf(z)))
    return min(1.0, len(sums) * min(p))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("questions", [[0], [0, 0, 0], [0, 1], [0, 0, 1]])
@pytest.mark.parametrize("grouped", [False, True])
def test_moments_are_those_of_all_deals(seed, questions, grouped):
    rng = np.random.default_rng(seed)
    n, m = 6, len(questions)
    targets = rng.integers(3, size=(n, m)).astype(float)
    outputs = np.round(rng.normal(size=(n, m)) + targets, 1)
    groups = np.array([0, 0, 1, 1, 1, 2]) if grouped else None
    asked = np.array(questions)
    found = chance_p_value(outputs, targets, asked, np.ones(n), groups, mutual=0.9)
    assert found == pytest.approx(oracle(outputs, targets, asked, groups), rel=1e-9)


def test_a_weight_of_two_is_the_row_twice():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(20, 1)), rng.integers(2, size=(20, 1)).astype(float)
    count = rng.integers(1, 4, size=20)
    twice = [np.repeat(x, count, axis=0) for x in (outputs, targets)]
    merged = chance_p_value(outputs, targets, ONE, count.astype(float))
    assert merged == pytest.approx(chance_p_value(*twice, ONE, np.ones(count.sum())), rel=1e-9)


def test_fractional_weights_have_no_unit():
    rng = np.random.default_rng(0)
    outputs, targets, weight = rng.normal(size=(50, 1)), rng.normal(size=(50, 1)), rng.random(50)
    found = chance_p_value(outputs, targets, ONE, weight)
    assert chance_p_value(outputs, targets, ONE, 1000 * weight) == pytest.approx(found)


@pytest.mark.parametrize("direction", [1, -1])
def test_only_a_positive_relation_is_more_than_chance(direction):
    y = np.arange(100.0)[:, None]
    assert (chance_p_value(direction * y, y, ONE, np.ones(100)) < 1e-6) == (direction > 0)


def test_constant_outputs_are_chance():
    y = np.arange(100.0)[:, None] % 2
    assert chance_p_value(np.zeros((100, 1)), y, ONE, np.ones(100)) == 1


def test_one_class_of_forty_that_is_known_is_enough():
    rng = np.random.default_rng(0)
    codes = np.arange(400) % 40
    targets = (codes[:, None] == np.arange(40)).astype(float)
    outputs = rng.random((400, 40))
    assert chance_p_value(outputs, targets, np.zeros(40, dtype=int), np.ones(400)) > LEVEL
    outputs[codes == 7, 7] += 1
    assert chance_p_value(outputs, targets, np.zeros(40, dtype=int), np.ones(400)) < LEVEL


def test_a_pair_that_is_of_one_class_is_no_two_witnesses():
    """Twenty patients, each of one class, with ten rows that hardly differ."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(20), 10)
    flagged = {True: 0, False: 0}
    for _ in range(200):
        outputs = rng.normal(size=(20, 1))[patient] + 0.1 * rng.normal(size=(200, 1))
        y = rng.integers(2, size=20)[patient][:, None].astype(float)
        for known in flagged:
            p = chance_p_value(outputs, y, ONE, np.ones(200), patient if known else None)
            flagged[known] += p > LEVEL
    assert flagged[True] >= 198
    assert flagged[False] < 190


def cross_validated(rng: np.random.Generator, n: int, d: int, n_folds: int = 10):
    """Out-of-fold sums of products with noise: the kernel machine that all linear ones resemble."""
    X, y = rng.normal(size=(n, d)), rng.permutation(np.arange(n) % 2 * 2.0 - 1)
    fold = rng.permutation(np.arange(n) % n_folds)
    K = (X @ X.T) * (fold[:, None] != fold)
    return (K @ y)[:, None], (y[:, None] + 1) / 2


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 400])
def test_noise_is_at_chance_and_rows_that_teach_each_other_count_once(d):
    """Counted twice, one in twenty would pass for more where columns are many."""
    rng = np.random.default_rng(d)
    p = np.array(
        [
            chance_p_value(*cross_validated(rng, 60, d), ONE, np.ones(60), mutual=1.0)
            for _ in range(300)
        ]
    )
    assert (p <= LEVEL).mean() <= 0.03
    if d == 400:
        assert norm.isf(p).std() == pytest.approx(1, abs=0.1)
