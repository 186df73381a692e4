"""Gates in training: before a network of the user's own as in ours, and what they find."""

from dataclasses import replace

import numpy as np
import pytest
import skorch
import torch
from skorch.callbacks import EarlyStopping
from torch import nn

from sklearn_deeplifft.networks import (
    GateSettings,
    NetworkSettings,
    TrainingJob,
    adapter_of,
    column_norms,
    first_linear,
    gates_of,
)
from sklearn_deeplifft.networks._gates import FeatureGate
from sklearn_deeplifft.tables import Scaling
from tests.conftest import MLP
from tests.ensembles._cases import SETTINGS, alone, assert_alike, assigned, case, together

RAW = case().table.rows.take(slice(None))
PLAIN, BLOCKS = (0, 1, 2, 3, 4), (0, 1, 1, 2, 0)

FREE = {
    "path": GateSettings(BLOCKS, False, path_steps=60),
    "one each": GateSettings(PLAIN, False, path_steps=60),
    "penalty": GateSettings(BLOCKS, False, penalty=0.2),
    "the paper": GateSettings(PLAIN, False, "uniform", 0.0),
}


# In skorch's own loop as in ours


@pytest.mark.slow
@pytest.mark.parametrize("name", FREE)
@pytest.mark.parametrize("held", [18, 0])
@pytest.mark.parametrize("patience", [3, None])
def test_a_plain_net_is_gated_like_the_networks_trained_together(name, held, patience):
    settings = replace(SETTINGS, gates=FREE[name], patience=patience)
    data, parts = case(), assigned(2, held=held)
    for found, part in zip(together(data, settings, parts), parts, strict=True):
        expected = alone(data, settings, part)
        assert_alike(found, expected, RAW)
        names = ["gate", "effective", "exit", *(["path"] if FREE[name].penalty is None else [])]
        for what in names:
            a, b = getattr(found.gates, what), getattr(expected.gates, what)
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def of_their_own(estimator, gates, *, held=18, seed=100, data=None, **changes):
    """A network of the user's, trained behind free gates."""
    part, data = assigned(1, held=held)[0], data or case()
    settings = replace(SETTINGS, gates=gates, **changes)
    job = TrainingJob(
        data.problem,
        settings,
        data.table,
        training=part.training,
        validation=part.validation,
        columns=np.arange(5),
        seed=seed,
    )
    return adapter_of(estimator).train(job)


def classifier(**params) -> skorch.NeuralNetClassifier:
    given = {"optimizer": torch.optim.Adam, "lr": 0.02, "batch_size": 16, "max_epochs": 12}
    return skorch.NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        module__n_features=5,
        module__n_outputs=3,
        **{**given, **params},
    )


