"""Sequence networks to try: named ones, and chains drawn at random."""

import random

import torch
import torch.nn.functional as F
from torch import nn

LENGTH, LETTERS = 40, 4


class Unflatten(nn.Module):
    """(n, 4 L) position by position to (n, 4, L)."""

    def forward(self, x):
        return x.view(x.shape[0], -1, LETTERS).transpose(1, 2)


class Residual(nn.Module):
    def __init__(self, *inner):
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x):
        return torch.relu(x + self.inner(x))


class BothStrands(nn.Module):
    def __init__(self, core):
        super().__init__()
        self.core = core

    def forward(self, x):
        x = x.unflatten(1, (-1, LETTERS)).transpose(1, 2)
        return torch.maximum(self.core(x), self.core(x.flip(1, 2)))


class Functional(nn.Module):
    """What users write without modules: crops, gates, constants, two kinds of pooling."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(4, 6, 5), nn.Conv1d(6, 6, 3)
        self.gate = nn.Conv1d(6, 6, 1)
        self.place = nn.Parameter(torch.randn(6, LENGTH - 4))
        self.last = nn.Linear(18, 3)

    def forward(self, x):
        if x.ndim != 2:
            raise ValueError("rows, please")
        x = x.reshape(-1, LENGTH, LETTERS).permute(0, 2, 1)
        h = torch.exp(0.3 * self.first(x)) + self.place
        h = h[:, :, 1:-1] + 2 - F.relu(self.second(h), inplace=True)
        h = h * torch.sigmoid(self.gate(h))
        h = torch.cat([h.mean(-1), h.amax(2), F.avg_pool1d(h, 34).squeeze(-1)], dim=1)
        return self.last(h).log_softmax(1)


def _norm(channels):
    norm = nn.BatchNorm1d(channels, eps=1e-3)
    for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        value.data.uniform_(0.5, 1.5)
    return norm


NETWORKS = {
    "convolution, flat": lambda: nn.Sequential(
        Unflatten(), nn.Conv1d(4, 5, 7, padding="same"), nn.ReLU(), nn.Flatten(), nn.Linear(200, 3)
    ),
    "pool larger than the window": lambda: nn.Sequential(
        Unflatten(),
        nn.Conv1d(4, 5, 6, padding="same"),
        _norm(5),
        nn.ReLU(),
        nn.MaxPool1d(20),
        nn.Conv1d(5, 4, 3, padding="same"),
        _norm(4),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Flatten(),
        nn.Linear(4, 3),
    ),
    "global maximum": lambda: nn.Sequential(
        nn.Unflatten(1, (LENGTH, 4)),
        _Turn(),
        nn.Conv1d(4, 6, 9),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Linear(8, 2),
        nn.Softmax(dim=1),
    ),
    "residual, dilated, averaged": lambda: nn.Sequential(
        Unflatten(),
        nn.Conv1d(4, 6, 5, padding="same"),
        _norm(6),
        nn.ReLU(),
        Residual(
            nn.Conv1d(6, 6, 3, padding=2, dilation=2),
            _norm(6),
            nn.LeakyReLU(0.1),
            nn.Conv1d(6, 6, 3, padding=4, dilation=4),
        ),
        nn.Dropout(0.2),
        nn.AvgPool1d(10),
        nn.Flatten(),
        nn.Linear(24, 1),
    ),
    "both strands": lambda: BothStrands(
        nn.Sequential(
            nn.Conv1d(4, 5, 6),
            nn.ELU(),
            nn.MaxPool1d(3, 2, padding=1, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(90, 2),
        )
    ),
    "functions": Functional,
    "reflected, circular": lambda: nn.Sequential(
        Unflatten(),
        nn.Conv1d(4, 5, 5, padding=3, padding_mode="reflect"),
        nn.Tanh(),
        nn.Conv1d(5, 5, 4, stride=3, padding=2, padding_mode="circular", bias=False),
        nn.PReLU(5),
        nn.AvgPool1d(4, 2, padding=1, ceil_mode=True, count_include_pad=False),
        nn.Flatten(),
        nn.Linear(40, 3),
    ),
    "one number of a vector": lambda: OneNumber(),
    "columns read twice": lambda: nn.Sequential(
        Unflatten(), _Twice(), nn.Conv1d(8, 3, 3), _Largest()
    ),
}


class _Turn(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)


class OneNumber(nn.Module):
    """Of a vector some entries are read, and of a pair of maxima the values."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(4, 3, 4)

    def forward(self, x):
        h = self.first(x.view(len(x), -1, 4).mT)
        total, largest = h.sum(2), torch.max(h, dim=2)[0]
        return (total[:, 0] * largest[:, 1] - total[:, 2].clamp(max=1))[:, None]


