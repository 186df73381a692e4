"""Keys are the same in every process, and differ wherever a fit could."""

import copy
import functools
import importlib
import threading
from collections import OrderedDict
from string import ascii_lowercase

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn

from sklearn_deeplifft.networks import _hash, hash_of, key_of_parameters, relu_mlp
from tests.conftest import MLP, FixedMLP, relu_network
from tests.processes import elsewhere


def keys() -> list[str]:
    """Of networks of each kind, and of what has no order of its own."""
    net = NeuralNetClassifier(
        MLP,
        module__width=9,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        callbacks=[("stop", EarlyStopping(patience=3))],
        criterion__weight=None,
    )
    networks = [None, MLP, relu_network(8, 5, 3), net, MLPClassifier((5,)), {"c", 1, None}]
    networks += [frozenset(ascii_lowercase), {"a": 1, None: 2, 3: {"b"}}]
    named = {str(i): network for i, network in enumerate(networks)}
    return [key_of_parameters({name: value}) for name, value in named.items()] + [
        key_of_parameters(named)
    ]


@pytest.mark.parametrize("name", sorted(_hash.LIBRARIES - {"builtins", "sklearn_deeplifft"}))
def test_code_of_a_library_is_told_by_its_version(name):
    assert importlib.import_module(name).__version__ in _hash.VERSIONS


def order() -> list[str]:
    return list(frozenset(ascii_lowercase))


@pytest.mark.slow
def test_the_key_is_the_same_in_every_process():
    assert elsewhere(order) != order()
    there = elsewhere(keys)
    assert there == keys()
    assert {len(key) for key in there} == {32}
    assert len(set(there)) == len(there)


def net(**params):
    return skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, **params)


@pytest.mark.parametrize(
    "estimator",
    [MLP, FixedMLP(), net(module__width=4), MLPClassifier((5,)), np.arange(3), {"a": 1}],
    ids=lambda value: type(value).__name__,
)
def test_a_clone_has_the_key_of_the_original(estimator):
    twin = clone(estimator, safe=False)
    assert hash_of(twin) == hash_of(estimator) == hash_of(clone(twin, safe=False))


def test_tensors_differ_by_value_shape_type_and_sharing():
    ones = torch.ones(2, 3)
    different = [
        ones,
        ones * 2,
        ones.reshape(3, 2),
        ones.double(),
        ones.bfloat16(),
        nn.Parameter(ones),
        torch.tensor(1.0),
        torch.ones(0),
        [ones, ones],
        [ones, ones.clone()],
    ]
    assert len({hash_of(value) for value in different}) == len(different)
    assert hash_of(ones.T.contiguous().T) == hash_of(ones)
    assert hash_of(nn.Parameter(ones)) == hash_of(nn.Parameter(ones.clone()))


def test_networks_differ_by_weights_sizes_and_settings():
    other = relu_network(8, 5, 3)
    with torch.no_grad():
        other[0].weight[0, 0] += 1e-6
    different = [
        relu_network(8, 5, 3),
        other,
        relu_network(8, 6, 3),
        relu_network(8, 5, 3, seed=1),
        net(),
        net(lr=0.1),
        net(module__width=4),
        MLP,
        FixedMLP,
        MLPClassifier((5,)),
        MLPClassifier((6,)),
    ]
    assert len({hash_of(value) for value in different}) == len(different)


def _renamed(body, bases=(nn.Module,)):
    """A class of one name and module, whatever it holds."""
    return type("Same", bases, {"__module__": "mine", "__qualname__": "Same", **body})


def _one(self, x):
    return x + 1


def _two(self, x):
    return x + 2


def test_a_rewritten_network_is_another():
    bodies = [{"forward": _one}, {"forward": _two}, {"forward": _one, "width": 3}]
    keys = [hash_of(_renamed(body)) for body in bodies]
    assert len(set(keys)) == 3
    assert hash_of(_renamed(bodies[0])) == keys[0]
    child = [hash_of(_renamed({}, (_renamed(body),))) for body in bodies[:2]]
    assert child[0] != child[1]
    assert hash_of(_one) != hash_of(_two)
    assert hash_of(relu_mlp) == hash_of(relu_mlp)


def _wide(self, width=8): ...
def _wider(self, width=80): ...
def _named(self, *, width=8): ...
def _named_wider(self, *, width=80): ...


def _around(function):
    @functools.wraps(function)
    def wrapper(self, x):
        return function(self, x)

    return wrapper


MEMBERS = {
    "defaults": (_wide, _wider),
    "keyword-only defaults": (_named, _named_wider),
    "tuples": ((8, 8), (8, 80)),
    "lists": ([8], [80]),
    "dicts": ({"width": 8}, {"width": 80}),
    "order of dicts": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "None": (None, 8),
    "classes": (nn.ReLU, nn.LeakyReLU),
    "classes of one's own": (_renamed({"width": 8}), _renamed({"width": 80})),
    "instances": (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
    "arrays": (np.arange(3), np.arange(4)),
    "what is wrapped": (_around(_one), _around(_two)),
    "static methods": (staticmethod(_wide), staticmethod(_wider)),
    "properties": (property(_one), property(_two)),
    "setters": (property(_one, _one), property(_one, _two)),
    "cached properties": (functools.cached_property(_one), functools.cached_property(_two)),
    "lambdas": (lambda self, x: x + 1, lambda self, x: x + 2),
}


@pytest.mark.parametrize("kind", MEMBERS)
def test_classes_differ_by_each_of_their_members(kind):
    first, second = (hash_of(_renamed({"member": value})) for value in MEMBERS[kind])
    assert first != second
    assert first == hash_of(_renamed({"member": MEMBERS[kind][0]}))


def test_functions_differ_by_their_defaults():
    assert len({hash_of(_renamed({"f": f})) for f in MEMBERS["defaults"]}) == 2
    before = hash_of(_named)
    _named.__kwdefaults__["width"] = 9
    try:
        assert hash_of(_named) != before
    finally:
        _named.__kwdefaults__["width"] = 8


def test_classes_that_refer_to_themselves_have_a_key():
    one, two = _renamed({"width": 8}), _renamed({"width": 80})
    one.other, two.other = {"me": one}, {"me": two}
    assert len({hash_of(one), hash_of(two)}) == 2


def test_submodules_in_another_order_are_another_network():
    torch.manual_seed(0)
    front, norm, relu, last = nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)
    orders = [
        OrderedDict(front=front, norm=norm, relu=relu, last=last),
        OrderedDict(front=front, relu=relu, norm=norm, last=last),
    ]
    networks = [nn.Sequential(order) for order in orders]
    x = torch.randn(4, 5)
    assert not torch.equal(networks[0](x), networks[1](x))
    for kind in (nn.Sequential, nn.ModuleDict, lambda order: order):
        assert len({hash_of(kind(order)) for order in orders}) == 2
        assert hash_of(kind(orders[0])) == hash_of(copy.deepcopy(kind(orders[0])))
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [threading.Lock(), lambda x: x, (i for i in range(3))])
def test_what_has_no_key_is_named(value):
    with pytest.raises(TypeError, match=r"memory needs a key of every parameter, and estimator="):
        key_of_parameters({"step": 1, "estimator": value})
    with pytest.raises(TypeError, match="memory=None"):
        key_of_parameters({"estimator": net(callbacks=[value])})


def test_a_class_of_a_function_has_no_key():
    class Local(nn.Module):
        pass

    with pytest.raises(TypeError, match="not defined at the top of a module"):
        key_of_parameters({"estimator": Local})
