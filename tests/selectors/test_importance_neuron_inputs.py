"""Tables, targets, weights and networks of every kind: what is taken, and what is refused."""

import copy
import pickle
import random

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from skorch.callbacks import EarlyStopping
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    NotPiecewiseLinearError,
    TrainingDivergedError,
)
from tests.conftest import (
    MLP,
    FixedMLP,
    OneLogitMLP,
    SoftmaxMLP,
    Table,
    counted_trainings,
    planted,
    relu_network,
)
from tests.gated import EARLY, classifier, gate_bits, gated

NAMES = list("abcdefgh")


@pytest.fixture(scope="module")
def data() -> Table:
    return planted()


@pytest.fixture(scope="module")
def plain(data) -> str:
    return gate_bits(gated().fit(*data))


# Tables


def _read_only(X):
    X = X.copy()
    X.setflags(write=False)
    return X


def _mapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "fortran": np.asfortranarray,
    "read-only": _read_only,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "object": lambda X: X.astype(object),
    "pandas, string index": lambda X: pd.DataFrame(
        X, columns=NAMES, index=[f"r{i}" for i in range(len(X))][::-1]
    ),
    "pandas, nullable": lambda X: pd.DataFrame(X, columns=NAMES).astype("Float64"),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_give_the_same_bits(data, plain, kind):
    X = CONTAINERS[kind](data.X)
    selector = gated().fit(X, data.y)
    assert gate_bits(selector) == plain
    assert selector.transform(X).shape == (120, 4)
    assert hasattr(selector, "feature_names_in_") == (kind.startswith("pandas") or kind == "polars")


def test_a_memory_map_is_read_in_place(data, plain, tmp_path):
    mapped = _mapped(data.X, tmp_path)
    assert gate_bits(gated().fit(mapped, data.y)) == plain


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float16", "float32", "float64"])
def test_dtypes_of_the_same_numbers_give_the_same_importances(data, dtype):
    X = np.abs(np.round(data.X * 10))
    a, b = gated().fit(X, data.y), gated().fit(X.astype(dtype), data.y)
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=1e-3)
    assert b.transform(X.astype(dtype)).dtype == dtype


def test_bool_columns(data):
    X = data.X > 1
    selector = gated(n_features_to_select=2, path_steps=120).fit(X, X[:, 0] | X[:, 1])
    assert set(selector.get_support(indices=True)) == {0, 1}
    assert selector.classes_.tolist() == [False, True]


@pytest.fixture(scope="module")
def counts() -> Table:
    """Mostly zeros."""
    rng = np.random.default_rng(0)
    X = rng.poisson(0.4, size=(300, 12)).astype(np.float64)
    return Table(X, (X[:, 0] + X[:, 1] > X[:, 2] + 0.5).astype(int))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "dtype"), [(None, "float64"), (None, "uint16"), (MLP, "float64")]
)
def test_sparse_tables_of_every_format_give_the_same_bits(counts, estimator, dtype):
    X = counts.X.astype(dtype)
    found = set()
    for container in (sp.csr_matrix, sp.csc_matrix, sp.csc_array):
        M = container(X)
        selector = gated(estimator, n_features_to_select=3).fit(M, counts.y)
        assert set(selector.get_support(indices=True)) == {0, 1, 2}
        out = selector.transform(M)
        assert sp.issparse(out)
        assert out.dtype == dtype
        found.add(gate_bits(selector))
    assert len(found) == 1


def test_sparse_equals_dense_where_columns_are_left_as_they_are(counts):
    a, b = (gated(standardize=False).fit(M, counts.y) for M in (counts.X, sp.csr_matrix(counts.X)))
    assert gate_bits(a) == gate_bits(b)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("made", ["numpy", "pandas", "polars", "csr", "csc", "memmap"])
def test_values_that_are_not_finite_are_counted_by_column(data, value, made, tmp_path):
    X = data.X.copy()
    X[3:5, 1] = X[7, 6] = value
    table = {
        "numpy": lambda: X,
        "pandas": lambda: pd.DataFrame(X, columns=NAMES),
        "polars": lambda: pl.DataFrame(X, schema=NAMES),
        "csr": lambda: sp.csr_matrix(X),
        "csc": lambda: sp.csc_matrix(X),
        "memmap": lambda: _mapped(X, tmp_path),
    }[made]()
    what = "NaN" if np.isnan(value) else "infinity"
    named = "'b': 2, 'g': 1" if made in ("pandas", "polars") else "1: 2, 6: 1"
    with pytest.raises(ValueError, match=rf"{what}: 3 values in 2 of 8 columns \({named}\)"):
        gated().fit(table, data.y)


