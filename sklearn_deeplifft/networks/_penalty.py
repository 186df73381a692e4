"""The penalty on gates while networks train, and what it leaves to read."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.networks._gates import GateReading, GateSettings, column_norms, shrink
from sklearn_deeplifft.networks._stacked import Stacked

__all__ = ["GatePenalty", "path_epochs"]


def path_epochs(settings: GateSettings, max_epochs: int, steps_per_epoch: int) -> int:
    """Epochs of training: a path has a number of steps, whatever the number of rows."""
    if settings.penalty is not None:
        return max_epochs
    return max(max_epochs, math.ceil(settings.path_steps / steps_per_epoch))


class GatePenalty:
    """Closes gates after every step, and keeps what is read of them.

    On a path, the penalty c rises geometrically from ``path_start`` to 1, and a gate that has
    closed stays closed: a higher penalty never has more features.

    Parameters
    ----------
    n : int
        Number of networks.
    n_steps : int
        Length of the whole training.
    """

    def __init__(self, settings: GateSettings, n: int, learning_rate: float, n_steps: int) -> None:
        self.settings = settings
        self.learning_rate = learning_rate
        self.n_steps = n_steps
        self.step = 0
        self.where = settings.columns()
        G = settings.n_features
        self.alive = np.arange(n)
        self.open = torch.ones(n, G, dtype=torch.bool)
        self.exit = torch.full((n, G), torch.inf)
        self.sum = torch.zeros(n, G)
        self.effective = torch.zeros(n, G)
        self.gate = torch.zeros(n, G)

    def now(self) -> float:
        """The penalty c of the current step."""
        if self.settings.penalty is not None:
            return self.settings.penalty
        share = min(self.step / max(self.n_steps, 1), 1.0)
        return self.settings.path_start ** (1 - share)

    def after_step(self, module: Stacked) -> None:
        """Project gates to non-negative numbers and shrink what they let through."""
        self.step += 1
        first, gate = module.layers[0].weight, module.gate
        if gate is not None:
            gate.weight.clamp_(min=0)
        c = self.now()
        if c == 0:
            return
        e = self._effective(module)
        factor = shrink(e, c * self.learning_rate * first.shape[1] ** 0.5)
        if self.settings.penalty is None:
            open_ = self.open[self.alive].to(e.device)
            closing = open_ & (factor == 0)
            factor = factor * open_
            if bool(closing.any()):
                self._close(closing.cpu(), c)
        if gate is not None:
            gate.weight.mul_(factor)
        else:
            first.mul_(factor[:, None, self.where.to(e.device)])

    def after_epoch(self, module: Stacked, better: np.ndarray) -> np.ndarray:
        """Read the gates; ``better`` says which networks have a new best epoch.

        Returns which networks have nothing left to train for: every gate is closed for good.
        """
        e = self._effective(module).cpu()
        at = torch.from_numpy(self.alive)
        fresh = at[torch.from_numpy(better)]
        self.sum[fresh] = 0
        self.effective[fresh] = e[torch.from_numpy(better)]
        g = e if module.gate is None else module.gate.weight.detach().cpu()
        self.gate[fresh] = g[torch.from_numpy(better)]
        self.sum[at] += e / e.sum(1, keepdim=True).clamp_min(1e-30)
        return ~self.open[at].any(1).numpy()

    def keep(self, kept: np.ndarray) -> None:
        """Go on with these of the networks only."""
        self.alive = self.alive[kept]

    def reading(self, i: int) -> GateReading:
        """What network ``i`` has to say."""
        path = self.sum[i] / self.sum[i].sum().clamp_min(1e-30)
        return GateReading(self.gate[i], self.effective[i], path, self.exit[i])

    def _effective(self, module: Stacked) -> Tensor:
        first = module.layers[0].weight.detach()
        e = column_norms(first, self.where.to(first.device), self.settings.n_features)
        return e if module.gate is None else e * module.gate.weight.detach()

    def _close(self, closing: Tensor, c: float) -> None:
        rows, features = closing.nonzero(as_tuple=True)
        networks = torch.from_numpy(self.alive)[rows]
        self.open[networks, features] = False
        self.exit[networks, features] = c
