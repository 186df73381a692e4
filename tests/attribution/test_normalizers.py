"""Probabilities, however they are shaped, are read as the logits behind them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import NetworkReader, verify_piecewise_linear
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from tests.attribution._architectures import D, Headed

ONE = {
    "squeeze": lambda z: torch.sigmoid(z).squeeze(1),
    "squeeze in place": lambda z: torch.sigmoid(z).squeeze_(1),
    "view": lambda z: z.sigmoid().view(-1),
    "reshape": lambda z: torch.sigmoid(z).reshape(len(z)),
    "flatten": lambda z: torch.sigmoid(z).flatten(),
    "slice": lambda z: torch.sigmoid(z)[:, 0],
    "slice that keeps the axis": lambda z: torch.sigmoid(z)[:, :1],
    "select and unsqueeze": lambda z: F.sigmoid(z).select(1, 0).unsqueeze(1),
    "clamp": lambda z: torch.sigmoid(z).clamp(1e-7, 1 - 1e-7),
    "clamp in place and squeeze": lambda z: torch.sigmoid(z).clamp_(1e-6).squeeze(-1),
    "sigmoid in place": lambda z: torch.sigmoid_(z).squeeze(1),
    "contiguous": lambda z: torch.sigmoid(z).contiguous().clone(),
    "detach": lambda z: torch.sigmoid(z).detach(),
    "cast": lambda z: torch.sigmoid(z).double().view(-1, 1),
    "log": lambda z: torch.log(torch.sigmoid(z) + 1e-8),
    "log sigmoid, squeezed": lambda z: F.logsigmoid(z).squeeze(1),
    "exp of log sigmoid": lambda z: F.logsigmoid(z).exp()[:, 0],
    "mirrored twice": lambda z: 1 - (1 - torch.sigmoid(z)),
    "special": lambda z: torch.special.expit(z).ravel(),
    "clamped above": lambda z: torch.clamp_max(torch.sigmoid(z), 1 - 1e-7),
    "clamped below": lambda z: torch.clamp_min(torch.sigmoid(z), min=1e-7),
    "clamped logarithm": lambda z: F.logsigmoid(z).clamp(min=-100),
}
SEVERAL = {
    "squeezed": lambda z: z[..., None].softmax(1).squeeze(2),
    "exp of log softmax": lambda z: torch.exp(F.log_softmax(z, dim=1)),
    "log of softmax": lambda z: torch.log(F.softmax(z, dim=-1)),
    "clamped log": lambda z: torch.log(F.softmax(z, dim=-1).clamp_min(1e-12)),
    "view": lambda z: F.softmax(z, 1).view(len(z), -1),
    "turned twice": lambda z: F.softmax(z, 1).T.contiguous().T,
    "classes first": lambda z: F.softmax(z.T, 0).T,
    "rows picked": lambda z: F.softmax(z, 1)[torch.arange(len(z))],
    "cut and joined": lambda z: torch.cat(torch.softmax(z, 1).split(1, dim=1), dim=1),
    "unbound and stacked": lambda z: torch.stack(torch.softmax(z, 1).unbind(1), dim=1),
    "sigmoids": lambda z: torch.sigmoid(z).reshape(len(z), -1),
    "sigmoids joined": lambda z: torch.cat([z[:, :1].sigmoid(), z[:, 1:].sigmoid()], 1),
    "several heads": lambda z: torch.cat([z[:, :2].softmax(1), z[:, 2:].sigmoid()], 1),
}


def core(n_outputs):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, n_outputs)).double()


def rows(n=9):
    return torch.as_tensor(np.random.default_rng(4).standard_normal((n, D)))


def assert_read_as(module, plain, X):
    found, expected = NetworkReader(module).form(X), NetworkReader(plain).form(X)
    for one, other in zip(found[:4], expected[:4], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    verify_piecewise_linear(NetworkReader(module), X)


@pytest.mark.parametrize("head", ONE.values(), ids=ONE.keys())
def test_one_probability_is_read_as_its_logit(head):
    assert_read_as(Headed(core(1), head), core(1), rows())


@pytest.mark.parametrize("head", SEVERAL.values(), ids=SEVERAL.keys())
def test_several_probabilities_are_read_as_their_logits(head):
    assert_read_as(Headed(core(4), head), core(4), rows())


OTHERWISE = {
    "a logarithm beside a probability": lambda z: torch.cat([z.sigmoid(), F.logsigmoid(z)], 1),
    "twice a probability less": lambda z: torch.rsub(z.sigmoid(), 1, alpha=2),
    "two less a probability": lambda z: 2 - z.sigmoid(),
    "a probability less one": lambda z: z.sigmoid() - 1,
    "a logarithm less": lambda z: 1 - F.logsigmoid(z),
    "a large number added": lambda z: z.sigmoid() + 0.5,
    "a logarithm of a logarithm": lambda z: torch.log(1 - F.logsigmoid(z)),
    "an exponential of a probability": lambda z: torch.exp(z.sigmoid()),
}


@pytest.mark.parametrize("head", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_what_is_no_probability_any_more_is_left_as_it_is(head):
    module, X = Headed(core(1), head), rows()
    assert torch.equal(NetworkReader(module).logits(X), module(X).detach())


TWO_SIDES = {
    "cat": lambda p: torch.cat([1 - p, p], dim=1),
    "cat of rsub": lambda p: torch.cat((torch.rsub(p, 1), p), -1),
    "stack": lambda p: torch.stack([1 - p.squeeze(1), p.squeeze(1)], dim=1),
    "hstack": lambda p: torch.hstack([1.0 - p, p]),
    "ones": lambda p: torch.cat([torch.ones_like(p) - p, p], 1),
}


@pytest.mark.parametrize("join", TWO_SIDES.values(), ids=TWO_SIDES.keys())
def test_both_sides_of_a_sigmoid_are_a_softmax_of_two(join):
    module, X = Headed(core(1), lambda z: join(torch.sigmoid(z))), rows()
    z = core(1)(X).detach()
    found = NetworkReader(module).logits(X)
    torch.testing.assert_close(found[:, 1:] - found[:, :1], z, rtol=0, atol=1e-12)
    verify_piecewise_linear(NetworkReader(module), X)


SIDES_OF_THEIR_OWN = {
    "the other sign": lambda z: torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], 1),
    "each its own call": lambda z: torch.cat([1 - torch.sigmoid(z), torch.sigmoid(z)], 1),
    "stack": lambda z: torch.stack([torch.sigmoid(-z[:, 0]), torch.sigmoid(z[:, 0])], 1),
    "guarded": lambda z: torch.hstack([(-z).sigmoid() + 1e-8, z.sigmoid().clamp(1e-7)]),
    "logarithms": lambda z: torch.cat([F.logsigmoid(-z), F.logsigmoid(z)], 1),
    "one call of both": lambda z: torch.sigmoid(torch.cat([-z, z], 1)),
    "one call, one less": lambda z: 1 - torch.sigmoid(torch.cat([z, -z], 1)),
}


@pytest.mark.parametrize("head", SIDES_OF_THEIR_OWN.values(), ids=SIDES_OF_THEIR_OWN.keys())
def test_both_sides_by_sigmoids_of_their_own_are_a_softmax_of_two(head):
    module, X = Headed(core(1), head), rows()
    shown = module(X).detach()
    p = shown.exp() if shown.max() <= 0 else shown
    found = NetworkReader(module).logits(X)
    torch.testing.assert_close(found.softmax(1), p, rtol=0, atol=1e-6)
    torch.testing.assert_close(found[:, 1:] - found[:, :1], core(1)(X).detach(), rtol=0, atol=1e-12)
    verify_piecewise_linear(NetworkReader(module), X)


def test_two_labels_that_are_alike_are_no_two_sides():
    """At zero each is the opposite of the other as well; slopes are those of each by itself."""
    labels = nn.Linear(D, 2, bias=False).double()
    X = torch.zeros(3, D).double()
    for head in (torch.sigmoid, lambda z: torch.cat([z[:, :1].sigmoid(), z[:, 1:].sigmoid()], 1)):
        found = NetworkReader(Headed(labels, head)).form(X)
        expected = labels.weight.detach().expand(3, 2, D)
        torch.testing.assert_close(found.coefficients, expected, rtol=0, atol=1e-12)


def test_both_sides_at_even_odds_are_still_a_softmax_of_two():
    dead = nn.Linear(D, 1).double()
    nn.init.zeros_(dead.weight), nn.init.zeros_(dead.bias)
    module = Headed(dead, lambda z: torch.cat([1 - z.sigmoid(), z.sigmoid()], 1))
    assert not NetworkReader(module).logits(rows()).any()


def test_one_class_of_two_is_read_as_its_log_odds():
    module, X = Headed(core(2), lambda z: torch.softmax(z, 1)[:, 1]), rows()
    z = core(2)(X).detach()
    torch.testing.assert_close(NetworkReader(module).logits(X)[:, 0], z[:, 1] - z[:, 0])
    verify_piecewise_linear(NetworkReader(module), X)


def test_a_clamp_that_does_more_than_guard_is_kept():
    """``clamp(sigmoid(z), a, b)`` is the sigmoid of z clamped between the logits of a and b."""
    module, X = Headed(core(1), lambda z: torch.sigmoid(z).clamp(0.4, 0.6)), rows(40)
    z = core(1)(X).detach()
    expected = z.clamp(np.log(0.4 / 0.6), np.log(0.6 / 0.4))
    assert (expected != z).any()
    torch.testing.assert_close(NetworkReader(module).logits(X), expected)


def test_what_a_regression_keeps_is_kept():
    module, X = Headed(core(1), lambda z: torch.sigmoid(z).squeeze(1)), rows()
    found = NetworkReader(module, drop_normalizer=False).logits(X)
    torch.testing.assert_close(found[:, 0], module(X).detach())


CHANGED = {
    "doubled": lambda z: 2 * torch.sigmoid(z),
    "written over": lambda z: torch.sigmoid(z).clone().mul_(2),
    "written over in part": lambda z: _written_over(torch.sigmoid(z).clone()),
    "one class of four": lambda z: torch.softmax(z, 1)[:, 1],
    "squared": lambda z: torch.softmax(z, 1) ** 2,
}


def _written_over(p):
    p[:, 0] = 0.5
    return p


@pytest.mark.parametrize("head", CHANGED.values(), ids=CHANGED.keys())
def test_what_is_no_probability_any_more_is_not_undone(head):
    module, X = Headed(core(4), head), rows()
    shown = module(X).detach()
    torch.testing.assert_close(NetworkReader(module).logits(X), shown.reshape(len(X), -1))
    with pytest.raises(NotPiecewiseLinearError, match=r"not piecewise linear|probabilities"):
        verify_piecewise_linear(NetworkReader(module), X)


BY_HAND = {
    "sigmoid by hand": (1, lambda z: (1 / (1 + torch.exp(-z))).squeeze(1)),
    "sigmoid by tanh": (1, lambda z: (torch.tanh(z / 2) + 1) / 2),
    "sigmoids by hand": (3, lambda z: 1 / (1 + torch.exp(-z))),
    "softmax by hand": (4, lambda z: z.exp() / z.exp().sum(1, keepdim=True)),
    "hard sigmoid": (1, F.hardsigmoid),
}


@pytest.mark.parametrize(("width", "head"), BY_HAND.values(), ids=BY_HAND.keys())
def test_probabilities_made_by_hand_are_refused_with_the_remedy(width, head):
    with pytest.raises(NotPiecewiseLinearError, match=r"like probabilities.*return the logits"):
        verify_piecewise_linear(NetworkReader(Headed(core(width), head)), rows())


def test_logits_that_happen_to_lie_between_0_and_1_are_no_probabilities():
    small = nn.Linear(D, 3).double()
    with torch.no_grad():
        small.weight.mul_(0.01)
        small.bias.fill_(0.5)
    assert ((small(rows()) >= 0) & (small(rows()) <= 1)).all()
    verify_piecewise_linear(NetworkReader(small), rows())
    constant = nn.Linear(D, 2).double()
    with torch.no_grad():
        constant.weight.zero_()
        constant.bias.fill_(0.5)
    verify_piecewise_linear(NetworkReader(constant), rows())


def test_a_softmax_over_the_rows_is_no_normaliser_of_classes():
    module = Headed(core(3), lambda z: torch.softmax(z, dim=0))
    with pytest.raises(NotPiecewiseLinearError, match="rest of its batch"):
        verify_piecewise_linear(NetworkReader(module), rows())


def test_a_final_module_behind_a_shape_operation_is_not_blamed():
    layers = nn.Linear(D, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid(), nn.Flatten(0)
    with pytest.raises(NotPiecewiseLinearError) as caught:
        verify_piecewise_linear(NetworkReader(nn.Sequential(*layers).double()), rows())
    assert "'1' (Tanh)" in str(caught.value)
    assert "Sigmoid" not in str(caught.value)
