"""The secant rule, against the oracle and on every activation it knows."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import NetworkReader, verify_piecewise_linear
from sklearn_deeplifft.attribution._intercept import CURVED, secant
from sklearn_deeplifft.attribution._normalizers import NORMALIZERS
from tests import oracles as o
from tests.attribution._architectures import D, Headed, K, Net, linear, mlp, plain, sequential
from tests.attribution._comparisons import assert_form_is, assert_forms_equal, residual

LITERAL = {
    "tanh": (nn.Tanh, o.tanh, 1.0),
    "GELU": (nn.GELU, o.gelu, 0.5),
    "sigmoid": (nn.Sigmoid, o.sigmoid, 0.25),
    "SiLU": (nn.SiLU, o.silu, 0.5),
}
literal = pytest.mark.parametrize(
    ("module_of", "f", "slope_at_zero"), LITERAL.values(), ids=LITERAL.keys()
)


def seeded(module):
    rng = np.random.default_rng(11)
    for p in module.double().parameters():
        p.data.copy_(torch.as_tensor(rng.standard_normal(tuple(p.shape))))
    return module


def rows(n=9):
    return torch.as_tensor(np.random.default_rng(12).standard_normal((n, D)))


@literal
def test_secant_form_agrees_with_the_oracle(module_of, f, slope_at_zero):
    module, X = seeded(sequential(module_of)()), rows()
    oracle = mlp(lambda cell: o.secant(cell, f, slope_at_zero))
    reader = NetworkReader(module, secants=True)
    verify_piecewise_linear(reader, X)
    assert_form_is(reader.form(X), [o.leave(oracle(module, x), x) for x in X.numpy()])


@literal
def test_secant_form_with_a_reference_still_sums(module_of, f, slope_at_zero):
    module, X = seeded(sequential(module_of)()), rows()
    oracle = mlp(lambda cell: o.secant(cell, f, slope_at_zero))
    form = NetworkReader(module, secants=True).form(X, torch.full((D,), 0.5))
    for s, x in enumerate(X.numpy()):
        expected = o.oracle_terms(o.leave(oracle(module, x), x), x, np.full(D, 0.5))[1]
        np.testing.assert_allclose(form.bias[s], expected, rtol=0, atol=1e-9)


@literal
def test_secant_of_a_scalar(module_of, f, slope_at_zero):
    a = torch.tensor([-30.0, -2.0, -0.5, 0.0, 1e-3, 0.7, 30.0], dtype=torch.float64)
    x = a.clone().requires_grad_()
    value = secant(module_of(), x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    expected = [slope_at_zero if v == 0 else (f(v) - f(0.0)) / v for v in a.tolist()]
    np.testing.assert_allclose(value.detach(), [f(v) for v in a.tolist()], rtol=0, atol=1e-14)
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-12)


@literal
def test_zero_pre_activations_take_the_derivative(module_of, f, slope_at_zero):
    module = seeded(nn.Sequential(nn.Linear(D, 8, bias=False), module_of(), nn.Linear(8, K)))
    form = NetworkReader(module, secants=True).form(torch.zeros(2, D))
    first, last = module[0].weight.detach(), module[2].weight.detach()
    torch.testing.assert_close(form.coefficients[1], last @ (slope_at_zero * first))


def test_secants_leave_piecewise_linear_networks_alone():
    module, X = plain("residual sums")
    assert_forms_equal(
        NetworkReader(module, secants=True).form(X), NetworkReader(module).form(X), atol=0
    )


MODULES = [
    nn.Tanh(),
    nn.Sigmoid(),
    nn.GELU(),
    nn.GELU("tanh"),
    nn.SiLU(),
    nn.SiLU(inplace=True),
    nn.Mish(inplace=True),
    nn.ELU(0.7),
    nn.ELU(inplace=True),
    nn.SELU(inplace=True),
    nn.CELU(0.5, inplace=True),
    nn.Softplus(beta=2),
    nn.Softsign(),
    nn.LogSigmoid(),
    nn.Hardswish(inplace=True),
    nn.Tanhshrink(),
]
INLINE = {
    "torch.tanh": torch.tanh,
    "tensor.tanh": lambda a: a.tanh(),
    "tensor.sigmoid": lambda a: a.sigmoid(),
    "F.tanh": F.tanh,
    "torch.sigmoid": torch.sigmoid,
    "torch.selu": torch.selu,
    "torch.celu": torch.celu,
    "F.elu in place": lambda a: F.elu(a, alpha=0.3, inplace=True),
    "F.elu by keyword": lambda a: F.elu(input=a),
    "F.gelu": F.gelu,
    "torch.exp": lambda a: torch.exp(0.3 * a),
    "tensor.exp": lambda a: (0.3 * a).exp(),
}


@pytest.mark.parametrize(
    "activation", [*MODULES, *INLINE.values()], ids=[*map(str, MODULES), *INLINE]
)
def test_every_activation_keeps_its_value_and_its_sum(activation):
    module, X = seeded(Net(activation)), rows()
    reader = NetworkReader(module, secants=True)
    verify_piecewise_linear(reader, X)
    form = reader.form(X)
    np.testing.assert_allclose(form.logits, module(X.clone()).detach(), rtol=0, atol=1e-12)
    assert residual(form) <= 1e-12
    # A chord from zero, not a tangent: its slopes differ from the derivative's.
    tangent = NetworkReader(module).form(X)
    assert not torch.allclose(form.coefficients, tangent.coefficients, atol=1e-3)


def test_an_activation_called_by_keyword():
    by_keyword, X = seeded(Net(lambda a: torch.tanh(input=a))), rows()
    form = NetworkReader(by_keyword, secants=True).form(X)
    assert_forms_equal(form, NetworkReader(seeded(Net(torch.tanh)), secants=True).form(X))


def test_single_precision():
    module, X = seeded(sequential(nn.Tanh)()).float(), rows()
    assert residual(NetworkReader(module, secants=True).form(X)) <= 1e-4


def test_a_dropped_head_is_no_secant():
    module, X = seeded(sequential(nn.Tanh, n_outputs=1)()), rows()
    with_head = NetworkReader(Headed(module, torch.sigmoid), secants=True).form(X)
    assert_forms_equal(with_head, NetworkReader(module, secants=True).form(X), atol=0)


def test_an_exponential_that_ends_a_log_softmax_is_no_secant():
    module, X = seeded(sequential(nn.Tanh)()), rows()
    with_head = Headed(module, lambda z: z.log_softmax(-1).exp())
    form = NetworkReader(with_head, secants=True).form(X)
    assert_forms_equal(form, NetworkReader(module, secants=True).form(X))


def test_the_secant_of_the_exponential():
    """It is the line through (0, 1) and (a, exp a), with slope 1 at 0."""
    x = torch.tensor([-3.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    value = secant(torch.exp, x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    np.testing.assert_allclose(value.detach(), np.exp([-3, 0, 2]), rtol=1e-14)
    expected = [(1 - math.exp(-3)) / 3, 1, (math.exp(2) - 1) / 2]
    np.testing.assert_allclose(slope, expected, rtol=1e-14)


def test_a_sigmoid_inside_and_a_sigmoid_last():
    module, X = seeded(Headed(sequential(nn.Sigmoid, n_outputs=1)(), torch.sigmoid)), rows()
    form = NetworkReader(module, secants=True).form(X)
    torch.testing.assert_close(torch.sigmoid(form.logits), module(X).detach())
    assert residual(form) <= 1e-12


def test_hidden_layer_under_secants():
    module, X = seeded(sequential(nn.Tanh)()), rows()
    form = NetworkReader(module, layer="1", secants=True).form(X)
    expected = []
    for h in module[1](module[0](X)).detach().numpy():
        cell = o.secant(linear(o.enter(h), module[2]), math.tanh, 1.0)
        expected.append(o.leave(linear(cell, module[4]), h))
    assert_form_is(form, expected)


def test_modes_end_with_the_reading():
    module, X = plain("Softmax module")
    NetworkReader(module, secants=True).form(X)
    x = torch.tensor(1.0, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.tanh(x), x)
    assert slope.item() == pytest.approx(1 - math.tanh(1.0) ** 2)


def test_the_lists_hold_functions():
    assert all(callable(f) for f in CURVED | NORMALIZERS)
    assert torch.relu not in CURVED | NORMALIZERS
