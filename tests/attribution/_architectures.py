"""One table of piecewise-linear networks, each with its literal restatement in numpy.

``Architecture.oracle`` is written from what the network is meant to compute, from the weights
alone; it never runs the module.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests import oracles as o

D, K = 6, 4


@dataclass(frozen=True)
class Architecture:
    name: str
    make: Callable[[], nn.Module]
    oracle: Callable[[nn.Module, np.ndarray], o.Cell]
    shape: tuple[int, ...] = (D,)
    is_chain: bool = False
    kinks: bool = True
    """False where the network is affine everywhere."""
    spread: float = 1.0
    """Standard deviation of the rows."""

    @property
    def n_inputs(self) -> int:
        return int(np.prod(self.shape))

    def module(self, dtype: torch.dtype = torch.float64, training: bool = False) -> nn.Module:
        """A network with weights of its own, the same at every call."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module = self.make().double()
        for p in module.parameters():
            fan_in = max(int(np.prod(p.shape[1:])), 1)
            draw = rng.standard_normal(tuple(p.shape)) * (1.5 / np.sqrt(fan_in))
            p.data.copy_(torch.as_tensor(draw))
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.as_tensor(rng.standard_normal(tuple(buffer.shape))))
            if name.endswith("running_var"):
                buffer.copy_(torch.as_tensor(rng.uniform(0.3, 2.0, tuple(buffer.shape))))
        return module.to(dtype).train(training)

    def rows(self, n: int = 9) -> torch.Tensor:
        rng = np.random.default_rng(zlib.crc32(self.name.encode()) + 1)
        return self.spread * torch.as_tensor(rng.standard_normal((n, *self.shape)))

    def forms(self, n: int = 9) -> list[o.Form]:
        """The oracle's (z, c, b), one example at a time."""
        return _forms(self, n)


