"""Optimisers of ours: torch's Adam to the bit, without its compiler."""

import copy
import pickle

import pytest
import torch

from sklearn_deeplifft.networks._adam import FusedAdam, PlainAdam

SHAPES = [(3, 40, 17), (3, 1, 40)]


def weights(groups: bool) -> list:
    generator = torch.Generator().manual_seed(0)
    made = [torch.nn.Parameter(torch.randn(*s, generator=generator)) for s in SHAPES]
    if not groups:
        return made
    return [{"params": made[:1], "weight_decay": 0.1}, {"params": made[1:], "lr": 0.5}]


def parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def stepped(optimizer: torch.optim.Optimizer, n: int = 4) -> list[torch.Tensor]:
    """Weights after ``n`` steps by the same gradients."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(n):
        optimizer.zero_grad()
        for p in parameters(optimizer):
            assert p.grad is None
            p.grad = torch.randn(p.shape, generator=generator)
        optimizer.step()
    return [p.detach() for p in parameters(optimizer)]


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize(
    ("kind", "fused"), [(PlainAdam, None), (PlainAdam, True), (FusedAdam, True)]
)
def test_steps_are_those_of_torch(kind, fused, groups):
    options = {"lr": 0.03, "weight_decay": 0.01, "betas": (0.8, 0.95)}
    ours = kind(weights(groups), **options, fused=fused)
    expected = torch.optim.Adam(weights(groups), **options, fused=fused)
    for one, right in zip(stepped(ours), stepped(expected), strict=True):
        assert torch.equal(one, right)
    for one, right in zip(parameters(ours), parameters(expected), strict=True):
        assert ours.state[one].keys() == expected.state[right].keys()
        for name, values in expected.state[right].items():
            assert torch.equal(ours.state[one][name], values)


@pytest.mark.parametrize("kind", [PlainAdam, FusedAdam])
def test_copies_go_on(kind):
    optimizer = kind(weights(False), lr=0.1)
    stepped(optimizer)
    twins = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    found = stepped(optimizer)
    for twin in twins:
        for one, right in zip(stepped(twin), found, strict=True):
            assert torch.equal(one, right)


@pytest.mark.parametrize("kind", [PlainAdam, FusedAdam])
def test_torch_goes_on_from_its_state(kind):
    optimizer = kind(weights(False), lr=0.1, fused=True)
    copies = [torch.nn.Parameter(p.clone()) for p in stepped(optimizer)]
    other = torch.optim.Adam(copies)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, right in zip(stepped(optimizer), stepped(other), strict=True):
        assert torch.equal(one, right)
    optimizer.load_state_dict(copy.deepcopy(other.state_dict()))
    for one, right in zip(stepped(optimizer), stepped(other), strict=True):
        assert torch.equal(one, right)


def test_hooks_of_steps_are_called():
    optimizer, seen = PlainAdam(weights(False)), []
    optimizer.register_step_post_hook(lambda *args: seen.append(1))
    stepped(optimizer)
    assert len(seen) == 4
