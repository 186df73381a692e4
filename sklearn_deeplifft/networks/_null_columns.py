"""Null columns as a network reads them: one more of every column, made of other rows.

===========  ===========================================================  ==========
code         meaning                                                      shape
===========  ===========================================================  ==========
``donors``   pi: for each row of the table the row that stands in for it  (n,)
``weight``   W: a row and its donor side by side, to the null columns     (2d, d)
===========  ===========================================================  ==========
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["KnockoffMap", "NullColumns", "with_null_columns"]


@dataclass(frozen=True)
class KnockoffMap:
    """Null columns (m, d) of rows and those that stand in for them: ``[x_r x_pi] W + constant``.

    All of them as the network reads them, standardised.
    """

    weight: Tensor
    """(2d, d), float64."""
    constant: Tensor
    """(d,)."""

    @classmethod
    def of(
        cls, kept: np.ndarray, mixed: np.ndarray, center: np.ndarray, scale: np.ndarray
    ) -> KnockoffMap:
        """For rows as they are, from maps of rows ``(x - center) / scale``."""
        maps = np.concatenate([kept, mixed]) * scale / np.tile(scale, 2)[:, None]
        constant = center - np.tile(center, 2) @ maps
        return cls(torch.from_numpy(maps), torch.from_numpy(constant))

    def __call__(self, pairs: Tensor) -> Tensor:
        """Map rows (..., 2d), each beside the one that stands in for it, to (..., d)."""
        weight, constant = (part.to(pairs.dtype) for part in (self.weight, self.constant))
        # Each network's rows by themselves, so that its bits do not depend on its neighbours.
        return torch.matmul(pairs, weight.expand(*pairs.shape[:-2], *weight.shape)) + constant


@dataclass(frozen=True)
class NullColumns:
    """The null columns of one network, on the table that it is trained on."""

    donors: np.ndarray
    """(n,): for each row of the table the row that stands in for it."""
    knockoff_map: KnockoffMap | None = None
    """Makes null columns of a row and its donor; None takes the donor as it is."""
    families: FeatureGroups | None = None
    """Near-copies, which are compared with null columns as one; None compares each by itself."""


def with_null_columns(real: Tensor, stand_ins: Tensor, knockoff_map: KnockoffMap | None) -> Tensor:
    """Real columns (..., d) and null ones behind them, (..., 2d)."""
    pairs = torch.cat([real, stand_ins], dim=-1)
    return pairs if knockoff_map is None else torch.cat([real, knockoff_map(pairs)], dim=-1)
