"""Every network starts from its own draw, and what is frozen stays."""

import copy
import random
from functools import partial

import numpy as np
import pytest
import skorch
import torch
from skorch.callbacks import Freezer, Unfreezer
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from sklearn_deeplifft.networks._copies import copied
from sklearn_deeplifft.networks._redraw import redraw
from sklearn_deeplifft.networks._train import seeded
from sklearn_deeplifft.networks._users_module import UsersModule, frozen_patterns

# Warnings are errors here, and torch warns of its older forms.
OLD = pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")

ROWS = torch.randn(7, 5, generator=torch.Generator().manual_seed(1))


def old_weight_norm(layer: nn.Module, **options) -> nn.Module:
    return torch.nn.utils.weight_norm(layer, **options)


class Raw(nn.Module):
    """Parameters of its own, and a constructor without arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 3))
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x @ self.weight * self.scale


class Listed(Raw):
    """The same in a list and a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.list = nn.ParameterList([torch.randn(3, 4), torch.randn(4, 3)])
        self.dict = nn.ParameterDict({"w": torch.randn(3, 3)})

    def forward(self, x):
        return super().forward(x) @ self.list[0] @ self.list[1] @ self.dict["w"]


class Sized(nn.Module):
    """Parameters of its own, and a constructor with arguments."""

    def __init__(self, n: int = 5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, 3))

    def forward(self, x):
        return x @ self.weight


class Resets(Sized):
    """It draws its parameters itself, by putting new ones in their place."""

    def reset_parameters(self) -> None:
        self.weight = nn.Parameter(torch.randn_like(self.weight))


class Symmetric(nn.Module):
    """A parametrization without an inverse."""

    def forward(self, w):
        return w.triu() + w.triu(1).T


def symmetric(layer: nn.Module) -> nn.Module:
    parametrize.register_parametrization(layer, "weight", Symmetric())
    return layer


def run(module: nn.Module) -> nn.Module:
    """After a forward pass, which leaves computed weights in the layer."""
    module(ROWS)
    return module


KINDS = {
    "linear": lambda: nn.Linear(5, 3),
    "nested": lambda: nn.Sequential(nn.Linear(5, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 3))),
    "with norms": lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.LayerNorm(4)),
    "convolution": lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 2, 3)),
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(5, 3)),
    "weight norm of all": lambda: parametrizations.weight_norm(nn.Linear(5, 3), dim=None),
    "old weight norm": lambda: old_weight_norm(nn.Linear(5, 3)),
    "old weight norm, of columns": lambda: old_weight_norm(nn.Linear(5, 3), dim=1),
    "old weight norm, of all": lambda: old_weight_norm(nn.Linear(5, 3), dim=None),
    "old weight norm that ran": lambda: nn.Sequential(run(old_weight_norm(nn.Linear(5, 3)))),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(5, 3)),
    "old spectral norm": lambda: run(torch.nn.utils.spectral_norm(nn.Linear(5, 3))),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(5, 3)),
    "symmetric": lambda: symmetric(nn.Linear(5, 5)),
    "two parametrizations": lambda: symmetric(parametrizations.weight_norm(nn.Linear(5, 5))),
    "raw": Raw,
    "raw in lists": Listed,
    "raw inside": lambda: nn.Sequential(nn.Linear(5, 5), Raw()),
    "weight norm of raw": lambda: parametrizations.weight_norm(Raw()),
    "weight norm of raw inside": lambda: nn.Sequential(parametrizations.weight_norm(Raw())),
    "old weight norm of raw": lambda: old_weight_norm(Raw()),
    "spectral norm of raw inside": lambda: nn.Sequential(parametrizations.spectral_norm(Raw())),
    "a module that resets itself": Resets,
}


def start(module, seed: int, **given) -> nn.Module:
    """As the network of this seed starts."""
    with seeded(seed):
        return UsersModule(module, 5, 3, **given)().core.eval()


def numbers(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: t.detach().numpy().copy() for name, t in module.state_dict().items()}


def is_drawn(value: np.ndarray) -> bool:
    """Constants start alike: scales, and what normalises a batch."""
    return len(np.unique(value)) > 1


@OLD
@pytest.mark.parametrize("kind", KINDS)
def test_every_network_has_its_own_draw(kind):
    with seeded(0):
        module = KINDS[kind]()
    before = numbers(module)
    networks = [start(module, seed) for seed in (1, 2, 3)]
    again = start(module, 1)
    assert str(numbers(module)) == str(before)
    trainable = [name for name, _ in module.named_parameters() if is_drawn(before[name])]
    assert trainable
    if kind == "orthogonal":  # its draw is a buffer, and its parameter the identity at first
        trainable = ["parametrizations.weight.0.base"]
    states = [before, *map(numbers, networks)]
    for name in trainable:
        for i, one in enumerate(states):
            assert all(not np.array_equal(one[name], other[name]) for other in states[:i]), name
    with torch.no_grad():
        outputs = [network(ROWS) for network in networks]
        assert torch.equal(again(ROWS), outputs[0])
    assert not any(torch.allclose(outputs[0], z) for z in outputs[1:])


