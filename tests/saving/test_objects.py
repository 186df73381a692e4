"""Objects of every kind that a fit holds come back; whatever is code, or unknown, is refused."""

import functools
import importlib
from collections import OrderedDict, defaultdict
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from sklearn_deeplifft import SavedFileError
from sklearn_deeplifft.interventions import add, compose, quantile_shift, remove, set_to, swap
from sklearn_deeplifft.saving import read_saved, write_object
from sklearn_deeplifft.saving._registry import FAMILIES, HOMES, LIBRARIES, known_name, resolve
from tests.conftest import MLP
from tests.saved import rewritten


def returned(value, path, own=None):
    write_object(path, value)
    saved = read_saved(path, own or {})
    return saved.value(saved.root)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "object.safetensors"


VALUES = [
    *(None, True, 0, -(2**70), 0.1, -0.0, float("inf"), 1 + 2j, "ü\0\ud800", b"\0\xff"),
    *([], [1, [2.5, "a"]], (1, (2,)), {3, 1}, frozenset("ab"), {1: "a", (1, 2): None, "c": {}}),
    *(OrderedDict(b=1, a=2), Path("/a/b"), np.dtype("f4"), np.float32, torch.float64),
    *(np.float32(0.1), np.int64(2**60), np.bool_(True), np.str_("a"), np.datetime64("2020-01-01")),
    torch.device("cpu"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_plain_values_come_back(value, path):
    found = returned(value, path)
    assert repr(found) == repr(value)
    assert type(found) is type(value)


def test_nan_comes_back(path):
    assert np.isnan(returned(float("nan"), path))


def test_what_is_shared_stays_shared_and_cycles_close(path):
    inner = [1]
    value = {"a": inner, "b": inner, "c": np.arange(3)}
    value["self"], value["d"] = value, value["c"]
    found = returned(value, path)
    assert found["a"] is found["b"]
    assert found["c"] is found["d"]
    assert found["self"] is found


def test_a_default_dictionary_keeps_its_default(path):
    found = returned(defaultdict(dict, {1: {"a": 2}}), path)
    assert found == {1: {"a": 2}}
    assert found[5] == {}


TABLES = [
    pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=np.array(["a", "b"], object)),
    pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, np.nan]}, index=["r", "s"]),
    pd.Series([1.0, 2.0], index=["a", "b"], name="reference"),
    pd.Index([3, 1]),
    pd.RangeIndex(2, 9, 3),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: type(t).__name__)
def test_tables_of_pandas_come_back(table, path):
    found = returned(table, path)
    assert type(found) is type(table)
    pd.testing.assert_frame_equal(*(pd.DataFrame(t) for t in (found, table)), check_exact=True)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.csc_array])
def test_sparse_tables_come_back(kind, path):
    table = kind(np.diag([1.0, 0.0, 2.0]))
    found = returned(table, path)
    assert type(found) is kind
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, name), getattr(table, name))


def test_positions_of_a_sparse_table_are_checked(path):
    table = sp.csr_matrix(np.eye(3))
    table.indices[0] = 1_000_000
    write_object(path, table)
    saved = read_saved(path, {})
    with pytest.raises(SavedFileError, match="does not hold what it should"):
        saved.value(saved.root)


def test_a_generator_goes_on(path):
    rng = np.random.RandomState(3)
    rng.normal(size=5)
    found = returned(rng, path)
    np.testing.assert_array_equal(found.normal(size=7), rng.normal(size=7))


TENSORS = [
    torch.arange(6.0).reshape(2, 3),
    torch.arange(6).reshape(2, 3).T,
    torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    torch.tensor(True),
    torch.zeros(0, 3),
    torch.randn(3).bfloat16(),
    torch.ones(2, requires_grad=True),
    nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False),
]


@pytest.mark.parametrize("tensor", TENSORS, ids=lambda t: f"{t.dtype}{tuple(t.shape)}")
def test_tensors_come_back(tensor, path):
    found = returned(tensor, path)
    assert type(found) is type(tensor)
    assert found.requires_grad == tensor.requires_grad
    assert found.stride() == tensor.stride()
    torch.testing.assert_close(found, tensor, rtol=0, atol=0)


