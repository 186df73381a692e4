"""The scale on which effects are measured.

Centred logits ``z_c - mean_c z`` by default: adding a constant to all logits changes nothing,
and what is additive stays additive. Of two classes that is half the log-odds, with both signs.
Probabilities saturate and so manufacture interactions; they are for sizes that people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sklearn_deeplifft.attribution import Head

__all__ = ["AsReturned", "OutputScale", "Scale"]


class Scale(Protocol):
    """A map of logits (n, K) to what effects are measured in (n, R)."""

    @property
    def of_logits(self) -> bool:
        """True where a final softmax or sigmoid is left out."""

    def __call__(self, z: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class AsReturned:
    """Every output by itself, as the network has it."""

    of_logits: bool

    def __call__(self, z: Tensor) -> Tensor:
        return z


@dataclass(frozen=True)
class OutputScale:
    """Maps logits (n, K) to effects' outputs (n, R).

    Parameters
    ----------
    heads : tuple of Head
    proba : bool
        Probabilities instead of centred logits.
    both : bool
        A sigmoid answers for two classes (absent, present), not for one label.
    """

    heads: tuple[Head, ...]
    proba: bool = False
    both: bool = True

    @property
    def of_logits(self) -> bool:
        """True where a final softmax or sigmoid is left out; a regression's is part of it."""
        return any(head.kind != "identity" for head in self.heads)

    def matrix(self, dtype: torch.dtype) -> Tensor | None:
        """(R, K), where the scale is linear; None for probabilities of a classification."""
        if self.proba and self.of_logits:
            return None
        whole: Tensor = torch.block_diag(*(self._block(head, dtype) for head in self.heads))
        return whole

    def _block(self, head: Head, dtype: torch.dtype) -> Tensor:
        if head.kind == "sigmoid":
            return torch.tensor([[-0.5], [0.5]] if self.both else [[0.5]], dtype=dtype)
        n = head.stop - head.start
        eye = torch.eye(n, dtype=dtype)
        return eye - 1 / n if head.kind == "softmax" else eye

    def __call__(self, z: Tensor) -> Tensor:
        linear = self.matrix(z.dtype)
        if linear is not None:
            return z @ linear.T
        return torch.cat([self._probabilities(head, head.of(z)) for head in self.heads], dim=1)

    def _probabilities(self, head: Head, z: Tensor) -> Tensor:
        if head.kind == "softmax":
            return z.softmax(1)
        if head.kind == "sigmoid":
            # Both from sigmoids: 1 - p loses the digits of a small probability.
            return torch.cat([(-z).sigmoid(), z.sigmoid()], dim=1) if self.both else z.sigmoid()
        return z
