"""The penalty on gates while networks train, and what it leaves to read."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.networks._gates import GateReading, GateSettings, column_norms, shrink

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
        self.one_each = torch.equal(self.where, torch.arange(len(self.where)))
        self.breadth = torch.bincount(self.where, minlength=G).sqrt()
        self.alive = np.arange(n)
        self.open = torch.ones(n, G, dtype=torch.bool)
        single = torch.float32  # whatever torch's default is in this session
        self.exit = torch.full((n, G), torch.inf, dtype=single)
        self.sum = torch.zeros(n, G, dtype=single)
        self.effective = torch.zeros(n, G, dtype=single)
        self.gate = torch.zeros(n, G, dtype=single)

    def now(self) -> float:
        """The penalty c of the current step."""
        return self.settings.penalty_at(min(self.step / max(self.n_steps, 1), 1.0))

    def after_step(self, W: Tensor, g: Tensor | None) -> None:
        """Project gates to non-negative numbers and shrink what they let through, in place.

        ``g`` is None where gates are tied to the columns of ``W``.
        """
        self.step += 1
        if g is not None:
            g.clamp_(min=0)
        c = self.now()
        if c == 0:
            return
        t = c * self.learning_rate * W.shape[1] ** 0.5
        factor = shrink(self._effective(W, g), t * self.breadth.to(W.device))
        if self.settings.penalty is None:
            still = self._own(self.open).to(factor.device)
            closing = still & (factor == 0)
            factor = factor * still
            if bool(closing.any()):
                self._close(closing.cpu(), c)
        if g is not None:
            g.mul_(factor)
        else:
            each = factor if self.one_each else factor[:, self.where.to(W.device)]
            W.mul_(each[:, None])

    def after_epoch(self, W: Tensor, g: Tensor | None, better: np.ndarray) -> np.ndarray:
        """Read the gates; ``better`` says which networks have a new best epoch.

        Returns which networks have nothing left to train for: every gate is closed for good.
        """
        e = self._effective(W, g).float().cpu()
        if better.any():
            new = torch.from_numpy(better)
            fresh = torch.from_numpy(self.alive)[new]
            self.sum[fresh] = 0
            self.effective[fresh] = e[new]
            self.gate[fresh] = e[new] if g is None else g.float().cpu()[new]
        share = e / e.sum(1, keepdim=True).clamp_min(1e-30)
        self.sum.index_add_(0, torch.from_numpy(self.alive), share)
        return ~self._own(self.open).any(1).numpy()

    def keep(self, kept: np.ndarray) -> None:
        """Go on with these of the networks only."""
        self.alive = self.alive[kept]

    def reading(self, i: int) -> GateReading:
        """Numbers read off the gates of network ``i``."""
        path = self.sum[i] / self.sum[i].sum().clamp_min(1e-30)
        return GateReading(self.gate[i], self.effective[i], path, self.exit[i])

    def _own(self, values: Tensor) -> Tensor:
        """Rows of the networks that still train."""
        return values if len(self.alive) == len(values) else values[self.alive]

    def _effective(self, W: Tensor, g: Tensor | None) -> Tensor:
        e = column_norms(W, self.where.to(W.device), self.settings.n_features)
        return e if g is None else e * g

    def _close(self, closing: Tensor, c: float) -> None:
        rows, features = closing.nonzero(as_tuple=True)
        networks = torch.from_numpy(self.alive)[rows]
        self.open[networks, features] = False
        self.exit[networks, features] = c
