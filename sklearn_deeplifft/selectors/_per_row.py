"""Scores and terms of single rows, averaged over networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import terms_of
from sklearn_deeplifft.networks import heads_for
from sklearn_deeplifft.selectors._reading import Reading
from sklearn_deeplifft.tables import Target

__all__ = ["Importances", "mean_contributions", "mean_increments"]


class Importances(NamedTuple):
    """Scores on some rows."""

    overall: np.ndarray
    """(d,)."""
    by_class: np.ndarray
    """(K, d), signed."""


def mean_increments(readings: Sequence[Reading], target: Target) -> np.ndarray:
    """Scores (n, d) of every row, right or wrong; (n, H, d) for several targets."""
    codes, total = torch.from_numpy(target.codes), _Total(len(readings))
    for reading in readings:
        everything = np.arange(reading.rows.shape[0])
        n_outputs = reading.n_outputs(everything)
        scorer = reading.scorer(heads_for(target, n_outputs), only_correct=False)
        for block in reading.blocks(everything, n_outputs):
            total.add(
                block, len(everything), scorer.increments(reading.inputs(block), codes[block])
            )
    mean = total.mean()
    return mean[:, 0] if mean.shape[1] == 1 else mean


def mean_contributions(
    readings: Sequence[Reading], target: Target
) -> tuple[np.ndarray, np.ndarray]:
    """Terms and bias of every logit; one logit for two classes becomes the pair (0, z)."""
    terms, bias = _Total(len(readings)), _Total(len(readings))
    for reading in readings:
        everything = np.arange(reading.rows.shape[0])
        n_outputs = reading.n_outputs(everything)
        skipped = int(target.kind == "softmax" and n_outputs == 1)
        for block in reading.blocks(everything, n_outputs):
            found = terms_of(reading.form(block), reading.groups)
            terms.add(block, len(everything), found.terms, skipped)
            bias.add(block, len(everything), found.bias, skipped)
    return terms.mean(), bias.mean()


class _Total:
    """Mean of blocks of rows over networks, added up in the array that is returned."""

    def __init__(self, n_networks: int) -> None:
        self.n_networks = n_networks
        self.sum: np.ndarray | None = None

    def add(self, block: np.ndarray, n_rows: int, values: Tensor, skipped: int = 0) -> None:
        """Add values (m, K, ...) of the rows ``block`` of ``n_rows``, behind ``skipped`` zeros."""
        part = values.numpy()
        if self.sum is None:
            shape = n_rows, skipped + part.shape[1], *part.shape[2:]
            self.sum = np.zeros(shape, np.result_type(part.dtype, np.float32))
        self.sum[block[0] : block[-1] + 1, skipped:] += part

    def mean(self) -> np.ndarray:
        """Over the networks."""
        assert self.sum is not None
        self.sum /= self.n_networks
        return self.sum
