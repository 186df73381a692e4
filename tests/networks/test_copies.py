"""Copies of our own chains share nothing with them."""

import copy

import pytest
import torch
from torch import nn

from sklearn_deeplifft.networks import GateSettings, copied_chain, relu_mlp

GATES = GateSettings((0, 1, 1, 2), tied=False)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("gates", [None, GATES])
def test_a_copied_chain_is_a_deep_copy(gates, training):
    core = relu_mlp(4, 3, (6, 5), dropout=0.3, noise=0.1, gates=gates).train(training)
    core[-1].weight.requires_grad_(False)
    twin, expected = copied_chain(core), copy.deepcopy(core)
    assert repr(twin) == repr(core)
    assert [m.training for m in twin.modules()] == [m.training for m in core.modules()]
    for name, right in expected.state_dict().items():
        found, own = twin.state_dict()[name], core.state_dict()[name]
        assert torch.equal(found, right)
        assert found.data_ptr() != own.data_ptr()
    for found, right in zip(twin.parameters(), expected.parameters(), strict=True):
        assert isinstance(found, nn.Parameter)
        assert found.requires_grad == right.requires_grad


def test_hooks_of_the_copy_are_its_own():
    core = relu_mlp(4, 3, (6,))
    twin = copied_chain(core)
    twin[0].register_forward_hook(lambda *given: None)
    assert not core[0]._forward_hooks
    twin[0].weight = nn.Parameter(torch.zeros(6, 4))
    assert core[0].weight.abs().max() > 0