@pytest.mark.slow
@pytest.mark.parametrize("made", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("params", [{}, {"gates": "free"}, {"estimator": MLP}])
def test_constant_columns_are_named_and_come_last(data, made, params):
    X = data.X.copy()
    X[:, 3], X[:, 6] = 5.0, 0.0
    with pytest.warns(FeatureSelectionWarning, match="2 of 8 columns hold a single value .*: 3, 6"):
        selector = gated(**params).fit(made(X), data.y)
    assert (selector.importances_per_network_[:, [3, 6]] == 0).all()
    np.testing.assert_allclose(selector.importances_per_network_.sum(axis=1), 1)
    assert (selector.class_importances_[:, [3, 6]] == 0).all()
    assert (selector.set_params(n_features_to_select=8).selection_frequency_[[3, 6]] == 0).all()


def test_a_single_column(data):
    selector = gated().fit(data.X[:, :1], data.X[:, 0] > 1)
    assert selector.importances_per_network_.tolist() == [[1.0]] * 3
    assert selector.ranking_.tolist() == [1]
    assert selector.exit_penalties_.shape == (3, 1)
    assert np.isnan(selector.stability_)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((0, 8)), [], "0 sample"),
        (np.zeros((20, 0)), np.arange(20) % 2, "0 feature"),
        (np.zeros((1, 8)), [0], "1 sample|n_samples"),
        (np.ones((10, 3)), np.arange(10) // 5 * 0, "1 distinct row|one class"),
        (np.arange(20.0)[:, None], ["a"] * 20, "only one class, 'a'"),
        (np.arange(20.0)[:, None], np.r_[np.nan, np.zeros(19)], "y has 1 missing label"),
        (np.arange(20.0)[:, None], None, "requires y to be passed"),
        (np.arange(20.0)[:, None], np.zeros(7), "inconsistent numbers of samples"),
        (np.full((20, 2), "text"), np.arange(20) % 2, "numeric|text|could not convert"),
    ],
)
def test_tables_and_targets_that_make_no_sense(X, y, message):
    with pytest.raises(ValueError, match=message):
        gated().fit(X, y)


# A class that is in one row only may never be answered; that is warned of, and no failure.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no scored example:sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("n", [2, 3, 4, 7])
@pytest.mark.parametrize("estimator", [None, MLP])
def test_a_handful_of_rows(data, n, estimator):
    """Some networks then have no row held out."""
    selector = gated(estimator, n_networks=5).fit(data.X[:n], np.arange(n) % 2)
    assert np.isfinite(selector.importances_per_network_).all()
    np.testing.assert_allclose(selector.importances_per_network_.sum(axis=1), 1)


# Targets


