"""Columns that elimination took away, put back for a network that is as wide as the table was."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["FillColumns", "FillLetters"]


class FillColumns(nn.Module):
    """Put some columns back among all ``width``, zeros (their mean) elsewhere."""

    columns: Tensor

    def __init__(self, columns: np.ndarray, width: int) -> None:
        super().__init__()
        self.register_buffer("columns", torch.as_tensor(columns), persistent=False)
        self.width = width

    def on(self, kept: np.ndarray) -> FillColumns:
        """The same where only some of these columns are left."""
        return FillColumns(self.columns[torch.as_tensor(kept)].numpy(), self.width)

    def forward(self, x: Tensor) -> Tensor:
        full = x.new_zeros(len(x), self.width)
        return full.index_copy(1, self.columns, x)


class FillLetters(FillColumns):
    """Put one-hot columns back, what is missing elsewhere: rows stay on the simplex.

    A position of which no column is left holds the uniform letter, ``1 / K`` each; where some are
    left, the others share what these leave to one.
    """

    shares: Tensor

    def __init__(self, columns: np.ndarray, width: int, n_letters: int) -> None:
        super().__init__(columns, width)
        missing = torch.ones(width)
        missing[self.columns] = 0
        missing = missing.view(-1, n_letters)
        shares = missing / missing.sum(1, keepdim=True).clamp_min(1)
        self.register_buffer("shares", shares, persistent=False)
        self.n_letters = n_letters

    def on(self, kept: np.ndarray) -> FillLetters:
        """The same where only some of these columns are left."""
        columns = self.columns[torch.as_tensor(kept)].numpy()
        return FillLetters(columns, self.width, self.n_letters)

    def forward(self, x: Tensor) -> Tensor:
        full = super().forward(x).unflatten(1, (-1, self.n_letters))
        rest = 1 - full.sum(-1, keepdim=True)
        filled: Tensor = full + rest * self.shares.to(x.dtype)
        return filled.flatten(1)
