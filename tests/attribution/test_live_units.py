"""Layers without their silent units, against adding and rectifying row by row."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution import _live_units
from sklearn_deeplifft.attribution._chain import _Affine
from sklearn_deeplifft.attribution._live_units import LiveUnits

MEANS = np.array([-1, 2, 0, 0.5, 9])
"""Of units that are mostly off, mostly on, neither, and always on."""


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
        stages.append((_Affine(W, b, W.T.contiguous() if W.ndim == 2 else W), relu))
    given = (torch.as_tensor(part, dtype=dtype) for part in (Z, directions, steps))
    return LiveUnits(*given, stages)


def _outputs(Z, layers, directions, dtype=torch.float64, steps=None):
    """(m, n, R)"""
    out = torch.full((len(Z), len(directions), 3), torch.inf, dtype=torch.float64)
    before = torch.zeros(len(Z), 3, dtype=torch.float64)
    _live(Z, layers, directions, dtype, steps).write_changes(out, before)
    return out.transpose(0, 1).numpy()


def test_changes_are_outputs_on_their_scale_less_those_before():
    Z, layers = _layers()
    shifts = np.random.default_rng(1).standard_normal((9, 5))
    before = torch.as_tensor(np.random.default_rng(2).standard_normal((70, 3)))
    out = torch.full((70, 9, 3), torch.inf, dtype=torch.float64)
    _live(Z, layers, shifts, torch.float64).write_changes(out, before, torch.exp)
    expected = np.exp(_outputs(Z, layers, shifts)) - before.numpy()
    np.testing.assert_allclose(out.transpose(0, 1).numpy(), expected, rtol=1e-12)


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
    assert up.share == pytest.approx(3 / 12)
    assert _live(Z, layers, np.zeros((1, 4)), torch.float64).share == pytest.approx(1 / 12)
    found = _outputs(Z, layers, np.diag([0.2] * 4))
    expected = [_by_rows(Z, layers, shift) for shift in np.diag([0.2] * 4)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_all_units_silent_in_all_rows():
    Z, layers = _layers()
    Z = -np.abs(Z) - 1
    found = _outputs(Z, layers, np.full((2, 5), 0.5))
    assert _live(Z, layers, np.full((2, 5), 0.5), torch.float64).share == 0
    np.testing.assert_allclose(found, [_by_rows(Z, layers, np.zeros(5))] * 2, atol=1e-14)


def _takes(Z, directions, steps, W):
    W = torch.as_tensor(W)
    stage = _Affine(W, torch.zeros(len(W)), W.t().contiguous())
    given = (torch.as_tensor(part) for part in (Z, directions, steps))
    return LiveUnits.takes(*given, [(stage, False)])


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", range(4))
def test_nothing_broken_is_taken(broken, which):
    """A weight that is NaN makes NaN of a unit that is 0, which leaving it out would not."""
    parts = [np.ones((6, 2)), np.ones((4, 2)), np.ones((6, 4)), np.ones((3, 2))]
    assert _takes(*parts)
    parts[which][2, 1] = broken
    assert not _takes(*parts)


def test_neither_are_diagonal_maps_and_steps_of_nothing():
    Z, directions, steps, W = np.ones((6, 2)), np.ones((4, 2)), np.ones((6, 4)), np.ones((3, 2))
    assert not _takes(Z, directions, steps, np.ones(2))
    steps[1:, 3] = directions[2, 0] = 0
    assert _takes(Z, directions, steps, W)
    directions[2, 1] = 0
    assert not _takes(Z, directions, steps, W)
    directions[2, 1], steps[0, 3] = 1, 0
    assert not _takes(Z, directions, steps, W)


def test_a_bias_that_is_nan_shows():
    Z, layers = _layers()
    for at in (0, 2):
        broken = [(W, b.copy(), relu) for W, b, relu in layers]
        broken[at][1][:] = np.nan
        assert np.isnan(_outputs(Z, broken, np.full((3, 5), 0.1))).all()


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