ESTIMATORS = {
    "module": lambda: MLP,
    "net": classifier,
    "stops early": lambda: classifier(callbacks=[EarlyStopping(patience=2, load_best=True)]),
    "keeps the last": lambda: classifier(callbacks=[EarlyStopping(patience=4)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("name", FREE)
def test_what_is_read_belongs_to_the_weights_that_are_kept(estimator, name):
    found = of_their_own(ESTIMATORS[estimator](), FREE[name], learning_rate=0.05)
    gate = gates_of(found.core)
    g = gate.weight.detach()
    W = first_linear(found.core, 5).weight.detach()
    e = g * column_norms(W[None], gate.feature_of_column, len(g))[0]
    torch.testing.assert_close(found.gates.gate, g)
    torch.testing.assert_close(found.gates.effective, e)
    assert (g >= 0).all()
    if FREE[name].penalty is None:
        assert found.gates.path.sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("held", [18, 0])
def test_a_path_has_its_length_with_any_network(held):
    """In steps, of which an epoch has five or six, unless every gate closes before its end."""
    gates = GateSettings(PLAIN, False, path_steps=100)
    found = of_their_own(MLP, gates, held=held)
    assert found.epochs == -(-100 // (-(-(90 - held) // 16)))
    closed = of_their_own(MLP, replace(gates, path_start=0.999), held=held, learning_rate=0.1)
    assert closed.epochs < found.epochs
    assert torch.isfinite(closed.gates.exit).all()
    assert closed.gates.path.sum().item() == pytest.approx(1, abs=1e-5)


def test_closed_gates_are_closed_exactly():
    found = of_their_own(MLP, GateSettings(PLAIN, False, penalty=0.7))
    g = gates_of(found.core).weight
    assert int((g == 0).sum()) > 0
    assert found.gates.exit.tolist() == [np.inf] * 5
    rows = torch.as_tensor(RAW)
    other = torch.where(g == 0, rows.flip(0), rows)
    with torch.no_grad():
        module = found.estimator.module_
        torch.testing.assert_close(module(other), module(rows), rtol=1e-6, atol=1e-6)


def test_callbacks_that_are_disabled_could_not_close_a_gate():
    with pytest.raises(ValueError, match="callbacks='disable', but its gates are closed by a"):
        of_their_own(classifier(callbacks="disable"), FREE["penalty"])


# Finding gates and the layer behind them


def test_the_layer_that_takes_the_columns():
    inner = nn.Linear(5, 2)
    core = nn.Sequential(nn.Linear(4, 5), nn.Sequential(nn.ReLU(), inner), nn.Linear(5, 5))
    assert first_linear(core, 5) is inner
    with pytest.raises(
        ValueError, match=r"Sequential has no nn.Linear of 7 inputs.*readout='gate'"
    ):
        first_linear(core, 7)


def test_gates_are_found_wherever_they_are():
    gate = FeatureGate(torch.arange(5))
    assert gates_of(nn.Sequential(nn.Identity(), nn.Sequential(gate))) is gate
    with pytest.raises(ValueError, match="Linear has no gates to read"):
        gates_of(nn.Linear(5, 2))


def test_without_such_a_layer_the_gates_alone_are_read():
    class Scalar(nn.Module):
        """Weights of its own, in no nn.Linear."""

        def __init__(self, n_features, n_outputs) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(n_features, n_outputs))

        def forward(self, x):
            return x @ self.weight

    found = of_their_own(Scalar, FREE["the paper"])
    torch.testing.assert_close(found.gates.gate, gates_of(found.core).weight.detach())


# What they find


def planted(n_noise: int, *, n: int = 300, block: int = 0, kind: str = "softmax"):
    """Columns 0 and 1 decide; the others are noise, the last ``block`` of them one-hot."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2 + n_noise))
    y = (X[:, 0] + 0.6 * X[:, 1] > 0).astype(int)
    if block:
        X = np.hstack([X, np.eye(block)[rng.integers(block, size=n)]])
    data = case(n=n, d=X.shape[1], store=lambda _: X)
    data = data._replace(problem=replace(data.problem, n_outputs=2))
    moments = Scaling.straight(X.mean(0), np.where(X.std(0) > 0, X.std(0), 1))
    table = replace(data.table, targets=torch.as_tensor(y), moments=moments)
    return data._replace(table=table)


WIDER = NetworkSettings((16, 8), learning_rate=0.01, batch_size=32, max_epochs=25, patience=None)


def mean_of(networks, name) -> np.ndarray:
    return torch.stack([getattr(t.gates, name) for t in networks]).numpy().mean(0)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_more_penalty_leaves_fewer_features(tied):
    data, parts = planted(6), assigned(3, n=300, held=60)
    n_open = []
    for c in (0.0, 0.2, 0.6, 1.0):
        gates = GateSettings(tuple(range(8)), tied, penalty=c)
        networks = together(data, replace(WIDER, gates=gates), parts)
        e = np.array([t.gates.effective.numpy() for t in networks])
        n_open.append((e > 0).sum(1).mean())
        if 0 < c < 1:  # what decides is the last to go
            assert (e[:, :2].min(1) > e[:, 2:].max(1)).all()
    assert n_open == sorted(n_open, reverse=True)
    assert n_open[0] == 8
    assert n_open[-1] < n_open[1] <= 8
    assert n_open[2] < 8


@pytest.mark.parametrize("tied", [True, False])
def test_along_a_path_noise_closes_first(tied):
    data, parts = planted(6), assigned(3, n=300, held=60)
    gates = GateSettings(tuple(range(8)), tied, path_steps=300)
    networks = together(data, replace(WIDER, gates=gates), parts)
    path = mean_of(networks, "path")
    assert path[0] > path[1] > path[2:].max()
    for trained in networks:
        assert trained.gates.exit[:2].min() > trained.gates.exit[2:].max()


def test_the_scale_of_columns_that_are_standardised_changes_nothing():
    data, parts = planted(3), assigned(2, n=300, held=60)
    gates = GateSettings(tuple(range(5)), path_steps=100)
    X = data.table.rows.take(slice(None)) * np.array([1e-3, 1, 1e3, 1, 1])
    scaled = case(n=300, d=5, store=lambda _: X)
    moments = Scaling.straight(X.mean(0), X.std(0))
    table = replace(data.table, rows=scaled.table.rows, moments=moments)
    found = [
        mean_of(together(one, replace(WIDER, gates=gates), parts), "path")
        for one in (data, data._replace(table=table))
    ]
    np.testing.assert_allclose(*found, atol=1e-4)


@pytest.mark.parametrize("block", [3, 200])
def test_a_block_of_noise_gains_nothing_by_its_width(block):
    """One categorical feature without meaning, in few columns or in many."""
    data, parts = planted(3, block=block), assigned(3, n=300, held=60)
    where = (*range(5), *([5] * block))
    gates = GateSettings(where, path_steps=300)
    networks = together(data, replace(WIDER, gates=gates), parts)
    path = mean_of(networks, "path")
    assert path.shape == (6,)
    assert path[0] > path[5]
    assert path[5] < 0.1 + path[2:5].max()
