"""Skewed columns on a logarithmic scale: from ends and median, by the definition."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft.networks import Standardize
from sklearn_deeplifft.tables import (
    ColumnCorrelations,
    Rows,
    as_read,
    column_moments,
    unskewed,
)
from sklearn_deeplifft.tables import _scaling as scaling_module
from sklearn_deeplifft.tables._scaling import Scaling, scaling_of

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal((500, 1))


def found(X, weight=None, *, unskew=True, straight=None) -> Scaling:
    rows = Rows(X)
    weight = np.ones(X.shape[0]) if weight is None else weight
    index = np.flatnonzero(weight)
    straight = np.zeros(X.shape[1], dtype=bool) if straight is None else straight
    moments = column_moments(rows, index, weight)
    return scaling_of(rows, index, weight, *moments, unskew=unskew, straight=straight)


def slow(x, weight) -> tuple[float, float, float]:
    """Sign, knot and width of one column of whole weights, by repeating rows."""
    repeated = np.sort(np.repeat(x, weight.astype(int)))
    beside = repeated[repeated != 0]
    mostly_zero = 2 * len(beside) <= len(repeated)
    if mostly_zero and len(set(beside)) < 5:
        return 0.0, 0.0, 1.0
    low, middle, high = (
        np.quantile(beside if mostly_zero else repeated, p, method="averaged_inverted_cdf")
        for p in (0.1, 0.5, 0.9)
    )
    if mostly_zero:
        if low <= 0 <= high:
            return 0.0, 0.0, 1.0
        low, high = (0.0, high) if low > 0 else (low, 0.0)
    A, B = high - middle, middle - low
    sign = 1.0 if A > B else -1.0
    A, B = max(A, B), min(A, B)
    if B == 0 or (A - B) / (A + B) < 0.3:
        return 0.0, 0.0, 1.0
    return sign, low if sign > 0 else high, max(B**2 / (A - B), (A + B) / 100)


@pytest.mark.parametrize("spread", [0.3, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n", [30, 101])
def test_sign_knot_and_width_by_the_definition(spread, sign, n):
    rng = np.random.default_rng(n)
    X = sign * np.exp(spread * rng.standard_normal((n, 40)))
    weight = rng.integers(0, 4, size=n).astype(float)
    scaling = found(X, weight)
    expected = np.array([slow(x, weight) for x in X.T])
    np.testing.assert_allclose(np.transpose(scaling[2:]), expected, rtol=1e-12)
    assert scaling.bent.any() == (spread > 0.3) or spread == 0.3


def test_what_is_read_by_the_formula():
    X = np.exp(NORMAL)
    scaling = found(X)
    [sign], [knot], [width] = scaling.sign, scaling.knot, scaling.width
    expected = [width * np.log(1 + (x - knot) / width) if x > knot else x - knot for x in X.ravel()]
    assert sign == 1
    np.testing.assert_allclose(unskewed(X, scaling).ravel(), expected, rtol=1e-12)
    # What networks then see has mean 0 and deviation 1.
    z = (unskewed(X, scaling) - scaling.mean) / scaling.scale
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-12)


@pytest.mark.parametrize("spread", [0.7, 1.0, 1.4])
def test_intensities_become_their_logarithms(spread):
    x = np.exp(spread * np.random.default_rng(1).standard_normal((4000, 1)))
    scaling = found(x)
    above = x.ravel() > scaling.knot[0]
    z = unskewed(x, scaling).ravel()[above]
    # Of logarithms a normal column is a line of; the width is an estimate from 4,000 rows.
    assert np.corrcoef(z, np.log(x.ravel()[above]))[0, 1] > 0.999


def test_the_median_lies_halfway_between_the_ends():
    X = np.exp(RNG.standard_normal((999, 5)))
    scaling = found(X)
    z = np.quantile(unskewed(X, scaling), [0.1, 0.5, 0.9], axis=0, method="averaged_inverted_cdf")
    assert scaling.bent.all()
    np.testing.assert_allclose(z[2] - z[1], z[1] - z[0], rtol=1e-9)


def test_it_is_increasing_and_smooth_at_the_knot():
    scaling = found(np.exp(NORMAL))
    x = scaling.knot + np.linspace(-1, 1, 20_001)[:, None] * 0.01 * scaling.width
    slopes = np.diff(unskewed(x, scaling).ravel()) / np.diff(x.ravel())
    assert slopes.min() > 0.98
    assert slopes.max() < 1.0001
    assert np.abs(np.diff(slopes)).max() < 1e-4


@pytest.mark.parametrize(
    ("factor", "shift"),
    [(1e6, 0.0), (-2.0, 0.0), (1e-9, 1e-3), (1e200, 0.0), (1e300, 0.0), (1e-300, 0.0)],
)
def test_units_do_not_matter(factor, shift):
    X = np.exp(np.random.default_rng(4).standard_normal((200, 3)))
    assert found(factor * X + shift).sign.tolist() == 3 * [np.sign(factor)]
    z, other = (
        (unskewed(Y, s) - s.mean) / s.scale
        for Y, s in ((one, found(one)) for one in (X, factor * X + shift))
    )
    np.testing.assert_allclose(other, np.sign(factor) * z, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("dtype", "far"), [(np.float64, 1e308), (np.float32, 3e38)])
def test_a_column_stays_as_it_is_where_a_far_row_would_be_infinite(dtype, far, sign):
    """In the table's own precision, in which networks read it."""
    X = np.exp(np.random.default_rng(4).standard_normal((200, 2))).astype(dtype) / dtype(50)
    X[7] = [far, far / 1e8]
    scaling = found(sign * X)
    assert scaling.bent.tolist() == [False, True]
    read = Standardize.of(scaling)(torch.from_numpy(sign * X))
    assert torch.isfinite(read).all()


