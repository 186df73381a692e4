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
    closed, or never opened, stays closed: a higher penalty never has more features.

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
        self.carried: Tensor | None = None
        """(N, w): the columns that the weights are of; None means all."""
        self.open = torch.ones(n, G, dtype=torch.bool)
        self._still: Tensor | None = None
        """1 where ``open``, else 0, in ``_effective``'s shape; None until it is asked for."""
        self._n_still = 0
        self._left: tuple[int, int, Tensor] | None = None
        """Place and version of the weights after the last step, and the effective gates then."""
        single = torch.float32  # whatever torch's default is in this session
        self.exit = torch.full((n, G), torch.inf, dtype=single)
        self.sum = torch.zeros(n, G, dtype=single)
        self.effective = torch.zeros(n, G, dtype=single)
        self.gate = torch.zeros(n, G, dtype=single)

    def close(self, closed: Tensor, W: Tensor, g: Tensor | None) -> None:
        """Close the gates of columns (N, d) for good, on a path before its first step, in place."""
        gates = torch.zeros(self.open.shape).index_add_(1, self.where, closed.float()) > 0
        self.open &= ~gates
        self.exit[gates] = self.now()
        if g is not None:
            g.masked_fill_(gates.to(g.device), 0)
        else:
            W.masked_fill_(gates[:, self.where].unsqueeze(1).to(W.device), 0)

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
        e = self._effective(W, g)
        factor = shrink(e, self._threshold(c, W))
        if self.settings.penalty is None:
            factor = self._closed_for_good(factor, c)
        if g is not None:
            g.mul_(factor)
        else:
            W.mul_(self._of_columns(factor).unsqueeze(1))
            self._left = W.data_ptr(), W._version, e.mul_(factor)

    def after_epoch(self, W: Tensor, g: Tensor | None, better: np.ndarray) -> np.ndarray:
        """Read the gates; ``better`` says which networks have a new best epoch.

        Returns which networks have nothing left to train for: every gate is closed for good.
        """
        e = self._of_features(self._effective_after(W, g).float().cpu())
        gate = e if g is None else g.float().cpu()
        alive = torch.from_numpy(self.alive)
        if better.all() and len(alive) == len(self.sum):
            self.sum.zero_()
            self.effective.copy_(e)
            self.gate.copy_(gate)
        elif better.any():
            new = torch.from_numpy(np.flatnonzero(better))
            fresh = alive.index_select(0, new)
            self.sum.index_fill_(0, fresh, 0)
            self.effective.index_copy_(0, fresh, e.index_select(0, new))
            self.gate.index_copy_(0, fresh, gate.index_select(0, new))
        share = e / e.sum(1, keepdim=True).clamp_min(1e-30)
        self.sum.index_add_(0, alive, share)
        return ~self._own(self.open).any(1).numpy()

    def keep(self, kept: np.ndarray) -> None:
        """Go on with these of the networks only."""
        self.alive = self.alive[kept]
        self._still = None
        if self.carried is not None:
            self.carried = self.carried[torch.as_tensor(kept)]

    def carry(self, columns: Tensor) -> None:
        """Go on with weights of these columns (N, w) alone; features of the others are closed.

        Gates must be tied: the weights behind a closed gate of its own go on moving.
        """
        self.carried = columns
        self._still = None

    def open_columns(self) -> Tensor:
        """(N, d): whether the feature of a column is open, of the networks that still train."""
        opened = self._own(self.open)
        return opened if self.one_each else opened[:, self.where]

    def reading(self, i: int) -> GateReading:
        """Numbers read off the gates of network ``i``."""
        path = self.sum[i] / self.sum[i].sum().clamp_min(1e-30)
        return GateReading(self.gate[i], self.effective[i], path, self.exit[i])

    def _threshold(self, c: float, W: Tensor) -> Tensor:
        """t of each feature, or one for all where each is a column."""
        t = c * self.learning_rate * W.shape[1] ** 0.5
        if self.one_each:  # columns with a gate each all have a breadth of one
            return torch.full((), t, dtype=self.breadth.dtype, device=W.device)
        each: Tensor = t * self.breadth.to(W.device)
        return each

    def _closed_for_good(self, factor: Tensor, c: float) -> Tensor:
        """The factors, 0 of gates that have closed before, and note of those that close now."""
        if self._still is None:
            self._still = self._at_gates(self._own(self.open)).to(factor)
            self._n_still = int(self._still.count_nonzero())
        factor.mul_(self._still)
        # One number says that nothing closed, as in most steps.
        if int(factor.count_nonzero()) < self._n_still:
            self._close(((factor == 0) & (self._still != 0)).cpu(), c)
            self._still = None
        return factor

    def _own(self, values: Tensor) -> Tensor:
        """Rows of the networks that still train."""
        return values if len(self.alive) == len(values) else values[self.alive]

    def _effective(self, W: Tensor, g: Tensor | None) -> Tensor:
        """Effective gates (N, G), or of the columns carried (N, w) where each has its own."""
        if self.one_each:
            e = column_norms(W, self.where, W.shape[2])
        elif self.carried is None:
            e = column_norms(W, self.where.to(W.device), self.settings.n_features)
        else:
            where = self.where[self.carried].to(W.device)
            e = column_norms(W, where, self.settings.n_features)
        return e if g is None else e * g

    def _effective_after(self, W: Tensor, g: Tensor | None) -> Tensor:
        """The same after a step: no norms are taken again where nobody has moved the weights."""
        if self._left is not None and self._left[:2] == (W.data_ptr(), W._version):
            return self._left[2]
        return self._effective(W, g)

    def _of_columns(self, values: Tensor) -> Tensor:
        """Values of ``_effective``'s shape, column by column of the weights."""
        if self.one_each:
            return values
        if self.carried is None:
            return values[:, self.where.to(values.device)]
        return values.gather(1, self.where[self.carried].to(values.device))

    def _at_gates(self, values: Tensor) -> Tensor:
        """Values (N, G) of features in ``_effective``'s shape."""
        if self.carried is None or not self.one_each:
            return values
        return values.gather(1, self.carried)

    def _of_features(self, values: Tensor) -> Tensor:
        """The reverse: (N, G), with zeros for features of which no column is carried."""
        if self.carried is None or not self.one_each:
            return values
        full = values.new_zeros(len(values), self.settings.n_features)
        return full.scatter_(1, self.carried, values)

    def _close(self, closing: Tensor, c: float) -> None:
        rows, features = closing.nonzero(as_tuple=True)
        if self.carried is not None and self.one_each:
            features = self.carried[rows, features]
        networks = torch.from_numpy(self.alive)[rows]
        self.open[networks, features] = False
        self.exit[networks, features] = c
