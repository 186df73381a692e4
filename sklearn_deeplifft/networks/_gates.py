"""Feature gates: one non-negative weight a feature before the first layer.

====  ==========================================================  ========
code  meaning                                                     shape
====  ==========================================================  ========
g     gates, >= 0                                                 (N, G)
W     weights of the first layer                                  (N, h, d)
norm  ``||W_i||``, over all m columns of a feature                (N, G)
e     effective gates ``g ||W||``, >= 0                           (N, G)
t     how much one step shrinks them, >= 0                        (G,)
c     penalty, 0 to 1: the share of the largest possible step     ()
====  ==========================================================  ========

Adam moves a weight by at most about its learning rate, so the h m weights of a feature by
``learning_rate sqrt(h m)``. A penalty of c shrinks each feature by the share c of that at every
step: whatever the loss, the data or the width, at 1 no feature can hold its ground. A block of
columns thus has to do more than a single one to stay open, and once open counts for all it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

__all__ = [
    "FeatureGate",
    "GateReading",
    "GateSettings",
    "GaussianNoise",
    "column_norms",
    "shrink",
]

NUMBERS_IN_CACHE = 2**16
"""Weights of a first layer from which on passes over all networks would leave the cache."""


@dataclass(frozen=True)
class GateSettings:
    """Settings by which gates are trained."""

    feature_of_column: tuple[int, ...]
    """0 to G - 1 for each column; the columns of a feature share a gate."""
    tied: bool = True
    """A gate *is* the norm of its column; else it is a parameter of its own."""
    initial: str = "one"
    """First values of gates that are not tied: "one", or "uniform" on (-0.05, 0.05), clipped."""
    penalty: float | None = None
    """c; None raises it from ``path_start`` to 1 while the network trains."""
    path_start: float = 0.2
    path_steps: int = 500
    """Length of the path, at least."""

    @property
    def n_features(self) -> int:
        """G."""
        return max(self.feature_of_column) + 1

    def penalty_at(self, share: float) -> float:
        """The penalty c after this share of the whole training, 0 to 1."""
        return float(self.path_start ** (1 - share)) if self.penalty is None else self.penalty

    def on(self, columns: np.ndarray) -> GateSettings:
        """The same for some of the columns, ascending positions, as a table of their own."""
        found = np.unique(np.asarray(self.feature_of_column)[columns], return_inverse=True)[1]
        return replace(self, feature_of_column=tuple(found.tolist()))

    def columns(self) -> Tensor:
        """``feature_of_column`` as a tensor."""
        return torch.tensor(self.feature_of_column)


class GateReading(NamedTuple):
    """Numbers read off the gates of one network, all (G,)."""

    gate: Tensor
    """g of the weights that are kept."""
    effective: Tensor
    """e of the weights that are kept."""
    path: Tensor
    """Mean share of e from the best epoch to the end of training."""
    exit: Tensor
    """The penalty at which a feature was closed for good; infinite if it never was."""


class FeatureGate(nn.Module):
    """``x -> g * x``, one gate a feature; a feature may own several columns.

    Parameters
    ----------
    feature_of_column : int tensor of shape (d,)
        0 to G - 1.
    initial : {"one", "uniform"}
    """

    feature_of_column: Tensor

    def __init__(self, feature_of_column: Tensor, initial: str = "one") -> None:
        super().__init__()
        self.register_buffer("feature_of_column", feature_of_column)
        self.initial = initial
        self.weight = nn.Parameter(torch.empty(int(feature_of_column.max()) + 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the gates anew."""
        with torch.no_grad():
            if self.initial == "uniform":
                self.weight.uniform_(-0.05, 0.05).clamp_(min=0)
            else:
                self.weight.fill_(1)

    def on(self, columns: np.ndarray) -> FeatureGate:
        """The gates of some of the columns, numbered as ``GateSettings.on`` numbers them."""
        found, where = torch.unique(
            self.feature_of_column[torch.as_tensor(columns)], return_inverse=True
        )
        gate = FeatureGate(where).to(self.weight.dtype)
        with torch.no_grad():
            gate.weight.copy_(self.weight[found])
        return gate

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight[self.feature_of_column]


class GaussianNoise(nn.Module):
    """Add normal noise of this standard deviation while training."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x


def column_norms(W: Tensor, feature_of_column: Tensor, n_features: int) -> Tensor:
    """Norm ``||W_i||`` of all the weights of a feature's columns, (N, G).

    ``feature_of_column`` is (d,), or (N, d) where networks read columns of their own.
    """
    if W[0].numel() < NUMBERS_IN_CACHE or W.device.type != "cpu":
        squares = W.square().sum(1)
    else:  # network by network, the squares stay in cache; on one thread sums are the same bits
        squares = torch.stack([weight.square().sum(0) for weight in W])
    if squares.shape[1] == n_features:
        return squares.sqrt()
    total = squares.new_zeros(len(W), n_features)
    if feature_of_column.ndim == 1:
        return total.index_add_(1, feature_of_column, squares).sqrt()
    return total.scatter_add_(1, feature_of_column, squares).sqrt()


def shrink(e: Tensor, t: Tensor | float) -> Tensor:
    """Factor (N, G), 0 to 1, that lowers ``e`` by ``t`` and stops at an exact zero.

    The proximal step of the group penalty ``sum_i t_i e_i`` (Yuan & Lin 2006).
    """
    return (e - t).clamp_min_(0).div_(e.clamp_min(1e-30))
