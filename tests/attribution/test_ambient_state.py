"""Readings have the same bits whatever state torch is in, and leave it as it is."""

from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import (
    Head,
    NetworkReader,
    Scorer,
    module_dtype,
    neutral_torch,
    reader_of,
    verify_piecewise_linear,
)
from tests.attribution._architectures import D, K


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


AMBIENT = {
    "float64": lambda: default_dtype(torch.float64),
    "half": lambda: default_dtype(torch.bfloat16),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "default device": lambda: default_device("meta"),
    "device context": lambda: torch.device("meta"),
}
ambient = pytest.mark.parametrize("state", AMBIENT.values(), ids=AMBIENT.keys())


class Making(nn.Module):
    """Makes tensors as it runs, and keeps one that is no buffer."""

    def __init__(self):
        super().__init__()
        self.scale = torch.linspace(0.5, 1, D)
        self.net = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, K))

    def forward(self, x):
        shift = torch.full((1, D), 0.1) + torch.tensor(0.2)
        return self.net((x.float() + shift) * self.scale)


def networks():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        chain = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, K))
        return {"chain": chain.eval(), "custom": Making()}


def rows(dtype=np.float32):
    return torch.from_numpy(np.random.default_rng(0).standard_normal((20, D)).astype(dtype))


def read(module, X, dtype=None):
    verify_piecewise_linear(NetworkReader(module), X)
    reader = reader_of(module, dtype=dtype)
    y, w = torch.from_numpy(np.arange(20) % K)[:, None], torch.from_numpy(np.ones(20))
    scorer = Scorer(reader, (Head("softmax", 0, K),))
    sums, form = scorer.sums(X, y, w), reader.form(X)
    return [
        sums.signed,
        form.logits,
        form.coefficients,
        form.bias,
        NetworkReader(module, dtype=dtype).form(X).coefficients,
        scorer.increments(X, y),
        reader.logits(X),
    ]


@pytest.mark.slow
@ambient
@pytest.mark.parametrize("name", ["chain", "custom"])
@pytest.mark.parametrize("dtype", [None, torch.float64], ids=["own", "double"])
def test_readings_have_the_same_bits(state, name, dtype):
    module, X = networks()[name], rows()
    expected = read(module, X, dtype)
    with state():
        found = read(module, X, dtype)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("name", ["float64", "autocast", "inference mode", "no gradients"])
def test_a_module_and_rows_made_in_that_state_can_be_read(name):
    with AMBIENT[name]():
        module, X = networks()["custom"], rows()
        found = read(module, X)
        assert all(bool(part.isfinite().all()) for part in found)


def seen():
    return (
        torch.get_default_dtype(),
        torch.is_autocast_enabled("cpu"),
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.empty(0).device,  # torch 2.5 cannot be asked once a default was taken back
    )


@ambient
def test_the_state_is_given_back(state):
    with state():
        before = seen()
        with neutral_torch():
            assert seen() == (torch.float32, False, False, True, torch.device("cpu"))
            assert torch.zeros(1).device.type == "cpu"
        assert seen() == before
        with pytest.raises(KeyError), neutral_torch():
            raise KeyError
        assert seen() == before
    assert seen() == (torch.float32, False, False, True, torch.device("cpu"))


@pytest.mark.parametrize("state", [torch.inference_mode, torch.no_grad, nullcontext])
def test_autograd_may_stay_as_it_is(state):
    with state():
        before = seen()
        with neutral_torch(autograd=False):
            assert seen() == before


def test_precision_of_a_module_without_floats_is_the_default():
    with default_dtype(torch.float64):
        assert module_dtype(nn.Identity()) == torch.float64
        assert NetworkReader(nn.Identity()).dtype == torch.float32


# One precision


class Casting(nn.Module):
    def __init__(self, cast):
        super().__init__()
        self.cast, self.net = cast, networks()["chain"]
        self.scale = torch.linspace(0.5, 1, D)

    def forward(self, x):
        return self.net(self.cast(self, x) * self.scale)


def _written(self, x):
    out = torch.zeros(len(x), D)
    out[:, 1:] = x[:, 1:]
    out += x
    return out


CASTS = {
    "float": lambda self, x: x.float(),
    "to": lambda self, x: x.to(torch.float32),
    "to like": lambda self, x: x.to(self.net[0].weight),
    "type": lambda self, x: x.type(torch.FloatTensor),
    "type_as": lambda self, x: x.type_as(self.scale),
    "whole numbers as well": lambda self, x: x + (x > 0).float() * 0,
    "zeros": lambda self, x: torch.cat([x[:, :2], torch.zeros(len(x), D - 2)], 1),
    "written": _written,
    "matrix": lambda self, x: x @ torch.eye(D),
    "none": lambda self, x: x,
}


@pytest.mark.parametrize("cast", CASTS.values(), ids=CASTS.keys())
def test_casts_of_its_own_do_not_keep_a_network_from_double_precision(cast):
    module, X = Casting(cast), rows()
    verify_piecewise_linear(NetworkReader(module), X)
    exact = NetworkReader(module, dtype=torch.float64)
    form = exact.form(X)
    assert form.coefficients.dtype is torch.float64
    with torch.no_grad():
        np.testing.assert_allclose(form.logits, module(X), atol=1e-5)
    explained = form.bias + (form.coefficients * form.displacement[:, None]).sum(-1)
    torch.testing.assert_close(form.logits, explained, rtol=0, atol=1e-12)
    own = NetworkReader(module).form(X)
    assert own.coefficients.dtype is torch.float32
    np.testing.assert_allclose(own.coefficients, form.coefficients, atol=1e-5)
