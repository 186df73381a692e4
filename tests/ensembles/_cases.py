"""Small tables of every kind, and networks trained on them together and alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from sklearn_deeplifft.ensembles import Execution, Split, train_networks
from sklearn_deeplifft.ensembles._random_streams import RandomStream, write_kept
from sklearn_deeplifft.networks import (
    NetworkSettings,
    TrainedNetwork,
    TrainingJob,
    TrainingTable,
    adapter_of,
)
from sklearn_deeplifft.tables import Problem, Rows, Scaling

KINDS = ("softmax", "sigmoid", "regression", "multisoftmax")

SETTINGS = NetworkSettings((7, 5), learning_rate=0.02, batch_size=16, max_epochs=12, patience=3)


class Case(NamedTuple):
    problem: Problem
    table: TrainingTable


def case(kind: str = "softmax", *, n: int = 90, d: int = 5, weight=None, store=None) -> Case:
    """Noisy functions of the first columns; ``store`` says how the table is kept."""
    rng = np.random.default_rng(0)
    X = rng.normal(loc=0.5, scale=2.0, size=(n, d))
    Z = X[:, :3] + rng.normal(size=(n, 3))
    targets = {
        "softmax": torch.as_tensor(Z.argmax(1)),
        "sigmoid": torch.as_tensor(Z > 0.5).float(),
        "regression": torch.as_tensor(Z).float(),
        "multisoftmax": torch.as_tensor(np.stack([Z[:, 0] > 0, Z.argmax(1)], axis=1)).long(),
    }
    sizes = (2, 3) if kind == "multisoftmax" else ()
    problem = Problem(kind, d, sum(sizes) or 3, sizes)
    weight = torch.ones(n) if weight is None else torch.as_tensor(weight).float()
    rows = Rows(X if store is None else store(X))
    return Case(
        problem, TrainingTable(rows, targets[kind], weight, Scaling.straight(X.mean(0), X.std(0)))
    )


def assigned(n_networks: int = 4, *, n: int = 90, held: int = 18, uneven: int = 0, seed: int = 7):
    """Other rows for each network; each next one holds out ``uneven`` more."""
    rng = np.random.default_rng(seed)
    parts = []
    for j in range(n_networks):
        rows, cut = rng.permutation(n), held + j * uneven
        parts.append(Split(rows[cut:], rows[:cut], 100 + j))
    return parts


def fill_kept(stream: RandomStream, out: np.ndarray, p: float) -> None:
    """Dropout's numbers (rows, h) of one network."""
    write_kept(stream.kept_bytes(*out.shape, p), out, p)


def together(
    data: Case,
    settings: NetworkSettings,
    parts: Sequence[Split],
    *,
    columns: np.ndarray | None = None,
    report=lambda *args: None,
    **spread,
) -> list[TrainedNetwork]:
    columns = np.arange(data.problem.n_features) if columns is None else columns
    return train_networks(
        *data[:1], settings, data.table, parts, columns, Execution(**spread), report
    )


def alone(data: Case, settings: NetworkSettings, part: Split, columns=None) -> TrainedNetwork:
    """A plain skorch net of its own."""
    job = TrainingJob(
        data.problem,
        settings,
        data.table,
        training=part.training,
        validation=part.validation,
        columns=np.arange(data.problem.n_features) if columns is None else columns,
        seed=part.seed,
        start=part.start,
    )
    return adapter_of(None).train(job)


def losses(trained: TrainedNetwork) -> dict[str, list[float]]:
    names = ("train_loss", "valid_loss")
    return {k: [row[k] for row in trained.estimator.history if k in row] for k in names}


def digest(trained: TrainedNetwork) -> str:
    """Of every bit that training leaves behind."""
    h = hashlib.sha256(repr(losses(trained)).encode())
    for name, value in trained.core.state_dict().items():
        h.update(name.encode() + value.numpy().tobytes())
    for value in trained.gates or ():
        h.update(value.numpy().tobytes())
    return h.hexdigest()


def digests(networks: Sequence[TrainedNetwork]) -> list[str]:
    return [digest(trained) for trained in networks]


def assert_alike(
    found: TrainedNetwork, expected: TrainedNetwork, X: np.ndarray, atol: float = 1e-5
) -> None:
    """Weights, outputs on raw rows, and every loss of every epoch."""
    for name, value in expected.core.state_dict().items():
        torch.testing.assert_close(found.core.state_dict()[name], value, rtol=0, atol=atol)
    with torch.no_grad():
        z = [t.estimator.module_(torch.as_tensor(X)) for t in (found, expected)]
    torch.testing.assert_close(*z, rtol=0, atol=10 * atol)
    for name, values in losses(expected).items():
        np.testing.assert_allclose(losses(found)[name], values, rtol=0, atol=10 * atol)
    assert found.epochs == expected.epochs
    assert (found.loss is None) == (expected.loss is None)
