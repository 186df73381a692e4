"""Whether networks without a hidden layer know much less than the others of held-out rows."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from sklearn_deeplifft.ensembles._kinds_compared import (
    LESS,
    LEVEL,
    certainly_less,
    known_shares,
)

LINEAR = np.array([False, False, True, False, True])


def outputs_of(n=90, columns=2, seed=0):
    """Rows of five networks, dealt unevenly; outputs know something, on a scale of their own."""
    rng = np.random.default_rng(seed)
    network = np.sort(rng.integers(5, size=n))
    t = rng.normal(3.0, 2.0, size=(n, columns))
    z = 7 * (t + rng.normal(size=t.shape)) + rng.normal(size=columns)
    return z, t, rng.uniform(0.2, 3.0, size=n), network


def shares_by_least_squares(z, t, w, network, linear):
    """The same by a weighted regression of each target on one kind's outputs, rows one by one."""
    found = np.full(len(linear), np.nan)
    for kind in (True, False):
        own = [i for i in range(len(t)) if linear[network[i]] == kind]
        better = dict.fromkeys(range(len(linear)), 0.0)
        for k in range(t.shape[1]):
            root = np.sqrt(w[own])
            design = np.stack([np.ones(len(own)), z[own, k]], axis=1)
            (a, b), *_ = np.linalg.lstsq(design * root[:, None], t[own, k] * root)
            mean = (w[own] * t[own, k]).sum() / w[own].sum()
            if b < 0:
                a, b = mean, 0.0
            variance = (w[own] * (t[own, k] - mean) ** 2).sum() / w[own].sum()
            for i in own:
                gain = (t[i, k] - mean) ** 2 - (t[i, k] - a - b * z[i, k]) ** 2
                better[network[i]] += w[i] * gain / variance / t.shape[1]
        for j in np.flatnonzero(linear == kind):
            if (network == j).any():
                found[j] = better[j] / w[network == j].sum()
    return found


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_of_a_regression_on_the_outputs(columns, seed):
    z, t, w, network = outputs_of(columns=columns, seed=seed)
    z[LINEAR[network], 0] *= -1  # one that knows the opposite
    known = known_shares(z, t, w, network, LINEAR)
    expected = shares_by_least_squares(z, t, w, network, LINEAR)
    np.testing.assert_allclose(known, expected, rtol=1e-9, atol=1e-12)
    if columns == 1:
        assert not known[LINEAR].any()


def test_of_all_rows_of_a_kind_the_share_is_the_squared_correlation():
    z, t, _, network = outputs_of(columns=1)
    known = known_shares(z, t, np.ones(len(z)), network, LINEAR)
    for kind in (LINEAR, ~LINEAR):
        own = kind[network]
        rows = np.bincount(network, minlength=5)[kind]
        r = np.corrcoef(z[own, 0], t[own, 0])[0, 1]
        assert np.average(known[kind], weights=rows) == pytest.approx(r**2)


def test_neither_scale_nor_place_matters():
    z, t, w, network = outputs_of()
    known = known_shares(z, t, w, network, LINEAR)
    moved = known_shares(1e3 * z - 5, 0.01 * t + 70, 2 * w, network, LINEAR)
    np.testing.assert_allclose(moved, known, rtol=1e-8)
    scaled = np.where(LINEAR[network], 9.0, 0.5)[:, None] * z  # each kind by its own
    np.testing.assert_allclose(known_shares(scaled, t, w, network, LINEAR), known, rtol=1e-8)


def test_what_does_not_vary_is_not_known():
    z, t, w, network = outputs_of()
    z[:, 0] = 4.0
    known = known_shares(z, t, w, network, LINEAR)
    half = known_shares(z[:, 1:], t[:, 1:], w, network, LINEAR)
    np.testing.assert_allclose(known, half / 2)
    t[:, 1] = 1.0
    np.testing.assert_allclose(known_shares(z, t, w, network, LINEAR), 0, atol=1e-12)


def test_networks_without_rows_that_weigh_are_left_out():
    z, t, w, network = outputs_of()
    w[network == 0] = 0
    known = known_shares(z, t, w, network, LINEAR)
    assert np.isnan(known).tolist() == [True, False, False, False, False]
    every = np.isnan(known_shares(z, t, 0 * w, network, LINEAR))
    assert every.all()
    assert not certainly_less(np.full(5, np.nan), LINEAR)


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_certainty_is_that_of_a_t_test(gap):
    rng = np.random.default_rng(3)
    linear = np.arange(18) % 3 == 2
    known = np.where(linear, 0.6 - gap, 0.6) + 0.1 * rng.normal(size=18)
    test = ttest_ind(LESS * known[~linear], known[linear], equal_var=False, alternative="greater")
    assert certainly_less(known, linear) == (test.pvalue < LEVEL) == (gap >= 0.3)


def test_two_of_a_kind_are_needed_and_some_scatter_is_not():
    known = np.array([0.9, 0.9, 0.0, 0.9, 0.0])
    assert certainly_less(known, LINEAR)
    assert not certainly_less(np.where(LINEAR, 0.7, 0.9), LINEAR)
    assert not certainly_less(known[:4], LINEAR[:4])
    known[0] = np.nan
    assert certainly_less(known, LINEAR)
    known[1] = np.nan
    assert not certainly_less(known, LINEAR)
