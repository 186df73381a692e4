"""Saturation mutagenesis: what the output becomes with every other letter at every position."""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._letters import LetterReader

__all__ = ["every_mutation"]


def every_mutation(reader: LetterReader, x: Tensor) -> Tensor:
    """Change of ``f`` when letter a is put at position l, (n, L, K); 0 for the letter there.

    ``L K`` passes of each sequence, those that change nothing left out.
    """
    K = x.shape[2]
    before = reader.values(x)
    changes = torch.zeros_like(x)
    letters = torch.eye(K, dtype=x.dtype, device=x.device)
    differs = (x[:, :, None] != letters).any(dim=-1)
    row, position, letter = differs.nonzero(as_tuple=True)
    for at in reader.batches(len(row)):
        mutants = x[row[at]]
        mutants[torch.arange(len(mutants)), position[at]] = letters[letter[at]]
        after = reader.values(mutants, row[at])
        changes[row[at], position[at], letter[at]] = after - before[row[at]]
    return changes