@functools.cache
def _forms(architecture: Architecture, n: int) -> list[o.Form]:
    module, X = architecture.module(), architecture.rows(n).numpy()
    return [o.leave(architecture.oracle(module, x), x) for x in X]


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def weights(layer: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of an affine layer, zeros for a missing bias."""
    W = array(layer.weight)
    return W, np.zeros(len(W)) if layer.bias is None else array(layer.bias)


def linear(cell: o.Cell, layer: nn.Linear) -> o.Cell:
    return o.affine(cell, *weights(layer))


def normalized(cell: o.Cell, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> o.Cell:
    affine = [array(layer.weight), array(layer.bias)] if layer.affine else [None, None]
    mean, var = array(layer.running_mean), array(layer.running_var)
    return o.batch_norm(cell, mean, var, layer.eps, *affine)


def mlp(activation: Callable[[o.Cell], o.Cell] = o.relu):
    """Oracle of ``Net`` and of three Linear layers with two activations between them."""

    def oracle(module: nn.Module, x: np.ndarray) -> o.Cell:
        first, second, out = [m for m in module.modules() if isinstance(m, nn.Linear)]
        cell = activation(linear(o.enter(x), first))
        return linear(activation(linear(cell, second)), out)

    return oracle


class Net(nn.Module):
    """Two hidden layers; ``nonlin`` is a function, as in the module of shap issue 3363."""

    def __init__(self, nonlin: Callable | nn.Module, n_outputs: int = K) -> None:
        super().__init__()
        self.dense0 = nn.Linear(D, 8)
        self.nonlin = nonlin
        self.dense1 = nn.Linear(8, 7)
        self.output = nn.Linear(7, n_outputs)

    def forward(self, X, **kwargs):
        X = self.nonlin(self.dense0(X))
        X = self.nonlin(self.dense1(X))
        return self.output(X)


class Headed(nn.Module):
    """A network with something inline behind it."""

    def __init__(self, core: nn.Module, head: Callable) -> None:
        super().__init__()
        self.core = core
        self.head = head

    def forward(self, x):
        return self.head(self.core(x))


class InPlaceFirst(Net):
    def __init__(self) -> None:
        super().__init__(None)

    def forward(self, x):
        x = x.relu_()
        x = F.relu(self.dense0(x), inplace=True)
        return self.output(torch.relu_(self.dense1(x)))


class Maxout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(D, 7), nn.Linear(D, 7)
        self.out = nn.Linear(7, K)

    def forward(self, x):
        return self.out(torch.maximum(self.left(x), self.right(x)))


class Residual(nn.Module):
    """A sum around an activation, and the input once more beside the logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner = nn.Linear(D, 8), nn.Linear(8, 8)
        self.out = nn.Linear(8 + D, K)

    def forward(self, x):
        h = self.first(x).relu()
        h = h + torch.relu(self.inner(h))
        return self.out(torch.cat([h, x], dim=1))


class Tied(nn.Module):
    """One Linear called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.square, self.out = nn.Linear(D, D), nn.Linear(D, K)

    def forward(self, x):
        return self.out(F.relu(self.square(F.relu(self.square(x)))))


class GlobalMax(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv1d(3, 5, 3), nn.Linear(5, K)

    def forward(self, x):
        return self.out(self.conv(x).amax(dim=2))


def sequential(*between: Callable[[], nn.Module], n_outputs: int = K) -> Callable:
    """Three Linear layers, with the same modules built anew after the first and the second."""

    def make() -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(D, 8),
            *(build() for build in between),
            nn.Linear(8, 7),
            *(build() for build in between),
            nn.Linear(7, n_outputs),
        )

    return make


def batch_normed(n_last: int | None = None, affine: bool = True) -> Callable:
    def make() -> nn.Sequential:
        layers = [nn.Linear(D, 8), nn.BatchNorm1d(8, affine=affine), nn.ReLU(), nn.Linear(8, K)]
        return nn.Sequential(*layers, *([nn.BatchNorm1d(K)] if n_last else []))

    return make


def _batch_normed(module, x):
    cell = o.relu(normalized(linear(o.enter(x), module[0]), module[1]))
    cell = linear(cell, module[3])
    return normalized(cell, module[4]) if len(module) > 4 else cell


def _prelu(module, x):
    cell = o.enter(x)
    for layer in module:
        if isinstance(layer, nn.PReLU):
            cell = o.leaky_relu(cell, np.broadcast_to(array(layer.weight), len(cell.value)))
        else:
            cell = linear(cell, layer)
    return cell


def _relu_first(module, x):
    first, *rest = [m for m in module.modules() if isinstance(m, nn.Linear)]
    cell = linear(o.relu(o.enter(x)), first)
    for layer in rest:
        cell = linear(o.relu(cell), layer)
    return cell


def _maxout(module, x):
    cell = o.enter(x)
    return linear(o.maxout(linear(cell, module.left), linear(cell, module.right)), module.out)


def _residual(module, x):
    start = o.enter(x)
    h = o.relu(linear(start, module.first))
    h = o.add(h, o.relu(linear(h, module.inner)))
    return linear(o.concatenate(h, start), module.out)


def _tied(module, x):
    h = o.relu(linear(o.enter(x), module.square))
    return linear(o.relu(linear(h, module.square)), module.out)


def _conv1d(module, x):
    cell = o.relu(o.convolve(o.enter(x), *weights(module[0])))
    cell = o.pool(cell, 2, 2, how="max")
    return linear(o.relu(linear(cell, module[4])), module[6])


def _conv2d(module, x):
    cell = normalized(o.convolve(o.enter(x), *weights(module[0]), padding=1), module[1])
    cell = o.pool(o.relu(cell), 2, 2, how="average")
    cell = o.convolve(cell, *weights(module[4]))
    cell = o.pool(o.relu(cell), 2, 1, how="max")
    return linear(cell, module[8])


def _padded(module, x):
    cell = o.convolve(o.enter(x), *weights(module[0]), stride=2, padding=1)
    cell = o.pool(o.relu(cell), 2, 2, how="average", padding=1)
    return linear(o.pool(cell, 2, 1, how="max", padding=1), module[5])


def _global_max(module, x):
    cell = o.convolve(o.enter(x), *weights(module.conv))
    return linear(o.pool(cell, cell.shape[1], 1, how="max"), module.out)


def _affine_only(module, x):
    cell = o.enter(x)
    for layer in module.modules():
        cell = linear(cell, layer) if isinstance(layer, nn.Linear) else cell
    return cell


def leaky(cell):
    return o.leaky_relu(cell, 0.2)


def _clamp(cell):
    return o.hardtanh(cell, -0.5, 0.7)


def conv1d_net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(3, 5, 3),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Flatten(),
        nn.Linear(15, 6),
        nn.ReLU(),
        nn.Linear(6, K),
    )


def conv2d_net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 2),
        nn.ReLU(),
        nn.MaxPool2d(2, stride=1),
        nn.Flatten(),
        nn.Linear(4, K),
    )


def padded_net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(3, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AvgPool1d(2, padding=1),
        nn.MaxPool1d(2, stride=1, padding=1),
        nn.Flatten(),
        nn.Linear(16, K),
    )


def weight_normed() -> nn.Module:
    net = sequential(nn.ReLU)()
    nn.utils.parametrizations.weight_norm(net[2])
    return net


def nested() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Sequential(nn.Linear(D, 8), nn.Sequential(nn.ReLU(), nn.Identity())),
        nn.Sequential(nn.Linear(8, 7), nn.ReLU()),
        nn.Linear(7, K),
    )


def in_place_first() -> nn.Module:
    return nn.Sequential(
        nn.ReLU(inplace=True), nn.Linear(D, 8), nn.ReLU(inplace=True), nn.Linear(8, K)
    )


ARCHITECTURES = (
    Architecture("mlp", sequential(nn.ReLU), mlp(), is_chain=True),
    Architecture("inline torch.relu", lambda: Net(torch.relu), mlp()),
    Architecture("inline F.relu (shap 3363)", lambda: Net(F.relu), mlp()),
    Architecture("tensor .relu()", lambda: Net(lambda a: a.relu()), mlp()),
    Architecture("one nn.ReLU reused", lambda: Net(nn.ReLU()), mlp()),
    Architecture("in-place ReLU", sequential(lambda: nn.ReLU(True)), mlp(), is_chain=True),
    Architecture("in-place ReLU first", in_place_first, _relu_first, is_chain=True),
    Architecture("in-place functions, first too", InPlaceFirst, _relu_first),
    Architecture("LeakyReLU", sequential(lambda: nn.LeakyReLU(0.2)), mlp(leaky), is_chain=True),
    Architecture("PReLU", sequential(nn.PReLU), _prelu, is_chain=True),
    Architecture(
        "PReLU per unit",
        lambda: nn.Sequential(nn.Linear(D, 8), nn.PReLU(8), nn.Linear(8, K)),
        _prelu,
        is_chain=True,
    ),
    Architecture(
        "ReLU6",
        sequential(nn.ReLU6),
        mlp(lambda c: o.hardtanh(c, 0.0, 6.0)),
        is_chain=True,
        spread=6.0,
    ),
    Architecture(
        "Hardtanh", sequential(lambda: nn.Hardtanh(-0.5, 0.7)), mlp(_clamp), is_chain=True
    ),
    Architecture("inline clamp", lambda: Net(lambda a: a.clamp(-0.5, 0.7)), mlp(_clamp)),
    Architecture("abs", lambda: Net(torch.abs), mlp(o.absolute)),
    Architecture("inline where", lambda: Net(lambda a: torch.where(a > 0, a, 0.2 * a)), mlp(leaky)),
    Architecture("maxout", Maxout, _maxout),
    Architecture("BatchNorm1d", batch_normed(), _batch_normed, is_chain=True),
    Architecture(
        "BatchNorm1d without affine", batch_normed(affine=False), _batch_normed, is_chain=True
    ),
    Architecture("BatchNorm1d last", batch_normed(1), _batch_normed, is_chain=True),
    Architecture("Dropout", sequential(nn.ReLU, nn.Dropout), mlp(), is_chain=True),
    Architecture("residual sums", Residual, _residual),
    Architecture("one Linear called twice", Tied, _tied),
    Architecture("Conv1d + MaxPool1d", conv1d_net, _conv1d, shape=(3, 8)),
    Architecture("Conv2d + AvgPool2d + MaxPool2d", conv2d_net, _conv2d, shape=(2, 6, 6)),
    Architecture("padded and strided", padded_net, _padded, shape=(3, 10)),
    Architecture("global max-pool", GlobalMax, _global_max, shape=(3, 7)),
    Architecture(
        "Softmax module",
        lambda: nn.Sequential(*sequential(nn.ReLU)(), nn.Softmax(dim=1)),
        mlp(),
        is_chain=True,
    ),
    Architecture(
        "LogSoftmax module",
        lambda: nn.Sequential(*sequential(nn.ReLU)(), nn.LogSoftmax(dim=1)),
        mlp(),
        is_chain=True,
    ),
    Architecture(
        "inline softmax", lambda: Headed(Net(F.relu), lambda z: F.softmax(z, dim=1)), mlp()
    ),
    Architecture(
        "inline torch.log_softmax",
        lambda: Headed(Net(F.relu), lambda z: torch.log_softmax(z, 1)),
        mlp(),
    ),
    Architecture(
        "tensor .softmax()", lambda: Headed(Net(F.relu), lambda z: z.softmax(dim=-1)), mlp()
    ),
    Architecture("one logit", sequential(nn.ReLU, n_outputs=1), mlp(), is_chain=True),
    Architecture(
        "one logit, squeezed", lambda: Headed(Net(F.relu, 1), lambda z: z.squeeze(1)), mlp()
    ),
    Architecture(
        "Sigmoid module",
        lambda: nn.Sequential(*sequential(nn.ReLU, n_outputs=1)(), nn.Sigmoid()),
        mlp(),
        is_chain=True,
    ),
    Architecture(
        "inline sigmoid",
        lambda: Headed(Net(F.relu, 1), lambda z: torch.sigmoid(z.squeeze(1))),
        mlp(),
    ),
    Architecture("nested Sequential", nested, mlp(), is_chain=True),
    Architecture("weight norm", weight_normed, mlp()),
    Architecture("Linear", lambda: nn.Linear(D, K), _affine_only, is_chain=True, kinks=False),
    Architecture(
        "Linear without bias",
        lambda: nn.Sequential(nn.Linear(D, K, bias=False)),
        _affine_only,
        is_chain=True,
        kinks=False,
    ),
    Architecture(
        "Flatten of a matrix",
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, K)),
        lambda m, x: linear(o.relu(linear(o.enter(x), m[1])), m[3]),
        shape=(2, 3),
    ),
)
CHAINS = tuple(a for a in ARCHITECTURES if a.is_chain)
BY_NAME = {a.name: a for a in ARCHITECTURES}

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.name)
every_chain = pytest.mark.parametrize("architecture", CHAINS, ids=lambda a: a.name)


def plain(name: str = "mlp") -> tuple[nn.Module, torch.Tensor]:
    """A float64 network and rows for it."""
    return BY_NAME[name].module(), BY_NAME[name].rows()