LABELS = {
    "str": np.array(["high", "low", "mid"]),
    "object": np.array(["high", "low", "mid"], dtype=object),
    "gapped": np.array([-7, 3, 1000]),
    "whole floats": np.array([0.0, 1.0, 5.0]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_type_give_the_same_bits(data, plain, kind):
    selector = gated().fit(data.X, LABELS[kind][data.y])
    assert gate_bits(selector) == plain
    assert list(selector.classes_) == list(LABELS[kind])


@pytest.mark.parametrize("container", [list, pd.Series, pd.Categorical, pl.Series])
def test_labels_in_any_container(data, plain, container):
    y = np.array(["u", "v", "w"])[data.y]
    assert gate_bits(gated().fit(data.X, container(y.tolist()))) == plain


TARGETS = {
    "binary": (lambda X: np.where(X[:, 0] > X[:, 1], "yes", "no"), {0, 1}, 2),
    "bool": (lambda X: X[:, 0] > 1, {0}, 2),
    "multiclass": (lambda X: X[:, :3].argmax(axis=1), {0, 1, 2}, 3),
    "multilabel": (lambda X: (X[:, :3] > 1).astype(int), {0, 1, 2}, 3),
    "sparse multilabel": (lambda X: sp.csr_matrix((X[:, :3] > 1).astype(int)), {0, 1, 2}, 3),
    "regression": (lambda X: 3 * (X[:, 0] - X[:, 1]), {0, 1}, 1),
    "outputs": (lambda X: np.c_[2 * X[:, 0] - 2, 2 * X[:, 3] - 2], {0, 3}, 2),
    "classes of two kinds": (
        lambda X: np.c_[X[:, :3].argmax(axis=1), np.digitize(X[:, 5], [0.5, 1.5])],
        {0, 1, 2, 5},
        6,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [None, MLP])
@pytest.mark.parametrize("kind", TARGETS)
def test_targets_of_every_kind(data, kind, estimator):
    make, planted_columns, n_rows = TARGETS[kind]
    task = "regression" if kind in ("regression", "outputs") else "classification"
    params = {"n_features_to_select": len(planted_columns), "path_steps": 150, "task": task}
    selector = gated(estimator, **params).fit(data.X, make(data.X))
    assert set(selector.get_support(indices=True)) == planted_columns
    assert selector.class_importances_.shape == (n_rows, 8)
    assert hasattr(selector, "classes_") == (kind not in ("regression", "outputs"))


def test_task_regression_on_whole_numbers(data):
    y = np.round(3 * data.X[:, 0]).astype(int)
    selector = gated(task="regression", n_features_to_select=1).fit(data.X, y)
    assert selector.class_importances_.shape == (1, 8)
    assert list(selector.get_support(indices=True)) == [0]


def test_units_of_the_target_are_of_no_account(data):
    """Rows are dealt by their content, the target's too: one batch of all makes fits comparable."""
    params = {"batch_size": 120, "validation_fraction": 0, "path_steps": 80, "task": "regression"}
    y = data.X[:, 0] - data.X[:, 1]
    a, b = (gated(**params).fit(data.X, v) for v in (y, 1e6 * y + 1e7))
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=0.02)
    np.testing.assert_allclose(a.class_importances_, b.class_importances_, atol=0.05)


def test_classes_of_an_earlier_fit_do_not_stay(data):
    selector = gated().fit(*data)
    assert hasattr(selector, "classes_")
    numbers = gated(task="regression").estimator
    selector.set_params(estimator=numbers).fit(data.X, data.X[:, 0])
    assert not hasattr(selector, "classes_")


def test_a_continuous_target_is_no_class(data):
    with pytest.raises(ValueError, match=r"y looks continuous.*NetworkEnsembleRegr"):
        gated(task="classification").fit(data.X, data.X[:, 0])


# Weights


WEIGHTED = {
    "path": {},
    "free": {"gates": "free"},
    "constant penalty": EARLY,
    "paper's loss": {"loss": "soft_f1"},
    "class": {"estimator": MLP},
    "skorch": {"estimator": classifier()},
}


@pytest.mark.slow
@pytest.mark.parametrize("fit", WEIGHTED)
def test_a_weight_is_a_repetition(data, fit):
    twice = np.r_[np.arange(12, 120), np.arange(12, 120, 3)]
    weight = np.where(np.arange(120) % 3 == 0, 2.0, 1.0)
    weight[:12] = 0
    a = gated(**WEIGHTED[fit]).fit(*data, sample_weight=weight)
    b = gated(**WEIGHTED[fit]).fit(data.X[twice], data.y[twice])
    assert gate_bits(a) == gate_bits(b)


def test_the_order_of_rows_is_of_no_account(data, plain):
    order = np.random.default_rng(1).permutation(120)
    assert gate_bits(gated().fit(data.X[order], data.y[order])) == plain


def test_weights_of_one_are_no_weights_and_others_matter(data, plain):
    assert gate_bits(gated().fit(*data, sample_weight=np.ones(120))) == plain
    weight = np.where(data.X[:, 5] > 1, 1.0, 0.01)
    assert gate_bits(gated().fit(*data, sample_weight=weight)) != plain


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [None, MLP])
def test_balanced_class_weight_is_the_equivalent_sample_weight(data, estimator):
    keep = np.flatnonzero((data.y != 2) | (np.arange(120) % 2 == 0))
    X, y = data.X[keep], data.y[keep]
    params = {"standardize": False, "path_steps": 120}
    a = gated(estimator, class_weight="balanced", **params).fit(X, y)
    b = gated(estimator, **params).fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=1e-4)
    unweighted = gated(estimator, **params).fit(X, y)
    assert np.abs(a.feature_importances_ - unweighted.feature_importances_).max() > 1e-3


def test_class_weight_needs_classes(data):
    with pytest.raises(ValueError, match="class_weight='balanced' needs one label per row"):
        gated(class_weight="balanced").fit(data.X, (data.X[:, :3] > 1).astype(int))
    with pytest.raises(TypeError, match="class_weight"):
        gated(class_weight="balanced", task="regression")
    with pytest.raises(ValueError, match=r"class_weight names \['7'\]"):
        gated(class_weight={7: 2.0}).fit(*data)


def test_rows_that_are_masked_train_all_the_same(data):
    mask = data.X[:, 5] > 1
    a, b = gated().fit(*data), gated().fit(*data, sample_mask=mask)
    np.testing.assert_array_equal(a.importances_per_network_, b.importances_per_network_)
    assert not np.array_equal(a.class_importances_, b.class_importances_)


def test_groups_of_rows_are_given_to_fit_and_held_out_together(data):
    rows = np.repeat(np.arange(20), 6)
    selector = gated(feature_groups=[0, 0, 1, 1, 2, 2, 3, 3]).fit(*data, groups=rows)
    importances = selector.feature_importances_
    np.testing.assert_array_equal(importances[::2], importances[1::2])
    plain = gated(feature_groups=[0, 0, 1, 1, 2, 2, 3, 3]).fit(*data)
    assert gate_bits(selector) != gate_bits(plain)