def test_weights_are_repetitions_to_the_last_bit():
    X = np.exp(RNG.standard_normal((60, 8)))
    weight = RNG.integers(1, 5, size=60)
    one, other = found(X, weight * 0.37), found(np.repeat(X, weight, axis=0))
    for a, b in zip(one[2:], other[2:], strict=True):
        np.testing.assert_array_equal(a, b)


COUNTS = np.random.default_rng(2).poisson(0.4, size=(300, 1)).astype(float)
STRAIGHT = {
    "normal": NORMAL,
    "uniform": RNG.uniform(size=(500, 1)),
    "one-hot": (RNG.uniform(size=(500, 1)) < 0.3) * 1.0,
    "rare counts": COUNTS,
    "constant": np.full((50, 1), 3.0),
    "mostly zero, of both signs": NORMAL**3 * (RNG.uniform(size=(500, 1)) < 0.4),
    "mostly zero, of four values": np.repeat([0.0, 1, 2, 9, 40], [80, 20, 9, 5, 3])[:, None],
    "differences": np.exp(NORMAL) - 1.5,
    "a mass at the upper end": np.minimum(1 - np.exp(NORMAL), 0.9),
    "two rows": np.array([[1.0], [100.0]]),
    "three values": np.repeat([-2.0, 0, 2], [60, 200, 40])[:, None],
}


@pytest.mark.parametrize("name", STRAIGHT)
def test_these_columns_stay_as_they_are(name):
    X = STRAIGHT[name]
    scaling = found(X)
    assert not scaling.bent.any()
    np.testing.assert_array_equal(
        unskewed(Rows(X).take(slice(None)), scaling), Rows(X).take(slice(None))
    )