@pytest.mark.slow
@OLD
@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_those_of_a_module_made_anew(kind):
    """Spread like the first weights: mean of squares of the weight over many draws."""
    with seeded(0):
        module = KINDS[kind]()

    def spread(make):
        total = 0.0
        for seed in range(60):
            with torch.no_grad():
                network = make(seed)
                total += network(ROWS).square().mean().item()
        return total / 60

    def anew(seed):
        with seeded(seed):
            return KINDS[kind]().eval()

    assert spread(partial(start, module)) == pytest.approx(spread(anew), rel=0.35)


@OLD
@pytest.mark.parametrize("kind", KINDS)
def test_frozen_parameters_keep_their_values(kind):
    module = KINDS[kind]().requires_grad_(False)
    before = numbers(module)
    network = start(module, 1)
    after = numbers(network)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("how", ["requires_grad", "callback", "function", "group"])
def test_a_frozen_layer_keeps_its_values_and_the_others_are_drawn(how):
    module = nn.Sequential()
    module.add_module("a", nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)))
    module.add_module("b", nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    run(module)
    if how == "requires_grad":
        module.a.requires_grad_(False)
    options = {
        "requires_grad": {},
        "callback": {"callbacks": [Freezer("a.*")]},
        "function": {"callbacks": [("f", Freezer([lambda name: name.startswith("a.")]))]},
        "group": {"optimizer__param_groups": [("a.*", {"lr": 0.0})]},
    }[how]
    net = skorch.NeuralNetClassifier(module, **options)
    before, after = numbers(module), numbers(start(module, 1, frozen=frozen_patterns(net)))
    for name, value in before.items():
        assert np.array_equal(value, after[name]) == (
            name.startswith("a.") or name in ("b.1.weight", "b.1.bias")
        ), name


@pytest.mark.parametrize(
    ("callbacks", "frozen"),
    [
        (None, ()),
        ("disable", ()),
        ([Freezer("a.*")], ("a.*",)),
        ([Freezer(["a.*", "b"]), ("c", Freezer("c"))], ("a.*", "b", "c")),
        ([Freezer("a.*", at=2)], ()),
        ([Freezer("a.*", at=lambda net: True)], ()),
        ([Unfreezer("a.*")], ()),
        ([Freezer("a.*").initialize()], ("a.*",)),
        ([Freezer("a.*", at=2).initialize()], ()),
        ([Freezer("a.*", schedule=lambda net: print)], ()),
        ([Freezer], ()),
    ],
)
def test_patterns_of_what_is_frozen(callbacks, frozen):
    """Also of a callback that was used before, which skorch changes in place."""
    net = skorch.NeuralNetClassifier(nn.Linear, callbacks=callbacks)
    assert frozen_patterns(net) == frozen


def test_half_a_layer_can_be_frozen():
    module = nn.Linear(5, 3)
    module.weight.requires_grad_(False)
    network = start(module, 1)
    assert torch.equal(network.weight, module.weight)
    assert not torch.equal(network.bias, module.bias)


def test_what_cannot_be_drawn_is_an_error():
    module = nn.Sequential(nn.Linear(5, 5), Sized())
    with pytest.raises(
        ValueError, match=r"parameters '1.weight' of this Sequential.*Pass the class"
    ):
        start(module, 1)
    module[1].requires_grad_(False)
    assert torch.equal(start(module, 1)[1].weight, module[1].weight)
    assert start(Sized, 1).weight.shape == (5, 3)


def test_a_class_is_constructed_under_the_seed():
    a, b, c = (start(Sized, seed).weight for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_trained_weights_are_gone_on_from():
    module = nn.Sequential(nn.Linear(5, 5), Sized())
    found = start(module, 1, trained=True)
    assert str(numbers(found)) == str(numbers(module))
    assert found[0].weight is not module[0].weight


def test_lazy_layers_are_drawn_when_rows_arrive():
    module = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 3))
    networks = []
    for seed in (1, 2):
        with seeded(seed):
            networks.append(UsersModule(module, 5, 3)().core)
            networks[-1](ROWS)
    assert not torch.equal(networks[0][0].weight, networks[1][0].weight)
    assert not torch.equal(networks[0][2].weight, networks[1][2].weight)


@OLD
@pytest.mark.parametrize("kind", KINDS)
def test_global_generators_are_left_alone(kind):
    module = KINDS[kind]()
    before = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
    start(module, 1)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert str(np.random.get_state()) == before[1]
    assert random.getstate() == before[2]


@OLD
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_shares_nothing(kind):
    module = KINDS[kind]().eval()
    twin = copied(module)
    with torch.no_grad():
        assert torch.equal(twin(ROWS), module(ROWS))
        before = module(ROWS)
        for p in twin.parameters():
            p.add_(1)
        assert torch.equal(module(ROWS), before)
    ours = {t.data_ptr() for t in (*module.parameters(), *module.buffers()) if t.numel()}
    assert ours.isdisjoint(t.data_ptr() for t in (*twin.parameters(), *twin.buffers()))
    twin(ROWS).sum().backward()
    assert all(p.grad is None for p in module.parameters())


def test_redrawing_changes_only_what_it_is_given():
    module = nn.Linear(5, 3)
    twin = copy.deepcopy(module)
    with seeded(1):
        redraw(twin, lambda name: name == "bias")
    assert torch.equal(twin.bias, module.bias)
    assert not torch.equal(twin.weight, module.weight)