# Networks of the user's own


class SoftmaxEnd(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 3), nn.Softmax(dim=1))


NETWORKS = {
    "class": lambda: MLP,
    "class of fixed size": lambda: FixedMLP,
    "instance": lambda: FixedMLP(),
    "sequential": lambda: relu_network(8, 12, 3, dtype=torch.float32),
    "float64": lambda: relu_network(8, 12, 3),
    "dropout, batch norm": lambda: nn.Sequential(
        nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.1), nn.Linear(12, 3)
    ),
    "softmax at the end": SoftmaxEnd,
    "skorch": classifier,
    "skorch, instance": lambda: classifier(FixedMLP()),
    "skorch, softmax": lambda: classifier(SoftmaxMLP, criterion=nn.NLLLoss),
    "skorch, plain": lambda: skorch.NeuralNet(
        MLP,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=20,
        lr=0.02,
        batch_size=32,
    ),
    "skorch, stopping early": lambda: classifier(
        callbacks=[EarlyStopping(patience=5, load_best=True, sink=lambda _: None)]
    ),
    "skorch, early stopping without the best": lambda: classifier(
        callbacks=[EarlyStopping(patience=5, sink=lambda _: None)]
    ),
}


def _state(module: nn.Module):
    return {name: t.clone() for name, t in module.state_dict().items()}, module.training


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("params", [{"path_steps": 150}, EARLY], ids=["path", "constant penalty"])
def test_every_kind_of_network_learns_behind_gates(data, kind, params):
    network = NETWORKS[kind]()
    module = network.module if isinstance(network, skorch.NeuralNet) else network
    before = copy.deepcopy(_state(module)) if isinstance(module, nn.Module) else None
    if isinstance(network, skorch.NeuralNet):  # which trains for its own epochs
        params = {name: value for name, value in params.items() if name != "max_epochs"}
    selector = gated(network, **params, n_features_to_select=3).fit(*data)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    np.testing.assert_allclose(selector.importances_per_network_.sum(axis=1), 1)
    assert selector.estimator.network is network
    if before is not None:  # what belongs to the user stays as it was
        state, training = _state(module)
        assert all(torch.equal(state[name], before[0][name]) for name in before[0])
        assert training == before[1]
    if isinstance(network, skorch.NeuralNet):
        assert not hasattr(network, "module_")


@pytest.mark.slow
def test_a_single_logit_tells_two_classes_apart(data):
    y = data.X[:, 0] > data.X[:, 1]
    net = skorch.NeuralNetBinaryClassifier(
        OneLogitMLP, optimizer=torch.optim.Adam, max_epochs=20, lr=0.02, batch_size=32
    )
    for estimator in (net, OneLogitMLP):
        selector = gated(estimator, n_features_to_select=2, path_steps=150).fit(data.X, y)
        assert set(selector.get_support(indices=True)) == {0, 1}
        assert selector.class_importances_.shape == (2, 8)


def test_networks_have_parameters_of_their_own(data):
    selector = gated(FixedMLP(), max_epochs=1, path_steps=1).fit(*data)
    first = [net.module_.core[1].hidden.weight for net in selector.estimator_.estimators_]
    assert not torch.allclose(first[0], first[1])