class OnPositions(nn.Module):
    """A dense map of every position: no layer along a sequence here."""

    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(4, 3), nn.Linear(LENGTH * 3, 2)

    def forward(self, x):
        return self.last(self.inner(x.view(-1, LENGTH, 4)).flatten(1))


class Squeezed(nn.Module):
    """The mean over all positions speaks at each of them."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv1d(4, 3, 3), nn.Linear(3, 2)

    def forward(self, x):
        h = self.first(x.view(-1, LENGTH, 4).transpose(1, 2))
        return self.last((h * h.mean(2, keepdim=True)).amax(2))


class DependsOnValues(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv1d(4, 3, 3), nn.Linear(3, 2)

    def forward(self, x):
        h = self.first(x.view(-1, LENGTH, 4).transpose(1, 2))
        return self.last(h.amax(2) if float(h[0, 0, 0]) > 0 else h.mean(2))


RUN_WHOLE = {
    "a dense map of every position": OnPositions,
    "a mean that speaks everywhere": Squeezed,
    "a branch on values": DependsOnValues,
}


class _Twice(nn.Module):
    def forward(self, x):
        return torch.cat([x, x.flip(1)], 1)


class _Largest(nn.Module):
    def forward(self, x):
        return x.amax(2)


def made(make, dtype=torch.float64, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().to(dtype).eval()


def drawn(seed):
    """A chain of random layers."""
    rng = random.Random(seed)
    channels, length, layers = 4, LENGTH, [Unflatten()]
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(["convolution", "convolution", "residual", "max", "average"])
        if kind == "convolution" or channels == 4:
            k, d = rng.randint(1, 5), rng.randint(1, 2)
            padding = rng.choice([0, k // 2, "same"])
            stride = 1 if padding == "same" else rng.randint(1, 2)
            if (k - 1) * d + 1 > length:
                continue
            wider = rng.randint(2, 6)
            mode = rng.choice(["zeros", "zeros", "replicate"])
            one = nn.Conv1d(channels, wider, k, stride, padding, d, padding_mode=mode)
            layers += [one, *([_norm(wider)] if rng.random() < 0.5 else [])]
            layers.append(rng.choice([nn.ReLU(), nn.ReLU(inplace=True), nn.SiLU(), nn.Identity()]))
            channels = wider
        elif kind == "residual":
            layers.append(Residual(nn.Conv1d(channels, channels, 3, padding="same"), nn.ReLU()))
        else:
            size = rng.randint(2, max(min(8, length // 2), 2))
            stride, ceil = rng.randint(1, size + 1), rng.random() < 0.5
            padding = rng.randint(0, size // 2)
            if size > length + 2 * padding:
                continue
            pool = nn.MaxPool1d if kind == "max" else nn.AvgPool1d
            layers.append(pool(size, stride, padding, ceil_mode=ceil))
        with torch.no_grad():
            length = nn.Sequential(*layers).eval()(torch.zeros(2, 4 * LENGTH)).shape[2]
        if length < 3:
            break
    top = rng.choice(["flat", "mean", "max"])
    if top == "flat":
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * length, 2))
    pool = nn.AdaptiveAvgPool1d(1) if top == "mean" else nn.AdaptiveMaxPool1d(1)
    return nn.Sequential(*layers, pool, nn.Flatten(), nn.Linear(channels, 2))
