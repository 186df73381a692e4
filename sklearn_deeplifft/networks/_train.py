"""One network, trained: seeded, watched, and left on the CPU."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import skorch
import torch
from skorch.callbacks import Callback
from skorch.helper import predefined_split

from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks._batches import TableDataset

__all__ = ["DivergenceCheck", "require_finite", "seeded", "torch_threads", "train"]


GENERATORS = threading.RLock()
"""All threads share the global generators."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run under a seed, one thread at a time; every global generator is left as it was found."""
    with GENERATORS, torch.random.fork_rng():
        numpy_state, python_state = np.random.get_state(), random.getstate()
        _seed_torch(seed)
        np.random.seed(seed)
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)


def _seed_torch(seed: int) -> None:
    """As ``torch.manual_seed``, which without an accelerator keeps a stack trace for each call."""
    if torch.cuda.is_available() or torch.xpu.is_available() or torch.backends.mps.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


OPEN: list[int] = []
"""Numbers of threads that the open ``torch_threads`` found; the first is the user's."""


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Run torch on ``n`` threads.

    Networks this small gain nothing from a second thread, and lose much where other processes
    compete for the cores: every operation waits for the slowest. One thread also makes the bits
    of a fit independent of the machine's number of cores.
    """
    before = torch.get_num_threads()
    OPEN.append(before)
    torch.set_num_threads(n)
    try:
        yield
    finally:
        # Later threads begin with what any thread set last, be it a worker that outlived its fit.
        first = OPEN[0]
        OPEN.pop()
        torch.set_num_threads(before if OPEN else first)


class DivergenceCheck(Callback):
    """Stop with an error as soon as the training loss is not finite."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        loss = net.history[-1].get("train_loss")  # a user's net may not record it
        if loss is not None and not np.isfinite(loss):
            raise TrainingDivergedError(
                f"training diverged: the loss became {loss} in epoch {len(net.history)}."
            )


def train(
    net: skorch.NeuralNet, training: TableDataset, validation: TableDataset | None, seed: int
) -> skorch.NeuralNet:
    """Fit ``net`` on one data set, watching another; return it in evaluation mode on the CPU."""
    split = predefined_split(validation) if validation is not None and len(validation) else None
    net.set_params(train_split=split)
    with seeded(seed), torch_threads(1):
        net.fit(training, y=None)
    net.module_.to("cpu").eval()
    require_finite(net.module_, training.batch(np.arange(min(len(training), 64)))[0])
    net.device = "cpu"
    # The data set would otherwise travel with every pickle of the network.
    net.set_params(train_split=None)
    return net


def require_finite(module: torch.nn.Module, X: torch.Tensor) -> None:
    """The loss of an epoch is known before its last step is taken: look at what that left."""
    with torch.no_grad():
        z = module(X)
    if isinstance(z, torch.Tensor) and not bool(torch.isfinite(z).all()):
        raise TrainingDivergedError("training diverged: the network's outputs are not finite.")
