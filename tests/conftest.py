"""Small tables, a quick configuration and plain networks, shared by the tests of the estimator."""

from __future__ import annotations

import gc
import hashlib
import itertools
import json
import os
import signal
from contextlib import contextmanager
from typing import NamedTuple

import hypothesis
import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble, Rounds
from sklearn_deeplifft.ensembles._applicable import ignored_parameters
from sklearn_deeplifft.networks import adapter_of

# A busy machine is no defect: no example has a deadline, and the same ones are drawn each time.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


def pytest_collection_finish():
    """Leave thousands of collected tests, and torch, out of every search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """Ctrl-C interrupts, also where the runner was started with SIGINT ignored, as by nohup."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(autouse=True, scope="session")
def torch_warns_every_time():
    """Not once in a process, so that a warning is an error in every test where it arises."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.fixture(autouse=True, scope="session")
def strings_hash_otherwise_in_other_processes():
    """Whatever hangs on the order of a set then differs between them and this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1")
        yield


QUICK = {
    "n_networks": 1,
    "step": None,
    "gate_penalty": None,
    "dropout": 0.0,
    "max_epochs": 15,
    "hidden_layer_sizes": (16, 8),
    "learning_rate": 0.02,
    "batch_size": 32,
    "score_on": "all",
    "weight_decay": 0.0,
    "validation_fraction": 0.2,
    "random_state": 0,
}
"""One small plain network, one pass, every row scored: a fit takes hundredths of a second."""

ONE_PASS = ("step", "score_on", "gate_penalty")
"""Of these, what the other selectors do not have, or understand otherwise."""

OF_NETWORKS = {*NetworkEnsembleClassifier().get_params()} - {"network", "random_state", "verbose"}
"""Parameters of training: an ensemble has them, and no selector."""


def made(kind, estimator=None, *, defaults, **params):
    """A selector of this kind over an ensemble, each given its own part of the parameters.

    ``defaults`` that do not apply to the network are left out; ``params`` never are.
    ``task="regression"`` makes the ensemble a regressor.
    """
    task = params.pop("task", "classification")
    if isinstance(estimator, BaseNetworkEnsemble) or {**defaults, **params}.get("prefit"):
        given = {k: v for k, v in defaults.items() if k not in OF_NETWORKS}
        return kind(estimator, **{**given, **params})
    if adapter_of(estimator).task == "regression":
        task = "regression"
    own = {k: v for k, v in {**defaults, **params}.items() if k not in OF_NETWORKS}
    of_networks = {k: v for k, v in params.items() if k in OF_NETWORKS}
    given = kind.default_estimator(task, network=estimator).get_params(deep=False)
    given |= {k: v for k, v in defaults.items() if k in OF_NETWORKS} | of_networks
    ignored = {"class_weight"} if task == "regression" else set()
    ignored |= set(ignored_parameters(adapter_of(estimator), given))
    kept = {k: v for k, v in defaults.items() if k in OF_NETWORKS and k not in ignored}
    ensemble = kind.default_estimator(task, network=estimator, **{**kept, **of_networks})
    return kind(ensemble, **own)


def quick(estimator=None, **params) -> DeepLIFFTSelector:
    return made(DeepLIFFTSelector, estimator, defaults=QUICK, **params)


class Table(NamedTuple):
    X: np.ndarray
    y: np.ndarray


def planted(n: int = 120, d: int = 8, n_classes: int = 3, seed: int = 0) -> Table:
    """Normal columns that do not start at zero; column c speaks for class c, the rest is noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(loc=1.0, size=(n, d))
    return Table(X, X[:, :n_classes].argmax(axis=1))


@pytest.fixture
def table() -> Table:
    return planted()


class MLP(nn.Module):
    """Asks for its sizes; logits."""

    def __init__(self, n_features: int, n_outputs: int, width: int = 12) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_features, width)
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


class FixedMLP(MLP):
    """Knows its own sizes: 8 columns, 3 classes."""

    def __init__(self, width: int = 12) -> None:
        super().__init__(8, 3, width)


class SoftmaxMLP(MLP):
    """Probabilities, as skorch's NeuralNetClassifier expects them by default."""

    def forward(self, x):
        return super().forward(x).softmax(dim=-1)


class OneLogitMLP(MLP):
    """A single logit for two classes."""

    def __init__(self, n_features: int, width: int = 12) -> None:
        super().__init__(n_features, 1, width)


def relu_network(*sizes: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    """Random weights, deterministic, with biases that matter."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layer = nn.Linear(a, b, dtype=dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(b, a, generator=generator, dtype=dtype) / a**0.5)
            layer.bias.copy_(torch.randn(b, generator=generator, dtype=dtype))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def answering(X: np.ndarray, *hidden: int, n_classes: int = 3, seed: int = 0):
    """A random network (float64) that answers every class on ``X``, and its answers (n,)."""
    net = relu_network(X.shape[1], *hidden, n_classes, seed=seed)
    with torch.no_grad():
        z = net(torch.as_tensor(X, dtype=torch.float64))
        net[-1].weight.mul_(2 / z.std(0)[:, None])
        net[-1].bias.copy_(2 * (net[-1].bias - z.mean(0)) / z.std(0))
        answers = net(torch.as_tensor(X, dtype=torch.float64)).argmax(1).numpy()
    assert set(answers) == set(range(n_classes))
    return net, answers


def noted_rounds(monkeypatch):
    """Networks of every round of the fits that follow; those of a first round in parts at once."""
    seen, parts, train = [], {}, Rounds.train

    def watched(self, *args, **kwargs):
        networks = train(self, *args, **kwargs)
        part = self.execution.part
        if part is None:
            seen.append(networks)
        else:
            parts.update(zip(part.numbers, networks, strict=True))
            if len(parts) == part.total:
                seen.append([parts.pop(i) for i in range(part.total)])
        return networks

    monkeypatch.setattr(Rounds, "train", watched)
    return seen


def bits(selector) -> str:
    """A digest of every number that a fit leaves behind."""
    names = ("feature_importances_", "class_importances_", "importances_std_", "ranking_")
    h = hashlib.sha256()
    for name in names:
        h.update(np.ascontiguousarray(getattr(selector, name)).tobytes())
    h.update(json.dumps([selector.decomposition_error_, selector.n_rounds_]).encode())
    return h.hexdigest()


@contextmanager
def counted_trainings(monkeypatch):
    """Count how many networks are trained: the columns of each, in the order of the rounds."""
    from sklearn_deeplifft.ensembles import _rounds, _training

    calls: list[np.ndarray] = []
    training_job, train_batch = _rounds.TrainingJob, _training.train_batch

    def counting(*args, **kwargs):
        calls.append(kwargs["columns"])
        return training_job(*args, **kwargs)

    def counting_all(members, rows, problem, *args):
        every = np.arange(problem.n_features)
        calls.extend([every if rows.columns is None else rows.columns] * len(members))
        return train_batch(members, rows, problem, *args)

    with monkeypatch.context() as patch:
        patch.setattr(_rounds, "TrainingJob", counting)
        patch.setattr(_training, "train_batch", counting_all)
        yield calls


@contextmanager
def watched_batches(monkeypatch):
    """The skorch net and the rows (N,) of each batch that networks of ours are trained on."""
    from sklearn_deeplifft.ensembles._members import Members

    batches: list[tuple] = []
    on_batch_end = Members.on_batch_end

    def watching(self, net, batch, training, **kwargs):
        if training:
            batches.append((net, batch.counts))
        on_batch_end(self, net, batch=batch, training=training, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Members, "on_batch_end", watching)
        yield batches
