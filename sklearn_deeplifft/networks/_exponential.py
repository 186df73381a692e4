"""The exponential as an activation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Exponential"]


class Exponential(nn.Module):
    """``exp(x)``: its first layers learn whole motifs (Koo and Ploenzke 2021).

    Not piecewise linear: ``activation_rule="secant"`` reads it.
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)
