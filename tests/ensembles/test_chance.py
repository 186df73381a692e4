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


def oracle(outputs, targets, questions, groups=None, *, as_given=False) -> float:
    """The same p-value with all deals written out; of targets, or of ranks with their weights."""
    r = np.stack([ranks(column) for column in outputs.T], axis=1)
    a = r - r.mean(axis=0)
    if not as_given:
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


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grouped", [False, True])
def test_weights_are_dealt_with_their_targets(seed, grouped):
    """Written out for weights of classes: each deal moves a target and its weight together."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation([0, 0, 1, 1, 2, 2])
    targets = np.eye(3)[codes]
    outputs = np.round(rng.normal(size=(6, 3)) + targets, 1)
    weight = np.array([1.0, 2.5, 9.0])[codes]
    groups = np.array([0, 0, 1, 1, 1, 2]) if grouped else None
    v = np.stack([ranks(column) for column in targets.T], axis=1)
    worth = weight[:, None] * (v - np.average(v, axis=0, weights=weight))
    question = np.zeros(3, dtype=int)
    found = chance_p_value(outputs, targets, question, weight, groups, mutual=0.9)
    assert found == pytest.approx(oracle(outputs, worth, question, groups, as_given=True), rel=1e-9)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_weights_have_no_unit(whole, grouped):
    rng = np.random.default_rng(0)
    outputs, targets, weight = rng.normal(size=(50, 1)), rng.normal(size=(50, 1)), rng.random(50)
    weight = np.ceil(5 * weight) if whole else weight
    groups = np.arange(50) // 3 if grouped else None
    found = chance_p_value(outputs, targets, ONE, weight, groups)
    for unit in (0.25, 1000.0):
        again = chance_p_value(outputs, targets, ONE, unit * weight, groups)
        assert again == pytest.approx(found, rel=1e-9)


def test_a_weight_for_each_of_two_classes_is_no_evidence():
    """Ten rows that count nine times each are ten witnesses."""
    rng = np.random.default_rng(0)
    y = (np.arange(100) < 10).astype(float)[:, None]
    outputs = rng.normal(size=(100, 1)) + 0.5 * y
    plain = chance_p_value(outputs, y, ONE, np.ones(100))
    assert chance_p_value(outputs, y, ONE, 1 + 8 * y[:, 0]) == pytest.approx(plain, rel=1e-9)


def rare(rng: np.random.Generator) -> np.ndarray:
    return (rng.random((120, 1)) < 0.1).astype(float)


LEVELS = {
    "all 10": lambda rng, z: (rare(rng), np.full(120, 10.0)),
    "1 to 6": lambda rng, z: (rare(rng), rng.integers(1, 7, size=120).astype(float)),
    "fractions": lambda rng, z: (rare(rng), np.exp(1.5 * rng.normal(size=120))),
    "of the class": lambda rng, z: (y := rare(rng), 1 + 8 * y[:, 0]),
    "of the class, fractions": lambda rng, z: (y := rare(rng), 1 + 8.5 * y[:, 0]),
    "of the quantity": lambda rng, z: (y := rng.normal(size=(120, 1)), np.exp(y[:, 0])),
    "of the outputs": lambda rng, z: (rare(rng), np.exp(np.abs(z[:, 0]))),
    "of both": lambda rng, z: (y := rare(rng), (1 + 8 * y[:, 0]) * np.exp(np.abs(z[:, 0]))),
}


@pytest.mark.parametrize("name", LEVELS)
def test_noise_is_at_chance_whatever_weights_follow(name):
    """Counted as rows, weights of the class alone made noise pass in 16 of 100 tables."""
    passed = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        outputs = rng.normal(size=(120, 1))
        targets, weight = LEVELS[name](rng, outputs)
        passed += chance_p_value(outputs, targets, ONE, weight) <= LEVEL
    assert passed <= 10


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


def test_weights_that_differ_within_a_group_are_no_evidence():
    """Totals of weighted outputs hardly vary then: 22 of 400 tables passed for more than chance."""
    patient, passed = np.repeat(np.arange(20), 30), 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        outputs = rng.normal(size=(20, 1))[patient] + 0.5 * rng.normal(size=(600, 1))
        y = rng.permutation(np.arange(20) % 2)[patient][:, None].astype(float)
        weight = np.exp(rng.normal(size=600))
        passed += chance_p_value(outputs, y, ONE, weight, patient) <= LEVEL
    assert passed <= 8


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