def test_ambient_torch_changes_nothing(path):
    write_object(path, [torch.zeros(0), torch.ones(2), nn.Linear(2, 2)])
    saved = read_saved(path, {})
    with torch.device("meta"):
        found = saved.value(saved.root)
    assert {t.device.type for t in (*found[:2], found[2].weight)} == {"cpu"}


def test_modules_come_back(path):
    body = nn.Sequential(
        nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.LSTM(6, 2)
    )
    net = nn.ModuleDict({"body": body, "tied": body[0]}).eval()
    body[0].bias.requires_grad_(False)
    found = returned(net, path)
    x = torch.randn(5, 2, 3)
    torch.testing.assert_close(found["body"](x)[0], body(x)[0], rtol=0, atol=0)
    assert found["tied"] is found["body"][0]
    assert not found["tied"].bias.requires_grad
    assert not any(m.training for m in found.modules())
    found.register_forward_hook(lambda *args: None)  # it has a place for hooks


def test_modules_of_the_user_are_asked_for_by_name(path):
    net = MLP(3, 2)
    write_object(path, net)
    with pytest.raises(SavedFileError) as caught:
        read_saved(path, {})
    assert "refers to MLP, which is no part of the package" in str(caught.value)
    assert "load(path, modules={'MLP': MLP})" in str(caught.value)
    found = returned(net, path, {"MLP": MLP})
    x = torch.randn(4, 3)
    torch.testing.assert_close(found(x), net(x), rtol=0, atol=0)
    with pytest.raises(SavedFileError, match="own:MLP is no Module"):
        returned(net, path, {"MLP": dict})


INTERVENTIONS = [
    *(set_to("a", 1), set_to([0, 1], [0, 1], level="low"), add("a", 1, high=2), remove([0, 2])),
    *(quantile_shift(1, -0.25), swap("a", 7), compose(set_to("a", 1), add("b", 1))),
]


@pytest.mark.parametrize("intervention", INTERVENTIONS, ids=lambda i: i.describe("x"))
def test_interventions_come_back(intervention, path):
    assert returned(intervention, path) == intervention


def test_learned_interventions_come_back(path):
    values = np.random.default_rng(0).normal(size=(20, 1))
    learned = quantile_shift(0, 0.25).learned(values)
    found = returned(learned, path)
    np.testing.assert_array_equal(found.apply(values), learned.apply(values))


class Unknown:
    def __init__(self):
        self.value = 3

    __slots__ = ("value",)


