"""A module comes back as it was, whatever was asked of it and however that ended."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import (
    Head,
    NetworkReader,
    Scorer,
    evaluating,
    module_dtype,
    reader_of,
    verify_piecewise_linear,
)
from sklearn_deeplifft.attribution._module_state import frozen_state
from tests.attribution._architectures import D, K


class Lived(nn.Module):
    """A network with a history: mixed modes, gradients, frozen weights, buffers, hooks."""

    def __init__(self, curved=False):
        super().__init__()
        self.first = nn.Linear(D, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.5)
        self.act = nn.Tanh() if curved else nn.ReLU(inplace=True)
        self.out = nn.Linear(8, K)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.fuse = None
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.seen += len(x)
        h = self.drop(self.norm(self.first(x)))
        h = self.act(h)
        if self.fuse is not None and self.calls > self.fuse:
            raise KeyboardInterrupt("in the middle of forward")
        return self.out(h)


def lived(curved=False):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Lived(curved).double()
        module.train()
        module(rows()).sum().backward()
    module.norm.eval()
    module.first.bias.grad = None
    module.first.weight.requires_grad_(False)
    module.out.register_forward_hook(lambda *args: None)
    module.act.register_forward_pre_hook(lambda *args: None)
    module.out.bias.register_hook(lambda grad: grad)
    return module


def rows(n=9):
    return torch.as_tensor(np.random.default_rng(3).standard_normal((n, D)))


def snapshot(module):
    """Everything a user could see of a module; tensors by identity and by value."""
    tensors = [*module.named_parameters(), *module.named_buffers()]
    return {
        "modes": [child.training for child in module.modules()],
        "tensors": [(n, id(t), t.data_ptr(), t.dtype, t.requires_grad) for n, t in tensors],
        "values": [t.detach().clone().numpy().tobytes() for _, t in tensors],
        "gradients": [
            None if p.grad is None else (id(p.grad), p.grad.numpy().tobytes())
            for p in module.parameters()
        ],
        "leaves": [p.is_leaf and p.grad_fn is None for p in module.parameters()],
        "hooks": [
            [
                list(getattr(child, kind).items())
                for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
            ]
            for child in module.modules()
        ],
        "children": [id(child) for child in module.modules()],
        "names": [sorted(vars(child)) for child in module.modules()],
    }


def score(module, X):
    scorer = Scorer(reader_of(module), (Head("softmax", 0, K),))
    scorer.sums(X, torch.zeros(len(X), 1, dtype=torch.int64), torch.ones(len(X)))


ACTIONS = {
    "logits": lambda module, X: NetworkReader(module).logits(X),
    "form": lambda module, X: NetworkReader(module).form(X),
    "form of single precision": lambda m, X: NetworkReader(m, dtype=torch.float32).form(X),
    "form of a layer": lambda module, X: NetworkReader(module, layer="drop").form(X),
    "form by secants": lambda module, X: NetworkReader(module, secants=True).form(X),
    "hidden": lambda module, X: NetworkReader(module, layer="first").hidden(X),
    "scores": score,
    "verify": lambda module, X: verify_piecewise_linear(NetworkReader(module), X),
}
every_action = pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())


def test_the_snapshot_sees_what_it_should():
    module = lived()
    before = snapshot(module)
    assert before["modes"] == [True, True, False, True, True, True]
    assert [gradient is None for gradient in before["gradients"]] == [False, True] + [False] * 4
    changes = [
        lambda m: m.norm.train(),
        lambda m: m.seen.add_(1),
        lambda m: m.out.weight.grad.add_(1),
        lambda m: m.out.register_forward_hook(lambda *args: None),
        lambda m: m.first.weight.requires_grad_(True),
        lambda m: m.float(),
    ]
    for change in changes:
        module = lived()
        before = snapshot(module)
        change(module)
        assert snapshot(module) != before


@every_action
def test_module_comes_back_as_it_was(action):
    module, X = lived(), rows()
    before, X_before = snapshot(module), X.clone()
    action(module, X)
    assert module.calls > 1
    assert snapshot(module) == before
    assert torch.equal(X, X_before)
    assert X.grad is None


@every_action
def test_module_comes_back_after_an_exception_in_forward(action):
    """At every call in turn, until the action gets through."""
    for fuse in itertools.count(1):
        module, X = lived(), rows()
        module.fuse = fuse
        before = snapshot(module)
        try:
            action(module, X)
        except KeyboardInterrupt:
            assert snapshot(module) == before
            assert torch.is_grad_enabled()
            continue
        break
    assert fuse > 1


def test_module_comes_back_after_a_refusal():
    for fuse in itertools.count(1):
        module = lived(curved=True)
        module.fuse = fuse
        before = snapshot(module)
        with pytest.raises((KeyboardInterrupt, ValueError)) as caught:
            verify_piecewise_linear(NetworkReader(module), rows())
        assert snapshot(module) == before
        if caught.type is not KeyboardInterrupt:
            break
    assert fuse > 2
    assert "'act' (Tanh)" in str(caught.value)


@pytest.mark.parametrize("layer", ["act", "unused"])
def test_layer_hook_is_removed_when_the_layer_is_refused(layer):
    module = lived()
    module.unused = nn.Identity()
    if layer == "act":
        module.act = nn.LSTM(8, 8).double()
        module.drop = nn.Sequential(module.drop, Unpack(module.act))
    before = snapshot(module)
    with pytest.raises((TypeError, ValueError), match=f"layer='{layer}'"):
        NetworkReader(module, layer=layer).form(rows())
    assert snapshot(module) == before


class Unpack(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)[0]


def test_readings_after_an_exception_are_sound():
    module, X = lived(), rows()
    expected = NetworkReader(module).form(X)
    module.fuse = 0
    with pytest.raises(KeyboardInterrupt):
        NetworkReader(module, secants=True, layer="first").form(X)
    module.fuse = None
    again = NetworkReader(module).form(X)
    assert all(torch.equal(a, b) for a, b in zip(again[:4], expected[:4], strict=True))


@every_action
def test_global_random_state_and_modes_are_untouched(action):
    module, X = lived(), rows()
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with torch.no_grad():
        action(module, X)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == torch.float32


def test_results_hold_no_graph():
    form = NetworkReader(lived()).form(rows())
    assert not any(part.requires_grad for part in form[:4])


def test_rows_that_require_a_gradient_get_none():
    X = rows().requires_grad_()
    form = NetworkReader(lived()).form(X)
    assert X.grad is None
    assert not form.coefficients.requires_grad


def test_training_noise_is_off_while_reading():
    module, X = lived(), rows()
    reader = NetworkReader(module)
    assert torch.equal(reader.logits(X), reader.logits(X))
    torch.testing.assert_close(reader.logits(X), lived().eval()(X).detach())


def test_evaluating_restores_each_submodules_mode():
    module = lived()
    before = [child.training for child in module.modules()]
    with evaluating(module):
        assert not any(child.training for child in module.modules())
    assert [child.training for child in module.modules()] == before
    with pytest.raises(RuntimeError, match="thrown"), evaluating(module):
        raise RuntimeError("thrown")
    assert [child.training for child in module.modules()] == before


def test_frozen_state_is_a_detached_copy():
    module = lived()
    state = frozen_state(module, torch.float32)
    assert state.keys() == {n for n, _ in (*module.named_parameters(), *module.named_buffers())}
    assert not any(t.requires_grad for t in state.values())
    assert state["out.weight"].dtype == torch.float32
    assert state["seen"].dtype == torch.int64
    same = frozen_state(module, torch.float64)
    assert all(t.data_ptr() != module.state_dict()[n].data_ptr() for n, t in same.items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_module_dtype_is_that_of_its_floats(dtype):
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).to(dtype)
    assert module_dtype(module) == dtype


def test_module_dtype_without_floats_is_the_default():
    module = nn.Module()
    module.register_buffer("places", torch.arange(3))
    assert module_dtype(module) == torch.get_default_dtype()
