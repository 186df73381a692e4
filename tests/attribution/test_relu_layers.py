"""Networks as layers of ReLUs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import chain_of, relu_network, unrolled
from tests.attribution._architectures import every_chain
from tests.conftest import MLP, FixedMLP


@every_chain
def test_layers_answer_as_the_chain_does(architecture):
    module, X = architecture.module().eval(), architecture.rows(20)
    found = relu_network(chain_of(module, torch.float64))
    assert found.n_inputs == architecture.n_inputs
    with torch.no_grad():
        expected = module[:-1](X) if _ends_in_normalizer(module) else module(X)
        got = found(X.flatten(1))
    torch.testing.assert_close(got, expected.reshape(got.shape), rtol=0, atol=1e-12)


def _ends_in_normalizer(module):
    kinds = nn.Softmax | nn.LogSoftmax | nn.Sigmoid | nn.LogSigmoid
    return isinstance(module, nn.Sequential) and isinstance(module[-1], kinds)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.first, self.second, self.last = nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 1)
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x):
        self.calls += 1
        h = F.dropout(F.relu(self.norm(self.first(x.flatten(1)))), 0.5, self.training)
        h = F.leaky_relu(self.second(h), 0.1)
        return torch.sigmoid(self.last(h)).squeeze(1)


def test_a_forward_of_ones_own_is_followed():
    module = Functional().double()
    X = torch.randn(9, 6, generator=torch.Generator().manual_seed(0)).double()
    found = unrolled(module, {})
    assert [type(one) for one in found][:3] == [nn.Flatten, nn.Linear, nn.BatchNorm1d]
    assert (module.calls, module.training) == (0, True)
    with torch.no_grad():
        torch.testing.assert_close(found(X)[:, 0], module.eval()(X), rtol=0, atol=0)


class Branching(FixedMLP):
    def forward(self, x):
        return super().forward(x) + x[:, :3]


class Deciding(FixedMLP):
    def forward(self, x):
        return super().forward(x) if float(x.sum()) > 0 else super().forward(-x)


class AlwaysDropping(FixedMLP):
    def forward(self, x):
        return F.dropout(super().forward(x))


@pytest.mark.parametrize("kind", [Branching, Deciding, AlwaysDropping])
def test_what_is_no_sequence_is_left_alone(kind):
    assert unrolled(kind(), {}) is None


def test_hooks_around_layers_are_not_followed():
    module = nn.Sequential(MLP(3, 2), nn.ReLU())
    assert unrolled(module, {}) is not None
    module[0].register_forward_hook(lambda *_: None)
    assert unrolled(module, {}) is None
