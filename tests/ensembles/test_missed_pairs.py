"""Pairs of columns that tell together what linear networks have missed."""

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from sklearn_deeplifft.ensembles import _missed_pairs
from sklearn_deeplifft.ensembles._missed_pairs import (
    CANDIDATES,
    CHANCE,
    FEWEST_ROWS,
    LEAST,
    MOST_COLUMNS,
    MOST_PAIRS,
    MOST_ROWS,
    least_score,
    missed_pairs,
    pair_effects,
    pair_scores,
    rows_to_search,
)


def standardised(X):
    X = X - X.mean(axis=0)
    return X / np.maximum(X.std(axis=0), 1e-12)


def searched(X, r, w=None):
    """Pairs found, as sorted tuples, in order."""
    r = r[:, None] if r.ndim == 1 else r
    w = np.ones(len(X)) if w is None else w
    parts = (torch.from_numpy(np.asarray(part)).float() for part in (standardised(X), r, w))
    return [tuple(pair) for pair in missed_pairs(*parts).tolist()]


def some(n=50, d=6, K=3, seed=0):
    rng = np.random.RandomState(seed)
    p = rng.dirichlet(np.ones(K), n)
    y = np.eye(K)[[rng.choice(K, p=row) for row in p]]
    z, w = rng.randn(n, d), rng.uniform(0.5, 2, n) * (rng.rand(n) < 0.8)
    return z, y - p, p * (1 - p), w


@pytest.mark.parametrize("beyond", [False, True])
def test_scores_by_the_definition(beyond):
    z, r, _, w = some()
    P = np.array([[0, 1], [4, 2], [3, 5]])
    right, larger = np.zeros((3, 3)), np.zeros((3, 3), dtype=bool)
    for m, (i, j) in enumerate(P):
        told, root = np.stack([np.ones(len(z)), z[:, i], z[:, j]], axis=1), np.sqrt(w)
        told = told if beyond else told[:, :1]
        u = z[:, i] * z[:, j]
        u -= told @ np.linalg.lstsq(root[:, None] * told, root * u, rcond=None)[0]
        there = [n for n in range(len(z)) if w[n] > 0]
        spread = sum(u[n] ** 2 for n in there) / len(there)
        for k in range(3):
            terms = [w[n] * r[n, k] * u[n] for n in range(len(z))]
            dealt = spread * sum((w[n] * r[n, k]) ** 2 for n in there)
            seen = sum(t * t for t in terms)
            right[m, k], larger[m, k] = sum(terms) / max(seen, dealt) ** 0.5, seen > dealt
    assert len(np.unique(larger)) == 2  # each is the larger somewhere

    def found(*parts):
        return pair_scores(*(torch.from_numpy(part) for part in parts), beyond=beyond)

    np.testing.assert_allclose(found(z, r, w, P).numpy(), right, rtol=1e-9)
    for nothing in ((z, 0 * r, w, P), (z, r, 0 * w, P)):
        assert (found(*nothing) == 0).all()
    z[:, 0] = -0.02  # a product with a constant is the other column
    assert (found(z, r, w, P)[0] == 0).all() == beyond


@pytest.mark.parametrize("rate", [0.0004, 0.002])
def test_what_a_column_tells_by_itself_makes_no_pair_of_it_and_a_rare_one(rate):
    """Networks of a few steps have not learned it all."""
    for seed in range(4):
        rng = np.random.RandomState(seed)
        X = np.hstack([rng.randn(5000, 4), rng.poisson(rate, (5000, 50))])
        assert searched(X, X[:, :4] @ [2, -2, 1, 0.5] + rng.randn(5000)) == []


def test_the_least_score_is_that_of_both_halves_with_one_sign():
    for d, n_outputs in ((120, 1), (512, 8)):
        both = 2 * norm.sf(least_score(d, n_outputs)) ** 2
        assert both * n_outputs * d * (d - 1) / 2 == pytest.approx(CHANCE)
    assert least_score(2, 1) == LEAST


def test_products_are_made_block_by_block(monkeypatch):
    z, r, _, w = some()
    parts = [torch.from_numpy(part) for part in (z, r, w, np.array([[0, 1], [4, 2], [3, 5]]))]
    right = pair_scores(*parts)
    monkeypatch.setattr(_missed_pairs, "BLOCK_CELLS", 100)  # two of 50 rows
    torch.testing.assert_close(pair_scores(*parts), right)
    assert pair_scores(*parts[:3], parts[3][:0]).shape == (0, 3)


def test_effects_are_newtons_first_step():
    """Against numerical derivatives of each output's own log-likelihood, from no effect."""
    z, r, v, w = some()
    P = np.array([[0, 1], [4, 2]])
    found = pair_effects(*(torch.from_numpy(part) for part in (z, r, v, w, P))).numpy()
    for m, (i, j) in enumerate(P):
        unit = 2 * np.sign(z[:, i] * z[:, j]) * np.minimum(abs(z[:, i]), abs(z[:, j]))
        for k in range(3):
            p = 0.5 + np.sqrt(0.25 - v[:, k]) * np.where(r[:, k] > 0, -1, 1)
            y = r[:, k] > 0
            p = y - r[:, k]  # what was expected of the class
            logit = np.log(p / (1 - p))

            def log_likelihood(b, logit=logit, y=y, unit=unit):
                q = expit(logit + b * unit)
                return w @ np.where(y, np.log(q), np.log1p(-q))

            h = 1e-4
            low, at, high = (log_likelihood(b) for b in (-h, 0.0, h))
            step = -((high - low) / (2 * h)) / ((high - 2 * at + low) / h**2)
            assert found[m, k] == pytest.approx(step, rel=1e-4)


