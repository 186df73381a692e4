"""Layers without their silent units, against adding and rectifying row by row."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution._chain import Affine
from sklearn_deeplifft.perturbation import _live_units
from sklearn_deeplifft.perturbation._live_units import live_units

MEANS = np.array([-1, 2, 0, 0.5, 9])
"""Of units that are mostly off, mostly on, neither, and always on."""


@pytest.fixture(autouse=True)
def _however_many_are_live(monkeypatch):
    monkeypatch.setattr(_live_units, "MOST_LIVE", 1.0)


def _layers(seed=0):
    """First pre-activations (70, 5); two dense maps with ReLUs, a diagonal and a last one."""
    rng = np.random.default_rng(seed)
    maps = [
        (rng.standard_normal((7, 5)), True),
        (rng.standard_normal(7), False),
        (rng.standard_normal((4, 7)), True),
        (rng.standard_normal((3, 4)), False),
    ]
    Z = rng.standard_normal((70, 5)) + MEANS
    return Z, [(W, rng.standard_normal(len(W)), relu) for W, relu in maps]


def _by_rows(Z, layers, shifts):
    """(n, R), for what is added to all rows (h,), or to each (n, h)."""
    out = []
    for z, shift in zip(Z, np.broadcast_to(shifts, Z.shape), strict=True):
        h = np.maximum(z + shift, 0)
        for W, b, relu in layers:
            y = (W * h if W.ndim == 1 else W @ h) + b
            h = np.maximum(y, 0) if relu else y
        out.append(h)
    return np.array(out)


def _live(Z, layers, directions, dtype, steps=None):
    steps = np.ones((1, len(directions))) if steps is None else steps
    stages = []
    for W, b, relu in layers:
        W, b = torch.as_tensor(W, dtype=dtype), torch.as_tensor(b, dtype=dtype)
        stages.append((Affine(W, b, W.T.contiguous() if W.ndim == 2 else W), relu))
    given = (torch.as_tensor(part, dtype=dtype) for part in (Z, directions, steps))
    found = live_units(*given, stages)
    assert found is not None
    return found


def _outputs(Z, layers, directions, dtype=torch.float64, steps=None):
    """(m, n, R)"""
    out = torch.full((len(Z), len(directions), 3), torch.inf, dtype=torch.float64)
    before = torch.as_tensor(_by_rows(Z, layers, np.zeros(Z.shape[1])))
    _live(Z, layers, directions, dtype, steps).write_changes(out, before)
    return out.add_(before[:, None]).transpose(0, 1).numpy()


def test_changes_are_outputs_on_their_scale_less_those_before():
    Z, layers = _layers()
    shifts = np.random.default_rng(1).standard_normal((9, 5))
    before = torch.as_tensor(np.random.default_rng(2).standard_normal((70, 3)))
    shifts[0] = 0
    out = torch.full((70, 9, 3), torch.inf, dtype=torch.float64)
    _live(Z, layers, shifts, torch.float64).write_changes(out, before, torch.exp)
    expected = np.exp(_outputs(Z, layers, shifts)) - before.numpy()
    np.testing.assert_allclose(out.transpose(0, 1).numpy()[1:], expected[1:], rtol=1e-12)
    assert not out[:, 0].any()  # what moves nothing has changed nothing


@pytest.mark.parametrize("held", [1, 1000, 1_000_000])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
def test_outputs_are_those_of_shifted_rows(dtype, bound, held, monkeypatch):
    monkeypatch.setattr(_live_units, "CACHE_BYTES", held)
    Z, layers = _layers()
    shifts = np.random.default_rng(1).standard_normal((9, 5))
    expected = np.array([_by_rows(Z, layers, shift) for shift in shifts])
    found = _outputs(Z, layers, shifts, dtype)
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound * np.abs(expected).max())


@pytest.mark.parametrize("held", [1, 1000, 1_000_000])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
def test_each_row_may_be_moved_by_steps_of_its_own(dtype, bound, held, monkeypatch):
    monkeypatch.setattr(_live_units, "CACHE_BYTES", held)
    rng = np.random.default_rng(4)
    Z, layers = _layers()
    directions, steps = rng.standard_normal((9, 5)), rng.standard_normal((70, 9))
    moved = zip(steps.T, directions, strict=True)
    expected = np.array([_by_rows(Z, layers, np.outer(by, one)) for by, one in moved])
    found = _outputs(Z, layers, directions, dtype, steps)
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", 10.0 ** np.arange(-8, 9, 2))
@pytest.mark.parametrize("sign", [-1, 1])
def test_shifts_of_every_size_keep_their_digits(dtype, size, sign):
    Z, layers = _layers()
    shifts = sign * size * np.random.default_rng(2).standard_normal((1, 5))
    expected = _by_rows(Z, layers, shifts[0])
    gap = np.abs(_outputs(Z, layers, shifts, dtype)[0] - expected).max() / np.abs(expected).max()
    assert gap < 100 * torch.finfo(dtype).eps


def test_large_shifts_downwards_are_no_sums_of_large_numbers():
    """relu(y) = y + relu(-y) would be the difference of two roundings of 1e6."""
    Z, layers = _layers()
    shifts = np.full((2, 5), -1e6)
    expected = _by_rows(Z, layers, shifts[0])
    assert (expected == expected[0]).all()
    found = _outputs(Z, layers, shifts, torch.float32)
    np.testing.assert_allclose(found, [expected] * 2, rtol=1e-6)


def test_nor_are_rows_that_hold_a_unit_down():
    Z, layers = _layers()
    Z[0] = -1e6
    shifts = np.full((2, 5), 0.1)
    found = _outputs(Z, layers, shifts, torch.float32)
    np.testing.assert_allclose(found[0, 0], _by_rows(Z[:1], layers, shifts[0])[0], rtol=1e-6)


def test_units_that_stay_as_they_mostly_are_are_left_out():
    Z = np.array([[-3, -0.1, 3, 5.0], [-3, -0.3, 3, 5], [-3, -0.1, -2, 4]])
    layers = [(np.ones((3, 4)), np.zeros(3), False)]
    up = _live(Z, layers, np.diag([0.2] * 4), torch.float64)
    # the second unit comes on in two of the rows, the third is off in the last
    assert up.n_live.tolist() == [2, 1, 0]
    assert up.order.tolist() == [2, 0, 1]
    assert _live(Z, layers, np.zeros((1, 4)), torch.float64).n_live.sum() == 1
    found = _outputs(Z, layers, np.diag([0.2] * 4))
    expected = [_by_rows(Z, layers, shift) for shift in np.diag([0.2] * 4)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_all_units_silent_in_all_rows():
    Z, layers = _layers()
    Z = -np.abs(Z) - 1
    found = _outputs(Z, layers, np.full((2, 5), 0.5))
    assert not _live(Z, layers, np.full((2, 5), 0.5), torch.float64).n_live.any()
    np.testing.assert_array_equal(found, [_by_rows(Z, layers, np.zeros(5))] * 2)


def test_what_does_nothing_is_an_exact_zero():
    """Where a row is not moved, and where the only unit that a move touches is never on."""
    Z, layers = _layers()
    Z[:, 0] = np.linspace(-4, 3, 70)
    directions = np.eye(5)[[0, 0, 4]]
    steps = np.array([1.0, -2.0, 0.5]) * np.ones((70, 1))
    steps[::3, 2] = 0
    out = torch.full((70, 3, 3), torch.inf, dtype=torch.float64)
    before = torch.as_tensor(_by_rows(Z, layers, np.zeros(5)))
    _live(Z, layers, directions, torch.float64, steps).write_changes(out, before)
    does = (out != 0).any(2).numpy()
    never_on = Z[:, 0] <= -1
    assert not does[never_on, :2].any()
    assert does[Z[:, 0] > 0, :2].all()
    assert (does[:, 2] == (np.arange(70) % 3 > 0)).all()


def _found(Z, directions, steps, W):
    W = torch.as_tensor(W)
    stage = Affine(W, torch.zeros(len(W)), W.t().contiguous())
    given = (torch.as_tensor(part) for part in (Z, directions, steps))
    return live_units(*given, [(stage, False)])


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", range(4))
def test_nothing_broken_is_taken(broken, which):
    """A weight that is NaN makes NaN of a unit that is 0, which leaving it out would not."""
    parts = [np.ones((6, 2)), np.ones((4, 2)), np.ones((6, 4)), np.ones((3, 2))]
    assert _found(*parts) is not None
    parts[which][2, 1] = broken
    assert _found(*parts) is None


def test_neither_are_diagonal_maps_and_many_live_units(monkeypatch):
    Z, directions, steps = np.ones((6, 2)) * [1, -1], np.ones((4, 2)), np.full((1, 4), 2.0)
    assert _found(Z, directions, steps, np.ones(2)) is None
    monkeypatch.setattr(_live_units, "MOST_LIVE", 0.5)
    assert _found(Z, directions, steps, np.ones((3, 2))) is not None
    assert _found(Z, directions, -steps, np.ones((3, 2))) is not None
    both = np.array([[2.0, -2, 2, -2]])
    assert _found(Z, directions, both, np.ones((3, 2))) is None


def test_an_outlier_does_not_let_all_rows_lose_digits():
    """A unit that is mostly on and far below 0 in some rows is none that is read as linear."""
    rng = np.random.default_rng(5)
    Z, layers = _layers()
    Z[:, 1] = 1 + np.abs(rng.standard_normal(70))
    Z[1:20, 1], Z[0, 1] = -1e6, 1e7
    shifts = np.full((3, 5), 0.1)
    found = _outputs(Z, layers, shifts, torch.float32)[:, 1:]
    expected = [_by_rows(Z, layers, shifts[0])[1:]] * 3
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("spread", ["all on", "one row wide"])
def test_memory_is_bounded_by_the_cache(spread, monkeypatch):
    """However unevenly rows' live units are spread, no matrix is larger than is held."""
    n, h, m = 300, 64, 40
    rng = np.random.default_rng(6)
    Z = 9 + rng.standard_normal((n, h)) if spread == "all on" else rng.standard_normal((n, h)) - 9
    Z[7] = rng.standard_normal(h)
    layers = [
        (rng.standard_normal((16, h)), np.zeros(16), True),
        (rng.standard_normal((h, 16)), np.zeros(h), True),
        (np.ones((3, h)), np.zeros(3), False),
    ]
    monkeypatch.setattr(_live_units, "CACHE_BYTES", 2 * 8 * h * m)
    asked = []
    upwards = _live_units.LiveUnits._upwards

    def watched(self, rows, u, space):
        after = upwards(self, rows, u, space)
        asked.append(8 * len(after) * h * m)  # of the widest layer above
        return after

    monkeypatch.setattr(_live_units.LiveUnits, "_upwards", watched)
    scratch = _live_units.Scratch.__call__
    monkeypatch.setattr(
        _live_units.Scratch,
        "__call__",
        lambda self, name, shape, like: (
            asked.append(like.element_size() * np.prod(shape)),
            scratch(self, name, shape, like),
        )[1],
    )
    directions = 0.1 * rng.standard_normal((m, h))
    found = _outputs(Z, layers, directions)
    assert max(asked) <= 2 * 8 * h * m
    expected = [_by_rows(Z, layers, shift) for shift in directions]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_a_bias_that_is_nan_shows():
    Z, layers = _layers()
    for at in (0, 2):
        broken = [(W, b.copy(), relu) for W, b, relu in layers]
        broken[at][1][:] = np.nan
        assert np.isnan(_outputs(Z, broken, np.full((3, 5), 0.1))).all()
        never_on = np.column_stack([np.full(70, -3.0), Z[:, 1:]])
        assert np.isnan(_outputs(never_on, broken, np.eye(5)[[0, 0]])).all()


@pytest.mark.parametrize("size", [0.001, 1.0])
def test_a_mean_over_rows_is_no_less_exact_than_a_row(size):
    """What moves add is rounded alike for all rows, and a mean over rows keeps that."""
    rng = np.random.default_rng(3)
    Z, layers = _layers()
    Z = rng.standard_normal((4000, 5)) + MEANS
    shift = size * rng.standard_normal(5).astype(np.float32).astype(np.float64)
    layers = [(W.astype(np.float32), b.astype(np.float32), relu) for W, b, relu in layers]
    Z = Z.astype(np.float32).astype(np.float64)
    expected = _by_rows(Z, [(np.float64(W), np.float64(b), r) for W, b, r in layers], shift)
    gaps = _outputs(Z, layers, shift[None], torch.float32)[0] - expected
    assert np.abs(gaps.mean(axis=0)).max() < gaps.std()
