"""P-values against null features: by the definition, and how often they err."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sklearn_deeplifft.ranking import (
    fewest_networks,
    network_shares,
    null_p_values,
    of_any_class,
    q_values,
    smallest_q,
)

# Few values, so that there are ties.
STATISTICS = st.sampled_from([0.0, 0.5, 1.0, 1.5, 7.0])


def slow_p(real, null):
    """The definition, one count at a time; no classes."""
    pool = [t for network in null for t in network]
    observed = [statistics.median(own) for own in real.T.tolist()]
    return [(1 + sum(t >= T for t in pool)) / (1 + len(pool)) for T in observed]


@given(data=st.data(), n=st.integers(1, 5), d=st.integers(1, 6))
def test_p_values_by_the_definition(data, n, d):
    real, null = (data.draw(arrays.arrays(np.float64, (n, d), elements=STATISTICS)) for _ in "ab")
    p = null_p_values(real, null)
    np.testing.assert_array_equal(p, slow_p(real, null))
    assert p.min() >= 1 / (1 + n * d)
    assert p.max() <= 1
    np.testing.assert_array_equal(null_p_values(8 * real, 8 * null), p)
    order = np.random.default_rng(0).permutation(d)
    np.testing.assert_array_equal(null_p_values(real[:, order], null), p[order])


def test_classes_are_taken_one_by_one():
    rng = np.random.default_rng(0)
    real, null = rng.random((2, 7, 2, 3, 5))
    p = null_p_values(real, null)
    assert p.shape == (2, 3, 5)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_array_equal(p[i, j], slow_p(real[:, i, j], null[:, i, j]))


@given(data=st.data(), n=st.integers(1, 4), k=st.integers(1, 3), d=st.integers(1, 4))
def test_statistics_of_any_class_by_the_definition(data, n, k, d):
    """A value's p among the null ones of its class, itself one of them; the smallest of all."""
    real, null = (data.draw(arrays.arrays(float, (n, k, d), elements=STATISTICS)) for _ in "ab")
    found, of_null = of_any_class(real, null)
    for i, j in np.ndindex(n, d):
        p, p_null = [], []
        for c in range(k):
            pool = null[:, c].ravel()
            p.append((1 + (pool >= real[i, c, j]).sum()) / (1 + n * d))
            others = np.delete(pool, i * d + j)
            p_null.append((1 + (others >= null[i, c, j]).sum()) / (1 + len(others)))
        assert np.exp(-found[i, j]) == pytest.approx(min(p))
        assert np.exp(-of_null[i, j]) == pytest.approx(min(p_null))


@given(data=st.data(), n=st.integers(1, 5), d=st.integers(1, 6), k=st.integers(1, 3))
def test_of_classes_alike_the_p_of_any_is_that_of_one(data, n, d, k):
    real, null = (data.draw(arrays.arrays(float, (n, 1, d), elements=STATISTICS)) for _ in "ab")
    n_odd = n - (n + 1) % 2  # the median of an even number lies between two
    of_any = of_any_class(*(np.repeat(part[:n_odd], k, axis=1) for part in (real, null)))
    one = null_p_values(real[:n_odd, 0], null[:n_odd, 0])
    np.testing.assert_allclose(null_p_values(*of_any), one)


@pytest.mark.parametrize(
    ("real", "null", "match"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), r"real has shape \(2, 3\) and null \(2, 4\)"),
        (np.ones(3), np.ones((2, 3)), "every column has one null copy in every network"),
        (np.array([[1.0, -1.0]]), np.ones((1, 2)), "real holds values that are negative"),
        (np.ones((1, 2)), np.array([[1.0, np.nan]]), "null holds .* not finite"),
        (np.array([[np.inf]]), np.ones((1, 1)), "Pass absolute values"),
    ],
)
def test_what_cannot_be_compared(real, null, match):
    with pytest.raises(ValueError, match=match):
        null_p_values(real, null)