def bursts(n: int, d: int, filled: float, seed: int = 0) -> np.ndarray:
    """Counts of words: most texts have none, and some of the others many."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 6.0, size=(n, d))
    return (1 + rng.poisson(rate)) * (rng.random((n, d)) < filled)


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("n", [40, 301])
def test_where_most_rows_are_zero_the_others_decide(store, sign, n):
    rng = np.random.default_rng(n)
    X = sign * bursts(n, 30, 0.3, n)
    X[:, 5] = bursts(n, 1, 0.9)[:, 0]
    weight = rng.integers(0, 4, size=n).astype(float)
    expected = np.array([slow(x, weight) for x in X.T])
    scaling = found(store(X), weight)
    np.testing.assert_allclose(np.transpose(scaling[2:]), expected, rtol=1e-12)
    assert scaling.bent[:5].any()
    read = unskewed(X, scaling)
    mean = np.average(read, axis=0, weights=weight)
    std = np.sqrt(np.average((read - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(scaling.mean, mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaling.scale, std, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_rows_of_one_weight_have_the_quantiles_of_nearly_equal_ones(dtype, weight):
    rng = np.random.RandomState(0)
    for m in (1, 2, 10, 11, 40):
        X = np.hstack([rng.randn(m, 3), rng.randint(-2, 3, (m, 3))]).astype(dtype)
        nearly = np.full(m, weight)
        nearly[m // 2] *= 1 + 1e-12  # sorted with their weights
        alike = scaling_module._quantiles(X, np.full(m, weight))
        assert [part.dtype for part in alike] == [np.float64] * 3
        np.testing.assert_array_equal(alike, scaling_module._quantiles(X, nearly))


def test_weights_are_repetitions_where_most_rows_are_zero():
    X = bursts(80, 30, 0.3)
    weight = RNG.integers(1, 5, size=80)
    one, other = found(X, weight * 0.37), found(np.repeat(X, weight, axis=0))
    assert one.bent.any()
    for a, b in zip(one[2:], other[2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_column_is_scaled_as_it_is_alone_however_uneven_weights_are():
    X = np.zeros((200, 3))
    X[100:, 0] = RNG.poisson(50, 100) + 1000.0
    X[:12, 1] = 2.0 ** np.arange(12)
    X[100:, 2] = RNG.poisson(4, 100)
    weight = np.where(np.arange(200) < 100, 1e-12, 1e6)
    weight[20:60] = 1e-3
    for order in ([0, 1, 2], [1, 0, 2]):
        together, alone = found(X[:, order], weight), found(X[:, [1]], weight)
        at = order.index(1)
        assert alone.bent.all()
        for a, b in zip(together[2:], alone[2:], strict=True):
            np.testing.assert_array_equal(a[at], b[0])


def test_those_that_are_asked_to_stay_do():
    X = np.exp(RNG.standard_normal((100, 2)))
    assert found(X).bent.tolist() == [True, True]
    assert found(X, straight=np.array([False, True])).bent.tolist() == [True, False]
    assert not found(X, unskew=False).bent.any()


def test_a_long_table_is_judged_by_rows_evenly_spread(monkeypatch):
    X = np.sort(np.exp(RNG.standard_normal((3000, 4))), axis=0)
    every = found(X)
    monkeypatch.setattr(scaling_module, "MOST_ROWS", 1000)
    some = found(X)
    assert not np.array_equal(some.width, every.width)
    np.testing.assert_allclose(some.width, every.width, rtol=0.02)
    # As likely as their weights: a row of weight 3 is three rows.
    weight = RNG.integers(1, 4, size=3000)
    one, other = found(X, weight.astype(float)), found(np.repeat(X, weight, axis=0))
    np.testing.assert_array_equal(one.width, other.width)


def test_blocks_of_columns_change_nothing(monkeypatch):
    X = np.exp(RNG.standard_normal((50, 7)))
    whole = found(X)
    monkeypatch.setattr(scaling_module, "BLOCK_CELLS", 100)
    for a, b in zip(whole, found(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_rows_as_they_are_read():
    X = np.exp(RNG.standard_normal((40, 3))).astype(np.float32)
    rows, scaling = Rows(X), found(X)
    read, expected = as_read(rows, scaling), unskewed(X, scaling)
    columns = np.array([2, 0])
    np.testing.assert_array_equal(read.take(slice(None)), expected)
    np.testing.assert_array_equal(read.take(np.arange(5), columns), expected[:5][:, columns])
    np.testing.assert_array_equal(read.columns(columns), expected[:, columns])
    assert as_read(rows, None) is rows
    assert as_read(rows, found(X, unskew=False)) is rows


@pytest.mark.parametrize("knots", ["zero", "any"])
def test_sparse_rows_as_they_are_read(knots):
    X = bursts(60, 12, 0.05).astype(np.float32)
    X[:, :5] = bursts(60, 5, 0.3, 1)
    if knots == "any":
        X[:, 5] = bursts(60, 1, 1.0, 2)[:, 0]
    rows, scaling = Rows(sp.csr_array(X)), found(sp.csr_array(X))
    assert 0 < scaling.bent.sum() < 12
    read, expected = as_read(rows, scaling), unskewed(X, scaling)
    columns = np.array([7, 0, 3])
    np.testing.assert_array_equal(read.take(slice(None)), expected)
    np.testing.assert_array_equal(read.columns(columns), expected[:, columns])
    assert bool(scaling.knot.any()) == (knots == "any")
    if knots == "zero":
        parts = np.vstack([part.toarray() for _, part in read.stored_blocks()])
        np.testing.assert_array_equal(parts, expected)
    # Correlations by the one way and by the other.
    correlations = [ColumnCorrelations(one).of(np.arange(12)) for one in (read, Rows(expected))]
    np.testing.assert_allclose(*correlations, atol=1e-12)


def test_cells_stored_in_parts_are_read_as_their_sums():
    """In a table so empty that correlations are those of stored cells."""
    X = bursts(900, 20, 0.03)
    row, column = X.nonzero()
    halves = np.repeat(X[row, column] / 2, 2)
    starts = np.append(0, np.cumsum(2 * (X > 0).sum(axis=1)))
    parts = sp.csr_array((halves, np.repeat(column, 2), starts), shape=X.shape)
    np.testing.assert_array_equal(parts.toarray(), X)
    scaling = found(parts)
    assert scaling.bent.sum() > 15
    expected, correlations = (
        ColumnCorrelations(as_read(Rows(table), scaling)).of(np.arange(20)) for table in (X, parts)
    )
    np.testing.assert_allclose(correlations, expected, atol=1e-12)
    assert parts.nnz == len(halves)  # what was given stays as it is


@pytest.mark.parametrize("filled", [0.05, 0.9])
def test_what_networks_read_of_them_is_the_same(filled):
    """Whether few columns are on a logarithmic scale, or most."""
    X = np.hstack([bursts(300, 9, 0.3), RNG.uniform(size=(300, int(9 * filled / (1 - filled))))])
    scaling = found(X)
    assert (scaling.bent.mean() > 0.5) == (filled < 0.5)
    expected = (unskewed(X, scaling) - scaling.mean) / scaling.scale
    read = Standardize.of(scaling).exact(torch.from_numpy(X))
    np.testing.assert_allclose(read, expected, rtol=1e-12, atol=1e-12)


def test_parts_of_a_scaling():
    scaling = found(np.exp(RNG.standard_normal((40, 3))))
    np.testing.assert_array_equal(scaling.at(np.array([2, 0])).width, scaling.width[[2, 0]])
    np.testing.assert_array_equal(scaling.twice().knot, np.tile(scaling.knot, 2))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_tenth_of_amounts_may_have_the_other_sign(sign):
    x = np.sort(np.exp(RNG.standard_normal(200)))
    taken_off = [x - x[share] for share in (15, 25)]
    assert [found(sign * part[:, None]).bent.item() for part in taken_off] == [True, False]
