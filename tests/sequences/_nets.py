"""Small networks of sequences with every kind of layer that attributions pass."""

import torch
import torch.nn.functional as F
from torch import nn

L, K = 12, 4


class Exponential(nn.Module):
    """Written by hand, as published networks have it."""

    def forward(self, x):
        return torch.exp(x)


class Largest(nn.Module):
    """Maxima by functions of torch."""

    def __init__(self, how):
        super().__init__()
        self.conv = nn.Conv1d(K, 6, 3)
        self.out = nn.Linear(6, 1)
        self.how = how

    def forward(self, x):
        return self.out(self.how(self.conv(x)))


class Residual(nn.Module):
    def __init__(self, activation=F.gelu):
        super().__init__()
        self.first = nn.Conv1d(K, 5, 3, padding=1)
        self.inner = nn.Conv1d(5, 5, 3, padding=2, dilation=2)
        self.scale = nn.Parameter(torch.zeros(5, 1))
        self.out = nn.Linear(5, 1)
        self.activation = activation

    def forward(self, x):
        h = self.activation(self.first(x))
        h = h + self.activation(self.inner(h)) * torch.exp(self.scale)
        return self.out(h.mean(dim=2))


def chain(*layers, width=5, n_outputs=1):
    """A convolution, layers, and a dense layer of whatever is left of the length."""
    head = nn.Sequential(nn.Conv1d(K, width, 3, padding=1), *layers, nn.Flatten())
    m = head(torch.zeros(2, K, L)).shape[1]
    return nn.Sequential(*head, nn.Linear(m, 7), nn.ReLU(), nn.Linear(7, n_outputs))


def batch_normed():
    net = chain(nn.BatchNorm1d(5), Exponential(), nn.MaxPool1d(3))
    with torch.no_grad():
        net(torch.rand(20, K, L))  # in training mode: means and variances of its own
    return net


NETS = {
    "relu and max-pool": lambda: chain(nn.ReLU(), nn.MaxPool1d(4)),
    "overlapping padded max-pool": lambda: chain(nn.ReLU(), nn.MaxPool1d(3, 2, padding=1)),
    "dilated max-pool, rounded up": lambda: chain(nn.MaxPool1d(2, 3, 0, 2, ceil_mode=True)),
    "exponential": lambda: chain(Exponential(), nn.MaxPool1d(4)),
    "batch-norm": batch_normed,
    "average pool": lambda: chain(nn.SiLU(), nn.AvgPool1d(3)),
    "adaptive max-pool": lambda: chain(nn.ELU(), nn.AdaptiveMaxPool1d(2)),
    "in place": lambda: chain(nn.ReLU(True), nn.AvgPool1d(2), nn.LeakyReLU(0.1, True)),
    "prelu and hardtanh": lambda: chain(nn.PReLU(5), nn.Hardtanh(-0.3, 0.4), nn.Softplus()),
    "amax": lambda: Largest(lambda h: h.amax(dim=2)),
    "amax of two axes": lambda: Largest(lambda h: h.unflatten(2, (2, -1)).amax((2, 3))),
    "max": lambda: Largest(lambda h: h.max(dim=-1).values),
    "max and its place": lambda: Largest(lambda h: torch.max(h, 2)[0]),
    "maximum": lambda: Largest(lambda h: torch.maximum(h[..., 0], h[..., 1] * 2)),
    "maximum with a number": lambda: Largest(lambda h: torch.max(h[..., 3], torch.tensor(0.1))),
    "2-d max-pool": lambda: Largest(lambda h: F.max_pool2d(h[:, :, None], (1, 10))[:, :, 0, 0]),
    "in-place functions": lambda: Largest(lambda h: torch.relu_(h.clone()).mul(0.5).exp_()[..., 2]),
    "powers": lambda: Largest(lambda h: (h.abs() ** 1.5)[..., 0] + h.clamp(-0.2, 0.3)[..., 1]),
    "residual": Residual,
    "residual, tanh": lambda: Residual(torch.tanh),
    "sigmoid at the end": lambda: nn.Sequential(chain(nn.ReLU()), nn.Sigmoid()),
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(K * L, 1)),
}