@given(data=st.data(), n=st.integers(1, 4), d=st.integers(1, 5))
def test_networks_weigh_alike(data, n, d):
    shape = (n, 2, d)
    real, null = (data.draw(arrays.arrays(float, shape, elements=STATISTICS)) for _ in "ab")
    a, b = network_shares(real, null)
    for i, k in np.ndindex(n, 2):
        total = real[i, k].sum() or null[i, k].sum()
        np.testing.assert_allclose(a[i, k] * total, real[i, k])
        np.testing.assert_allclose(b[i, k] * total, null[i, k])
        if not total:
            assert (a[i, k] == 0).all()
            assert (b[i, k] == 0).all()
    scale = np.arange(1, n + 1)[:, None, None]
    np.testing.assert_allclose(network_shares(scale * real, scale * null), (a, b))


def test_every_column_needs_its_copy():
    with pytest.raises(ValueError, match=r"real has shape \(2, 3\) and null \(2, 4\)"):
        network_shares(np.ones((2, 3)), np.ones((2, 4)))


def slow_q(p):
    """Benjamini and Hochberg: the smallest level at which the step-up procedure rejects."""
    d = len(p)
    ordered = sorted(p)
    return [
        min(d * ordered[k - 1] / k for k in range(1, d + 1) if ordered[k - 1] >= one) for one in p
    ]


@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(1, 3), st.integers(1, 8)), elements=st.floats(1e-6, 1)
    )
)
def test_q_values_by_the_definition(p):
    q = q_values(p)
    np.testing.assert_allclose(q, [slow_q(row) for row in p])
    assert (q >= p - 1e-15).all()
    assert q.max() <= 1


@given(n=st.integers(1, 60), d=st.integers(1, 80))
def test_the_smallest_q_is_reached_by_one_that_stands_out(n, d):
    """And by nothing more than standing out: to the last bit, as a level may be met exactly."""
    real = np.zeros((n, d))
    real[:, d // 2] = 2.0
    q = q_values(null_p_values(real, np.ones((n, d))))
    assert q[d // 2] == smallest_q(n * d, d)
    assert (np.delete(q, d // 2) == 1).all()
    assert smallest_q(n * d, d) == pytest.approx(min(1, d / (1 + n * d)))


@given(alpha=st.floats(0.001, 0.999), d=st.integers(1, 5000))
def test_the_fewest_networks_are_enough_and_one_less_is_not(alpha, d):
    n = fewest_networks(alpha, d)
    assert smallest_q(n * d, d) <= alpha
    assert n == 1 or smallest_q((n - 1) * d, d) > alpha
    assert n <= math.ceil(1 / alpha) + 1


@pytest.mark.parametrize(("alpha", "d"), [(0, 5), (1, 5), (-0.1, 5), (math.nan, 5), (0.1, 0)])
def test_levels_that_are_none(alpha, d):
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        fewest_networks(alpha, d)


def simulated(agreement: float, n: int, d: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes of ``n`` networks: those of a real column share a part, those of nulls do not."""
    shared = np.sqrt(agreement) * rng.normal(size=d)
    real = np.abs(shared + np.sqrt(1 - agreement) * rng.normal(size=(n, d)))
    return real, np.abs(rng.normal(size=(n, d)))


@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.9, 1.0])
def test_under_the_global_null_discoveries_are_as_rare_as_asked(agreement):
    """At any agreement of the networks; exact at 1, where a median is a single value."""
    rng, alpha, n_seeds = np.random.default_rng(1), 0.2, 800
    found, small = [], []
    for _ in range(n_seeds):
        real, null = network_shares(*simulated(agreement, 20, 15, rng))
        p = null_p_values(real, null)
        found.append((q_values(p) <= alpha).any())
        small.append((p <= 0.1).mean())
    # Four standard errors of a share.
    assert np.mean(found) <= alpha + 4 * math.sqrt(alpha * (1 - alpha) / n_seeds)
    assert np.mean(small) <= 0.1 + 4 * math.sqrt(0.1 * 0.9 / (n_seeds * 15))
    if agreement == 1:
        assert np.mean(small) >= 0.08
        assert np.mean(found) >= 0.1
    if agreement == 0:
        assert np.mean(found) == 0