class Convolution(nn.Module):
    """No layer takes the columns as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.windows = nn.Conv1d(1, 4, 3, padding=1)
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        return self.out(torch.relu(self.windows(x[:, None])).flatten(1))


@pytest.mark.parametrize("params", [{}, EARLY, {**EARLY, "readout": "gate"}])
def test_a_network_whose_first_layer_is_not_found_says_what_to_ask_for(data, params, monkeypatch):
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(ValueError, match=r"Convolution has no nn.Linear of 8 .*readout='gate'.*=0"),
    ):
        gated(Convolution(), **params).fit(*data)
    assert calls == []


@pytest.mark.slow
def test_and_that_can_be_had(data):
    params = {"gate_penalty": 0, "max_epochs": 30, "n_features_to_select": 3}
    selector = gated(Convolution(), **params, readout="gate").fit(*data)
    assert (selector.importances_per_network_ > 0).all()
    again = gated(selector.estimator_.estimators_[0], readout="gate", prefit=True).fit(*data)
    np.testing.assert_allclose(again.feature_importances_, selector.importances_per_network_[0])
    with pytest.raises(ValueError, match=r"has no nn\.Linear of 8 inputs"):
        gated(selector.estimator_.estimators_[0], prefit=True).fit(*data)


def test_curved_networks_are_refused_before_training_and_the_module_is_named(data, monkeypatch):
    net = nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 5), nn.Tanh(), nn.Linear(5, 3))
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(NotPiecewiseLinearError, match=r"in '3' \(Tanh\).* ReLU-like activations"),
    ):
        gated(net).fit(*data)
    assert calls == []


def test_a_network_with_too_few_outputs_is_refused_before_training(data, monkeypatch):
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(ValueError, match="the network has 2 outputs, but y has 3 classes"),
    ):
        gated(relu_network(8, 6, 2)).fit(*data)
    assert calls == []


def test_what_cannot_have_gates_is_refused(data):
    with pytest.raises(TypeError, match=r"MLPClassifier cannot be trained with gates .*torch mod"):
        gated(MLPClassifier()).fit(*data)
    with pytest.raises(TypeError, match="is not a network"):
        gated(LogisticRegression()).fit(*data)
    with pytest.raises(ValueError, match=r"callbacks='disable'.*leave callbacks at None"):
        gated(classifier(callbacks="disable")).fit(*data)


def test_diverged_training_says_what_to_lower(data):
    for estimator in (None, MLP):
        with pytest.raises(TrainingDivergedError, match="Lower learning_rate"):
            gated(estimator, learning_rate=1e30).fit(*data)


# Fitted networks


def test_a_fitted_network_is_only_read(data, monkeypatch):
    selector = gated(**EARLY, gates="free").fit(*data)
    net = selector.estimator_.estimators_[1]
    before = _state(net.module_)
    with counted_trainings(monkeypatch) as calls:
        again = gated(net, prefit=True, n_features_to_select=3).fit(*data)
    assert calls == []
    assert again.estimator_.estimators_[0] is net
    assert again.estimator_.estimators_ == [net]
    state, _ = _state(net.module_)
    assert all(torch.equal(state[name], before[0][name]) for name in state)
    np.testing.assert_allclose(
        again.feature_importances_, selector.importances_per_network_[1], rtol=1e-5
    )
    np.testing.assert_array_equal(again.importances_std_, np.full(8, np.nan))
    assert set(again.get_support(indices=True)) == {0, 1, 2}


@pytest.mark.filterwarnings("ignore:no scored example is of class 'high'")  # y lacks it, once
@pytest.mark.parametrize("read", [ImportanceNeuronSelector, DeepLIFFTSelector])
def test_a_network_that_learned_names_is_read_with_names(data, read):
    names = np.array(["low", "mid", "high"])
    free = gated(**EARLY, gates="free").fit(data.X, names[data.y])
    net = free.estimator_.estimators_[0]
    selector = read(net, prefit=True).fit(data.X, names[data.y])
    assert list(selector.classes_) == ["high", "low", "mid"]
    by_number = read(net.module_, prefit=True).fit(data.X, np.array([1, 2, 0])[data.y])
    np.testing.assert_array_equal(selector.class_importances_, by_number.class_importances_)
    part = read(net, prefit=True).fit(data.X, np.where(data.y > 0, "mid", "low"))
    assert list(part.classes_) == ["high", "low", "mid"]
    with pytest.raises(ValueError, match=r"labels the network does not know: \[0, 1, 2\]"):
        read(net, prefit=True).fit(data.X, np.array([1, 2, 0])[data.y])


def test_fitted_networks_without_gates_are_refused(data):
    without = NetworkEnsembleClassifier(n_networks=1, gates=None, max_epochs=1).fit(*data)
    with pytest.raises(ValueError, match=r"no gates to read.*pass a fitted ensemble whose net"):
        gated(relu_network(8, 6, 3), prefit=True).fit(*data)
    with pytest.raises(ValueError, match=r"trained without gates \(gates=None.*gates='tied' and a"):
        gated(without, prefit=True).fit(*data)
    for unfitted in (MLP, classifier(), None):
        with pytest.raises(ValueError, match="fitted"):
            gated(unfitted, prefit=True).fit(*data)


def test_a_fitted_network_of_other_columns_is_refused(data):
    ensemble = gated(gates="free").fit(*data).estimator_
    with pytest.raises(ValueError, match="gates for 8 columns, and X has 5"):
        gated(ensemble.estimators_[0], prefit=True).fit(data.X[:, :5], data.y)
    with pytest.raises(ValueError, match="X has 5 columns, and the fitted ensemble reads 8"):
        gated(ensemble, prefit=True).fit(data.X[:, :5], data.y)


# Parameters


BAD_PARAMETERS: list[tuple[dict, str]] = [
    ({"n_features_to_select": 9}, "n_features_to_select=9 must be between 1 and .*, 8.*fraction"),
    ({"n_features_to_select": 0}, "n_features_to_select"),
    ({"n_networks": 0}, "n_networks"),
    ({"gates": "open"}, "gates"),
    ({"gate_initial": "zero"}, "gate_initial"),
    ({"gate_penalty": 1.5}, "gate_penalty"),
    ({"gate_penalty": -0.1}, "gate_penalty"),
    ({"gate_penalty": "ramp"}, "gate_penalty"),
    ({"path_steps": 0}, "path_steps"),
    ({"readout": "weights"}, "readout"),
    ({"loss": "f1"}, "loss"),
    ({"noise": -1}, "noise"),
    ({"l2": -1}, "l2"),
    ({"tol": -1}, "tol"),
    ({"score_on": "out_of_fold", "n_networks": 1}, "score_on='out_of_fold' needs n_networks >= 2"),
    ({"threshold": "most"}, "threshold='most' is not understood"),
    ({"hidden_layer_sizes": [10, 0]}, "hidden_layer_sizes"),
    ({"validation_fraction": 0.7}, "validation_fraction"),
    ({"device": "gpu"}, "device"),
    ({"feature_groups": [0, 1]}, "feature_groups holds 2 labels for 8 columns"),
]


@pytest.mark.parametrize(("params", "message"), BAD_PARAMETERS, ids=lambda p: str(p)[:40])
def test_parameters_that_make_no_sense_are_found_out_before_training(
    data, params, message, monkeypatch
):
    with counted_trainings(monkeypatch) as calls, pytest.raises(ValueError, match=message):
        gated(**params).fit(*data)
    assert calls == []


OTHER_VALUES = {
    "estimator": MLP,
    "n_features_to_select": 3,
    "threshold": "mean",
    "alpha": 0.05,
    "per_class": True,
    "target_class": "b",
    "readout": "gate",
    "feature_groups": [[0, 1], (2, 3)],
    "score_on": "out_of_fold",
    "prefit": True,
    "memory": "kept",
    "random_state": 3,
    "verbose": 1,
}

OTHER_TRAINING = {
    "network": MLP,
    "n_networks": 2,
    "gates": "free",
    "gate_initial": "uniform",
    "gate_penalty": 0.5,
    "path_steps": 10,
    "loss": "soft_f1",
    "class_weight": {"b": 2.0},
    "standardize": False,
    "unskew": False,
    "null_features": True,
    "hidden_layer_sizes": [5, 4],
    "linear_share": 0.5,
    "dropout": 0.5,
    "noise": 0.1,
    "l2": 0.1,
    "learning_rate": 0.5,
    "weight_decay": 0.1,
    "batch_size": 7,
    "max_epochs": 2,
    "max_steps": 90,
    "patience": None,
    "tol": 0.1,
    "validation_fraction": 0.5,
    "n_jobs": 2,
    "checkpoint_dir": "folder",
    "device": "cpu:0",
    "random_state": 3,
    "verbose": 1,
}


OF_REGRESSION = {name: v for name, v in OTHER_TRAINING.items() if name != "class_weight"}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ImportanceNeuronSelector, OTHER_VALUES),
        (NetworkEnsembleClassifier, OTHER_TRAINING),
        (NetworkEnsembleRegressor, OF_REGRESSION),
    ],
)
def test_every_parameter_is_kept_as_it_is_cloned_and_documented(kind, values):
    assert kind().get_params(deep=False).keys() == values.keys()
    estimator = kind(**values)
    for name, given in values.items():
        assert getattr(estimator, name) is given
        assert clone(estimator).get_params(deep=False)[name] == given
        assert f"    {name} : " in kind.__doc__


def test_every_fitted_attribute_is_documented(data):
    selector = gated().fit(pd.DataFrame(data.X, columns=NAMES), data.y)
    for name in vars(selector):
        if name.endswith("_") and not name.startswith("_"):
            assert name in ImportanceNeuronSelector.__doc__, name


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [None, MLP, FixedMLP(), classifier()])
def test_fit_leaves_parameters_as_they_were(data, estimator):
    given = {
        "feature_groups": [[0, 1], [2, 3]],
        "class_weight": {0: 2.0},
        "random_state": np.random.RandomState(0),
        "n_features_to_select": 0.5,
    }
    if estimator is None:
        given["hidden_layer_sizes"] = [6]
    selector = gated(estimator, **given)
    before = [(owner, dict(vars(owner))) for owner in (selector, selector.estimator)]
    contents = [{n: repr(v) for n, v in had.items() if n != "random_state"} for _, had in before]
    selector.fit(*data)
    for (owner, had), texts in zip(before, contents, strict=True):
        for name, value in had.items():
            assert getattr(owner, name) is value, name
        for name, text in texts.items():
            assert repr(getattr(owner, name)) == text, name
    assert vars(selector.estimator).keys() == before[1][1].keys()  # a clone was trained


def _global_state():
    numpy_state = np.random.get_state()
    return (
        torch.get_rng_state().tolist(),
        [part.tolist() if isinstance(part, np.ndarray) else part for part in numpy_state],
        random.getstate(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        np.geterr(),
    )


RANDOM = {"dropout": 0.1, "noise": 0.1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "layers"),
    [({}, RANDOM), ({"n_jobs": 2}, RANDOM), ({"estimator": MLP}, {})],
    ids=["one thread", "two threads", "own"],
)
def test_global_state_is_left_as_found(data, params, layers):
    before = _global_state()
    gated(**params, **layers).fit(*data)
    gated(**params, **EARLY, gates="free").fit(*data)
    with pytest.raises(TrainingDivergedError):
        gated(**params, learning_rate=1e30).fit(*data)
    assert _global_state() == before


# After an error


FAILURES = {
    "bad data": lambda s, X, y: s.fit(np.where(X > 2, np.nan, X), y),
    "one class": lambda s, X, y: s.fit(X[:, :3], np.zeros(120)),
    "bad groups": lambda s, X, y: s.set_params(feature_groups=[1, 2]).fit(X[:, :5], y),
    "divergence": lambda s, X, y: s.set_params(estimator__learning_rate=1e30).fit(X[:, :5], y),
    "wrong loss": lambda s, X, y: s.set_params(estimator__loss="soft_f1").fit(
        X[:, :5], np.c_[y, y]
    ),
    "no gates": lambda s, X, y: s.set_params(estimator=relu_network(5, 4, 3), prefit=True).fit(
        X[:, :5], y
    ),
    "not a network": lambda s, X, y: s.set_params(estimator=3).fit(X[:, :5], y),
    "warning as an error": lambda s, X, y: s.fit(np.c_[X[:, :4], np.ones(120)], y),
}


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failed_fit_the_selector_holds_its_earlier_state(data, failure):
    selector = gated(feature_groups=[[0, 1]], n_features_to_select=2).fit(
        pd.DataFrame(data.X, columns=NAMES), data.y
    )
    params = selector.get_params(deep=False)
    before, digest = dict(vars(selector)), gate_bits(selector)
    names, frequency = selector.get_feature_names_out(), selector.selection_frequency_
    with pytest.raises((ValueError, TypeError, UserWarning)):
        FAILURES[failure](selector, *data)
    selector.set_params(**params)
    assert vars(selector).keys() == before.keys()
    assert all(getattr(selector, name) is value for name, value in before.items())
    assert gate_bits(selector) == digest
    np.testing.assert_array_equal(selector.get_feature_names_out(), names)
    np.testing.assert_array_equal(selector.selection_frequency_, frequency)


def test_a_failed_first_fit_leaves_it_unfitted(data):
    selector = gated(learning_rate=1e30)
    before = dict(vars(selector))
    with pytest.raises(TrainingDivergedError):
        selector.fit(*data)
    assert vars(selector) == before
    for call in (selector.get_support, selector.get_feature_names_out):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call()
    assert not hasattr(selector, "selection_frequency_")


def test_fewer_features_after_more(data):
    """A re-fit on another table leaves nothing of the first."""
    selector = gated(n_features_to_select=2)
    selector.fit(pd.DataFrame(data.X, columns=NAMES), data.y).fit(data.X[:, :5], data.y)
    assert set(vars(selector)) == set(vars(gated().fit(data.X[:, :5], data.y)))
    assert selector.transform(data.X[:, :5]).shape == (120, 2)


# A scikit-learn estimator


SAVERS = {
    "pickle": lambda s, path: pickle.loads(pickle.dumps(s)),
    "cloudpickle": lambda s, path: cloudpickle.loads(cloudpickle.dumps(s)),
    "joblib": lambda s, path: joblib.load(joblib.dump(s, path / "s.joblib")[0]),
    "deep copy": lambda s, path: copy.deepcopy(s),
}


def first_two(name: str) -> bool:
    return name in "ab"


SAVED = {
    "default": lambda: gated(),
    "groups": lambda: gated(feature_groups=first_two),
    "class": lambda: gated(MLP),
    "skorch": lambda: gated(classifier(), gate_penalty=0.3),
    "regression": lambda: gated(task="regression", gates="free"),
}


@pytest.mark.slow
@pytest.mark.parametrize("saver", SAVERS)
@pytest.mark.parametrize("kind", SAVED)
def test_round_trips(data, kind, saver, tmp_path):
    frame = pd.DataFrame(data.X, columns=NAMES)
    selector = SAVED[kind]().fit(frame, data.y)
    again = SAVERS[saver](selector, tmp_path)
    assert gate_bits(again) == gate_bits(selector)
    np.testing.assert_array_equal(again.transform(frame), selector.transform(frame))
    np.testing.assert_array_equal(again.selection_frequency_, selector.selection_frequency_)
    assert again.set_params(n_features_to_select=1).stability_ == pytest.approx(
        selector.set_params(n_features_to_select=1).stability_
    )


@pytest.mark.slow
def test_no_data_travels_with_a_pickle():
    rng = np.random.default_rng(0)
    for estimator in (None, MLP):
        sizes = []
        for n in (200, 4000):
            X = rng.normal(size=(n, 8))
            params = {"batch_size": n, "max_epochs": 40, "path_steps": 1}
            fitted = gated(estimator, **params).fit(X, X[:, 0] > 0)
            sizes.append(len(pickle.dumps(fitted)))
        assert abs(sizes[1] - sizes[0]) < 2000  # the larger table alone is 256 kB


def test_a_clone_is_unfitted_and_fits_the_same(data, plain):
    twin = clone(gated().fit(*data))
    with pytest.raises(NotFittedError):
        twin.get_support()
    assert gate_bits(twin.fit(*data)) == plain


def test_a_clone_of_a_network_starts_afresh(data):
    net = gated(gates="free").fit(*data).estimator_.estimators_[0]
    twin = clone(net).initialize()
    assert not torch.equal(twin.module_.core[1].weight, net.module_.core[1].weight)
    assert (twin.module_.core[0].weight == 1).all()


@pytest.mark.slow
def test_a_grid_over_counts(data):
    pipe = Pipeline([("select", gated()), ("fit", LogisticRegression())])
    search = GridSearchCV(pipe, {"select__n_features_to_select": [1, 3, 8]}, cv=3).fit(*data)
    assert search.best_params_["select__n_features_to_select"] >= 3
    assert search.best_estimator_["select"].transform(data.X).shape[1] >= 3
    assert search.score(*data) > 0.85


def test_a_sweep_over_counts_by_hand_trains_once(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = gated().fit(*data)
        widths = [
            selector.set_params(n_features_to_select=k).transform(data.X).shape[1]
            for k in range(1, 9)
        ]
    assert len(calls) == 3
    assert widths == list(range(1, 9))


def test_nested_parameters_reach_the_network(data):
    selector = gated(classifier(), gate_penalty=0.3)
    own = {"estimator__network__max_epochs": 3, "estimator__network__module__width": 7}
    selector.set_params(**own).fit(*data)
    net = selector.estimator_.estimators_[0]
    assert len(net.history) == 3
    assert net.module_.core[1].hidden.out_features == 7


def test_behind_a_scaler_with_names(data):
    frame = pd.DataFrame(data.X, columns=NAMES)
    pipe = make_pipeline(StandardScaler(), gated(n_features_to_select=3))
    pipe.set_output(transform="pandas").fit(frame, data.y)
    assert set(pipe.get_feature_names_out()) == {"a", "b", "c"}
    assert set(pipe.transform(frame).columns) == {"a", "b", "c"}


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("out", ["default", "pandas", "polars"])
def test_set_output(data, made, out):
    frame = pl.DataFrame(data.X, schema=NAMES) if made is pl.DataFrame else None
    frame = pd.DataFrame(data.X, columns=NAMES) if frame is None else frame
    selector = gated(n_features_to_select=3).set_output(transform=out).fit(frame, data.y)
    found = selector.transform(frame)
    kinds = {"default": np.ndarray, "pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert isinstance(found, kinds[out])
    np.testing.assert_array_equal(np.asarray(found), data.X[:, selector.get_support()])
    if out != "default":
        assert list(found.columns) == list(selector.get_feature_names_out())


def test_names_in_another_order_are_refused(data):
    frame = pd.DataFrame(data.X, columns=NAMES)
    with pytest.raises(ValueError, match="feature names should match"):
        gated().fit(frame, data.y).transform(frame[NAMES[::-1]])


# The cut


def test_counts_fractions_and_none(data):
    selector = gated().fit(*data)
    for k, n in ((None, 4), (1, 1), (8, 8), (0.25, 2), (1.0, 8), (0.01, 1)):
        assert selector.set_params(n_features_to_select=k).get_support().sum() == n


def test_thresholds(data):
    selector = gated().fit(*data)
    importances = selector.feature_importances_
    limits = {"mean": 1 / 8, "median": np.median(importances), "1.25*mean": 1.25 / 8, 0.1: 0.1}
    for threshold, limit in limits.items():
        selector.set_params(threshold=threshold, n_features_to_select=None)
        np.testing.assert_array_equal(selector.get_support(), importances >= limit)
        selector.set_params(n_features_to_select=1)
        assert selector.get_support().sum() == 1  # both must hold
    selector.set_params(threshold=2.0)
    with pytest.warns(FeatureSelectionWarning, match="keeps no column: the largest importance is"):
        assert selector.transform(data.X).shape == (120, 0)
    assert np.isnan(selector.stability_)