REFUSED = {
    "lambda": (lambda: {"groups": lambda name: name}, r"\['groups'\]=<function .*without a name"),
    "module": (lambda: [np], r"\[0\]=<module 'numpy'.*: builtins.module is not among"),
    "slots": (lambda: {"a": Unknown()}, r"\['a'\]=.*keeps what it holds out of sight"),
    "structured": (lambda: np.zeros(2, "i4,f8"), "an array of ndarray and"),
    "masked": (lambda: np.ma.array([1.0]), "an array of MaskedArray"),
    "library": (lambda: joblib.Parallel(), "joblib.parallel.Parallel is not among the classes"),
    "method": (lambda: [Path("a").exists], "is not among the classes"),
    "generator": (lambda: np.random.default_rng(0), "is not among the classes"),
    "complex": (lambda: torch.ones(2, dtype=torch.complex64), "a tensor of torch.complex64"),
    "sparse": (lambda: torch.eye(2).to_sparse(), "a tensor of .*sparse"),
    "meta": (lambda: torch.ones(2, device="meta"), "on meta"),
    "coo": (lambda: sp.coo_matrix(np.eye(2)), "a coo_matrix; use CSR or CSC"),
    "hook": (lambda: nn.utils.weight_norm(nn.Linear(2, 2)), "_forward_pre_hooks.*WeightNorm"),
    "eval": (lambda: {"f": eval}, r"\['f'\]=<built-in function eval>: builtins.eval is not among"),
    "partial": (lambda: functools.partial(eval, "1"), "builtins.eval is not among"),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_saved_is_named(name, path):
    make, match = REFUSED[name]
    with pytest.raises(TypeError, match=match):
        write_object(path, make())
    assert not path.exists()


EVIL = [
    ["name", "builtins:eval"],
    ["name", "os:system"],
    ["name", "torch:load"],
    ["name", "torch.nn:Module.__init__"],
    ["name", "torch.nn:functional"],
    ["name", "sklearn_deeplifft:load"],
    ["name", "sklearn_deeplifft.cli._main:main"],
    ["name", "own:eval"],
    ["ref", 99],
    ["ref", -1],
    ["ref", "0"],
    ["nothing", 1],
    [],
    ["dtype", "O,O"][:1],
    ["bytes", "zz"],
    ["float", "1e400; import os"],
]
EVIL_NODES = [
    ["new", "subprocess:Popen", {"args": "id"}],
    ["new", "numpy:float64", {}],
    ["new", "torch.nn:Linear", 3],
    ["module", "sklearn_deeplifft:Target", {}],
    ["named", "sklearn_deeplifft:relu_mlp", {"n_features": 10**9, "n_outputs": 10**9}],
    ["named", "sklearn_deeplifft:Quantities", {"nothing": 1}],
    ["partial", ["name", "builtins:eval"], ["ref", 0], ["ref", 0]],
    ["tuple", [["ref", 0]]],
    ["objects", [10**12], []],
    ["array", "7", {}],
    ["sparse", "eval", [1, 1]],
    ["torch_dtype", "load"],
    ["tensor", "7", {}, False, False],
    ["requests", "mine", {"owner": {"sample_weight": True}}],
    ["requests", "mine", {"fit": {"sample_weight": "import os"}}],
    ["list"],
    "list",
    None,
]


@pytest.mark.parametrize("value", EVIL, ids=str)
def test_a_signed_file_cannot_name_what_it_likes(value, path):
    write_object(path, [1])
    rewritten(path, lambda content: content.update(root=value))
    saved = read_saved(path, {})
    with pytest.raises(SavedFileError, match="does not hold what it should") as caught:
        saved.value(saved.root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("node", EVIL_NODES, ids=str)
def test_a_signed_file_cannot_make_what_it_likes(node, path):
    write_object(path, [1])
    rewritten(path, lambda content: content.update(nodes=[node]))
    saved = read_saved(path, {})
    with pytest.raises(SavedFileError, match="does not hold what it should"):
        saved.value(saved.root)


def test_a_newer_format_is_refused_by_name(path):
    write_object(path, [1])
    rewritten(path, lambda content: content.update(format=7, nodes={"quite": "other"}))
    with pytest.raises(SavedFileError, match=r"has format '7' of sklearn_deeplifft '0.*reads form"):
        read_saved(path, {})


@pytest.mark.parametrize("lost", ["format", "versions", "own", "nodes", "root"])
def test_a_file_that_lacks_a_part_is_refused(lost, path):
    write_object(path, [1])
    rewritten(path, lambda content: content.pop(lost))
    with pytest.raises(SavedFileError, match=f"does not hold what it should .KeyError: '{lost}'"):
        read_saved(path, {})


@pytest.mark.parametrize("name", [*(f"sklearn_deeplifft:{n}" for n in HOMES), *sorted(LIBRARIES)])
def test_every_listed_name_is_there(name):
    found = resolve(name, {})
    assert resolve(known_name(found), {}) is found


@pytest.mark.parametrize("home", FAMILIES)
def test_families_hold_classes_alone(home):
    module, base = FAMILIES[home]
    for name in vars(importlib.import_module(home)):
        try:
            found = resolve(f"{home}:{name}", {})
        except KeyError:
            continue
        assert issubclass(found, getattr(importlib.import_module(module), base))