@pytest.mark.parametrize("kind", ["normal", "counts", "three values"])
def test_planted_pairs_are_found(kind):
    rng = np.random.RandomState(0)
    n, d = 4000, 60
    if kind == "normal":
        X = rng.randn(n, d)
    elif kind == "counts":
        X = rng.poisson(0.4, (n, d))
    else:
        X = rng.randint(0, 3, (n, d))
    z = standardised(X)
    r = 0.3 * z[:, 3] * z[:, 17] - 0.3 * z[:, 40] * z[:, 8] + rng.randn(n)
    assert {tuple(sorted(pair)) for pair in searched(X, r)} == {(3, 17), (8, 40)}


def noise(kind, rng, n, d):
    if kind == "normal":
        return rng.randn(n, d)
    if kind == "sparse":
        return rng.poisson(0.03, (n, d)) * 1.0
    if kind == "far cells":
        return rng.standard_t(2, (n, d))
    factors = rng.randn(n, 6)
    return factors @ rng.randn(6, d) + 0.3 * rng.randn(n, d)  # redundant


@pytest.mark.parametrize(("n", "d"), [(400, 120), (2000, 30)])
@pytest.mark.parametrize("kind", ["normal", "sparse", "far cells", "redundant"])
@pytest.mark.parametrize("target", ["balanced", "rare", "skewed quantity"])
def test_of_noise_no_more_tables_have_a_pair_than_is_said(kind, target, n, d):
    """Of 40 tables .4 are expected, and more than three in one of a thousand such tests."""
    with_pairs = 0
    for seed in range(40):
        rng = np.random.RandomState(seed)
        X = noise(kind, rng, n, d)
        if target == "skewed quantity":
            r = np.exp(rng.randn(n))
            r -= r.mean()
        else:
            share = 0.5 if target == "balanced" else 0.03
            r = (rng.rand(n) < share) - share
        with_pairs += bool(searched(X, r))
    assert with_pairs <= 3


@pytest.mark.parametrize("weights", ["as they are", "balanced", "of chance"])
def test_a_rare_class_of_sparse_columns_has_no_pair(weights):
    """Its rows all lack most products, and each errs alike."""
    for seed in range(6):
        rng = np.random.RandomState(seed)
        X = rng.poisson(0.01, (8000, 60))
        y = (rng.rand(8000) < 0.02) * 1.0
        w = np.exp(rng.randn(8000)) if weights == "of chance" else np.ones(8000)
        if weights == "balanced":
            w = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
        assert searched(X, y - w @ y / w.sum(), w) == []


def test_of_pairs_of_near_copies_one_is_returned_and_no_column_with_its_copy():
    rng = np.random.RandomState(0)
    X = np.repeat(rng.randn(1500, 10), 3, axis=1) + 0.2 * rng.randn(1500, 30)
    z = standardised(X)
    r = 0.4 * z[:, 0] * z[:, 9] + 0.4 * (z[:, 15] ** 2 - 1) + rng.randn(1500)
    (pair,) = searched(X, r)
    assert {column // 3 for column in pair} == {0, 3}


def test_weights_are_of_no_unit_and_rows_without_any_do_not_matter():
    rng = np.random.RandomState(0)
    X = rng.randn(4000, 20)
    r = 0.5 * X[:, 1] * X[:, 2] + rng.randn(4000)
    w = (rng.rand(4000) < 0.8) * 1.0
    other = np.where(w == 0, 100.0, r)
    assert searched(X, r, w) == searched(X, r, 7 * w) == searched(X, other, w) == [(1, 2)]


def test_no_more_than_the_strongest_are_returned():
    rng = np.random.RandomState(0)
    X = rng.randn(9000, 200)
    r = sum(X[:, 2 * k] * X[:, 2 * k + 1] for k in range(60)) / 4 + rng.randn(9000)
    found = searched(X, r)
    assert len(found) == MOST_PAIRS
    assert all(b == a + 1 and a % 2 == 0 for a, b in (sorted(pair) for pair in found))
    assert MOST_PAIRS < CANDIDATES


@pytest.mark.parametrize("d", [2, 3])
def test_tables_of_few_columns(d):
    rng = np.random.RandomState(0)
    X = rng.randn(600, d)
    assert searched(X, X[:, 0] * X[:, 1] + rng.randn(600)) == [(0, 1)]


def test_rows_that_a_search_looks_at():
    assert rows_to_search(1000, 50, 3) == 1000
    assert rows_to_search(FEWEST_ROWS - 1, 50, 3) == 0
    assert rows_to_search(FEWEST_ROWS, 50, 3) == FEWEST_ROWS
    assert rows_to_search(1000, MOST_COLUMNS + 1, 1) == 0
    assert rows_to_search(1000, 1, 1) == 0
    long = rows_to_search(10**6, 512, 8)
    assert long / 2 * 512**2 * 8 <= _missed_pairs.MULTIPLICATIONS
    assert rows_to_search(10**6, 2500, 100) == 0
    assert rows_to_search(10**6, 40, 1) == MOST_ROWS
