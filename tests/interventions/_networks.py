"""Networks of every kind, and interventions to try on them."""

import torch
from torch import nn

from sklearn_deeplifft.interventions import add, compose, quantile_shift, remove, set_to, swap
from tests.conftest import relu_network


def _normed():
    norm = nn.BatchNorm1d(6)
    norm.running_mean.copy_(torch.linspace(-1, 2, 6))
    norm.running_var.copy_(torch.linspace(0.3, 2, 6))
    return nn.Sequential(norm, nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3))


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 3)

    def forward(self, x):
        return self.inner(x) * x[:, :1]


NETS = {
    "plain": (lambda: relu_network(6, 9, 7, 3), True),
    "BatchNorm first": (_normed, True),
    "one logit": (lambda: relu_network(6, 9, 1), True),
    "one Linear": (lambda: relu_network(6, 3), True),
    "all affine": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)),
        True,
    ),
    "LeakyReLU and PReLU": (
        lambda: nn.Sequential(
            nn.Linear(6, 5), nn.LeakyReLU(0.2), nn.Linear(5, 5), nn.PReLU(), nn.Linear(5, 3)
        ),
        True,
    ),
    "softmax last": (lambda: nn.Sequential(*relu_network(6, 9, 3), nn.Softmax(dim=1)), True),
    "tanh": (lambda: nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 3)), False),
    "conv": (
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
        ),
        False,
    ),
    "custom": (Custom, False),
    "ReLU first": (lambda: nn.Sequential(nn.ReLU(), nn.Linear(6, 3)), False),
}
SOME = [
    remove(0),
    add(1, 1),
    set_to([2, 5], [1, 2]),
    swap([3, 4]),
    quantile_shift(5, 0.3),
    compose(add(0, 2), remove(3)),
]


def made(name, dtype):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NETS[name][0]().to(dtype).eval()
