"""The paper's network and a plain one as a user of skorch writes them, one fit after another."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skorch
import torch
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import Tensor, nn


@dataclass(frozen=True)
class Work:
    """Rows, labels, and each network's own training and validation rows."""

    X: np.ndarray
    y: np.ndarray
    parts: Sequence[tuple[np.ndarray, np.ndarray]]


class Noise(nn.Module):
    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x


class GatedNet(nn.Module):
    """Gates, three blocks of 128 units, noise (not in the last) and dropout; a logit a label."""

    def __init__(self, n_features: int, n_labels: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.empty(n_features).uniform_(-0.05, 0.05).clamp_(min=0))
        layers: list[nn.Module] = []
        for i, width in enumerate((n_features, 128, 128)):
            layers += [nn.Linear(width, 128), nn.ReLU()]
            layers += [Noise(0.005)] if i < 2 else []
            layers.append(nn.Dropout(0.5))
        self.hidden = nn.Sequential(*layers)
        self.out = nn.Linear(128, n_labels)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.hidden(x * self.gate))


class SoftF1(nn.Module):
    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        p, y = z.sigmoid(), nn.functional.one_hot(y, z.shape[1])
        hits, missed, false = (p * y).sum(0), ((1 - p) * y).sum(0), (p * (1 - y)).sum(0)
        right = ((1 - p) * (1 - y)).sum(0)
        present = 2 * hits / (2 * hits + missed + false + 1e-16)
        absent = 2 * right / (2 * right + missed + false + 1e-16)
        return (1 - (present + absent) / 2).mean()


class NonNegative(Callback):
    def on_batch_end(self, net, training, **kwargs) -> None:
        if training:
            with torch.no_grad():
                net.module_.gate.clamp_(min=0)


def plain_mlp(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def gated_fits(work: Work, n_epochs: int) -> float:
    """Seconds of skorch fits of the paper's network, one after another."""
    n_labels = int(work.y.max()) + 1
    started = time.perf_counter()
    for i, (training, validation) in enumerate(work.parts):
        torch.manual_seed(i)
        net = skorch.NeuralNet(
            GatedNet,
            module__n_features=work.X.shape[1],
            module__n_labels=n_labels,
            criterion=SoftF1,
            optimizer=torch.optim.Adam,
            optimizer__param_groups=[("hidden.*", {"weight_decay": 2e-3})],
            lr=1e-4,
            batch_size=64,
            max_epochs=n_epochs,
            iterator_train__shuffle=True,
            train_split=predefined_split(Dataset(work.X[validation], work.y[validation])),
            callbacks=[NonNegative()],
            verbose=0,
        )
        net.fit(work.X[training], work.y[training])
    return time.perf_counter() - started


def plain_fits(work: Work, hidden: Sequence[int], n_epochs: int) -> float:
    """Seconds of skorch fits of a plain ReLU network, one after another."""
    sizes = (work.X.shape[1], *hidden, int(work.y.max()) + 1)
    started = time.perf_counter()
    for i, (training, validation) in enumerate(work.parts):
        torch.manual_seed(i)
        net = skorch.NeuralNet(
            plain_mlp,
            module__sizes=sizes,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            batch_size=128,
            max_epochs=n_epochs,
            iterator_train__shuffle=True,
            train_split=predefined_split(Dataset(work.X[validation], work.y[validation])),
            verbose=0,
        )
        net.fit(work.X[training], work.y[training])
    return time.perf_counter() - started
