"""Constants carried past ReLU layers, against adding and rectifying row by row."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution._chain import _Affine
from sklearn_deeplifft.attribution._shifts import ShiftedLayers


def _layers(seed=0):
    """First pre-activations (70, 5); a diagonal map, two dense ones with ReLUs, and a last one."""
    rng = np.random.default_rng(seed)
    maps = [
        (rng.standard_normal(5), False),
        (rng.standard_normal((7, 5)), True),
        (rng.standard_normal((4, 7)), True),
        (rng.standard_normal((3, 4)), False),
    ]
    return rng.standard_normal((70, 5)), [(W, rng.standard_normal(len(W)), r) for W, r in maps]


def _by_rows(Z, layers, shift):
    out = []
    for z in Z:
        h = np.maximum(z + shift, 0)
        for W, b, relu in layers:
            y = (W * h if W.ndim == 1 else W @ h) + b
            h = np.maximum(y, 0) if relu else y
        out.append(h)
    return np.array(out)


def _shifted(Z, layers, dtype, at_once):
    stages = []
    for W, b, relu in layers:
        W, b = torch.as_tensor(W, dtype=dtype), torch.as_tensor(b, dtype=dtype)
        stages.append((_Affine(W, b, W.T.contiguous() if W.ndim == 2 else W), relu))
    return ShiftedLayers(torch.as_tensor(Z, dtype=dtype), stages, at_once)


def _allowed(Z, layers, shifts):
    shifted = _shifted(Z, layers, torch.float32, 1024)
    return shifted.allows(shifted.constants(shifts))


@pytest.mark.parametrize("at_once", [1, 30, 70, 150, 1024])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
def test_outputs_are_those_of_shifted_rows(dtype, bound, at_once):
    Z, layers = _layers()
    shifts = np.random.default_rng(1).standard_normal((9, 5))
    expected = np.array([_by_rows(Z, layers, shift) for shift in shifts])
    given = torch.as_tensor(shifts, dtype=dtype)
    shifted = _shifted(Z, layers, dtype, at_once)
    found = shifted.outputs(shifted.constants(given))
    assert found.dtype == torch.float64
    atol = bound * np.abs(expected).max()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_allowed_keeps_its_digits(dtype):
    """At every size of a shift: either it is refused, or the answer is as good as row by row."""
    Z, layers = _layers()
    sizes = 10.0 ** np.arange(-8, 9)
    direction = np.random.default_rng(2).standard_normal(5)
    shifts = np.outer(np.concatenate([sizes, -sizes]), direction)
    shifted = _shifted(Z, layers, dtype, 1024)
    constants = shifted.constants(torch.as_tensor(shifts, dtype=dtype))
    allowed = shifted.allows(constants).numpy()
    assert allowed[sizes.tolist().index(0.1)]
    assert not allowed[len(sizes) - 1]
    assert not allowed[-1]
    for shift, found in zip(shifts[allowed], shifted.outputs(constants)[allowed], strict=True):
        expected = _by_rows(Z, layers, shift)
        gap = np.abs(found.numpy() - expected).max() / np.abs(expected).max()
        assert gap < 100 * torch.finfo(dtype).eps


@pytest.mark.parametrize("where", [1, 2])
def test_a_unit_held_down_by_its_bias_is_no_sum_of_large_numbers(where):
    """relu(y - 1e6) is 0; carried, it would be the difference of two roundings of 1e6."""
    Z, layers = _layers()
    shifts = torch.full((2, 5), 0.1)
    assert _allowed(Z, layers, shifts).all()
    W, b, relu = layers[where]
    b = b.copy()
    b[0] -= 1e6
    held = [*layers[:where], (W, b, relu), *layers[where + 1 :]]
    assert not _allowed(Z, held, shifts).any()


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_broken_shifts_and_networks_are_not_carried(broken):
    Z, layers = _layers()
    shifts = torch.full((1, 5), 0.1)
    shifts[0, 2] = broken
    assert not _allowed(Z, layers, shifts).any()
    layers[1][0][0, 0] = broken
    assert not _allowed(Z, layers, torch.full((1, 5), 0.1)).any()


@pytest.mark.parametrize("size", [0.001, 1.0])
def test_a_mean_over_rows_is_no_less_exact_than_a_row(size):
    """Thresholds are rounded alike for all rows, and a mean over rows keeps that."""
    rng = np.random.default_rng(3)
    Z, layers = _layers()
    Z = rng.standard_normal((4000, 5))
    shift = size * rng.standard_normal(5).astype(np.float32).astype(np.float64)
    layers = [(W.astype(np.float32), b.astype(np.float32), relu) for W, b, relu in layers]
    Z = Z.astype(np.float32).astype(np.float64)
    expected = _by_rows(Z, [(np.float64(W), np.float64(b), r) for W, b, r in layers], shift)
    shifted = _shifted(Z, layers, torch.float32, 1024)
    constants = shifted.constants(torch.as_tensor(shift[None], dtype=torch.float32))
    gaps = shifted.outputs(constants)[0].numpy() - expected
    assert np.abs(gaps.mean(axis=0)).max() < gaps.std()


def test_a_shift_of_nothing_is_left_to_plain_sums():
    Z, layers = _layers()
    shifts = torch.zeros(3, 5)
    shifts[1, 2] = 0.1
    assert _allowed(Z, layers, shifts).tolist() == [False, True, False]


def test_no_rows():
    Z, layers = _layers()
    shifted = _shifted(Z[:0], layers, torch.float32, 1024)
    assert shifted.outputs(shifted.constants(torch.zeros(2, 5))).shape == (2, 0, 3)
